"""What a person with this phone and tracker can show: a world enters, readings leave, as any reader gives them.

The evidence is what the world left behind; nothing here knows the fault.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from unstuck.evidence.chain import Account
from unstuck.evidence.chain import collect as collect_chain
from unstuck.evidence.clocks import join
from unstuck.evidence.intake import collect
from unstuck.evidence.profiles import packages
from unstuck.lab.app import JOURNAL_FILE
from unstuck.lab.network import PhoneNetwork
from unstuck.lab.world import TRACE_FILE, World
from unstuck.model.evidence import ReaderOptions, Reading

REPORT_FILE = "bugreport-synthetic.zip"


class Given(StrEnum):
    """Which evidence the person has; answers can be had from everybody."""

    ALL = "all"
    REPORT = "report"
    TRACE = "trace"
    ANSWERS = "answers"


async def save(world: World) -> None:
    """Write the bug report and the Bluetooth log beside the rest of the world's files."""
    (world.folder / REPORT_FILE).write_bytes(world.state.phone.bugreport())
    world.trace()


async def readings(world: World, given: Given) -> list[Reading]:
    """Everything that is given, read. :func:`save` first."""
    if given is Given.ANSWERS:
        return []
    files = {
        Given.ALL: (REPORT_FILE, TRACE_FILE),
        Given.REPORT: (REPORT_FILE,),
        Given.TRACE: (TRACE_FILE,),
    }[given]
    own = await chain_readings(world) if given is Given.ALL and world.kind.open else []
    return join([*own, *read_files([world.folder / name for name in files])])


def read_files(files: Sequence[Path]) -> list[Reading]:
    """Files as ``unstuck diagnose`` reads them."""
    return collect(tuple(files), ReaderOptions(packages(), ""))


async def chain_readings(world: World) -> list[Reading]:
    """The agent's journal, and the server as it answers from the phone's own network."""
    network = PhoneNetwork(lambda: world.state, world.backend.transport)
    account = Account(world.backend.address, world.backend.token, network)
    journal = world.folder / JOURNAL_FILE
    return await collect_chain(journal, account, world.phone_time())


def now(world: World) -> datetime:
    """The moment, by the phone's clock."""
    return datetime.fromtimestamp(world.phone_time(), UTC)
