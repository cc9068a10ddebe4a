"""Bumble's controller with what it lacks: a cancel that answers, signal that differs, parameters that are true, slots.

What Bumble 0.0.236 does instead, observed: a cancelled connection never completes; Read RSSI is unknown; every advert
is heard at -50 dBm, its scan response repeats the advert, and its interval is counted in milliseconds where HCI counts
in 0.625 ms; it reports duplicates to a host that wants none, which keeps a slow one busy; a peripheral is told 12.5 ms
and 100 ms whatever was agreed; a link that its own host closed ends at once and for the reason that the peer is told; a
disconnection of an unknown link is never answered; it claims extended advertising and privacy but speaks the legacy
events, at which Linux stumbles.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bumble import hci, ll
from bumble.controller import Controller

from unstuck.chain.link.radio.physics import TRACKER_DBM, Spot

if TYPE_CHECKING:
    from unstuck.chain.link.radio.air import Air

ACL_BYTES = 251
"""Longest ACL packet between host and controller: one data packet of the link layer, as phones have it."""

SLOTS = 7
"""Connections at once. Android's stack allows 7 by default, controllers of phones 7 to 15."""

NO_RSSI_DBM = 127
"""What HCI says when there is no reading (vol. 4 part E, 7.5.4)."""

ADVERT_UNIT_MS = 0.625
"""Unit of advertising intervals in HCI."""

_NOBODY = hci.Address("00:00:00:00:00:00")


@dataclass(slots=True)
class Elsewhere:
    """What else the radio of this device does: links to others (headphones, car) and the share of time they take."""

    links: int = 0
    share: float = 0.0


class RadioController(Controller):
    """A controller at a spot in the air. ``spot``, ``sent_dbm``, ``powered`` and ``elsewhere`` may change any time;
    tell the air with :meth:`Air.changed`."""

    le_acl_data_packet_length = ACL_BYTES
    supported_max_tx_octets = ACL_BYTES
    supported_max_rx_octets = ACL_BYTES
    le_features = Controller.le_features & ~(
        hci.LeFeatureMask.LE_EXTENDED_ADVERTISING
        | hci.LeFeatureMask.LE_PERIODIC_ADVERTISING
        | hci.LeFeatureMask.LL_PRIVACY
    )

    def __init__(self, name: str, air: "Air", public_address: str | None = None, spot: Spot | None = None) -> None:
        super().__init__(name, link=air, public_address=public_address)
        self.air = air
        self.spot = spot or Spot()
        self.sent_dbm = TRACKER_DBM
        self.powered = True
        self.slots = SLOTS
        self.elsewhere = Elsewhere()
        self.refuses: hci.HCI_ErrorCode | None = None
        """Every connection fails with this code, as on a phone whose Bluetooth has to be restarted; None: as ever."""
        self.stalled = False
        """The chip hangs: it takes commands and never answers. Its links end without a word (:meth:`Air.cut`)."""
        self._reported: set[tuple[int, hci.Address, bytes]] = set()

    def on_packet(self, packet: bytes) -> None:
        """From the host; a controller without power, or one that hangs, does nothing."""
        if self.powered and not self.stalled:
            super().on_packet(packet)

    # adverts

    def on_hci_le_set_advertising_parameters_command(
        self, command: hci.HCI_LE_Set_Advertising_Parameters_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Vol. 4 part E, 7.8.5."""
        done = super().on_hci_le_set_advertising_parameters_command(command)
        # Bumble's advertiser takes a thousandth of it as seconds; it would take a float as well, but says int.
        advertiser = self.le_legacy_advertiser
        advertiser.advertising_interval_min = round(command.advertising_interval_min * ADVERT_UNIT_MS)
        advertiser.advertising_interval_max = round(command.advertising_interval_max * ADVERT_UNIT_MS)
        return done

    def hears(self, packet: ll.AdvInd, rssi_dbm: int, scan_response: bytes | None) -> None:
        """An advert arrived; with the scan response where one was asked for and heard."""
        if self.le_scan_enable:
            kinds = hci.HCI_LE_Advertising_Report_Event.EventType
            self._report(kinds.ADV_IND, packet, packet.data, rssi_dbm)
            if scan_response is not None:
                self._report(kinds.SCAN_RSP, packet, scan_response, rssi_dbm)
        pending = self.pending_le_connection
        if pending and pending.peer_address == packet.advertiser_address:
            self.create_le_connection(packet.advertiser_address)

    @property
    def listening(self) -> float:
        """Share of time in which an advert would be heard: scanning, or about to connect."""
        if not self.powered or self.stalled:
            return 0.0
        if self.pending_le_connection:
            return 1.0 - self.elsewhere.share
        if self.le_scan_enable:
            return min(1.0, self.le_scan_window / max(1, self.le_scan_interval)) * (1.0 - self.elsewhere.share)
        return 0.0

    @property
    def asks_for_scan_response(self) -> bool:
        """Whether it scans actively."""
        return bool(self.le_scan_enable and self.le_scan_type == 1)

    def on_hci_le_set_scan_enable_command(
        self, command: hci.HCI_LE_Set_Scan_Enable_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Vol. 4 part E, 7.8.11."""
        self._reported.clear()
        return super().on_hci_le_set_scan_enable_command(command)

    def _report(self, kind: int, packet: ll.AdvInd, data: bytes, rssi_dbm: int) -> None:
        if self.filter_duplicates:
            same = (kind, packet.advertiser_address, data)
            if same in self._reported:
                return
            self._reported.add(same)
        report = hci.HCI_LE_Advertising_Report_Event.Report(
            event_type=hci.HCI_LE_Advertising_Report_Event.EventType(kind),
            address_type=packet.advertiser_address.address_type,
            address=packet.advertiser_address,
            data=data,
            rssi=rssi_dbm,
        )
        self.send_hci_packet(hci.HCI_LE_Advertising_Report_Event([report]))

    # connections

    def on_hci_le_create_connection_command(self, command: hci.HCI_LE_Create_Connection_Command) -> None:
        """Vol. 4 part E, 7.8.12; 0x09 when every slot is taken, 0x0b when there is such a link already."""
        if command.peer_address in self.le_connections:
            self._send_hci_command_status(hci.HCI_ErrorCode.CONNECTION_ALREADY_EXISTS_ERROR, command.op_code)
            return
        if len(self.le_connections) + self.elsewhere.links >= self.slots:
            self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
            self._not_connected(command.peer_address, hci.HCI_ErrorCode.CONNECTION_LIMIT_EXCEEDED_ERROR)
            return
        if self.refuses is not None:
            self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
            self._not_connected(command.peer_address, self.refuses)
            return
        super().on_hci_le_create_connection_command(command)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """Vol. 4 part E, 7.8.13: the Connection Complete with 0x02 comes after the answer to the command."""
        if self.pending_le_connection is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        asyncio.get_running_loop().call_soon(
            self._not_connected, _NOBODY, hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
        )
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)

    def _not_connected(self, peer: hci.Address, status: hci.HCI_ErrorCode) -> None:
        self.send_hci_packet(
            hci.HCI_LE_Connection_Complete_Event(
                status=status,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=peer.address_type,
                peer_address=peer,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
        )

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """Vol. 4 part E, 7.1.6: it is over once the peer has been told, and then for the reason 0x16."""
        connection = self.find_le_connection_by_handle(command.connection_handle)
        if connection is None:
            unknown = hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
            self._send_hci_command_status(unknown, command.op_code)
            return
        self._send_hci_command_status(hci.HCI_COMMAND_STATUS_PENDING, command.op_code)
        self.air.end(self, connection.peer_address, command.reason)

    def on_hci_le_connection_update_command(self, command: hci.HCI_LE_Connection_Update_Command) -> None:
        """Vol. 4 part E, 7.8.18: what cannot be is refused."""
        longest_ms = command.connection_interval_max * 1.25
        possible = (
            6 <= command.connection_interval_min <= command.connection_interval_max <= 3200
            and command.max_latency <= 499
            and 10 <= command.supervision_timeout <= 3200
            and command.supervision_timeout * 10 > 2 * (1 + command.max_latency) * longest_ms
        )
        if not possible:
            self._send_hci_command_status(hci.HCI_ErrorCode.INVALID_COMMAND_PARAMETERS_ERROR, command.op_code)
            return
        super().on_hci_le_connection_update_command(command)

    def on_le_connect_ind(self, packet: ll.ConnectInd) -> None:
        """The peripheral is told what the central asked for."""
        self._agreed = packet
        super().on_le_connect_ind(packet)

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Towards the host; a controller without power, or one that hangs, says nothing."""
        if not self.powered or self.stalled:
            return
        if isinstance(packet, hci.HCI_LE_Connection_Complete_Event) and packet.role == hci.Role.PERIPHERAL:
            packet = hci.HCI_LE_Connection_Complete_Event(
                status=packet.status,
                connection_handle=packet.connection_handle,
                role=packet.role,
                peer_address_type=packet.peer_address_type,
                peer_address=packet.peer_address,
                connection_interval=self._agreed.interval,
                peripheral_latency=self._agreed.latency,
                supervision_timeout=self._agreed.timeout,
                central_clock_accuracy=packet.central_clock_accuracy,
            )
        super().send_hci_packet(packet)

    # signal

    def on_hci_read_rssi_command(self, command: hci.HCI_Read_RSSI_Command) -> hci.HCI_Read_RSSI_ReturnParameters:
        """Vol. 4 part E, 7.5.4."""
        connection = self.find_le_connection_by_handle(command.handle)
        if connection is None:
            unknown = hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR
            return hci.HCI_Read_RSSI_ReturnParameters(unknown, command.handle, NO_RSSI_DBM)
        rssi_dbm = self.air.rssi_dbm(self, connection.peer_address)
        return hci.HCI_Read_RSSI_ReturnParameters(hci.HCI_ErrorCode.SUCCESS, command.handle, rssi_dbm)
