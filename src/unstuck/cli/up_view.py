"""Where the chain stands, for a person: a picture on a terminal, lines elsewhere, a document for programs."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from unstuck.chain.phone import engine, held
from unstuck.chain.phone.agent import Snapshot
from unstuck.chain.phone.held import Held
from unstuck.chain.phone.reasons import MEANINGS, Side
from unstuck.chain.phone.rhythm import Because

_BECAUSE = {
    Because.FIRST: "now",
    Because.RHYTHM: "rhythm",
    Because.NOTHING_NEW: "nothing new lately",
    Because.BACK_OFF: "after trouble",
    Because.SERVER_SAID: "as the server asked",
    Because.PERSON: "it needs you",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What the server says, as its API gives it; ``trouble``: why it says nothing."""

    days: Mapping[str, Any] = field(default_factory=dict)
    watermarks: Mapping[str, Any] = field(default_factory=dict)
    ledger: Mapping[str, Any] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Wrist:
    """The tracker: its newest minute (Unix s), what it holds, today's steps, battery; None: it has not told."""

    newest_s: int | None
    held: Held
    steps: int | None
    battery_percent: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """All that one look found. Times in Unix seconds of the chain's own time."""

    name: str
    tracker: str
    address: str
    now_s: float
    up_s: float
    speed: float
    wrist: Wrist
    link_open: bool
    rssi_dbm: int | None
    moved_bytes: int
    agent: Snapshot
    told: Told
    note: str = ""
    """What was done to the chain on purpose."""
    once: str = ""
    """A link that opens the pages once without a password."""

    @property
    def server_held(self) -> Held:
        """What the server holds; nothing while it does not say."""
        return held.from_plain(self.told.ledger["hops"]["server"]["held"]) if self.told.ledger else {}

    @property
    def server_steps(self) -> int:
        """Steps of today at the server."""
        return sum(day["steps"] for day in self.told.days.get("days", ()))

    @property
    def waiting(self) -> Held:
        """Safe on the phone, not confirmed by the server."""
        return engine.unconfirmed(self.agent.ledger)

    @property
    def only_on_tracker(self) -> Held:
        """On the tracker and nowhere else."""
        return held.without(self.wrist.held, self.agent.ledger.committed)


Show = Callable[[Look], None]


@contextmanager
def screen(*, quiet: bool, plain: bool) -> Iterator[Show]:
    """What to call with each look. Quiet: nothing is shown. A picture only on a terminal."""
    console = Console(highlight=False, no_color=plain or None)
    if quiet:
        yield lambda look: None
    elif plain or not console.is_terminal:
        yield _Lines(console)
    else:
        with Live(console=console, auto_refresh=False, screen=False) as live:
            yield lambda look: live.update(picture(look), refresh=True)


class _Lines:
    """A line whenever something moved or a sync ended otherwise than the last one: not for every minute recorded."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._moved: object = None
        self._noted = ""

    def __call__(self, look: Look) -> None:
        if look.note != self._noted:
            self._noted = look.note
            self._console.print(f"{_clock(look.now_s)}  {look.note}", markup=False, soft_wrap=True)
        outcomes = [(side, attempt.outcome) for side, attempt in sorted(look.agent.last.items())]
        moved = (look.link_open, held.total(look.waiting), held.total(look.server_held), outcomes)
        if moved != self._moved:
            self._moved = moved
            self._console.print(f"{_clock(look.now_s)}  {line(look)}", markup=False, soft_wrap=True)
            sys.stdout.flush()


def line(look: Look) -> str:
    """The four hops in one line."""
    last = " ".join(f"{side}:{attempt.outcome}" for side, attempt in sorted(look.agent.last.items()))
    steps = "" if look.wrist.steps is None else f"{look.wrist.steps:,} at the wrist, "
    return (
        f"tracker {held.total(look.only_on_tracker):,} | bluetooth {'open' if look.link_open else 'closed'}"
        f" | phone {held.total(look.waiting):,} | server {held.total(look.server_held):,}"
        f" | steps {steps}{look.server_steps:,} at the server | {last or 'no sync yet'}"
    )


def picture(look: Look) -> Group:
    """The whole view."""
    speed = f" · time passes {look.speed:g} times as fast" if look.speed != 1 else ""
    head = Text(f"{look.name} · {_clock(look.now_s)}{speed}", style="bold")
    return Group(
        head, Text(), _way(look), Text(), _table(look), Text(), *_syncs(look), Text(), *_risk(look), *_foot(look)
    )


def _way(look: Look) -> Text:
    way = Text("  ")
    states = (
        ("tracker", "green", not look.only_on_tracker),
        ("bluetooth", "green" if look.link_open else "red", look.link_open and not look.waiting),
        ("phone", "green", not look.waiting and not look.told.trouble),
        ("server", "red" if look.told.trouble else "green", True),
    )
    for name, colour, flows in states:
        way.append("● ", style=colour)
        way.append(name)
        if name != "server":
            way.append("  ─────────  " if flows else "  ── · ── ·  ", style="green" if flows else "yellow")
    return way


def _table(look: Look) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 2))
    table.add_column("hop")
    table.add_column("newest", justify="right")
    table.add_column("records", justify="right")
    table.add_column("")
    steps = () if look.wrist.steps is None else (f"{look.wrist.steps:,} steps today",)
    battery = () if look.wrist.battery_percent is None else (f"battery {look.wrist.battery_percent} %",)
    wrist = " · ".join((*steps, *battery))
    phone = f"{held.total(look.agent.ledger.committed):,} safe in all"
    server = look.told.trouble or f"{look.server_steps:,} steps today"
    newest = "" if look.wrist.newest_s is None else _clock(look.wrist.newest_s)
    table.add_row("tracker", newest, f"{held.total(look.only_on_tracker):,} only here", wrist)
    link = "connected" if look.link_open else "not connected"
    if look.rssi_dbm is not None:
        link += f" · heard at {look.rssi_dbm} dBm"
    table.add_row("bluetooth", "", "", f"{link} · {look.moved_bytes / 1000:,.1f} kB moved")
    table.add_row("phone", _newest(look, "phone"), f"{held.total(look.waiting):,} to upload", phone)
    table.add_row("server", _newest(look, "server"), f"{held.total(look.server_held):,}", server)
    return table


def _syncs(look: Look) -> list[Text]:
    lines = []
    for side, words in ((Side.DRAIN, "from the tracker"), (Side.UPLOAD, "to the server")):
        last, following = look.agent.last.get(side), look.agent.next.get(side)
        said = (
            "not yet"
            if last is None
            else f"{_clock(last.ended_s)} {MEANINGS[last.outcome].state}{_moved(last.records)}"
        )
        then = "" if following is None else f" · next {_clock(following.at_s)} ({_BECAUSE[following.because]})"
        style = "" if last is None or last.outcome.good else "yellow"
        lines.append(Text(f"  sync {words:17} {said}{then}", style=style))
        if last is not None and not last.outcome.good:
            lines.append(Text(f"       {MEANINGS[last.outcome].data} {MEANINGS[last.outcome].step}", style="yellow"))
    lines += [Text(f"  not freed on the tracker: {reason.text}", style="yellow") for reason in look.agent.held_back]
    return lines


def _moved(records: int) -> str:
    return f", {records:,} record{'s' if records > 1 else ''}" if records else ""


def _risk(look: Look) -> list[Text]:
    risk = look.told.ledger.get("at_risk")
    if not risk:
        return [Text("  At risk: nothing", style="dim")]
    words = f"  At risk: recorded since {_clock(risk['since'])}; overwriting begins {_day(risk['lost_at'])}"
    return [Text(words, style="dim")]


def _foot(look: Look) -> list[Text]:
    note = [Text(f"  {look.note}", style="yellow"), Text()] if look.note else []
    return [
        *note,
        Text(f"  Server {look.address} · tracker {look.tracker}", style="dim"),
        *([Text(f"  Pages, opened once without a password: {look.once}", style="dim")] if look.once else []),
        Text("  Ctrl-C stops cleanly; started again it goes on", style="dim"),
    ]


def document(look: Look) -> dict[str, Any]:
    """The same for programs; schema "unstuck.chain/1", see docs/reference/agent.md."""
    return {
        "schema": "unstuck.chain/1",
        "tracker": {"id": look.tracker, "name": look.name, "battery": look.wrist.battery_percent},
        "now": int(look.now_s),
        "up_s": round(look.up_s, 1),
        "speed": look.speed,
        "hops": {
            "tracker": {
                "newest": look.wrist.newest_s,
                "held": held.to_plain(look.wrist.held),
                "only_here": held.total(look.only_on_tracker),
                "steps_today": look.wrist.steps,
            },
            "bluetooth": {"open": look.link_open, "rssi": look.rssi_dbm, "moved_bytes": look.moved_bytes},
            "phone": {"committed": held.total(look.agent.ledger.committed), "to_upload": held.to_plain(look.waiting)},
            "server": {
                "held": held.to_plain(look.server_held),
                "records": held.total(look.server_held),
                "steps_today": look.server_steps,
                "trouble": look.told.trouble,
            },
        },
        "last": {
            side: {"at": one.ended_s, "outcome": one.outcome, "records": one.records}
            for side, one in look.agent.last.items()
        },
        "next": {side: {"at": round(one.at_s), "because": one.because} for side, one in look.agent.next.items()},
        "usual_interval_s": dict(look.agent.usual_s),
        "holes": list(look.told.ledger.get("holes", ())),
        "at_risk": look.told.ledger.get("at_risk"),
    }


def _newest(look: Look, hop: str) -> str:
    found = look.told.watermarks.get(hop)
    return _clock(found["time"]) if found else ""


def _clock(unix_s: float) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%H:%M:%S}Z"


def _day(unix_s: float) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%a %H:%M}Z"
