"""The image of one release in a file beside the journal: kept between tries, complete only when its digest says so."""

from pathlib import Path

from unstuck.chain.releases import Manifest

_SUFFIX = ".firmware"


class ImageFile:
    """As much of an image as has come. Named by its digest, so that another release never continues it.

    Not synced: what a power cut takes of it is fetched again, and what it spoils the digest finds.
    OSError from every method when the file cannot be read or written.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._path = folder / (manifest.sha256.hex() + _SUFFIX)
        self._manifest = manifest
        self._whole = False

    @property
    def size_bytes(self) -> int:
        """How much of it is here."""
        return self._path.stat().st_size if self._path.exists() else 0

    @property
    def whole(self) -> bool:
        """Whether all of it is here and is what was signed. Looked at until it is; then it is not written any more."""
        if not self._whole and self.size_bytes == self._manifest.size_bytes:
            self._whole = self._manifest.fits(self._path.read_bytes())
        return self._whole

    def append(self, piece: bytes) -> None:
        """More of it."""
        with self._path.open("ab") as stream:
            stream.write(piece)

    def part(self, offset: int, count: int) -> bytes:
        """Bytes of it."""
        with self._path.open("rb") as stream:
            stream.seek(offset)
            return stream.read(count)

    def remove(self) -> None:
        """Forget it; nothing happens when it is not there."""
        self._whole = False
        self._path.unlink(missing_ok=True)


def forget_images(folder: Path) -> None:
    """Remove every image: none is needed any more."""
    for file in folder.glob("*" + _SUFFIX):
        file.unlink(missing_ok=True)
