"""``python -m unstuck``."""

from unstuck.cli.main import main

main()
