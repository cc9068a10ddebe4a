"""Trackers: claimed by who has them in hand, released, listed; and what agents tell of the other hops."""

from fastapi import APIRouter
from sqlalchemy.exc import IntegrityError

from unstuck.chain.records import Ranges
from unstuck.chain.server.broker import News
from unstuck.chain.server.domain import possession
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.routes import shapes
from unstuck.chain.server.routes.guard import Agent, Anyone, OwnTracker, Person, TheServices
from unstuck.chain.server.storage import trackers

router = APIRouter(prefix="/v1/trackers")


@router.get("")
def list_trackers(caller: Person, services: TheServices) -> shapes.Trackers:
    """Trackers that the account has or had."""
    with services.database.read() as connection:
        rows = trackers.list_all(connection, caller.account)
    fields = shapes.TrackerShape.model_fields
    return shapes.Trackers(trackers=[shapes.TrackerShape(**{name: row[name] for name in fields}) for row in rows])


@router.post("", status_code=201)
def claim_tracker(given: shapes.Claim, caller: Anyone, services: TheServices) -> shapes.TrackerShape:
    """Claim a tracker with the code it shows, as a person or as the agent that is bonded with it.

    Without the right code nothing is told about it.
    """
    services.count(("claim", str(caller.account)), services.settings.rates.claim)
    if not possession.is_proven(given.tracker, given.code):
        raise Refusal(Code.CLAIM_REFUSED)
    tracker = given.tracker.lower()
    try:
        with services.database.write() as connection:
            name = given.name or tracker
            if not trackers.claim(connection, caller.account, tracker, name, services.ambient.now()):
                raise Refusal(Code.CLAIM_TAKEN)
            row = trackers.get(connection, caller.account, tracker)
    except IntegrityError as error:  # another account claimed it in the same moment
        raise Refusal(Code.CLAIM_TAKEN) from error
    if row is None:
        raise Refusal(Code.TRACKER_NOT_CLAIMED)
    return shapes.TrackerShape(**{field: row[field] for field in shapes.TrackerShape.model_fields})


@router.delete("/{tracker}", status_code=204)
def release_tracker(tracker: OwnTracker, caller: Person, services: TheServices) -> None:
    """Release it. Its records stay with this account; who claims it next sees none of them."""
    with services.database.write() as connection:
        trackers.release(connection, caller.account, tracker, services.ambient.now())


@router.post("/{tracker}/held", status_code=204)
def tell_held(given: shapes.HopsTold, tracker: OwnTracker, caller: Agent, services: TheServices) -> None:
    """What tracker and phone hold, as the agent knows it after a sync."""
    hops: dict[str, shapes.TrackerState | shapes.PhoneState | None] = {"tracker": given.tracker, "phone": given.phone}
    told = {hop: state.model_dump() for hop, state in hops.items() if state is not None}
    for state in told.values():
        for part in ("held", "overwritten"):
            state[part] = {boot: _in_order(pairs) for boot, pairs in state.get(part, {}).items()}
    with services.database.write() as connection:
        if not trackers.hold_claim(connection, caller.account, tracker):
            raise Refusal(Code.TRACKER_RELEASED)
        for hop, state in told.items():
            trackers.tell(connection, caller.account, tracker, hop, caller.token, state, services.ambient.now())
    services.broker.publish(caller.account, News("held", tracker))


def _in_order(pairs: list[list[int]]) -> list[list[int]]:
    try:
        return Ranges.of(pairs).as_lists()
    except ValueError as error:
        raise Refusal(Code.REQUEST_INVALID, extra={"fields": ["held"]}) from error
