"""The guest's first file system: busybox, the modules that reach the host's root over 9p, and the first program."""

import lzma
import shutil
from pathlib import Path

from tests.bluez.tools import Kernel, program, said

FIRST = Path(__file__).with_name("init.sh")

NEEDED = ["virtio_pci", "9pnet_virtio", "9p", "overlay"]
"""Modules without which the host's root is out of reach; they bring others with them."""


def modules(kernel: Kernel) -> list[Path]:
    """Module files in the order in which they must be loaded, each once."""
    root = kernel.modules.parents[1]
    found: dict[Path, None] = {}
    for name in NEEDED:
        listed = said(
            ["modprobe", "--show-depends", "--dirname", str(root), "--set-version", kernel.version, name], root
        )
        for line in listed.splitlines():
            kind, _, path = line.partition(" ")
            # What is built in is listed too.
            if kind == "insmod":
                found[Path(path.split()[0])] = None
    return list(found)


def write(kernel: Kernel, path: Path) -> None:
    """Make the file system.

    Raises:
        GuestError: A program failed.
    """
    stage = path.with_suffix(".stage")
    (stage / "bin").mkdir(parents=True)
    (stage / "modules").mkdir()
    shutil.copy(program("busybox"), stage / "bin" / "busybox")
    shutil.copy(FIRST, stage / "init")
    (stage / "init").chmod(0o755)
    names = []
    for module in modules(kernel):
        name = module.name.removesuffix(".xz")
        # Later kernels pack them; busybox unpacks, but only after a complaint.
        packed = module.read_bytes()
        (stage / "modules" / name).write_bytes(packed if name == module.name else lzma.decompress(packed))
        names.append(f"/modules/{name}\n")
    (stage / "modules" / "order").write_text("".join(names), encoding="ascii")
    said(["sh", "-c", f"find . | {program('cpio')} --quiet -o -H newc > '{path}'"], stage)
    shutil.rmtree(stage)
