"""A file's name outlives a power cut only when its folder is synced too; its bytes alone are not enough."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk. Nothing where a system has no handles of folders (Windows).

    OSError when the disk will not.
    """
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
