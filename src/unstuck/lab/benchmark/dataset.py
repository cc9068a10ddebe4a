"""Labelled cases for others: a folder of evidence, answers and labels leaves; what another doctor said of it enters.

The files and their fields are described in docs/reference/benchmark.md. Everything in them was made by this program.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from unstuck.chain.paced import run as run_paced
from unstuck.doctor.telling.document import fact_document, moment
from unstuck.lab import evidence
from unstuck.lab.benchmark.row import Head, Row, Said
from unstuck.lab.benchmark.sample import case_at
from unstuck.lab.case import Case, noticed, sight_of, true_causes
from unstuck.lab.evidence import REPORT_FILE, Given
from unstuck.lab.person import complaint, everything_said
from unstuck.lab.phone.models import MODELS
from unstuck.lab.treating import flows
from unstuck.lab.ways import obstacles
from unstuck.lab.world import KINDS, TRACE_FILE, World
from unstuck.model.diagnosis import Verdict
from unstuck.model.errors import ErrorCode, UsageError
from unstuck.model.hop import Hop

Document = dict[str, Any]

SCHEMA = "unstuck.dataset/1"
CASES, SUMS, ABOUT = "cases", "SHA256SUMS", "dataset.json"
CHAIN, ANSWERS, ABOUT_CASE, LABEL = "chain.json", "answers.json", "case.json", "label.json"
BLOCK_BYTES = 2**20

README = """# Sync failures, made on purpose and labelled

{count} cases, split "{split}", seed {seed}, made by Unstuck {version} (commit {commit}). Each folder in `cases/` is
one: a fault was made to happen in a whole chain of tracker, phone and server, and this is what it left behind.

| file | holds |
|---|---|
| `case.json` | phone, tracker, what the person complains of, and the moment |
| `evidence/bugreport-synthetic.zip` | the phone's bug report, in the text forms of its Android and maker |
| `evidence/btsnoop_hci.log` | the phone's Bluetooth log |
| `chain.json` | facts of the open agent's journal and server; only where the tracker is the open one |
| `answers.json` | what this person answers to every question of `unstuck questions --json`; a few are wrong |
| `label.json` | the truth: causes, and the hops at which data stands still |

All of it was made by a program. No person, device or account is in it. `sha256sum --check SHA256SUMS` checks it.

To score another doctor, write one JSON line for each case and kind of evidence (`all`, `report`, `trace`, `answers`):

    {{"case": "000000", "given": "all", "verdict": "stuck", "hop": "phone", "causes": {{"phone.battery_saver": 0.9}}}}

    python -m benchmarks.doctor score THIS_FOLDER PREDICTIONS.jsonl

Fields, metrics and limits: docs/reference/benchmark.md of Unstuck. The truth here is the lab's truth, not life's.

License of the data: CC0-1.0 (https://creativecommons.org/publicdomain/zero/1.0/). SPDX-License-Identifier: CC0-1.0.
The program that made it: Apache-2.0.
"""


def export(folder: Path, head: Head, count: int, tell: Callable[[int], None]) -> None:
    """Write the first ``count`` cases of a split and seed. UsageError: the folder is not empty."""
    if folder.exists() and any(folder.iterdir()):
        _refuse(folder, "is not empty; name a new folder")
    for number in range(count):
        case = case_at(head.split, head.seed, number)
        with tempfile.TemporaryDirectory(prefix="unstuck-case-") as world:
            run_paced(_export_case(case, Path(world), folder / CASES / f"{number:06d}"))
        tell(number + 1)
    about = {"schema": SCHEMA, "count": count, "license": "CC0-1.0", **json.loads(head.line())}
    _write(folder / ABOUT, about | {"schema": SCHEMA})
    known = {"version": head.version or "unknown", "commit": head.commit or "unknown"}
    (folder / "README.md").write_text(README.format(count=count, split=head.split, seed=head.seed, **known))
    lines = [
        f"{_sum(file)}  {file.relative_to(folder).as_posix()}\n" for file in sorted(folder.rglob("*")) if file.is_file()
    ]
    (folder / SUMS).write_text("".join(lines))


async def _export_case(case: Case, world_folder: Path, folder: Path) -> None:
    async with noticed(case, world_folder) as (world, dice):
        sight = sight_of(world)
        symptom = complaint(sight, dice)
        await evidence.save(world)
        given = folder / "evidence"
        given.mkdir(parents=True)
        for name in (REPORT_FILE, TRACE_FILE):
            shutil.copyfile(world.folder / name, given / name)
        readings = await evidence.chain_readings(world) if world.kind.open else []
        if readings:
            facts = [fact_document(fact) for reading in readings for fact in reading.facts]
            _write(folder / CHAIN, {"facts": facts})
        _write(folder / ANSWERS, everything_said(sight, case.label))
        _write(folder / ABOUT_CASE, _about(world, case, symptom))
        _write(folder / LABEL, _label(world, case))


def _about(world: World, case: Case, symptom: str) -> Document:
    model, kind = MODELS[case.phone], KINDS[case.tracker]
    return {
        "phone": {"maker": model.maker, "model": model.name, "android": model.android},
        "tracker": kind.name,
        "app": kind.package,
        "symptom": symptom or None,
        "now": moment(evidence.now(world)),
    }


def _label(world: World, case: Case) -> Document:
    return {
        "cause": case.all[0].cause,
        "truth": sorted(true_causes(world, case)),
        "hops": sorted({one.hop.value for one in obstacles(world.state)}),
        "flowing": flows(world.state),
        "faults": list(case.faults),
        "phone": case.phone,
        "tracker": case.tracker,
        "behaviour": case.behaviour,
        "seed": case.seed,
    }


def labels(folder: Path) -> dict[str, Row]:
    """The truth of every case of a data set, by its id, as rows of which nothing was said yet.

    UsageError: the folder holds no data set, or a label cannot be read.
    """
    if not (folder / ABOUT).is_file():
        _refuse(folder, f"is no data set: {ABOUT} is missing")
    found = {}
    for number, case in enumerate(sorted((folder / CASES).iterdir())):
        try:
            label = json.loads((case / LABEL).read_bytes())
            symptom = json.loads((case / ABOUT_CASE).read_bytes())["symptom"] or ""
            found[case.name] = Row(
                number,
                tuple(label["faults"]),
                label["phone"],
                label["tracker"],
                label["behaviour"],
                label["seed"],
                given="",
                cause=label["cause"],
                symptom=symptom,
                truth=tuple(label["truth"]),
                hops=tuple(label["hops"]),
                flowing=label["flowing"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            _refuse(case, f"{LABEL} or {ABOUT_CASE} cannot be read")
    return found


def predictions(path: Path, truth: Mapping[str, Row]) -> list[Row]:
    """Rows to be scored. For each kind of evidence that is named at all every case counts; one left out said nothing.

    UsageError: a line that is none, an unknown case, or the same one twice.
    """
    said: dict[tuple[str, str], Said] = {}
    for number, line in enumerate(_lines(path), start=1):
        try:
            document = json.loads(line)
            key = (str(document["case"]), Given(document["given"]).value)
            told = _said(document)
        except (KeyError, TypeError, ValueError, AttributeError):
            _refuse(path, f"line {number} is no prediction: it needs case, given, verdict, hop and causes")
        if key[0] not in truth:
            _refuse(path, f"line {number} speaks of case {key[0]}, which is not in the data set")
        if key in said:
            _refuse(path, f"line {number} speaks of case {key[0]} with {key[1]} again")
        said[key] = told
    silent = Said(Verdict.INCONCLUSIVE.value, "", ())
    found = []
    for given in sorted({given for _, given in said}):
        for case, row in truth.items():
            if given != Given.ANSWERS or row.symptom:
                one = said.get((case, given), silent)
                found.append(replace(row, given=given, alone=one, before=one, said=one))
    return found


def _said(document: Document) -> Said:
    causes = [(str(cause), float(chance)) for cause, chance in document["causes"].items()]
    if not all(0.0 <= chance <= 1.0 for _, chance in causes):
        raise ValueError("a probability is from 0 to 1")
    hop = str(document["hop"] or "")
    return Said(
        Verdict(document["verdict"]).value,
        Hop(hop).value if hop else "",
        tuple(sorted(causes, key=lambda one: (-one[1], one[0]))),
    )


def _lines(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        _refuse(path, "cannot be read")
    return (line for line in text.splitlines() if line.strip())


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def _sum(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        blocks: Iterable[bytes] = iter(lambda: opened.read(BLOCK_BYTES), b"")
        for block in blocks:
            digest.update(block)
    return digest.hexdigest()


def _refuse(path: Path, reason: str) -> NoReturn:
    raise UsageError(ErrorCode.USAGE_SOURCE, given=path.name, reason=reason)
