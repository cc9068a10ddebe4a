"""Rows made by hand, and players that need no lab."""

import os
from typing import Any

from unstuck.lab.benchmark.row import Head, Row, Said, Way, crashed
from unstuck.lab.benchmark.run import Job
from unstuck.lab.benchmark.sample import SAMPLING, Split

HEAD = Head(Split.TRAINING, 1, SAMPLING, True, "abc1234", "2026-11-27", "0")

HOP = {"saver_on": "phone", "battery_flat": "tracker", "service_fails": "server"}
CAUSE = {"saver_on": "phone.battery_saver", "battery_flat": "tracker.battery_empty", "service_fails": "server.outage"}


def said(verdict: str = "stuck", hop: str = "", **causes: float) -> Said:
    """Causes with two underscores for the full stop."""
    return Said(verdict, hop, tuple((cause.replace("__", "."), chance) for cause, chance in causes.items()))


def row(number: int, fault: str = "saver_on", given: str = "all", **more: Any) -> Row:
    """A row of a case with this fault, of which everything was said rightly unless ``more`` says otherwise."""
    if fault not in CAUSE:
        right = said("healthy")
        return Row(number, (fault,), "pixel-14", "unstuck", "ordinary", number, given, alone=right, said=right, **more)
    right = Said("stuck", HOP[fault], ((CAUSE[fault], 1.0),))
    fields: dict[str, Any] = {
        "cause": CAUSE[fault],
        "symptom": "silent",
        "truth": (CAUSE[fault],),
        "hops": (HOP[fault],),
        "flowing": False,
        "alone": right,
        "before": right,
        "said": right,
        "doctor": Way(4.0, True, ("turn_off_battery_saver",), 2),
        "article": Way(20.0, True),
        "hindsight": Way(4.0, True),
        "check": Way(8.0, True),
    }
    return Row(number, (fault,), "pixel-14", "unstuck", "ordinary", number, given, **{**fields, **more})


def plays(job: Job) -> list[Row]:
    """Two rows for each case, that depend on its number alone."""
    case = job.case
    fields = (job.number, case.faults, case.phone, case.tracker, case.behaviour, case.seed)
    return [Row(*fields, given=given, of=2, symptom=f"symptom {job.number}") for given in ("all", "answers")]


def crashes_at_three(job: Job) -> list[Row]:
    """As a case that breaks."""
    return (
        [crashed(job.number, job.case, "ValueError: broken", "unstuck/lab/world.py:1 in x")]
        if job.number == 3
        else plays(job)
    )


def dies_at_three(job: Job) -> list[Row]:
    """As a case that takes its process along."""
    if job.number == 3:
        os._exit(7)
    return plays(job)
