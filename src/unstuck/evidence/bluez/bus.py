"""Asks BlueZ for its objects over the system bus: one call that starts and changes nothing."""

import asyncio
from collections.abc import Mapping

from dbus_fast import BusType, Message, MessageFlag, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, DBusError, InvalidAddressError

from unstuck.evidence.bluez.objects import Objects
from unstuck.model.errors import ErrorCode, LiveError

SOURCE = "bluez"
"""The word a person gives for this source."""

_LIMIT_S = 10.0
"""BlueZ answers in milliseconds; a daemon that hangs must not hang us."""

_NOT_THERE = frozenset({"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner"})


async def managed_objects() -> Objects:
    """BlueZ's adapters and devices with their properties.

    Raises:
        LiveError: There is no system bus, BlueZ does not run or does not answer, or this user may not ask it.
    """
    try:
        bus = await asyncio.wait_for(MessageBus(bus_type=BusType.SYSTEM).connect(), _LIMIT_S)
    except (OSError, AuthError, InvalidAddressError, TimeoutError) as error:
        raise _failed("there is no system bus to ask; Bluetooth of a Linux computer is read over D-Bus") from error
    try:
        reply = await asyncio.wait_for(bus.call(_question()), _LIMIT_S)
    except TimeoutError as error:
        reason = f"BlueZ did not answer within {_LIMIT_S:.0f} s; 'sudo systemctl restart bluetooth' starts it anew"
        raise _failed(reason) from error
    except (DBusError, OSError, EOFError) as error:
        raise _failed("the system bus closed the connection; try again") from error
    finally:
        bus.disconnect()
    return _objects(reply)


def _question() -> Message:
    return Message(
        destination="org.bluez",
        path="/",
        interface="org.freedesktop.DBus.ObjectManager",
        member="GetManagedObjects",
        flags=MessageFlag.NO_AUTOSTART,
    )


def _objects(reply: Message | None) -> Objects:
    if reply is None or reply.message_type is not MessageType.METHOD_RETURN:
        name = reply.error_name if reply is not None else ""
        if name in _NOT_THERE:
            raise _failed("BlueZ does not run here; start it with 'sudo systemctl start bluetooth'")
        reason = f"BlueZ refused to answer ({name or 'no reply'}); try again as the user who is logged in, or with sudo"
        raise _failed(reason)
    body: Mapping[str, Mapping[str, Mapping[str, object]]] = reply.body[0]
    return {
        path: {
            interface: {name: _plain(value) for name, value in properties.items()}
            for interface, properties in interfaces.items()
        }
        for path, interfaces in body.items()
    }


def _plain(value: object) -> object:
    """A value without its D-Bus type."""
    if isinstance(value, Variant):
        return _plain(value.value)
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _failed(reason: str) -> LiveError:
    return LiveError(ErrorCode.LIVE_FAILED, source=SOURCE, reason=reason)
