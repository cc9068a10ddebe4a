"""The hand over BlueZ: calls on the system bus."""

from types import TracebackType

from dbus_fast import BusType, DBusFastError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from unstuck.doctor.remedies.acts import BluezCall, BluezLook, Done, Look
from unstuck.doctor.remedies.permit import Permit

SERVICE = "org.bluez"
_GET = "org.freedesktop.DBus.Properties"


class BluezHand:
    """Reads and acts on the system's bluetoothd over one connection, which discovery lives and ends with.

    ``address``: of another bus than the system's, for a bus in a test. Raises EvidenceError from ``__aenter__`` where
    there is none.
    """

    def __init__(self, address: str | None = None) -> None:
        self._bus = MessageBus(bus_address=address, bus_type=BusType.SYSTEM)

    async def __aenter__(self) -> "BluezHand":
        await self._bus.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bus.disconnect()

    async def look(self, look: Look) -> str | None:
        """A property as text (``true`` and ``false`` in small letters); None where it is not there."""
        if not isinstance(look, BluezLook):
            raise TypeError(f"not for BlueZ: {look}")
        answer = await self._call(BluezCall(look.path, _GET, "Get", "ss", (look.interface, look.name)))
        if answer is None or answer.message_type is MessageType.ERROR:
            return None
        value = answer.body[0].value
        return str(value).lower() if isinstance(value, bool) else str(value)

    async def make(self, permit: Permit) -> Done:
        """Make the permitted call."""
        act = permit.use()
        if not isinstance(act, BluezCall):
            raise TypeError(f"not for BlueZ: {act}")
        answer = await self._call(act)
        if answer is None:
            return Done(False, "the system bus is gone")
        if answer.message_type is MessageType.ERROR:
            return Done(False, f"{answer.error_name}: {' '.join(map(str, answer.body))}")
        return Done(True)

    async def _call(self, call: BluezCall) -> Message | None:
        types = call.signature
        body: list[object] = [
            Variant("b" if isinstance(one, bool) else "s", one) if sign == "v" else one
            for sign, one in zip(types, call.arguments, strict=True)
        ]
        message = Message(
            destination=SERVICE,
            path=call.path,
            interface=call.interface,
            member=call.method,
            signature=types,
            body=body,
        )
        try:
            return await self._bus.call(message)
        except (DBusFastError, EOFError, OSError):
            return None
