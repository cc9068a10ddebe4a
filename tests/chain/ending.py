"""How a life of the chain must have ended: what each hop holds and says beside what the wrist recorded."""

from collections import Counter
from typing import Any

from tests.chain.whole import WEEK_S, Chain
from unstuck.chain.phone import held
from unstuck.chain.records import Kind, Ranges, Wear
from unstuck.chain.tracker.memory import Measured

Truth = dict[tuple[int, int], Measured]
"""What was recorded, by boot and sequence number."""


async def check_the_end(chain: Chain, truth: Truth, *, moved: bool) -> None:
    """Nothing lost that was not overwritten, nothing twice, and the ledger says of each hop what it holds."""
    memory = chain.tracker.memory
    ever = held.by_boot((boot, number, number) for boot, number in truth)
    assert ever == {boot: Ranges.span(0, end - 1) for boot, end in memory.ends.items()}
    told = (await chain.ask("GET", f"/v1/trackers/{chain.world.id}/ledger", params={"from": 0})).json()
    at_server = held.from_plain(told["hops"]["server"]["held"])
    assert not held.without(ever, held.joined(at_server, memory.overwritten)), "lost without being overwritten"
    assert not held.without(at_server, ever)
    assert held.from_plain(told["hops"]["tracker"]["held"]) == memory.held
    assert held.from_plain(told["hops"]["phone"]["held"]) == {}
    ledger = chain.journal.ledger(chain.world.id)
    lost = held.without(ever, at_server)
    for said in (ledger.overwritten, held.from_plain(told["hops"]["tracker"]["overwritten"])):
        assert not held.without(lost, said), "a loss that nobody reports"
        assert not held.without(said, memory.overwritten), "a loss that was none"
    assert not held.without(ledger.committed, ledger.confirmed)
    assert chain.journal.contradictions(chain.world.id) == []
    check_the_holes(told["holes"], lost, truth, moved=moved)
    kept = [
        (item[1], item[3][0])
        for (boot, number), item in truth.items()
        if item[0] is Kind.MINUTE and number in at_server.get(boot, Ranges())
    ]
    found: list[tuple[int, int]] = []
    for week in sorted({start // WEEK_S for start, _ in kept}):
        found += await chain.minute_pairs(week * WEEK_S, (week + 1) * WEEK_S)
    chain.world.tally += Counter({"records": len(truth), "records lost by overwriting": held.total(lost)})
    assert sorted(found) == sorted(kept), "not each minute once, as it was at the wrist"


def check_the_holes(holes: list[dict[str, Any]], missing: held.Held, truth: Truth, *, moved: bool) -> None:
    """Every missing record lies in one hole, and its reason is the right one; so does every minute not worn."""
    of_records = [hole for hole in holes if hole["boot"] is not None]
    numbers = [(hole["boot"], n) for hole in of_records for n in range(hole["first"], hole["last"] + 1)]
    assert len(set(numbers)) == len(numbers), "in two holes at once"
    assert held.by_boot((boot, n, n) for boot, n in numbers) == missing
    assert {hole["reason"] for hole in of_records} <= {"lost"}
    of_time = [hole for hole in holes if hole["boot"] is None]
    assert {hole["reason"] for hole in of_time} <= {"not_worn", "not_recorded"}
    if missing or moved:
        return  # then minutes lie where no record says
    for kind, start, _, value in truth.values():
        if kind is Kind.MINUTE:
            reasons = [hole["reason"] for hole in of_time if hole["start"] <= start < hole["end"]]
            assert reasons == (["not_worn"] if value[3] == Wear.NOT_WORN else []), (start, reasons)
