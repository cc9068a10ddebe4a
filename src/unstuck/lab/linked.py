"""What the phone's system writes down of its links: connections made, lost and failed enter, its GATT notes leave."""

from collections.abc import Callable

from bumble import hci
from bumble.device import Connection, Device

from unstuck.lab.phone.phone import LabPhone

_GATT_STATUS: dict[int, int] = {0x3D: 22}
"""Android's GATT status for an HCI reason where it is not the same number."""

_GATT_ERROR = 133
"""Android's status of a connection that did not come about, whatever the reason."""


class LinkNotes:
    """Listens to the phone's Bluetooth. ``address``: of the tracker, to which a failed connection was meant."""

    def __init__(self, phone: LabPhone, clock: Callable[[], float], address: str) -> None:
        self._phone = phone
        self._clock = clock
        self._address = address

    def listen(self, device: Device) -> None:
        """From now on."""
        device.on(device.EVENT_CONNECTION, self._connected)
        device.on(device.EVENT_CONNECTION_FAILURE, self._not_connected)

    def _connected(self, connection: Connection) -> None:
        address = str(connection.peer_address).removesuffix("/P")
        self._phone.note_gatt(self._clock(), address, 0, True)
        connection.on(connection.EVENT_DISCONNECTION, lambda reason: self._disconnected(address, int(reason)))

    def _disconnected(self, address: str, reason: int) -> None:
        self._phone.note_gatt(self._clock(), address, _GATT_STATUS.get(reason, reason), False)

    def _not_connected(self, error: object) -> None:
        code = int(getattr(error, "error_code", 0))
        if code != hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR:  # that is the app giving up
            self._phone.note_gatt(self._clock(), self._address, _GATT_ERROR, False)
