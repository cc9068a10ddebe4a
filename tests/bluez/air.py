"""The air between Linux and a virtual tracker: Bumble's link with its gaps closed, and a way out of reach.

What is mended here was measured against Linux 6.1 and BlueZ 5.66; without it a connection from Linux does not live.
"""

import asyncio

from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport.common import Transport

NOT_SPOKEN = hci.LeFeatureMask.LE_EXTENDED_ADVERTISING | hci.LeFeatureMask.LL_PRIVACY
"""Bumble's controller claims these and then reports connections in the old way, which Linux waits for in vain."""

SUPERVISION_S = 0.42
"""Silence after which both sides give up a connection; Linux asks for this much. Bumble has no such clock."""


class Air(LocalLink):
    """A link in which a device may fall silent: what it sends is not heard, and it hears nothing."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Bumble left this one out
        self.silent: set[Controller] = set()

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Deliver data under the connection's own address: Bumble names the random one, and Linux uses the public."""
        receiver = self.find_le_controller(destination_address)
        connection = sender_controller.le_connections.get(destination_address)
        if receiver is None or connection is None or {sender_controller, receiver} & self.silent:
            return
        loop = asyncio.get_running_loop()
        loop.call_soon(receiver.on_link_acl_data, connection.self_address, transport, data)

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """Deliver an advertisement or a request to connect."""
        if sender_controller in self.silent:
            return
        for controller in self.controllers - self.silent - {sender_controller}:
            asyncio.get_running_loop().call_soon(controller.on_ll_advertising_pdu, packet)

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """Deliver a message between controllers."""
        ends = {self.find_le_controller(sender_address), self.find_le_controller(receiver_address)}
        if not ends & self.silent:
            super().send_ll_control_pdu(sender_address, receiver_address, packet)

    async def lose(self, controller: Controller) -> None:
        """Take a device out of reach: silence, and after a while both ends report a supervision timeout (0x08)."""
        self.silent.add(controller)
        await asyncio.sleep(SUPERVISION_S)
        for address, connection in list(controller.le_connections.items()):
            peer = self.find_le_controller(address)
            other = peer.le_connections.get(connection.self_address) if peer else None
            controller.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
            if peer and other:
                peer.on_le_disconnected(other, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)

    def back(self, controller: Controller) -> None:
        """Bring a device into reach again."""
        self.silent.discard(controller)


class LinuxController(Controller):
    """The controller on which the guest's kernel speaks HCI."""

    def __init__(self, air: Air, address: hci.Address, transport: Transport) -> None:
        super().__init__(
            "linux", host_source=transport.source, host_sink=transport.sink, link=air, public_address=address
        )
        self.le_features &= ~NOT_SPOKEN

    def on_hci_disconnect_command(self, command: hci.HCI_Disconnect_Command) -> None:
        """End a connection; who asked hears reason 0x16 (Vol 1, Part F, 2.22), where Bumble repeats what was asked."""
        connection = self.find_le_connection_by_handle(command.connection_handle)
        if connection is None:
            super().on_hci_disconnect_command(command)
            return
        status = hci.HCI_Command_Status_Event(
            status=hci.HCI_COMMAND_STATUS_PENDING, num_hci_command_packets=1, command_opcode=command.op_code
        )
        self.send_hci_packet(status)
        connection.send_ll_control_pdu(ll.TerminateInd(command.reason))
        self.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR)

    def on_hci_le_create_connection_cancel_command(
        self, _command: hci.HCI_LE_Create_Connection_Cancel_Command
    ) -> hci.HCI_StatusReturnParameters:
        """End the attempt with Connection Complete, status 0x02 (Vol 4, Part E, 7.8.13); Bumble says nothing."""
        pending = self.pending_le_connection
        if pending is None:
            return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.COMMAND_DISALLOWED_ERROR)
        self.pending_le_connection = None
        ended = hci.HCI_LE_Connection_Complete_Event(
            status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
            connection_handle=0,
            role=hci.Role.CENTRAL,
            peer_address_type=pending.peer_address.address_type,
            peer_address=pending.peer_address,
            connection_interval=0,
            peripheral_latency=0,
            supervision_timeout=0,
            central_clock_accuracy=0,
        )
        asyncio.get_running_loop().call_soon(self.send_hci_packet, ended)
        return hci.HCI_StatusReturnParameters(hci.HCI_ErrorCode.SUCCESS)
