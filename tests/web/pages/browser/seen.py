"""What a rule checker sees on a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def faults(page: Page) -> str:
    """Violations of axe's rules in both themes; empty: none."""
    said = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        found = Axe().run(page, options=RULES)
        if found.violations_count:
            said.append(f"{page.url}, {theme}: {found.generate_report()}")
    return "\n".join(said)
