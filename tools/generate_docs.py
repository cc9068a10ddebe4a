"""Write the pages of docs/ that are drawn from the code: ``python -m tools.generate_docs``.

``tests/tools/test_generate_docs.py`` fails while a page on disk differs from what this would write.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from tools.causes_page import causes_page
from tools.cli_page import cli_page
from tools.howto_pages import android_page, iphone_page, takeout_page
from tools.remedies_page import remedies_page
from tools.tutorial_page import tutorial_page

DOCS = Path(__file__).parents[1] / "docs"

PAGES: Mapping[str, Callable[[], str]] = {
    "howto/get-evidence-android.md": android_page,
    "howto/get-evidence-iphone.md": iphone_page,
    "howto/takeout.md": takeout_page,
    "reference/causes-by-evidence.md": causes_page,
    "reference/cli.md": cli_page,
    "reference/remedies.md": remedies_page,
    "tutorial/first-diagnosis.md": tutorial_page,
}
"""Each generated page by its path in docs/."""


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
