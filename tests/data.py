"""Where the shared real data is; it is never copied into the repository."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("UNSTUCK_DATA", Path(__file__).parents[2] / "shared" / "data"))
"""Folder of real captures, reports and recordings."""

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the shared data folder is not here")
