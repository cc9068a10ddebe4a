"""Collect the texts of the pages and compile the catalogues: ``make messages``.

It writes ``locale/unstuck.pot`` anew, brings every ``LANGUAGE/LC_MESSAGES/unstuck.po`` up to date and compiles it
beside. A new language begins with ``python -m tools.catalogue LANGUAGE``.
"""

import io
import re
import sys
from datetime import UTC, datetime

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
            for _, text, comments, context in extract(method, file, keywords=_KEYWORDS, options=options):
                found.add(text, locations=[(place, 0)], auto_comments=comments, context=context)
    for place, text in outside():
        message = found.add(text, locations=[(place, 0)])
        message.flags.discard("python-format")  # "20 % charge" only looks like it
    return found


def written(catalogue: Catalog, *, header: bool) -> str:
    """As it is on disk: without dates and line numbers, so that it changes only when a text does."""
    file = io.BytesIO()
    write_po(file, catalogue, width=_WIDTH, omit_header=not header, include_lineno=False, sort_output=True)
    return "".join(line for line in file.getvalue().decode().splitlines(keepends=True) if not line.startswith(_EMPTY))


_EMPTY = tuple(
    f'"{name}'
    for name in (
        "POT-Creation-Date", "PO-Revision-Date", "Project-Id-Version", "Report-Msgid-Bugs-To", "Last-Translator",
        "Language-Team", "Generated-By",
    )
)  # fmt: skip
"""Lines of the header that say nothing here, or change without a text."""


def pot() -> str:
    """The list of all texts, for who translates."""
    return _HEADER + written(collected(), header=False)


_HEADER = """# Texts of the pages of Unstuck; written by "make messages".
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
        own = Catalog(locale=language)
    else:
        with file.open("rb") as stream:
            own = read_po(stream, locale=language)
    own.update(found, no_fuzzy_matching=True)
    own.obsolete.clear()
    own.fuzzy = False
    name = own.locale.english_name if own.locale else language
    own.header_comment = f"# Texts of the pages of Unstuck in {name}. How to: docs/howto/translate.md"
    return own


_PARTS = re.compile(r"%\(\w+\)s|%%|\{\w+\}|https?://[^\s)]+|'unstuck [^']*'|</?\w[^>]*>|(?<= )--[a-z-]+")
"""What must be in a translation as it is in the text: values, addresses, commands, markup."""


def faults(catalogue: Catalog) -> list[str]:
    """Translations that lack a value, address, command or mark of their text, have one of their own, or are unsure."""
    found = []
    for message in catalogue:
        if not message.id:
            continue
        given = [message.id] if isinstance(message.id, str) else [*message.id]
        told = [message.string] if isinstance(message.string, str) else [*(message.string or ())]
        if message.fuzzy or isinstance(message.id, str) is not isinstance(message.string, str):
            found.append(f"{given[0]}: unsure, or without its plural")
        for place, text in enumerate(told):
            source = given[min(place, len(given) - 1)]
            if set(_PARTS.findall(source)) != set(_PARTS.findall(text)):
                found.append(f"{source} | {text}")
            elif source.strip() == source and text.strip() != text:
                found.append(f"{text!r}: space around it")
    return found


_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)
"""In the compiled form, which must not change from day to day."""


def compiled(catalogue: Catalog) -> bytes:
    """As gettext reads it."""
    file = io.BytesIO()
    whole = Catalog(locale=catalogue.locale)
    whole.creation_date = whole.revision_date = _NO_DATE
    whole.header_comment = catalogue.header_comment
    for message in catalogue:
        if not message.id:
            continue
        whole.add(message.id, message.string)
        if not isinstance(message.id, str) and not isinstance(message.string, str) and message.string:
            # Alone too: a sentence that was kept as plain text is recognised by its template (base/recognise.py).
            whole.add(message.id[1], message.string[-1])
    write_mo(file, whole)
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
        for fault in faults(own):
            print(f"{language}: {fault}")


if __name__ == "__main__":
    main()
