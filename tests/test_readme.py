import os
import re
import subprocess
import sys
from pathlib import Path

from tests.data import DATA, needs_data

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


@needs_data
def test_the_output_in_the_readme_is_what_the_command_prints() -> None:
    shown = README.split("```")[1].split("\n\n", 1)[1].rstrip()
    done = subprocess.run(
        [sys.executable, "-m", "unstuck", "diagnose", "btsnoop_hci.log.last"],
        cwd=DATA / "hci" / "whoisbe__pongbot-mcp",
        env={**os.environ, "COLUMNS": "92", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert shown in done.stdout


def test_every_link_in_the_readme_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert targets
    assert all((Path(__file__).parents[1] / target).exists() for target in targets)
