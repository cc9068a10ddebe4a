"""HCI events and commands one by one: whole packets enter, calls to the parts that keep state leave.

Layouts: Bluetooth Core Specification, vol. 4 part E, 7.1 to 7.8. Offsets count from the event code, or
from the first byte of the opcode; a packet too short for what is read from it is left alone, because
logs may hold truncated records.
"""

from unstuck.evidence.hci import codes
from unstuck.evidence.hci.book import Book, Moment
from unstuck.evidence.hci.links import Links
from unstuck.evidence.hci.pairing import Pairing
from unstuck.evidence.hci.peers import Peers, address_text, remember

EVENTS_TAKEN = (0x03, 0x05, 0x06, 0x08, 0x10, 0x2C, 0x30, 0x31, 0x32, 0x36, 0x59)
"""Event codes looked at one by one, page time-outs aside."""
META_TAKEN = (0x01, 0x03, 0x0A, 0x0C, 0x19, 0x29)
"""Subevents of LE Meta looked at one by one."""
COMMANDS_TAKEN = (0x0406, 0x0C03, 0x2011, 0x2014, 0x2027)
ATTEMPTS = (0x0405, 0x200D, 0x2043, 0x2085)
"""Create Connection in its versions: looked at only where the controller refused one, to know whom it was for."""
COMPLETES_TAKEN = (0x1405, 0x2015)
"""Commands whose results are looked at."""

QUALITY_SUBEVENT = 0x58
QUALITY_REPORTS = {0x01: "periodic", 0x02: "silent", 0x03: "audio", 0x04: "audio", 0x07: "audio", 0x08: "failed"}
"""Android's Bluetooth Quality Report, a vendor event (0xff) that many controllers send: AOSP, btif_bqr.h.
0x02 comes once nothing was received for half of the link's supervision time-out."""
NEVER_HEARD = -127
"""RSSI of a quality report on a link on which no packet ever came."""

AT_START_US = 1_000_000
"""A reset within the first second of a trace: Bluetooth had just been switched on when the log began."""

INTERVAL_MS, TIMEOUT_MS = 1.25, 10.0
"""Units of the connection interval and of the supervision time-out."""

DATA_CHANNELS = (1 << 37) - 1


class Events:
    """Events and commands of one trace. ``base`` is added to handles where there are several controllers."""

    def __init__(self, book: Book, links: Links, peers: Peers, pairing: Pairing) -> None:
        self._book = book
        self._links = links
        self._peers = peers
        self._pairing = pairing
        self._target = {"le": "", "br": ""}
        self.started_us: int | None = None

    def event(self, at: Moment, packet: bytes, base: int) -> None:
        """One event packet."""
        code = packet[0]
        if code == 0x3E:
            self._meta(at, packet, base)
        elif code == 0x0E:
            self._complete(at, packet, base)
        elif code == 0x0F:
            self._status(at, packet)
        elif code == 0x10 and len(packet) >= 3:
            self._book.add("hci.hardware_error", {"code": packet[2]}, at, f"Hardware Error: 0x{packet[2]:02x}")
        elif code in (0x31, 0x32) and len(packet) >= 8:
            self._pairing.capabilities(at, _address(packet, 2), "phone" if code == 0x31 else "peer")
        elif code == 0x36 and len(packet) >= 9:
            self._pairing.simple_pairing(at, _address(packet, 3), packet[2])
        elif code == 0xFF:
            self._quality(at, packet, base)
        elif len(packet) >= 5:
            self._link_event(at, code, packet, base)

    def _link_event(self, at: Moment, code: int, packet: bytes, base: int) -> None:
        status, handle = packet[2], base + (_word(packet, 3) & 0xFFF)
        if code == 0x03 and len(packet) >= 12:
            if packet[11] == 1:
                self._links.br_connection(at, status, handle, _address(packet, 5))
            elif status == 0:
                self._links.side_channel(handle)
        elif code == 0x05 and len(packet) >= 6 and status == 0:
            self._links.disconnected(at, handle, packet[5])
        elif code == 0x06:
            self._pairing.authentication(at, handle, status)
        elif code in (0x08, 0x59) and len(packet) >= 6:
            self._pairing.encryption(at, code, handle, status, packet[5] != 0)
        elif code == 0x30:
            self._pairing.encryption(at, code, handle, status, True)
        elif code == 0x2C and status == 0:
            self._links.side_channel(handle)

    def _meta(self, at: Moment, packet: bytes, base: int) -> None:
        if len(packet) < 6:
            return
        sub, status, handle = packet[2], packet[3], base + (_word(packet, 4) & 0xFFF)
        if sub in (0x01, 0x0A, 0x29):
            where = 14 if sub == 0x01 else 26
            if len(packet) >= where + 6:
                parameters = _parameters(packet, where)
                self._links.le_connection(at, status, handle, _address(packet, 8), parameters)
        elif sub == 0x19 and status == 0:
            self._links.side_channel(handle)
        elif sub == 0x03 and len(packet) >= 12:
            interval_ms, latency, timeout_ms = _parameters(packet, 6)
            value = {"interval_ms": interval_ms, "latency": latency, "timeout_ms": timeout_ms, "status": status}
            said = (
                f"LE Connection Update: handle 0x{handle & 0xFFF:04x}, interval {interval_ms:g} ms, latency {latency}"
            )
            said += f", time-out {timeout_ms:g} ms" if status == 0 else f", status {codes.status(status)}"
            self._book.add("link.parameters", value, at, said, self._links.find(handle, at, "le").subject)
        elif sub == 0x0C and len(packet) >= 8:
            value = {"tx": packet[6], "rx": packet[7], "status": status}
            said = f"LE PHY Update: handle 0x{handle & 0xFFF:04x}, tx {packet[6]}, rx {packet[7]}"
            self._book.add("link.phy", value, at, said, self._links.find(handle, at, "le").subject)

    def _complete(self, at: Moment, packet: bytes, base: int) -> None:
        if len(packet) < 9 or packet[5] != 0:
            return
        opcode, handle = _word(packet, 3), base + (_word(packet, 6) & 0xFFF)
        if opcode == 0x1405:
            link = self._links.find(handle, at)
            rssi = packet[8] - 256 if packet[8] > 127 else packet[8]
            if link.transport == "le" and rssi != 127:
                self._peers.reading(link.address, rssi, at)
                self._book.add("rssi.read", {"rssi": rssi}, at, f"Read RSSI: {rssi} dBm", link.subject)
        elif opcode == 0x2015 and len(packet) >= 13:
            self._channels(at, packet[8:13], self._links.find(handle, at, "le").subject, "LE Read Channel Map")

    def _quality(self, at: Moment, packet: bytes, base: int) -> None:
        handle = base + (_word(packet, 5) & 0xFFF)
        rssi = packet[9] - 256 if packet[9] > 127 else packet[9]
        link = self._links.open.get(handle)
        if link is None or packet[7] > 1 or not NEVER_HEARD <= rssi <= 20:
            return
        heard = None if rssi == NEVER_HEARD else rssi
        if heard is not None:
            self._peers.reading(link.address, heard, at)
        report = QUALITY_REPORTS[packet[3]]
        resent, missed = (int.from_bytes(packet[where : where + 4], "little") for where in (19, 23))
        value = {"report": report, "rssi": heard, "retransmissions": resent, "missed": missed}
        said = f"Quality report ({report}): handle 0x{link.number:04x}, "
        said += "never heard" if heard is None else f"{heard} dBm"
        self._book.add("link.quality", value, at, f"{said}, {missed} packets missed", link.subject)

    def _channels(self, at: Moment, channel_map: bytes, subject: str, said: str) -> None:
        used = (int.from_bytes(channel_map, "little") & DATA_CHANNELS).bit_count()
        self._book.add("link.channels", {"channels": used}, at, f"{said}: {used} of 37 channels", subject)

    def _status(self, at: Moment, packet: bytes) -> None:
        if len(packet) < 6 or packet[2] == 0:
            return
        transport = "br" if _word(packet, 4) == 0x0405 else "le"
        self._links.refused(at, self._target[transport], transport, packet[2], codes.command(_word(packet, 4)))

    def command(self, at: Moment, packet: bytes, base: int) -> None:
        """One command packet."""
        opcode = _word(packet, 0)
        if opcode == 0x0C03:
            start = self.started_us is not None and at.time_us - self.started_us <= AT_START_US
            self._book.add("hci.reset", {"at_start": start}, at, "Reset (0x0c03)")
            self._links.reset(at)
        elif opcode == 0x0406 and len(packet) >= 6:
            self._links.disconnect_sent(base + (_word(packet, 3) & 0xFFF), at)
        elif opcode == 0x2014 and len(packet) >= 8:
            self._channels(at, packet[3:8], "", "LE Set Host Channel Classification")
        elif opcode in (0x2011, 0x2027) and len(packet) >= 10:
            address = _address(packet, 4)
            remember(self._peers.listed, address)
            if opcode == 0x2027:
                self._peers.bonded(address, at)
        elif opcode == 0x0405 and len(packet) >= 9:
            self._target["br"] = _address(packet, 3)
        elif opcode == 0x200D and len(packet) >= 15:
            self._target["le"] = "" if packet[7] else _address(packet, 9)
        elif opcode == 0x2043 and len(packet) >= 12:
            self._target["le"] = "" if packet[3] else _address(packet, 6)
        elif opcode == 0x2085 and len(packet) >= 14:
            self._target["le"] = "" if packet[5] else _address(packet, 8)


def _word(packet: bytes, at: int) -> int:
    return packet[at] | packet[at + 1] << 8


def _address(packet: bytes, at: int) -> str:
    return address_text(int.from_bytes(packet[at : at + 6], "little"))


def _parameters(packet: bytes, at: int) -> tuple[float, int, float]:
    return _word(packet, at) * INTERVAL_MS, _word(packet, at + 2), _word(packet, at + 4) * TIMEOUT_MS
