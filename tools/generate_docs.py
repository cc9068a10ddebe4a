"""Write the pages of docs/ that are drawn from the code: ``python -m tools.generate_docs``.

``tests/tools/test_generate_docs.py`` fails while a page on disk differs from what this would write.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from tools.causes_page import causes_page

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"

PAGES: Mapping[str, Callable[[], str]] = {
    "causes-by-evidence.md": causes_page,
}
"""Each generated page by its name in docs/reference/."""


def main() -> None:
    """Write every page."""
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page())
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
