"""The tutorial with what the command really prints: the text is written by hand, the shown output is not."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from examples.make_evidence import write

_TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial" / "first-diagnosis.md"
_SHOWN = re.compile(r"(<!-- output: ([a-z-]+) -->\n)(?:```text\n.*?```\n)?", re.DOTALL)
_COLUMNS = "80"
"""Width of the shown output: what a small terminal has, and what a page shows without scrolling."""


def tutorial_page() -> str:
    """The page with the output after each mark ``<!-- output: STORY -->`` made anew."""
    return _SHOWN.sub(lambda mark: f"{mark[1]}```text\n{_output(mark[2])}```\n", _TUTORIAL.read_text())


def _output(story: str) -> str:
    command = str(Path(sys.executable).with_name("unstuck"))
    environment = os.environ | {"COLUMNS": _COLUMNS, "NO_COLOR": "1"}
    with tempfile.TemporaryDirectory() as folder:
        write(story, Path(folder))
        done = subprocess.run(
            [command, "diagnose", story], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
    lines = (line.rstrip() for line in done.stdout.splitlines())
    return "\n".join(lines).strip("\n") + "\n"
