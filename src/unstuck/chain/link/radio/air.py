"""The space that virtual Bluetooth devices share: what controllers send enters, what others hear of it leaves.

It takes the place of Bumble's perfect link. Adverts, connection requests and data meet the physics; links retransmit,
starve and are lost as in ``link_layer``; both ends then hear the code that a real controller would give.
"""

import asyncio
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink

from unstuck.chain.link.radio.controller import NO_RSSI_DBM, RadioController
from unstuck.chain.link.radio.link_layer import Counts, Ears, End, LinkLayer, Loss
from unstuck.chain.link.radio.physics import FADE_DB, SHADOW_DB, Surroundings, chance_of_packet, heard

INTERVAL_MS = 1.25
"""Unit of connection intervals in HCI."""

TIMEOUT_S = 0.010
"""Unit of supervision time-outs in HCI."""

ADVERT_BYTES = 16
"""Around the data of an advert on LE 1M: preamble 1, access address 4, header 2, address 6, CRC 3."""

REQUEST_BITS = (ADVERT_BYTES + 28) * 8
"""A connection request: two addresses and 22 bytes of parameters."""

ONE_PACKET_DB = math.hypot(FADE_DB, SHADOW_DB)
"""Standard deviation of the signal of a packet without a link, of which only one is looked at."""

CONTROL_BYTES = 12
"""Payload of a control PDU: the usual size; few are longer, none is often sent."""


_ENDED_HERE = int(hci.HCI_ErrorCode.CONNECTION_TERMINATED_BY_LOCAL_HOST_ERROR)


@dataclass(eq=False)
class _Link:
    """One connection between two controllers."""

    layer: LinkLayer
    controllers: dict[End, RadioController]
    addresses: dict[End, hci.Address]
    timer: asyncio.TimerHandle | None = None
    told: set[End] = field(default_factory=set)
    """Ends whose host knows that the link is over."""
    ending: set[End] = field(default_factory=set)
    """Ends whose host asked to end it."""

    def end_of(self, controller: Controller, peer: hci.Address) -> End | None:
        """Which end this controller is, when ``peer`` is across."""
        for end in End:
            if self.controllers[end] is controller and self.addresses[end.other] == peer:
                return end
        return None


class Air(LocalLink):
    """``surroundings`` may be changed any time; :meth:`changed` makes it count. ``seed`` makes it repeatable."""

    def __init__(self, surroundings: Surroundings | None = None, seed: int = 0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Bumble gives it no annotation
        self.surroundings = surroundings or Surroundings()
        self._dice = random.Random(seed)
        self._links: list[_Link] = []
        # Bumble keeps them in a set, whose order differs from run to run and with it who draws which number.
        self._radios: list[RadioController] = []

    # what others may do and ask

    def changed(self) -> None:
        """Somebody moved, a wall or a sender came or went, power was cut: every link is looked at anew."""
        for link in list(self._links):
            self._play(link)

    def counts(self, controller: RadioController) -> list[Counts]:
        """What happened on the live links of a device."""
        return [link.layer.counts for link in self._links if controller in link.controllers.values()]

    def rssi_dbm(self, controller: RadioController, peer: hci.Address) -> int:
        """The signal of a live link at this end; 127: no such link."""
        for link in self._links:
            end = link.end_of(controller, peer)
            if end is not None:
                ears = self._ears(link.controllers)
                return link.layer.rssi_dbm(ears.central if end is End.CENTRAL else ears.peripheral)
        return NO_RSSI_DBM

    def cut(self, controller: RadioController) -> None:
        """This device falls silent without a word: switched off, restarted, empty. Its host was told nothing."""
        for link in list(self._links):
            for end in End:
                if link.controllers[end] is controller:
                    self._silence(link, end)

    def end(self, controller: RadioController, peer: hci.Address, reason: int) -> None:
        """The host of this end wants the link to end: the peer is told, and then it is over here too."""
        for link in self._links:
            end = link.end_of(controller, peer)
            if end is not None and end not in link.told:
                if end not in link.ending:
                    link.ending.add(end)
                    self._put(link, end, ll.TerminateInd(reason), CONTROL_BYTES)
                return

    # Bumble's side

    def add_controller(self, controller: Controller) -> None:
        """One more device."""
        super().add_controller(controller)
        if isinstance(controller, RadioController):
            self._radios.append(controller)

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """An advert to whoever listens, or a connection request to whoever advertised."""
        if not isinstance(sender_controller, RadioController) or not sender_controller.powered:
            return
        if isinstance(packet, ll.ConnectInd):
            self._connect(sender_controller, packet)
        elif isinstance(packet, ll.AdvInd):
            self._advertise(sender_controller, packet)

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """An L2CAP packet over a live link; what is sent on a dead one is lost, as on the air."""
        for link in self._links:
            end = link.end_of(sender_controller, destination_address)
            if end is not None and end not in link.told:
                self._put(link, end, data, len(data))
                return

    def send_ll_control_pdu(
        self, sender_address: hci.Address, receiver_address: hci.Address, packet: ll.ControlPdu
    ) -> None:
        """A control PDU over a live link."""
        for link in self._links:
            for end in End:
                ends = (link.addresses[end], link.addresses[end.other])
                if end not in link.told and ends == (sender_address, receiver_address):
                    self._put(link, end, packet, CONTROL_BYTES)
                    if isinstance(packet, ll.TerminateInd):
                        # Bumble's controller forgets the link at once; the word for the peer is still on its way.
                        link.told.add(end)
                    return

    # adverts and connection requests

    def _advertise(self, sender: RadioController, packet: ll.AdvInd) -> None:
        bits = (ADVERT_BYTES + len(packet.data)) * 8
        for listener in self._others(sender):
            if self._dice.random() >= listener.listening:
                continue
            ear = heard(sender.spot, listener.spot, self.surroundings, sender.sent_dbm)
            fade_db = self._dice.gauss(0.0, ONE_PACKET_DB)
            if self._dice.random() >= chance_of_packet(ear, bits, fade_db):
                continue
            response = None
            if listener.asks_for_scan_response and self._dice.random() < chance_of_packet(ear, bits, fade_db) ** 2:
                response = sender.le_legacy_advertiser.scan_response_data
            rssi_dbm = round(max(-127.0, ear.signal_dbm + fade_db))
            asyncio.get_running_loop().call_soon(listener.hears, packet, rssi_dbm, response)

    def _connect(self, central: RadioController, packet: ll.ConnectInd) -> None:
        """The request that answers an advert. Not heard, or come too late: the central finds out after six events."""
        advertisers = (
            radio for radio in self._radios if radio.le_legacy_advertiser.address == packet.advertiser_address
        )
        peripheral = next(advertisers, None)
        if peripheral is None:
            return
        controllers = {End.CENTRAL: central, End.PERIPHERAL: peripheral}
        ears = self._ears(controllers)
        layer = LinkLayer(
            self._dice,
            ears,
            asyncio.get_running_loop().time(),
            interval_s=packet.interval * INTERVAL_MS / 1000,
            latency=packet.latency,
            timeout_s=packet.timeout * TIMEOUT_S,
        )
        link = _Link(
            layer,
            controllers,
            {End.CENTRAL: packet.initiator_address, End.PERIPHERAL: packet.advertiser_address},
        )
        self._links.append(link)
        chance = chance_of_packet(ears.peripheral, REQUEST_BITS, self._dice.gauss(0.0, ONE_PACKET_DB))
        listens = peripheral.powered and peripheral.le_legacy_advertiser.enabled
        if listens and self._dice.random() < chance:
            # At once, which ends the adverts: of two phones that answer the same one only the first is taken.
            peripheral.on_ll_advertising_pdu(packet)
        else:
            link.told.add(End.PERIPHERAL)
            layer.fall_silent(End.PERIPHERAL, asyncio.get_running_loop().time())
        self._plan(link)

    # links

    def _others(self, one: RadioController) -> Iterator[RadioController]:
        return (other for other in self._radios if other is not one and other.powered)

    def _ears(self, controllers: dict[End, RadioController]) -> Ears:
        central, peripheral = controllers[End.CENTRAL], controllers[End.PERIPHERAL]
        return Ears(
            heard(peripheral.spot, central.spot, self.surroundings, peripheral.sent_dbm),
            heard(central.spot, peripheral.spot, self.surroundings, central.sent_dbm),
            central.elsewhere.share,
        )

    def _put(self, link: _Link, end: End, pdu: object, size_bytes: int) -> None:
        link.layer.put(end, pdu, size_bytes, asyncio.get_running_loop().time())
        self._plan(link)

    def _plan(self, link: _Link) -> None:
        if link.timer:
            link.timer.cancel()
        loop = asyncio.get_running_loop()
        link.timer = loop.call_at(link.layer.next_s(loop.time()), self._play, link)

    def _play(self, link: _Link) -> None:
        now_s = asyncio.get_running_loop().time()
        arrived = link.layer.play(now_s)
        link.layer.hear(self._ears(link.controllers), now_s)
        for end, pdu in arrived:
            self._deliver(link, end, pdu)
        for end, loss in link.layer.lost(now_s).items():
            self._lost(link, end, loss)
        if all(end in link.told or link.layer.silent[end] for end in End):
            self._forget(link)
        else:
            self._plan(link)

    def _deliver(self, link: _Link, end: End, pdu: object) -> None:
        if end in link.told:
            return
        controller, peer = link.controllers[end], link.addresses[end.other]
        if isinstance(pdu, bytes):
            controller.on_link_acl_data(peer, core.PhysicalTransport.LE, pdu)
            return
        if isinstance(pdu, ll.ConnectionUpdateInd):
            link.layer.update(
                asyncio.get_running_loop().time(),
                interval_s=pdu.interval * INTERVAL_MS / 1000,
                latency=pdu.latency,
                timeout_s=pdu.timeout * TIMEOUT_S,
            )
        if isinstance(pdu, ll.TerminateInd):
            link.told.add(end)
        if isinstance(pdu, ll.ControlPdu) and peer in controller.le_connections:
            controller.on_ll_control_pdu(peer, pdu)
        if isinstance(pdu, ll.TerminateInd) and end.other in link.ending:
            self._over(link, end.other, _ENDED_HERE)

    def _over(self, link: _Link, end: End, reason: int) -> None:
        """Tell the host of this end, once."""
        connection = link.controllers[end].le_connections.get(link.addresses[end.other])
        if end not in link.told and connection is not None:
            link.controllers[end].on_le_disconnected(connection, reason)
        link.told.add(end)

    def _lost(self, link: _Link, end: End, loss: Loss) -> None:
        """This end has heard nothing for too long."""
        self._over(link, end, _ENDED_HERE if end in link.ending else int(loss))
        self._silence(link, end)

    def _silence(self, link: _Link, end: End) -> None:
        link.told.add(end)
        link.layer.fall_silent(end, asyncio.get_running_loop().time())
        if all(link.layer.silent.values()):
            self._forget(link)
        else:
            self._plan(link)

    def _forget(self, link: _Link) -> None:
        if link.timer:
            link.timer.cancel()
            link.timer = None
        if link in self._links:
            self._links.remove(link)
