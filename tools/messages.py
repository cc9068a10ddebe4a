"""The texts outside the pages that a page shows: the doctor's knowledge and sentences, the agent's and server's words.

Tables are walked as they are in memory. Sentences that are put together (:mod:`unstuck.model.worded`) are found in the
source by the names of the functions that make them, whose first argument is a literal.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from unstuck.chain.phone import host
from unstuck.chain.phone.reasons import MEANINGS
from unstuck.chain.server.domain.refusals import WORDINGS
from unstuck.doctor.guide.devices import MAKES, PHONES
from unstuck.doctor.guide.screens import _NO_HARM as NO_HARM
from unstuck.doctor.knowledge.loader import all_steps, load, obtainable
from unstuck.doctor.makers import RANKS
from unstuck.doctor.remedies.acts import Channel, Target
from unstuck.doctor.remedies.catalogue import REMEDIES
from unstuck.doctor.remedies.remedy import Back, Do, Made, Set, Wait
from unstuck.lab.faults.all import FAULTS
from unstuck.model import errors
from unstuck.model.hop import Hop

SOURCE = Path(__file__).parents[1] / "src" / "unstuck"

Message = str | tuple[str, str]
"""One text, or one and many."""
Placed = tuple[str, Message]
"""Where it stands, and the text."""

_WORDED = {"worded": 1, "counted": 2}
"""Functions that make a sentence, with the number of literals that belong to it."""
_HANDS = ("cli/up_hands.py", "cli/lab_hands.py", "web/pages/wrong/finding.py")
"""Where it is said what can be connected."""
_PROVES = {"yes": (0,), "no": (0,), "either": (1, 2), "_flag": (2, 3), "_app_errors": (2,), "Stop": (2,), "Move": (1,)}
"""Functions of the rules and of the flow, with the arguments that are sentences."""


def outside() -> Iterator[Placed]:
    """All of them. A text may come more than once."""
    yield from _chain()
    yield from _knowledge()
    yield from _remedies()
    for sentence in errors._SENTENCES.values():
        yield "model/errors.py", sentence
    for hop in Hop:
        yield "model/hop.py", hop.value
    for fault in FAULTS.values():
        yield "lab/faults", fault.says
    for path in sorted([*(SOURCE / "doctor").rglob("*.py"), *(SOURCE / name for name in _HANDS)]):
        yield from _sentences(path)


def _chain() -> Iterator[Placed]:
    for meaning in MEANINGS.values():
        yield from (("chain/phone/reasons.py", text) for text in (meaning.state, meaning.data, meaning.step) if text)
    for rule in host._RULES.values():
        yield from (("chain/phone/host.py", text) for text in (rule.words, rule.step))
    for wording in WORDINGS.values():
        yield from (("chain/server/domain/refusals.py", text) for text in (wording.message, wording.what_to_do))


def _knowledge() -> Iterator[Placed]:
    knowledge = load()
    for cause in knowledge.causes.values():
        yield from _of("causes.toml", cause.title, cause.says, cause.explanation, cause.how_to_check)
    for finding in knowledge.findings.values():
        yield from _of(f"findings/{finding.hop}.toml", finding.says, finding.explanation)
    for symptom in knowledge.symptoms.values():
        yield from _of("symptoms.toml", symptom.says)
    for question in knowledge.questions.values():
        answers = (answer.text for answer in question.answers)
        yield from _of("questions.toml", question.text, *answers, *question.look_up.values())
    for fix in knowledge.fixes.values():
        mind = NO_HARM.sub("", fix.harm)
        yield from _of("fixes.toml", fix.title, fix.explanation, fix.harm, mind, fix.worked_when, fix.undo)
        yield from _of("fixes.toml", fix.safe_part)
        for steps in all_steps(fix.id):
            yield from _of(f"steps/{fix.id}.toml", *steps.lines, steps.worked_when, steps.credit)
    for platform in ("any", "android", "iphone", *RANKS):
        for way in obtainable(platform):
            yield from _of("obtain.toml", way.title, *way.lines, way.note)
    for name in (*PHONES.values(), *MAKES.values()):
        yield "doctor/guide/devices.py", name


def _of(file: str, *texts: str) -> Iterator[Placed]:
    yield from ((f"doctor/knowledge/{file}", text) for text in texts if text)


def _remedies() -> Iterator[Placed]:
    for remedy in REMEDIES.values():
        place = f"doctor/remedies/{remedy.channel}.py"
        yield from ((place, text) for text in (remedy.changes, remedy.undo, remedy.risk.value, *remedy.first))
        for sdk in (24, 28, 36):
            target = Target(Channel(remedy.channel), "x", sdk, "a.b", 1, "00:00:00:00:00:00")
            for step in remedy.steps(target):
                match step:
                    case Set() | Back() | Do() | Made() | Wait():
                        yield place, step.says
                if isinstance(step, Made):
                    yield place, step.otherwise


def _sentences(path: Path) -> Iterator[Placed]:
    """Literals of the functions that make sentences; what they are given in variables is marked where it is named."""
    place = path.relative_to(SOURCE).as_posix()
    proves = path.parts[-2] == "rules" or path.name in ("flow.py", "agent.py", "verdict.py")
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in _WORDED or name == "number_of":
            texts = [_literal(one) for one in node.args[: _WORDED.get(name, 2)]]
            if texts and all(texts):
                yield place, texts[0] if len(texts) == 1 else (texts[0], texts[1])
        elif name == "times" and len(node.args) > 1 and (thing := _literal(node.args[1])):
            yield place, (f"{{n}} {thing}", f"{{n}} {thing}s")
        elif name == "Way":
            yield from ((place, text) for text in _literals(node.args, (1, 2)))
        elif proves and name in _PROVES:
            yield from ((place, text) for text in _literals(node.args, _PROVES[name]))


def _literals(given: list[ast.expr], wanted: Iterable[int]) -> Iterator[str]:
    for place in wanted:
        if place < len(given) and (text := _literal(given[place])):
            yield text


def _literal(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
