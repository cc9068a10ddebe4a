"""A remedy in the lab and the scripted person come to the same: what stands in the way afterwards is the same."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from unstuck.chain.paced import run
from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.remedies.acts import Channel
from unstuck.doctor.remedies.catalogue import REMEDIES
from unstuck.lab import acts, hands
from unstuck.lab.case import Case, possible
from unstuck.lab.faults.all import FAULTS
from unstuck.lab.ways import causes
from unstuck.lab.world import Setting, World

MODELS = ("pixel-14", "pixel-9", "pixel-11", "samsung-oneui-14", "xiaomi-hyperos-14", "huawei-emui-10")
FIXES = sorted({remedy.fix for remedy in REMEDIES.values() if remedy.channel is not Channel.BLUEZ})
AFTER_S = 300.0
"""By then a fix has shown what it does: Bluetooth is up, the phone has started, the agent has had its turn."""
SHOWN_S = 360.0
"""By then every fault has come to what it does: a battery takes some minutes to fall to the saver's level."""
FEW = ("restricted", "switched_off", "connections_fail", "keys_differ", "mute", "saver_on", "force_stopped")


def cases() -> Iterator[tuple[str, str, str]]:
    """Every fix that has a remedy, with every fault that it may mend, on every model that can have the fault."""
    for fix in FIXES:
        mended = {mend.cause for mend in load().fixes[fix].mends}
        for fault in FAULTS.values():
            if fault.cause in mended:
                yield from ((fix, fault.id, model) for model in MODELS if possible(Case((fault.id,), model)))


def few() -> Iterator[tuple[str, str, str]]:
    """One of each kind, each on another phone."""
    chosen = [one for one in cases() if one[1] in FEW]
    for number, fault in enumerate(FEW):
        own = [one for one in chosen if one[1] == fault]
        yield own[number % len(own)]


def treated(fix: str, fault: str, model: str, folder: Path, *, by_remedy: bool) -> frozenset[str]:
    """What stands in the way after the fix was done."""
    folder.mkdir()

    async def life() -> frozenset[str]:
        chosen, dice = FAULTS[fault], random.Random(1)
        async with World(folder, Setting(model, memory_hours=chosen.memory_hours)) as world:
            chosen.before(world.state, dice)
            await world.apply()
            await world.pass_time(600.0)
            began_s = world.true_time()
            for step in chosen.steps:
                await world.pass_time(max(0.0, began_s + step.after_s - world.true_time()))
                step.change(world.state, dice)
                await world.apply()
            await world.pass_time(SHOWN_S)
            if by_remedy:
                journal = await hands.do(fix, world, dice)
                assert journal, "no remedy was tried"
                assert all(entry.tried.ended for entry in journal)
            else:
                acts.do(fix, world.state, dice)
                await world.apply()
            await world.pass_time(AFTER_S)
            assert world.lost() == 0
            return causes(world.state)

    return run(life())


def same(fix: str, fault: str, model: str, folder: Path) -> None:
    by_remedy = treated(fix, fault, model, folder / "remedy", by_remedy=True)
    by_person = treated(fix, fault, model, folder / "person", by_remedy=False)
    assert by_remedy == by_person


@pytest.mark.parametrize(("fix", "fault", "model"), list(few()))
def test_a_remedy_of_each_kind_does_what_the_person_does(fix: str, fault: str, model: str, tmp_path: Path) -> None:
    same(fix, fault, model, tmp_path)


@pytest.mark.lab
@pytest.mark.parametrize(("fix", "fault", "model"), list(cases()))
def test_every_remedy_does_what_the_person_does(fix: str, fault: str, model: str, tmp_path: Path) -> None:
    same(fix, fault, model, tmp_path)
