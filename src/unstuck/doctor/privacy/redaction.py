"""A diagnosis without anybody in it: the same thing gets the same pseudonym everywhere.

A :class:`Diagnosis` enters and one of the same shape leaves. Addresses, names, accounts, serials,
networks, places, hosts and folders of users become ``[kind number]``; times, products, packages,
reasons and signal strengths stay, so that the proof can still be followed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import partial
from typing import Any, TypeVar, cast

from unstuck.doctor.privacy import devices, files, identifiers
from unstuck.model.diagnosis import Diagnosis, Tracker
from unstuck.model.evidence import Fact, Scalar
from unstuck.model.history import Change

LEAST_LITERAL_CHARACTERS = 4
"""Shorter words are replaced only in the context that gave them away; elsewhere they mean other things."""
LEAST_NAME_CHARACTERS = 3
"""The same for words written like a person's name: Ann, Bob."""

_NAMED_FACTS = frozenset(
    {"device.recognised", "device.name", "advert.summary", "bluetooth.bond", "bluetooth.device", "tracker.device"}
)
"""Facts whose part ``name`` is a name somebody may have given a device."""

_PERSONAL_PARTS = {
    "ssid": "network", "serial": "serial", "account": "account", "email": "account", "imei": "id", "android_id": "id",
    "host": "host", "hostname": "host", "user": "user", "username": "user", "lat": "place", "latitude": "place",
    "lon": "place", "lng": "place", "longitude": "place",
}  # fmt: skip
"""Parts of a fact's value that are personal whatever they look like, with the kind of pseudonym."""

_PLAIN_LOCATOR = re.compile(r"(?:packet|line|row) [\d,]+")
_ABSOLUTE = re.compile(r"(?:[A-Za-z]:)?[\\/]|~")
_EXPORT = re.compile(r"(?:^|[\\/])(?=Takeout[\\/](?:Fitbit|Google Health|Google Fit|Fit)[\\/])")
"""Where an unpacked export begins: its own folders have the same names for everybody."""
_EXPORT_INSIDE = re.compile(r"(?:^|(?<=[\\/!]))Takeout[\\/](?:Fitbit|Google Health|Google Fit|Fit)[\\/]")
_MEMBER = re.compile(r"[^!]!.")
"""A file inside a file, as in ``bugreport.zip!FS/data``."""
_SHORT_ADDRESS = re.compile(r"(?<=\bDevice )[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}(?![\w:])")
"""How the timeline names a device that has no name: by the end of its address."""
_WHOLE_ADDRESS = re.compile(r"\s*[0-9A-Fa-f]{2}(?:[:._ -]?[0-9A-Fa-f]{2}){5}\s*")
_ENDINGS = "log|last|zip|txt|t?gz|tar|bz2|xz|pcap|pcapng|cfa|pklg|btsnoop|json|csv|html"
_ENDING = rf"\.(?:{_ENDINGS}|bin|dat|db|docx?|html?|jpe?g|md|pdf|png|sqlite|xlsx?|xml|\d{{1,3}})"
_EVIDENCE_FILE = re.compile(rf"(?i)\.(?:{_ENDINGS})(?:!|$| and \d+ more$)")
_FILE_NAME = re.compile(rf"(?is)(?P<stem>.+?)(?P<ending>(?:{_ENDING})*)(?P<more>(?: and \d+ more)?)")
"""A name in a path, its endings, and what intake adds where several files make one source."""
_HAS_ENDING = re.compile(rf"(?i){_ENDING}$")
_HEX_RUN = re.compile(r"[0-9A-Fa-f](?:[\s:._-]?[0-9A-Fa-f]){11,}")
_MASK = re.compile(r"[Xx*]")

Thing = TypeVar("Thing")
Replace = Callable[[re.Match[str]], str]


def redact(diagnosis: Diagnosis) -> Diagnosis:
    """The same diagnosis with every identifier replaced; doing it twice changes nothing more."""
    return redact_all(diagnosis, diagnosis)


def redact_all(thing: Thing, diagnosis: Diagnosis | None, paths: Sequence[str] = ()) -> Thing:
    """Anything made of dataclasses, mappings and sequences that stands beside a diagnosis, redacted together with it.

    ``paths``: further files and folders of this machine that may be named in it.
    """
    redactor = Redactor()
    for text in _strings(thing):
        redactor.keep_numbers_of(text)
    if diagnosis is not None:
        redactor.devices_of(diagnosis)
        paths = (*(fact.source for fact in diagnosis.facts), *(s.path for s in diagnosis.sources), *paths)
    for path in dict.fromkeys(paths):
        redactor.path(path)
    redactor.thing(thing)  # the first look learns: what one place gives away is then known in all
    return redactor.thing(thing)


class Redactor:
    """Replaces identifiers by pseudonyms, consistently for as long as it lives.

    It learns as it reads: to have everything replaced that any part gives away, show it all the text
    once before using what it returns (as :func:`redact` does).
    """

    def __init__(self) -> None:
        self._pseudonyms: dict[tuple[str, str], str] = {}
        self._highest: dict[str, int] = {}
        self._folders: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._device_of: dict[str, str] = {}
        self._subjects: dict[str, str] = {}
        self._literals: dict[str, tuple[str, str]] = {}
        self._literal_search: re.Pattern[str] | None = None
        self._by_shape: dict[str, str] = {}

    def thing(self, thing: Thing) -> Thing:
        """Every string of a diagnosis, or of anything else made of dataclasses, wherever it is."""
        return self._walk(thing)

    def text(self, text: str) -> str:
        """Any text with its identifiers replaced."""
        if not text or _PLAIN_LOCATOR.fullmatch(text):
            return text
        if text not in self._by_shape:
            self._by_shape[text] = self._shapes(text)
        return self._known(self._by_shape[text])

    def name(self, name: str) -> str:
        """A device's name: kept where it is only a product, else the product in it and a pseudonym.

        The pseudonym is that of its address where that is known, so that one device is one thing.
        """
        if devices.is_product(identifiers.PSEUDONYM.sub(" ", name)):
            return name
        product = devices.product_in(name)
        key = identifiers.address(name) if _WHOLE_ADDRESS.fullmatch(name) else self._device_of.get(_folded(name))
        pseudonym = self._address(key) if key else self._pseudonym("name", _folded(name))
        whole = f"{product} {pseudonym}" if product else pseudonym
        self._learn(name, whole)
        owner = devices.owner_in(name)
        if owner:
            self._learn(owner, self._pseudonym("person", _folded(owner)))
        return whole

    def path(self, path: str) -> str:
        """A path with the folders of this machine replaced; what is inside an archive or export stays.

        The file's own name stays only where it is one that phones and services give; a person chose all others.
        """
        whole = path.rstrip("\\/") + "/"
        if whole in self._folders:
            return self._folders[whole].rstrip("/")
        steps = [*re.finditer(r"[^\\/]+", path)]
        named = [step for step in steps if _EVIDENCE_FILE.search(step[0]) or _MEMBER.search(step[0])]
        export = _EXPORT.search(path)
        starts = [step.start() for step in named or steps[-1:]] + ([export.end()] if export else [])
        folder = path[: min(starts)] if starts else ""
        nameless = not identifiers.PSEUDONYM.sub("", folder).strip("\\/~.")
        last_is_somebody = not named and not self.text(path).endswith(path[steps[-1].start() :]) if steps else False
        if nameless or (last_is_somebody and _ABSOLUTE.match(path)):
            return (
                self.text(folder) + self._file(path[len(folder) :])
                if named or _HAS_ENDING.search(path)
                else self.text(path)
            )
        self._folders[folder] = self._pseudonym("folder", folder) + "/"
        return self._folders[folder] + self._file(path[len(folder) :])

    def _file(self, rest: str) -> str:
        """A path from its first file on, with the names replaced that a person gave; those of an export stay."""
        export = _EXPORT_INSIDE.search(rest)
        own = rest[: export.start()] if export else rest
        steps = re.split(r"([\\/!])", own)
        for place in range(0, len(steps), 2):
            name = _FILE_NAME.fullmatch(steps[place])
            if name is None or files.is_usual(identifiers.PSEUDONYM.sub("", name["stem"])):
                steps[place] = self.text(steps[place])
                continue
            inside = place + 1 < len(steps) and steps[place + 1] != "!"
            pseudonym = self._pseudonym("folder" if inside else "file", name["stem"].casefold()) + name["ending"]
            self._learn(name["stem"] + name["ending"], pseudonym)
            steps[place] = pseudonym + name["more"]
        return "".join(steps) + self.text(rest[len(own) :])

    def devices_of(self, diagnosis: Diagnosis) -> None:
        """Notice which names belong to which address; a name that several addresses bear belongs to none."""
        bearers: dict[str, set[str]] = {}
        named = [(fact.text("name"), fact.subject) for fact in diagnosis.facts if fact.name in _NAMED_FACTS]
        if diagnosis.tracker is not None:
            named.append((diagnosis.tracker.name, diagnosis.tracker.id))
        for subject in dict.fromkeys(fact.subject for fact in diagnosis.facts):
            if _WHOLE_ADDRESS.fullmatch(subject) and (key := identifiers.address(subject)):
                self._subjects[re.sub(r"[\s:._-]", "", subject).lower()] = key
        for name, subject in named:
            key = identifiers.address(subject) if _WHOLE_ADDRESS.fullmatch(subject) else None
            if name and key:
                bearers.setdefault(_folded(name), set()).add(key)
        self._device_of = {name: keys.pop() for name, keys in bearers.items() if len(keys) == 1}

    def keep_numbers_of(self, text: str) -> None:
        """Notice the pseudonyms already in a text, so that new ones get other numbers."""
        for found in identifiers.PSEUDONYM.finditer(text):
            label, number = found[0][1:-1].split(" ")
            self._highest[label] = max(self._highest.get(label, 0), int(number))

    # -- the shape of a diagnosis -----------------------------------------------------------------

    def _walk(self, thing: Thing) -> Thing:
        result: Any = thing
        if isinstance(thing, Enum):
            pass
        elif isinstance(thing, str):
            result = self.text(thing)
        elif is_dataclass(thing) and not isinstance(thing, type):
            result = type(thing)(**{part.name: self._part(thing, part.name) for part in fields(thing)})
        elif isinstance(thing, Mapping):
            result = {self._walk(key): self._walk(part) for key, part in thing.items()}
        elif isinstance(thing, Sequence):
            result = tuple(self._walk(part) for part in thing)
        return cast(Thing, result)

    def _part(self, thing: Any, name: str) -> Any:
        value = getattr(thing, name)
        if name in ("path", "source"):
            return self.path(value)
        if isinstance(thing, Tracker) and name in ("id", "name"):
            return self._tracker_id(value) if name == "id" else self.name(value)
        if isinstance(thing, Change) and name in ("before", "after"):
            return self._setting(thing.what, value)
        if isinstance(thing, Fact) and name == "subject" and thing.name.startswith("tracker."):
            return self._tracker_id(value)
        if isinstance(thing, Fact) and name == "value" and isinstance(value, Mapping):
            return {self.text(key): self._named(thing.name, key, part) for key, part in value.items()}
        return self._walk(value)

    def _named(self, fact: str, key: str, part: Scalar) -> Scalar:
        label = _PERSONAL_PARTS.get(key.casefold())
        if label and part is not None and not isinstance(part, bool):
            return self._forced(label, str(part))
        if isinstance(part, str):
            return self.name(part) if key == "name" and fact in _NAMED_FACTS else self.text(part)
        return part

    def _setting(self, what: str, value: str) -> str:
        """The value of a setting, read beside its name, which says what it is: ``global device_name``."""
        words = what.casefold().split()
        label = _PERSONAL_PARTS.get(words[-1]) if words else None
        if label:
            return self._forced(label, value)
        if words and words[-1].endswith("name"):
            return self.name(value)
        before = f"{words[-1]}=" if words else ""
        together = self.text(before + value)
        return together[len(before) :] if together.startswith(before) else self.text(value)

    def _tracker_id(self, value: str) -> str:
        shown = self.text(value)
        known = shown != value or identifiers.PSEUDONYM.search(value) is not None or devices.is_product(value)
        return shown if known else self._forced("id", value)

    def _forced(self, label: str, value: str) -> str:
        key = identifiers.somebody(identifiers.PSEUDONYM.sub("", value))
        if key is None:
            return value
        pseudonym = self._pseudonym(label, key)
        self._learn(value, pseudonym)
        return pseudonym

    # -- replacing --------------------------------------------------------------------------------

    def _shapes(self, text: str) -> str:
        for folder, pseudonym in self._folders.items():
            if folder in text:
                text = re.sub(rf"(?<![^\s\"'`(=:,;]){re.escape(folder)}", pseudonym, text)
        for owned in devices.OWNED:
            text = _outside(text, owned, lambda match: self.name(match[0]))
        for pattern in identifiers.PATTERNS:
            text = _outside(text, pattern.regex, partial(self._matched, pattern))
        return text

    def _matched(self, pattern: identifiers.Pattern, match: re.Match[str]) -> str:
        found = match["id"].rstrip(". ")
        key = pattern.canonical(found)
        if key is None:
            return match[0]
        if pattern.canonical is identifiers.address:
            pseudonym = self._address(key)
        else:
            pseudonym = self._pseudonym(pattern.label, key)
        if pattern.learn:
            self._learn(found, pseudonym)
        start, whole = match.start("id") - match.start(), match[0]
        return whole[:start] + pseudonym + whole[start + len(found) :]

    def _address(self, key: str) -> str:
        pseudonym = self._pseudonym("address", key)
        self._addresses[key] = self._addresses[identifiers.reverse_bytes(key)] = pseudonym
        return pseudonym

    def _known(self, text: str) -> str:
        if self._addresses:
            text = _outside(text, _HEX_RUN, self._in_hex)
            text = _outside(text, _SHORT_ADDRESS, self._short)
        text = _outside(text, identifiers.MASKED_ADDRESS, self._masked)
        if self._literals:
            if self._literal_search is None:
                longest_first = sorted(self._literals, key=len, reverse=True)
                either = "|".join(re.escape(literal) for literal in longest_first)
                self._literal_search = re.compile(rf"(?i)(?<![^\W_])(?:{either})(?![^\W_])")
            text = _outside(text, self._literal_search, self._literal)
        return text

    def _in_hex(self, match: re.Match[str]) -> str:
        """Known addresses inside a run of hexadecimal digits, in either byte order, however separated."""
        run = match[0]
        at = [i for i, char in enumerate(run) if char in "0123456789abcdefABCDEF"]
        digits = "".join(run[i] for i in at).lower()
        pieces, done, i = [], 0, 0
        while i + 12 <= len(digits):
            pseudonym = self._addresses.get(digits[i : i + 12])
            if pseudonym is None:
                i += 1
                continue
            pieces += [run[done : at[i]], pseudonym]
            done = at[i + 11] + 1
            i += 12
        return "".join((*pieces, run[done:]))

    def _short(self, match: re.Match[str]) -> str:
        """The end of an address: the known one that ends so if there is just one, else a thing of its own."""
        end = match[0].replace(":", "").lower()
        keys = {key for shown, key in self._subjects.items() if shown.endswith(end)}
        return self._address(keys.pop()) if len(keys) == 1 else self._pseudonym("address", f"*{end}")

    def _masked(self, match: re.Match[str]) -> str:
        """A half-hidden address: the known one that fits if there is just one, else a thing of its own."""
        shape = _MASK.sub(".", re.sub(r"[:_-]", "", match[0])).lower()
        if set(shape) <= {".", "0"} or "." not in shape:
            return match[0]
        fitting = {pseudonym for known, pseudonym in self._addresses.items() if re.fullmatch(shape, known)}
        return fitting.pop() if len(fitting) == 1 else self._pseudonym("address", shape)

    def _literal(self, match: re.Match[str]) -> str:
        original, replacement = self._literals[_folded(match[0])]
        if original.isalpha() and match[0].islower():  # "will" is not Will
            return match[0]
        return replacement

    def _learn(self, literal: str, replacement: str) -> None:
        word = literal.strip()
        plain = word.isalpha() and word.islower()
        short = len(word) < (LEAST_NAME_CHARACTERS if word.istitle() and word.isalpha() else LEAST_LITERAL_CHARACTERS)
        if plain or short or devices.is_product(word) or identifiers.PSEUDONYM.search(word):
            return
        for spelling in {word, word.replace("'", "’"), word.replace("’", "'")}:
            if _folded(spelling) not in self._literals or spelling == word:
                self._literals[spelling.casefold()] = (word, replacement)
        self._literal_search = None

    def _pseudonym(self, label: str, key: str) -> str:
        if (label, key) not in self._pseudonyms:
            self._highest[label] = self._highest.get(label, 0) + 1
            self._pseudonyms[label, key] = f"[{label} {self._highest[label]}]"
        return self._pseudonyms[label, key]


def _outside(text: str, search: re.Pattern[str], replace: Replace) -> str:
    """Replace matches in the parts of a text that are not pseudonyms already."""
    if search.search(text) is None:
        return text
    pieces, done = [], 0
    for pseudonym in identifiers.PSEUDONYM.finditer(text):
        pieces += [search.sub(replace, text[done : pseudonym.start()]), pseudonym[0]]
        done = pseudonym.end()
    return "".join((*pieces, search.sub(replace, text[done:])))


def _folded(text: str) -> str:
    return re.sub("[’`´]", "'", text.strip()).casefold()


def _strings(thing: object) -> Iterator[str]:
    if isinstance(thing, str):
        yield thing
    elif is_dataclass(thing):
        for part in fields(thing):
            yield from _strings(getattr(thing, part.name))
    elif isinstance(thing, Mapping):
        for key, value in thing.items():
            yield from _strings(key)
            yield from _strings(value)
    elif isinstance(thing, Sequence):
        for part in thing:
            yield from _strings(part)
