"""The default network: ``dumpsys connectivity``.

Up to 9 a row says ``lastValidated{true}``, from 14 ``lastValidated 24320017`` (a number, not a yes); the
capability VALIDATED stands in the row in all versions and is what counts.
"""

import re

from unstuck.evidence.android.context import Context
from unstuck.evidence.android.page import Page, text

_DEFAULT = re.compile(rb"(?m)^[ \t]*Active default network: (none|null|\d{1,9})\b")
_CAPABILITIES = re.compile(rb"\bnc\{[^\n]*?Capabilities: ([\w&]+)")
_TRANSPORTS = re.compile(rb"\bnc\{[^\n]*?Transports: ([\w|&]+)")
_TYPE = re.compile(rb"\bni\{\[?(?:type: )?(\w+)")
_OLD_VALIDATED = re.compile(rb"\blastValidated\{(true|false)\}")


def read(page: Page, context: Context) -> None:
    """State ``network.default``."""
    found = _DEFAULT.search(page.data)
    if found is None:
        return
    index = page.index(found.start(1))
    if not found[1].isdigit():
        value = {"present": False, "validated": None, "transport": ""}
        context.notes.state("network.default", value, page, index)
        return
    row = re.compile(rb"(?m)^ *NetworkAgentInfo ?[\[{][^\n]*\bnetwork\{" + found[1] + rb"\}[^\n]*").search(page.data)
    validated: bool | None = None
    transport = ""
    if row is not None:
        index = page.index(row.start())
        transports, kind = _TRANSPORTS.search(row[0]), _TYPE.search(row[0])
        transport = text(transports[1] if transports else kind[1] if kind else b"").replace("&", "|").lower()
        capabilities, old = _CAPABILITIES.search(row[0]), _OLD_VALIDATED.search(row[0])
        if capabilities is not None:
            validated = b"VALIDATED" in capabilities[1].split(b"&")
        elif old is not None:
            validated = old[1] == b"true"
    value = {"present": True, "validated": validated, "transport": transport}
    context.notes.state("network.default", value, page, index)
