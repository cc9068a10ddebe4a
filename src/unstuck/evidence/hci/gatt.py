"""What a few telling ATT packets say: services, device names, and the Gattlink handshake of a Fitbit.

ATT layouts: Bluetooth Core Specification, vol. 3 part F, 3.4. Gattlink: Fitbit's published Golden Gate
(one packet per write or notification; 0x80 asks for a reset, 0x81 with four bytes completes it).
"""

from unstuck.evidence.hci.book import Book, Moment
from unstuck.evidence.hci.links import Link, Links
from unstuck.evidence.hci.peers import SURE_HANDLES, SURE_PROTOCOL, Peers, vendor_of_uuid128
from unstuck.evidence.hci.records import RECEIVED, SENT
from unstuck.evidence.profiles import profiles

DEVICE_NAME = 0x2A00
RESET_REQUEST, RESET_COMPLETE = 0x80, 0x81
RESET_COMPLETE_BYTES = 5

UNANSWERED_REQUESTS = 3
"""Gattlink repeats its reset request every second for ever: three without an answer are no chance loss."""

HANDLES_VALUES = 4
"""Values each way before the handle heuristic may speak: fewer could be any settings exchange."""


class Gatt:
    """Telling ATT packets of one trace."""

    def __init__(self, book: Book, links: Links, peers: Peers) -> None:
        self._book = book
        self._links = links
        self._peers = peers

    def packet(self, at: Moment, handle: int, way: int, pdu: bytes) -> None:
        """One whole ATT packet, from its opcode on."""
        link = self._links.find(handle, at, "le")
        opcode = pdu[0]
        if opcode in (0x12, 0x1B, 0x52):
            self._gattlink(at, link, way, pdu[3:])
        elif way == SENT:
            self._asked(link, pdu)
        elif opcode == 0x06:
            self._searched_by_peer(at, link, pdu)
        else:
            self._answered(at, link, pdu)

    # services and names

    def _asked(self, link: Link, pdu: bytes) -> None:
        if pdu[0] == 0x08:
            link.gatt.wants_name = len(pdu) == 7 and int.from_bytes(pdu[5:7], "little") == DEVICE_NAME
        elif pdu[0] == 0x06:
            link.gatt.search = pdu[7:] if pdu[5:7] == b"\x00\x28" else b""

    def _searched_by_peer(self, at: Moment, link: Link, pdu: bytes) -> None:
        """Trackers are clients too: they look for the vendor's service on the phone."""
        if pdu[5:7] == b"\x00\x28" and len(pdu) == 23:
            self._peers.uuid128(link.subject, int.from_bytes(pdu[7:23], "little"), "service", at)

    def _answered(self, at: Moment, link: Link, pdu: bytes) -> None:
        opcode = pdu[0]
        address = link.subject
        if opcode == 0x07:
            self._service(at, address, link.gatt.search)
            link.gatt.search = b""
        elif opcode == 0x0B and len(pdu) == 17:
            vendor = vendor_of_uuid128(int.from_bytes(pdu[1:], "big"))
            if vendor is not None:
                self._peers.uuid128(address, int.from_bytes(pdu[1:], "big"), "service", at)
        elif opcode in (0x09, 0x11) and len(pdu) > 2:
            size = pdu[1]
            if opcode == 0x09 and link.gatt.wants_name and size > 2:
                self._peers.name(address, pdu[4 : 2 + size].decode("utf-8", "replace"), "gatt", at)
                link.gatt.wants_name = False
                return
            skip = 4 if opcode == 0x11 else 5
            for entry in range(2, len(pdu) - size + 1, size) if size > skip else ():
                self._service(at, address, pdu[entry + skip : entry + size])

    def _service(self, at: Moment, address: str, uuid: bytes) -> None:
        if len(uuid) == 2:
            self._peers.uuid16(address, int.from_bytes(uuid, "little"), "service", at)
        elif len(uuid) == 16:
            self._peers.uuid128(address, int.from_bytes(uuid, "little"), "service", at)

    # Gattlink

    def _gattlink(self, at: Moment, link: Link, way: int, value: bytes) -> None:
        talk = link.gatt
        if len(value) == RESET_COMPLETE_BYTES and value[0] == RESET_COMPLETE:
            talk.both_spoke |= 1 << way
            if talk.both_spoke == 3:
                talk.ready, talk.requests, talk.asked = True, 0, 0
                said = "Gattlink handshake: Reset Complete from both sides"
                self._peers.sign(link.subject, "fitbit", "gattlink", SURE_PROTOCOL, at, said)
            elif way == RECEIVED:
                talk.requests = 0
        elif len(value) == 1 and value[0] == RESET_REQUEST:
            by = "tracker" if way == RECEIVED else "phone"
            if talk.ready:
                said = f"Gattlink Reset Request from the {by} in an open session"
                self._book.add("gattlink.reset", {"by": by}, at, said, link.subject)
                talk.ready, talk.both_spoke = False, 0
            if way == SENT:
                talk.requests += 1
                talk.first_request = at if talk.requests == 1 else talk.first_request
            else:
                talk.requests = 0
                talk.asked += 1
                talk.first_asked = at if talk.asked == 1 else talk.first_asked

    def state(self, link: Link) -> None:
        """At the end of a link: a session the tracker never answered, and the handle heuristic."""
        talk = link.gatt
        if talk.requests >= UNANSWERED_REQUESTS and talk.first_request is not None and not talk.ready:
            said = f"Gattlink Reset Request sent {talk.requests} times, nothing came back"
            self._book.add("gattlink.unanswered", {"requests": talk.requests}, talk.first_request, said, link.subject)
        elif talk.asked >= UNANSWERED_REQUESTS and talk.first_asked is not None and not talk.ready:
            said = f"Gattlink Reset Request from the tracker {talk.asked} times: it takes in no answer"
            self._book.add("gattlink.unanswered", {"requests": talk.asked}, talk.first_asked, said, link.subject)
        if link.first_att is None:
            return
        for vendor, profile in profiles().items():
            for pair in profile.handles:
                written, notified = link.attributes.get(pair.written << 1), link.attributes.get(pair.notified << 1 | 1)
                if written and notified and min(written.packets, notified.packets) >= HANDLES_VALUES:
                    said = f"values on handles 0x{pair.written:04x} and 0x{pair.notified:04x}"
                    self._peers.sign(link.subject, vendor, "handles", SURE_HANDLES, link.first_att, said)
