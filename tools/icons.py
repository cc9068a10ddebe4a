"""Draw the pages' icons: ``python -m tools.icons``. One drawing, as SVG and as PNG in the sizes systems ask for."""

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unstuck.web.base.tokens import LIGHT

FOLDER = Path(__file__).parents[1] / "src" / "unstuck" / "web" / "pages" / "static"
_UNITS = 512
_CORNER = 112
_DOTS = ((128.0, 256.0), (384.0, 256.0))
_RADIUS, _THICK = 64.0, 18.0
_FINE = 4
"""Samples along each side of a pixel, so that edges are smooth."""
_SIZES = (
    ("icon-192.png", 192, 1.0, True),
    ("icon-512.png", 512, 1.0, True),
    ("icon-maskable-512.png", 512, 0.7, False),
)
"""Name, pixels, size of the drawing within, rounded corners. A maskable icon is cut by the system: 80 % are sure."""


def svg() -> str:
    """The icon as SVG."""
    ground, shape = LIGHT["moving"], LIGHT["paper"]
    dots = "".join(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{_RADIUS:.0f}"/>' for x, y in _DOTS)
    bar = f'<rect x="128" y="{256 - _THICK:.0f}" width="256" height="{2 * _THICK:.0f}"/>'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_UNITS} {_UNITS}">'
        f'<rect width="{_UNITS}" height="{_UNITS}" rx="{_CORNER}" fill="{ground}"/>'
        f'<g fill="{shape}">{bar}{dots}</g></svg>\n'
    )


def png(pixels: int, scale: float, *, rounded: bool) -> bytes:
    """The icon as PNG with an alpha channel."""
    side = pixels * _FINE
    line = (np.arange(side) + 0.5) / side * _UNITS
    x, y = np.meshgrid(line, line)
    inside = np.ones((side, side), dtype=bool)
    if rounded:
        off_x = np.maximum(np.abs(x - 256) - (256 - _CORNER), 0)
        off_y = np.maximum(np.abs(y - 256) - (256 - _CORNER), 0)
        inside = off_x**2 + off_y**2 <= _CORNER**2
    sx, sy = (x - 256) / scale + 256, (y - 256) / scale + 256
    shape = (np.abs(sy - 256) <= _THICK) & (np.abs(sx - 256) <= 128)
    for cx, cy in _DOTS:
        shape |= (sx - cx) ** 2 + (sy - cy) ** 2 <= _RADIUS**2
    colours = np.where(shape[..., None], _rgb(LIGHT["paper"]), _rgb(LIGHT["moving"])).astype(np.float64)
    image = np.concatenate([colours, np.where(inside, 255.0, 0.0)[..., None]], axis=2)
    small = image.reshape(pixels, _FINE, pixels, _FINE, 4).mean(axis=(1, 3))
    return _encoded(small.round().astype(np.uint8))


def _rgb(colour: str) -> NDArray[np.float64]:
    return np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], dtype=np.float64)


def _encoded(image: NDArray[np.uint8]) -> bytes:
    tall, wide, _ = image.shape
    rows = np.concatenate([np.zeros((tall, 1), np.uint8), image.reshape(tall, wide * 4)], axis=1)
    header = struct.pack(">IIBBBBB", wide, tall, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def main() -> None:
    """Write all of them."""
    (FOLDER / "icon.svg").write_text(svg(), encoding="utf-8")
    for name, pixels, scale, rounded in _SIZES:
        (FOLDER / name).write_bytes(png(pixels, scale, rounded=rounded))


if __name__ == "__main__":
    main()
