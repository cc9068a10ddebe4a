"""The shape of a dump's line: its words and their order, with all that differs from phone to phone masked."""

import re
from collections.abc import Iterator

_MASKS = (
    (re.compile(r"\d{4}-\d\d-\d\d[ T-]\d\d[:-]\d\d[:-]\d\d(?:[.:]\d{3}Z?)?"), "TIME"),
    (re.compile(r"\b\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})?"), "TIME"),
    (re.compile(r"\d+/\d+/\d{4}, \d+:\d\d [AP]M"), "TIME"),
    (re.compile(r"[+-]?(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?\d+ms\b"), "SPAN"),
    (re.compile(r"(?:\d+h ?)?\d+m ?\d+s\b"), "SPAN"),
    (re.compile(r"(?:\d+h )?(?:\d+m )?\d+s SPAN"), "SPAN"),
    (re.compile(r"(?:[0-9A-Fa-fX]{2}:){5}[0-9A-Fa-fX]{2}"), "ADDRESS"),
    (re.compile(r"[\w.-]+/\w+/[\w-]+:(?:\d+|Q)/[^' ]*"), "BUILD"),
    (re.compile(r"[\w-]{0,24}==(?=$|/)"), "HASH"),
    (re.compile(r"/(?:system|product|vendor)/(?:[\w-]+/?)+"), "FOLDER"),
    (re.compile(r"\b(?:\w+\.)*[a-z]\w*\.\w+(?:\.\w+)*(?:\$\w+)?(?:/[\w.$]+)?"), "NAME"),
    (re.compile(r"\bandroid\b(?:/NAME)?"), "NAME"),
    (re.compile(r"^( {6}(?: {4})?)[A-Z_]+(?= \(|: mode)"), r"\1OPERATION"),
    (re.compile(r"\breason=[a-z]\S*"), "reason=REASON"),
    (re.compile(r"name:\S+ pkg:NAME value:.*? default:.*? default"), "name:KEY pkg:NAME value:V default:V default"),
    (re.compile(r"(?<=flags=)\[ [A-Z_| ]* ?\]"), "[WORDS]"),
    (re.compile(r"(?<=versionName=).*"), "VERSION"),
    (re.compile(r"\bu\d+_?a\d+\b"), "USER"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{5,}\b"), "N"),
    (re.compile(r"\b0x[0-9a-f]+"), "N"),
    (re.compile(r"-?\d+(?:\.\d+)?"), "N"),
    (re.compile(r"\b(?:true|false)\b"), "FLAG"),
    (re.compile(r"\b(?:Awake|Asleep|Dozing)\b"), "WAKE"),
    (re.compile(r"\bidle=[ny]\b"), "idle=FLAG"),
    (re.compile(r"[+-](?=SPAN|N\b)"), ""),
    (re.compile(r"\[(?:N(?:, N)*)?\]"), "[LIST]"),
    (re.compile(r"[{][\w, ]*[}]"), "{LIST}"),
    (re.compile(r"(?<=constraints:)[A-Z_ ]*(?=\[)"), " WORDS "),
    (re.compile(r"(?<=Tracking:)[A-Z_ ]*"), " WORDS"),
    (re.compile(r"(?<=bucket: )[A-Z_]*"), "BUCKET"),
    (re.compile(r"(?<=earliest=)(?:SPAN|N|none), latest=(?:SPAN|N|none)"), "SPAN, latest=SPAN"),
    (re.compile(r"(?<=mState=)\w+ mLightState=\w+"), "STATE mLightState=STATE"),
    (re.compile(r"(?<=LinkAddresses: ).*?(?=\}\})"), "LINK"),
    (re.compile(r"Capabilities: .*?\]\}"), "Capabilities: WORDS]}"),
)

_DUMP = re.compile(r"^DUMP OF SERVICE (?:CRITICAL |HIGH )?(\S+):\n", re.MULTILINE)


def shape(line: str) -> str:
    """What is left of a line."""
    for form, word in _MASKS:
        line = form.sub(word, line)
    return line.rstrip()


def services(text: str) -> dict[str, list[str]]:
    """The lines of every service of a report, of all its dumps together."""
    found: dict[str, list[str]] = {}
    starts = list(_DUMP.finditer(text))
    for number, start in enumerate(starts):
        stop = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        body = text[start.end() : stop].split("\n--------- ", 1)[0]
        found.setdefault(start[1], []).extend(body.splitlines())
    return found


def section(text: str, title: str) -> list[str]:
    """The lines of a part that is no service's."""
    begin = text.find(f"\n------ {title} (")
    begin = text.find("\n", begin + 1)
    end = text.find(f"was the duration of '{title}'", begin)
    return text[begin + 1 : text.rfind("\n", begin, end)].splitlines() if begin > 0 and end > 0 else []


def unlike(ours: list[str], real: list[str]) -> Iterator[str]:
    """Our lines whose shape is nowhere in the real ones."""
    known = {shape(line) for line in real}
    seen: set[str] = set()
    for line in ours:
        masked = shape(line)
        if masked not in known and masked not in seen:
            seen.add(masked)
            yield line
