"""The public status document: answered also during maintenance, says nothing about anyone."""

from fastapi import APIRouter, Depends

from unstuck import __version__
from unstuck.chain.server.routes import shapes
from unstuck.chain.server.routes.guard import TheServices, check_address

public = APIRouter(prefix="/v1", dependencies=[Depends(check_address)])


@public.get("/status")
def status(services: TheServices) -> shapes.Status:
    """Whether the server takes records now."""
    message = services.maintenance()
    return shapes.Status(
        service="unstuck",
        state="up" if message is None else "maintenance",
        message=message or None,
        version=__version__,
        minimum_agent=services.settings.minimum_agent,
        minimum_firmware=dict(services.settings.minimum_firmware),
        registration_open=services.settings.registration_open,
        time=services.ambient.now(),
    )
