"""Collect the texts of the pages and compile the catalogues: ``python -m tools.catalogue``.

It writes ``locale/unstuck.pot`` anew, brings every ``LANGUAGE/LC_MESSAGES/unstuck.po`` up to date and compiles it
beside. A new language begins with ``python -m tools.catalogue LANGUAGE``.
"""

import io
import sys

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tools.messages import outside
from unstuck.web.pages.base.i18n import DOMAIN, LOCALE

PAGES = LOCALE.parent
_KEYWORDS = {**DEFAULT_KEYWORDS, "noop": None}
_WIDTH = 118
_METHODS = {".py": "python", ".j2": "jinja2.ext:babel_extract"}


def collected() -> Catalog:
    """Every text of the templates and the code of the pages, and what they show of the other parts."""
    found = Catalog(domain=DOMAIN, charset="utf-8")
    for path in sorted(PAGES.rglob("*")):
        method = _METHODS.get(path.suffix)
        if method is None:
            continue
        place = path.relative_to(PAGES).as_posix()
        options = {"encoding": "utf-8", "silent": "false"}
        with path.open("rb") as file:
            for _, message, comments, context in extract(method, file, keywords=_KEYWORDS, options=options):
                found.add(message, locations=[(place, 0)], auto_comments=comments, context=context)
    for place, text in outside():
        message = found.add(text, locations=[(place, 0)])
        message.flags.discard("python-format")  # "20 % charge" only looks like it
    return found


def written(catalogue: Catalog, *, header: bool) -> str:
    """As it is on disk: without dates and line numbers, so that it changes only when a text does."""
    file = io.BytesIO()
    write_po(file, catalogue, width=_WIDTH, omit_header=not header, include_lineno=False, sort_output=True)
    dated = ('"POT-Creation-Date', '"PO-Revision-Date')
    return "".join(line for line in file.getvalue().decode().splitlines(keepends=True) if not line.startswith(dated))


def pot() -> str:
    """The list of all texts, for who translates."""
    return _HEADER + written(collected(), header=False)


_HEADER = """# Texts of the pages of Unstuck; written by "python -m tools.catalogue".
msgid ""
msgstr ""
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def updated(language: str, found: Catalog) -> Catalog:
    """The language's texts brought up to date; texts that are shown no more are left out."""
    file = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not file.exists():
        own = Catalog(locale=language, domain=DOMAIN, charset="utf-8")
    else:
        with file.open("rb") as stream:
            own = read_po(stream, locale=language, domain=DOMAIN)
    own.update(found, no_fuzzy_matching=True)
    own.obsolete.clear()
    return own


def compiled(catalogue: Catalog) -> bytes:
    """As gettext reads it."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def missing(catalogue: Catalog) -> list[str]:
    """Texts without a translation."""
    return [str(one.id) for one in catalogue if one.id and not _is_whole(one.string)]


def _is_whole(string: object) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


def kept() -> list[str]:
    """Languages that have a catalogue."""
    return sorted(path.parts[-3] for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def main() -> None:
    """Bring all of it up to date."""
    found = collected()
    LOCALE.mkdir(exist_ok=True)
    (LOCALE / f"{DOMAIN}.pot").write_text(pot(), encoding="utf-8")
    print(f"{len(found)} texts")
    for language in sorted({*kept(), *sys.argv[1:]}):
        own = updated(language, found)
        folder = LOCALE / language / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{DOMAIN}.po").write_text(written(own, header=True), encoding="utf-8")
        (folder / f"{DOMAIN}.mo").write_bytes(compiled(own))
        print(f"{language}: {len(missing(own))} missing")


if __name__ == "__main__":
    main()
