"""Pairing and encryption: SMP packets and security events enter; facts about keys leave.

SMP opcodes: Bluetooth Core Specification, vol. 3 part H, 3.3. Events: vol. 4 part E, 7.7.
"""

from unstuck.evidence.hci import codes
from unstuck.evidence.hci.book import Book, Moment
from unstuck.evidence.hci.links import Link, Links
from unstuck.evidence.hci.peers import DEVICES_KEPT
from unstuck.evidence.hci.records import RECEIVED

PAIRING_REQUEST, PAIRING_FAILED, SECURITY_REQUEST = 0x01, 0x05, 0x0B
FIRST_KEY, LAST_KEY = 0x06, 0x0A
"""Encryption, central identification, identity, identity address and signing information."""


class Pairing:
    """Pairing and encryption of the links of one trace."""

    def __init__(self, book: Book, links: Links) -> None:
        self._book = book
        self._links = links
        self._by_address: dict[str, str] = {}

    def smp(self, at: Moment, handle: int, way: int, packet: bytes) -> None:
        """One SMP packet, from its opcode on."""
        link = self._links.find(handle, at, "le")
        opcode = packet[0]
        if opcode in (PAIRING_REQUEST, SECURITY_REQUEST):
            if link.paired_by:
                return
            link.paired_by = "peer" if way == RECEIVED else "phone"
            if opcode == SECURITY_REQUEST:
                link.paired_by, link.security_asked = "", True
                return
            if link.security_asked:
                link.paired_by = "peer"
            said = f"SMP Pairing Request on handle 0x{link.number:04x}"
            self._book.add("pairing.started", {"by": link.paired_by}, at, said, link.subject)
        elif opcode == PAIRING_FAILED:
            reason = packet[1] if len(packet) > 1 else 0
            link.paired_by = ""
            said = f"SMP Pairing Failed: reason {codes.smp_reason(reason)}"
            self._book.add("pairing.failed", {"reason": reason, "kind": "smp"}, at, said, link.subject)
        elif FIRST_KEY <= opcode <= LAST_KEY:
            self._completed(link, at, f"SMP key distribution on handle 0x{link.number:04x}")

    def _completed(self, link: Link, at: Moment, said: str) -> None:
        if link.keys_stated:
            return
        link.keys_stated, link.paired_by = True, ""
        self._book.add("pairing.completed", {"kind": "smp"}, at, said, link.subject)

    def encryption(self, at: Moment, event: int, handle: int, status: int, on: bool) -> None:
        """Encryption Change (0x08, 0x59) or Encryption Key Refresh Complete (0x30)."""
        link = self._links.find(handle, at)
        if status != 0:
            said = f"Encryption Change (0x{event:02x}): handle 0x{link.number:04x}, status {codes.status(status)}"
            self._book.add("link.encryption_failed", {"handle": link.number, "status": status}, at, said, link.subject)
        elif on:
            said = f"Encryption Change (0x{event:02x}): handle 0x{link.number:04x}, on"
            self._book.add("link.encrypted", {"handle": link.number, "event": event}, at, said, link.subject)
            if link.paired_by:
                self._completed(link, at, said)

    def authentication(self, at: Moment, handle: int, status: int) -> None:
        """Authentication Complete of a BR/EDR link."""
        if status != 0:
            link = self._links.find(handle, at)
            said = f"Authentication Complete: handle 0x{link.number:04x}, status {codes.status(status)}"
            self._book.add("link.encryption_failed", {"handle": link.number, "status": status}, at, said, link.subject)

    def capabilities(self, at: Moment, address: str, asked_by: str) -> None:
        """IO Capability Request or Response: Secure Simple Pairing began on one side or the other."""
        if address not in self._by_address and len(self._by_address) < DEVICES_KEPT:
            self._by_address[address] = asked_by
            said = "IO Capability Request" if asked_by == "phone" else "IO Capability Response"
            self._book.add("pairing.started", {"by": asked_by}, at, said, address)

    def simple_pairing(self, at: Moment, address: str, status: int) -> None:
        """Simple Pairing Complete."""
        self._by_address.pop(address, None)
        said = f"Simple Pairing Complete: status {codes.status(status)}"
        if status == 0:
            self._book.add("pairing.completed", {"kind": "ssp"}, at, said, address)
        else:
            self._book.add("pairing.failed", {"reason": status, "kind": "ssp"}, at, said, address)
