"""Real minutes of real people through HTTP: the sum at the server is the sum at the wrist, minute by minute."""

import csv
import gzip
import random
from collections import defaultdict
from datetime import UTC, datetime

import pytest

from tests.chain.server.world import World, durable
from tests.data import DATA, needs_data
from unstuck.chain.records import Batch, Kind, Minute, Record, Wear

FILE = DATA / "wearable" / "fitabase" / "4.12.16-5.12.16__minuteStepsWide_merged.csv.gz"
PEOPLE = 3
"""Of 33: all of them take minutes and show nothing more about the server."""
RECORDS = 1440
"""In one batch: a day."""
_SEED = 20261122


@pytest.fixture(scope="module")
def people() -> dict[str, dict[int, int]]:
    """Steps by the Unix second of the minute, by person; local times without a zone, read as UTC."""
    found: dict[str, dict[int, int]] = defaultdict(dict)
    with gzip.open(FILE, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["Id"] not in found and len(found) == PEOPLE:
                break
            hour = int(datetime.strptime(row["ActivityHour"], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp())
            for minute in range(60):
                found[row["Id"]][hour + 60 * minute] = int(row[f"Steps{minute:02}"])
    return found


@needs_data
def test_months_of_people_arrive_minute_by_minute(world: World, people: dict[str, dict[int, int]]) -> None:
    dice = random.Random(_SEED)
    total = 0
    for name, truth in people.items():
        person = world.person(f"p{name}")
        agent, tracker = person.device(), person.tracker()
        records = [
            Record(0, at, Kind.MINUTE, start, 60, tuple(Minute(steps, 0, 0, Wear.WORN)))
            for at, (start, steps) in enumerate(sorted(truth.items()))
        ]
        batches = [Batch(tuple(records[at : at + RECORDS])) for at in range(0, len(records), RECORDS)]
        # As a bad link would have it: out of order, some twice, some cut in another place.
        sent = batches + dice.sample(batches, 5) + [Batch(tuple(records[700:2200]))]
        dice.shuffle(sent)
        for at in range(0, len(sent), 10):
            durable(agent.send(tracker, *sent[at : at + 10]))
        found = agent.get(f"/v1/trackers/{tracker}/minutes?from={min(truth)}&to={max(truth) + 60}")["minutes"]
        assert dict(zip(found["start"], found["steps"], strict=True)) == truth
        days = agent.get(f"/v1/trackers/{tracker}/days?from={min(truth)}&to={max(truth) + 60}")["days"]
        assert sum(day["steps"] for day in days) == sum(truth.values())
        ledger = agent.get(f"/v1/trackers/{tracker}/ledger")
        assert ledger["hops"]["server"]["held"] == {"0": [[0, len(records) - 1]]}
        assert ledger["holes"] == []
        total += sum(truth.values())
    assert total == sum(sum(truth.values()) for truth in people.values()) > 500_000
