"""Attributes may be read and written as their permissions say: Bumble 0.0.236 checks encryption only ("TODO: check
permissions"), so that any phone could overwrite every fixed value, declarations of services among them.
"""

from bumble import att
from bumble.att import Attribute
from bumble.gatt_server import Server


def guard(server: Server) -> None:
    """Refuse what is not permitted with the errors of ATT (Core Specification vol. 3 part F, 3.4.1.1)."""
    for attribute in server.attributes:
        _guard(attribute)


def _guard(attribute: Attribute[bytes]) -> None:
    read, write = attribute.read_value, attribute.write_value

    async def read_value(bearer: att.Bearer) -> bytes:
        if not attribute.permissions & Attribute.READABLE:
            raise att.ATT_Error(att.ATT_READ_NOT_PERMITTED_ERROR, attribute.handle)
        return await read(bearer)

    async def write_value(bearer: att.Bearer, value: bytes) -> None:
        if not attribute.permissions & Attribute.WRITEABLE:
            raise att.ATT_Error(att.ATT_WRITE_NOT_PERMITTED_ERROR, attribute.handle)
        await write(bearer, value)

    attribute.read_value = read_value  # type: ignore[method-assign]
    attribute.write_value = write_value  # type: ignore[method-assign]
