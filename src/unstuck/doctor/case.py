"""One case as rules see it: the facts, which tracker and app they are about, and the moment it is judged."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from unstuck.doctor.links import LinkHistory, Span, history
from unstuck.evidence.hci.wanted import wanted as wanted_addresses
from unstuck.evidence.profiles import VendorProfile, profiles, vendor_of_package
from unstuck.model.diagnosis import Tracker
from unstuck.model.evidence import Fact, FactSet
from unstuck.model.vocabulary import AGENT
from unstuck.model.worded import worded

SURE_ENOUGH = 0.5
"""Least sureness (0 to 1) at which a device is taken for a tracker: below it only attribute handles speak."""

DEVICES_NAMED = 5
"""Devices named where none is a known tracker: enough to find one's own, few enough to read."""

_ADDRESS = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules are given. ``subjects`` are the names under which facts speak of the tracker.

    ``packages`` are the packages of its app. ``judged_at`` is the moment to judge as of: the end of
    the evidence unless the person gave another. ``traces`` are the spans of Bluetooth traces by
    source. ``stopped_at`` is when data stopped, where seen; ``linked`` whether data moved over the
    tracker's link at the end (None: nobody looked).
    """

    facts: FactSet
    tracker: Tracker | None
    subjects: frozenset[str]
    packages: frozenset[str]
    judged_at: datetime
    links: LinkHistory
    traces: Mapping[str, Span]
    stopped_at: datetime | None = None
    linked: bool | None = None

    @property
    def profile(self) -> VendorProfile | None:
        """The vendor's profile, where the vendor is known."""
        return profiles().get(self.tracker.vendor) if self.tracker else None

    def latest(self, *names: str) -> Fact | None:
        """The newest such fact about whatever it is about."""
        return self.facts.latest(*names)

    def of_app(self, *names: str) -> list[Fact]:
        """Facts about the tracker's app, oldest first."""
        return [fact for fact in self.facts.all(*names) if fact.subject in self.packages]

    def of_tracker(self, *names: str) -> list[Fact]:
        """Facts about the tracker itself, oldest first."""
        return [fact for fact in self.facts.all(*names) if fact.subject in self.subjects]

    def read(self, *sections: str) -> bool:
        """Whether any of these parts of a report was read, so that silence about it means something."""
        return any(fact.text("section") in sections for fact in self.facts.all("phone.section"))

    def recent(self, facts: Iterable[Fact], hours: float = 24.0) -> list[Fact]:
        """Those that may speak of now: undated ones, and those of the last hours before the judgement."""
        oldest = self.judged_at - timedelta(hours=hours)
        if self.stopped_at is not None:
            oldest = min(oldest, self.stopped_at - timedelta(minutes=30))
        return [fact for fact in facts if fact.time is None or fact.time >= oldest]

    def last_moment(self, fact: Fact) -> datetime | None:
        """The last moment that a fact speaks of, not later than the judgement; None where it has no time.

        A trace speaks up to its end, a sum of adverts or of traffic up to the last of them, a day up to its end.
        """
        last = as_time(fact.text("last"))
        if fact.name == "hci.coverage" and fact.source in self.traces:
            last = self.traces[fact.source][1]
        day = as_time(fact.text("date"))
        last = last or (day + timedelta(days=1) if day is not None else fact.time)
        return None if last is None else min(last, self.judged_at)

    def before(self, fact: Fact) -> timedelta | None:
        """How long before the moment of judgement a fact was seen."""
        return None if fact.time is None else self.judged_at - fact.time


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tracker the facts are about; ``note`` is a sentence when that was not plain."""

    tracker: Tracker | None
    subjects: frozenset[str]
    note: str = ""


def choose_tracker(facts: FactSet, wanted: str = "") -> Choice:
    """Pick the one tracker the facts recognise, or the one ``wanted`` names (address or part of a name).

    A device that was linked counts before one that was only heard: a neighbour's tracker advertises too.
    """
    found = _recognised(facts)
    names = _names(facts)
    if wanted:
        return _wanted(wanted.strip().lower(), found, names, facts)
    linked = {fact.subject for fact in facts.all("link.opened", "link.lost", "link.ended", "link.not_established")}
    paired = {fact.subject for fact in facts.all("bluetooth.bond", "tracker.device", "agent.attempts")}
    groups = _merge(list(found), names, facts)
    close = [group for group in groups if group & (linked | paired)]
    merged = close or groups
    if not merged:
        return Choice(
            None,
            frozenset(),
            worded("No tracker was recognised; name it with --tracker{choice}.", choice=_seen(facts, names)),
        )
    best = max(merged, key=lambda group: max(found[subject][1] for subject in group if subject in found))
    tracker = _tracker(best, found, names)
    if len(merged) == 1:
        only_heard = (
            ""
            if close
            else worded("{name} was only heard, never linked: it may be a neighbour's (--tracker).", name=tracker.name)
        )
        return Choice(tracker, best, only_heard)
    others = ", ".join(sorted(_tracker(group, found, names).name or min(group) for group in merged if group != best))
    return Choice(
        tracker,
        best,
        worded(
            "Several trackers were recognised; this is about {name}. Others: {others} (--tracker NAME).",
            name=tracker.name,
            others=others,
        ),
    )


def _seen(facts: FactSet, names: dict[str, str]) -> str:
    """What the person may choose from: linked devices first, then what was heard most."""
    linked = [fact.subject for fact in facts.all("link.opened", "link.lost", "link.ended", "link.traffic")]
    heard = sorted(facts.all("advert.summary"), key=lambda fact: -(fact.number("count") or 0))
    subjects = dict.fromkeys(subject for subject in (*linked, *(fact.subject for fact in heard)))
    shown = [f"{names[s]} ({s})" if names.get(s) else s for s in subjects if _ADDRESS.fullmatch(s)][:DEVICES_NAMED]
    if not shown:
        return worded(" ADDRESS or NAME")
    return worded(" if it is one of these: {devices}", devices=", ".join(shown))


def _recognised(facts: FactSet) -> dict[str, tuple[str, float]]:
    found: dict[str, tuple[str, float]] = {}
    for fact in facts.all("device.recognised"):
        sure = fact.number("sure") or 0.0
        if sure >= SURE_ENOUGH and sure > found.get(fact.subject, ("", 0.0))[1]:
            found[fact.subject] = (fact.text("vendor"), sure)
    for fact in facts.all("bluetooth.bond"):
        vendor = _vendor_of_name(fact.text("name"))
        if vendor and fact.subject not in found:
            found[fact.subject] = (vendor, 0.8)
    for fact in facts.all("tracker.device"):
        found[fact.subject] = (
            _vendor_of_name(fact.text("name")) or _vendor_of_name(fact.text("type")) or "fitbit",
            0.95,
        )
    return found


def _names(facts: FactSet) -> dict[str, str]:
    names: dict[str, str] = {}
    for fact in facts.all("device.name", "device.recognised", "bluetooth.bond", "tracker.device"):
        if fact.text("name"):
            names[fact.subject] = fact.text("name")
    return names


def _merge(candidates: Iterable[str], names: dict[str, str], facts: FactSet) -> list[frozenset[str]]:
    """Group subjects that are one device: an export's id with its address, or the same name in both."""
    address_of = {fact.subject: fact.text("address").lower() for fact in facts.all("tracker.device")}
    groups: dict[str, set[str]] = defaultdict(set)
    for subject in candidates:
        address = address_of.get(subject, "") or subject
        by_name = [
            other
            for other in candidates
            if _ADDRESS.fullmatch(other) and names.get(other) and names.get(other) == names.get(subject)
        ]
        key = address if _ADDRESS.fullmatch(address) else (by_name[0] if len(by_name) == 1 else subject)
        groups[key] |= {subject, key}
    return [frozenset(group) for group in groups.values()]


def _tracker(group: frozenset[str], found: dict[str, tuple[str, float]], names: dict[str, str]) -> Tracker:
    address = next((subject for subject in sorted(group) if _ADDRESS.fullmatch(subject)), min(group))
    vendor = next((found[subject][0] for subject in sorted(group) if subject in found), "")
    name = next((names[subject] for subject in sorted(group) if names.get(subject)), "")
    if not name and vendor in profiles():
        name = f"{profiles()[vendor].name} tracker"
    return Tracker(id=address, name=name, vendor=vendor)


def _wanted(wanted: str, found: dict[str, tuple[str, float]], names: dict[str, str], facts: FactSet) -> Choice:
    known = {fact.subject for fact in facts if _ADDRESS.fullmatch(fact.subject)} | set(found)
    hits = (wanted_addresses(wanted, known, names) & known) | ({wanted} & known)
    if not hits:
        return Choice(None, frozenset(), worded("No device called '{name}' is in the evidence.", name=wanted))
    groups = _merge(sorted(hits), names, facts)
    best = groups[0]
    note = (
        ""
        if len(groups) == 1
        else worded("'{name}' fits several devices; this is about the first, {first}.", name=wanted, first=min(best))
    )
    return Choice(_tracker(best, found, names), best, note)


def _vendor_of_name(name: str) -> str:
    return next(
        (profile.id for profile in profiles().values() if name and not profile.weak and profile.has_name(name)), ""
    )


def choose_packages(facts: FactSet, tracker: Tracker | None, app: str = "") -> frozenset[str]:
    """The packages whose facts speak for the tracker's app: ``app``, else our agent where it is the one at work, else
    the vendor's, else any vendor's seen.
    """
    if app:
        return frozenset({app})
    if facts.has("agent.attempts"):
        return frozenset({AGENT})
    if tracker and tracker.vendor in profiles():
        apps = profiles()[tracker.vendor].apps
        known = frozenset(package for entry in apps for package in (*entry.packages, entry.ios) if package)
        return _in_use(facts, known)
    seen = {
        fact.subject
        for fact in facts
        if fact.name.startswith("app.") and fact.name != "app.not_installed" and vendor_of_package(fact.subject)
    }
    return _in_use(facts, frozenset(seen)) or frozenset({"com.fitbit.FitbitMobile"})


def _in_use(facts: FactSet, packages: frozenset[str]) -> frozenset[str]:
    """Of several apps of one vendor the one that ran last: the other may well be stopped. All where none ran."""
    runs = [
        (fact.time, fact.subject)
        for fact in facts.all("app.started", "app.http", "app.error", "app.beat", "app.killed")
        if fact.subject in packages and fact.time is not None
    ]
    return frozenset({max(runs)[1]}) if runs else packages


def end_of_evidence(facts: FactSet, spans: Iterable[tuple[datetime, datetime] | None]) -> datetime | None:
    """The newest moment any source reaches, or None where nothing is dated."""
    times = [span[1] for span in spans if span is not None]
    times += [fact.time for fact in facts if fact.time is not None]
    return max(times) if times else None


def as_time(text: str) -> datetime | None:
    """An ISO time of a fact's value as an aware UTC time; None where there is none."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def open_case(
    facts: FactSet,
    choice: Choice,
    packages: frozenset[str],
    judged_at: datetime,
    traces: Mapping[str, Span] | None = None,
    since: datetime | None = None,
) -> Case:
    """Put a case together for the rules. Trouble before ``since`` is left out."""
    spans = dict(traces or {})
    return Case(facts, choice.tracker, choice.subjects, packages, judged_at, history(facts, spans, since), spans)
