"""Links between the phone and its devices: connection events enter, facts about each link leave.

A link is opened by a connection event, or implied by the first use of a handle that no event named
(the trace began later, or the log is filtered), or carried over from the trace before.
"""

from collections import deque
from dataclasses import dataclass, field

from unstuck.evidence.hci import codes
from unstuck.evidence.hci.book import Book, Draft, Moment, iso, times
from unstuck.evidence.hci.peers import DEVICES_KEPT, Peers

ALL_CLOSED_WITHIN_US = 1_000_000
"""One second: the phone closes its links one after another within milliseconds when it is switched off
(19 ms for three links on a Pixel 8)."""

LATE_PACKET_US = 1_000_000
"""One second: packets still queued for a link may follow its end in the log for that long."""

HANDLE_MASK = 0x0FFF
"""Handles have twelve bits; above them the reader keeps the number of the controller, where there are several."""

SECOND_US = 1_000_000


@dataclass(slots=True)
class Cell:
    """ATT packets of one kind on one link: where the first was, how many, how many bytes of value."""

    first: Moment
    packets: int = 0
    bytes: int = 0


@dataclass(slots=True)
class GattTalk:
    """What is under way on a link above ATT: an open search and the Gattlink session."""

    wants_name: bool = False
    search: bytes = b""
    requests: int = 0
    first_request: Moment | None = None
    asked: int = 0
    first_asked: Moment | None = None
    both_spoke: int = 0
    ready: bool = False


@dataclass(slots=True, eq=False)
class Link:
    """One link over its life. ``transport`` is le, br or empty while nothing told; ``opened_us`` is
    None where it began before the trace."""

    handle: int
    address: str
    transport: str
    opened_us: int | None
    opened: Draft | None = None
    closed_us: int | None = None
    clock_jumped: bool = False
    disconnect_sent: bool = False
    paired_by: str = ""
    security_asked: bool = False
    keys_stated: bool = False
    gatt: GattTalk = field(default_factory=GattTalk)
    traffic: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    first_att: Moment | None = None
    last_att: Moment | None = None
    attributes: dict[int, Cell] = field(default_factory=dict)
    errors: dict[int, Cell] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The handle as the controller gave it, without the controller's own number."""
        return self.handle & HANDLE_MASK

    @property
    def subject(self) -> str:
        """The peer's address, or the handle while the peer is unknown."""
        return self.address or f"handle 0x{self.number:04x}"

    def held_s(self, now_us: int) -> float | None:
        """Seconds since it opened; None where unknown."""
        if self.opened_us is None or self.clock_jumped:
            return None
        return round((now_us - self.opened_us) / SECOND_US, 3)


class Links:
    """The links that are open, and what becomes of them."""

    def __init__(self, book: Book, peers: Peers, carried: dict[int, Link]) -> None:
        self._book = book
        self._peers = peers
        self._carried = carried
        self.open: dict[int, Link] = {}
        self.transitions: list[tuple[int, int, Link | None]] = []
        self.closed: list[Link] = []
        self._last_row: dict[int, int] = {}
        self.le_max: tuple[int, Moment | None] = (0, None)
        self.le_opened = 0
        self.events = False
        self.ended_us: dict[int, int] = {}
        self.clock_broken = False
        self._le_open = 0
        self._closing: deque[Moment] = deque()
        self._cancelled: list[Moment] = []
        self._cancel_count = 0
        self._page_timeouts: dict[str, tuple[int, Moment]] = {}
        self._side_handles: set[int] = set()

    # how a link is found

    def find(self, handle: int, at: Moment, transport: str = "") -> Link:
        """The link of a handle now; a handle that no event named implies one."""
        link = self.open.get(handle)
        if link is None:
            link = self._imply(handle, at)
        if transport and not link.transport:
            self._learn_transport(link, transport, at)
        return link

    def is_late(self, handle: int, time_us: int) -> bool:
        """Whether a packet belongs to a link that has just ended."""
        ended = self.ended_us.get(handle)
        return handle not in self.open and ended is not None and abs(time_us - ended) <= LATE_PACKET_US

    def _imply(self, handle: int, at: Moment) -> Link:
        known = self._carried.pop(handle, None)
        if known is None:
            link = Link(handle, "", "", None, clock_jumped=self.clock_broken)
        else:
            link = Link(handle, known.address, "", known.opened_us)
            link.clock_jumped = known.clock_jumped or self.clock_broken
            self._peers.met(link.address, at)
        self.open[handle] = link
        self.transitions.append((self._last_row.get(handle, -1) + 1, handle, link))
        if known is not None and known.transport:
            self._learn_transport(link, known.transport, at)
        return link

    def _learn_transport(self, link: Link, transport: str, at: Moment) -> None:
        link.transport = transport
        if transport == "le":
            self._le_open += 1
            if self._le_open > self.le_max[0]:
                self.le_max = (self._le_open, at)

    # what events say

    def reset(self, at: Moment) -> None:
        """The controller forgot every link."""
        self._carried.clear()
        for handle in list(self.open):
            self._forget(handle, at)
        self._side_handles.clear()

    def clock_jumped(self, for_good: bool) -> None:
        """Durations of the links open now mean nothing; ``for_good`` those of all to come neither."""
        if self.clock_broken:
            return
        self.clock_broken = for_good
        for link in (*self.open.values(), *self._carried.values()):
            link.clock_jumped = True

    def side_channel(self, handle: int) -> None:
        """A voice or isochronous channel beside a link: not a link of its own."""
        self._side_handles.add(handle)

    def le_connection(
        self, at: Moment, status: int, handle: int, address: str, parameters: tuple[float, int, float]
    ) -> None:
        """LE Connection Complete in any of its versions."""
        self.events = True
        if status == codes.CANCELLED:
            self._cancelled = [*self._cancelled[:1], at]
            self._cancel_count += 1
            return
        if status == codes.NOT_ESTABLISHED:
            said = f"LE Connection Complete: status {codes.status(status)}"
            self._not_established(at, address, handle, "le", 0.0, said)
            return
        if status != 0:
            self.refused(at, address, "le", status, "LE Connection Complete")
            return
        interval_ms, latency, timeout_ms = parameters
        link = self._opened(at, handle, address, "le")
        self.le_opened += 1
        link.opened = Draft(
            "link.opened",
            {
                "handle": handle & HANDLE_MASK,
                "transport": "le",
                "interval_ms": interval_ms,
                "latency": latency,
                "timeout_ms": timeout_ms,
                "parallel": self._le_open,
            },
            at.time_us,
            at.number,
            f"LE Connection Complete: handle 0x{handle & HANDLE_MASK:04x}, interval {interval_ms:g} ms, "
            f"supervision time-out {timeout_ms:g} ms",
            link.subject,
        )

    def br_connection(self, at: Moment, status: int, handle: int, address: str) -> None:
        """Connection Complete of a BR/EDR data link, page time-outs aside."""
        self.events = True
        if status == codes.CANCELLED:
            return
        if status != 0:
            self.refused(at, address, "br", status, "Connection Complete")
            return
        link = self._opened(at, handle, address, "br")
        link.opened = Draft(
            "link.opened",
            {
                "handle": handle & HANDLE_MASK,
                "transport": "br",
                "interval_ms": None,
                "latency": None,
                "timeout_ms": None,
                "parallel": self._le_open,
            },
            at.time_us,
            at.number,
            f"Connection Complete: handle 0x{handle & HANDLE_MASK:04x}",
            link.subject,
        )

    def page_timeout(self, at: Moment, address: str, count: int) -> None:
        """BR/EDR devices that did not answer the phone."""
        self.events = True
        before = self._page_timeouts.get(address)
        if before is None and len(self._page_timeouts) >= DEVICES_KEPT:
            return
        self._page_timeouts[address] = (count, at) if before is None else (before[0] + count, before[1])

    def refused(self, at: Moment, address: str, transport: str, status: int, event: str) -> None:
        """A connection attempt that failed for another reason."""
        self._book.add(
            "link.refused",
            {"transport": transport, "status": status},
            at,
            f"{event}: status {codes.status(status)}",
            address,
        )

    def disconnect_sent(self, handle: int, at: Moment) -> None:
        """The phone asked for the end of a link."""
        if handle in self.open or handle in self._carried:
            self.find(handle, at).disconnect_sent = True

    def disconnected(self, at: Moment, handle: int, reason: int) -> None:
        """Disconnection Complete with success."""
        self.events = True
        if handle in self._side_handles and handle not in self.open:
            self._side_handles.discard(handle)
            return
        link = self.find(handle, at)
        said = f"Disconnection Complete: handle 0x{handle & HANDLE_MASK:04x}, reason {codes.status(reason)}"
        held = link.held_s(at.time_us)
        if reason == codes.NOT_ESTABLISHED:
            self.le_opened -= link.opened is not None and link.transport == "le"
            link.opened = None
            self._not_established(at, link.address or link.subject, handle, link.transport or None, held, said)
        elif reason in (codes.SUPERVISION_TIMEOUT, codes.LINK_RESPONSE_TIMEOUT):
            value = {
                "handle": handle & HANDLE_MASK,
                "transport": link.transport or None,
                "reason": reason,
                "held_s": held,
                "last_rssi": self._peers.last_rssi(link.address, at),
            }
            self._book.add("link.lost", value, at, said, link.subject)
        else:
            value = {
                "handle": handle & HANDLE_MASK,
                "transport": link.transport or None,
                "reason": reason,
                "by": _closed_by(reason, link.disconnect_sent),
                "held_s": held,
            }
            self._book.add("link.ended", value, at, said, link.subject)
        if reason in (codes.AUTHENTICATION_FAILURE, codes.KEY_MISSING, codes.MIC_FAILURE):
            self._book.add(
                "link.encryption_failed", {"handle": handle & HANDLE_MASK, "status": reason}, at, said, link.subject
            )
        self._forget(handle, at)
        self._note_closing(at, reason)

    def _opened(self, at: Moment, handle: int, address: str, transport: str) -> Link:
        if handle in self.open:
            self._forget(handle, at)
        self._carried.pop(handle, None)
        # A phone that opens links in between is retrying one, not going off.
        self._closing.clear()
        link = Link(handle, address, "", at.time_us, clock_jumped=self.clock_broken)
        self.open[handle] = link
        self._learn_transport(link, transport, at)
        self._mark(at.row, handle, link)
        self._peers.met(address, at)
        return link

    def _mark(self, row: int, handle: int, link: Link | None) -> None:
        self.transitions.append((row, handle, link))
        self._last_row[handle] = row

    def next_batch(self) -> None:
        """Rows start again; what was open stays open."""
        self.transitions = []
        self._last_row = {}

    def _forget(self, handle: int, at: Moment | None) -> None:
        link = self.open.pop(handle)
        self._le_open -= link.transport == "le"
        if at is not None:
            link.closed_us = at.time_us
            self.ended_us[handle] = at.time_us
            self._mark(at.row, handle, None)
        if link.opened is not None:
            self._book.put(link.opened)
            link.opened = None
        self.closed.append(link)

    def _not_established(
        self, at: Moment, address: str, handle: int, transport: str | None, after_s: float | None, said: str
    ) -> None:
        value = {
            "handle": handle & HANDLE_MASK,
            "transport": transport,
            "after_s": after_s,
            "last_rssi": self._peers.last_rssi(address, at),
        }
        self._book.add("link.not_established", value, at, said, address)

    def _note_closing(self, at: Moment, reason: int) -> None:
        if reason != codes.LOCAL_HOST:
            self._closing.clear()
            return
        self._closing.append(at)
        while not 0 <= at.time_us - self._closing[0].time_us <= ALL_CLOSED_WITHIN_US:
            self._closing.popleft()
        if len(self._closing) > 1 and not self.open:
            links = len(self._closing)
            said = f"{links} links closed by this phone within a second (0x16), none left open"
            self._book.add("hci.all_links_closed", {"links": links}, self._closing[0], said)
            self._closing.clear()

    # the end of the trace

    def finish(self) -> dict[int, Link]:
        """State what was only counted; gives the links still open, for the trace that follows."""
        still_open = {**self._carried, **self.open}
        for handle in list(self.open):
            self._forget(handle, None)
        if self._cancel_count:
            self._state_cancelled()
        for address, (count, at) in self._page_timeouts.items():
            said = f"Connection Complete: status {codes.status(codes.PAGE_TIMEOUT)}, {times(count)}"
            self._book.add("link.page_timeout", {"count": count}, at, said, address)
        most, at_most = self.le_max
        if at_most is not None:
            self._book.add("links.parallel", {"le_max": most}, at_most, f"{most} LE links open at once")
        return still_open

    def _state_cancelled(self) -> None:
        first, last = self._cancelled[0], self._cancelled[-1]
        value = {"count": self._cancel_count, "first": iso(first.time_us), "last": iso(last.time_us)}
        said = f"LE Connection Complete: status {codes.status(codes.CANCELLED)}, {times(self._cancel_count)}"
        self._book.add("link.cancelled", value, first, said)


def _closed_by(reason: int, disconnect_sent: bool) -> str:
    if reason in (codes.REMOTE_USER, codes.REMOTE_LOW_RESOURCES, codes.REMOTE_POWER_OFF):
        return "peer"
    if reason == codes.LOCAL_HOST or disconnect_sent:
        return "phone"
    return "unknown"
