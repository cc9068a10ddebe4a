"""From the name of a story to files on disk."""

from pathlib import Path

from examples.scenarios import SCENARIOS


def write(story: str, out: Path) -> Path:
    """Write one story below ``out``, over what an earlier run left, and give its folder. KeyError: no such story."""
    folder = out / story
    for path, data in SCENARIOS[story]().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder
