"""``unstuck explain``: everything the knowledge says about one id."""

from difflib import get_close_matches
from textwrap import fill

from rich.console import Console

from unstuck.cli.beside import WIDEST, hanging
from unstuck.doctor.knowledge.loader import all_steps, load, makers, steps_for, with_names
from unstuck.doctor.knowledge.schema import (
    Cause,
    EvidenceKind,
    FindingSpec,
    Fitted,
    Fix,
    Knowledge,
    Link,
    Mend,
    Question,
    Symptom,
)
from unstuck.model.errors import ErrorCode, UsageError

_KINDS = {
    EvidenceKind.HCI: "a Bluetooth log",
    EvidenceKind.BUGREPORT: "an Android bug report",
    EvidenceKind.TAKEOUT: "a Takeout export",
    EvidenceKind.CHAIN: "our own agent's journal and server",
    EvidenceKind.ANSWER: "an answer of the person",
}


def explain_topic(topic: str, platform: str = "", *, plain: bool = False) -> None:
    """Print what is known about a cause, fix, finding, question or symptom. Raises UsageError."""
    knowledge = load()
    console = Console(no_color=plain or None, highlight=False)
    wanted = topic.strip().lower().removeprefix("symptom.")
    platform = _known_platform(platform)
    if wanted in knowledge.causes:
        _cause(console, knowledge.causes[wanted], knowledge)
    elif wanted in knowledge.fixes:
        _fix(console, knowledge.fixes[wanted], platform, knowledge)
    elif wanted in knowledge.findings:
        _finding(console, knowledge.findings[wanted], knowledge)
    elif wanted in knowledge.symptoms:
        _symptom(console, knowledge.symptoms[wanted], knowledge)
    elif wanted in knowledge.questions:
        _question(console, knowledge.questions[wanted])
    else:
        raise UsageError(ErrorCode.USAGE_TOPIC, given=topic, hint=_hint(wanted, knowledge))


def _known_platform(given: str) -> str:
    """The id of a platform or maker as a person writes it. Raises UsageError for an unknown one."""
    name = given.strip().lower()
    name = {"ios": "iphone", "apple": "iphone"}.get(name, name)
    if not name or name in ("iphone", "android"):
        return name
    if name not in makers():
        known = ", ".join(["iphone", "android", *sorted(set(makers().values()))])
        raise UsageError(ErrorCode.USAGE_SOURCE, given=f"--platform {given}", reason=f"use one of: {known}")
    return makers()[name]


def _hint(wanted: str, knowledge: Knowledge) -> str:
    known = [*knowledge.causes, *knowledge.fixes, *knowledge.findings, *knowledge.symptoms, *knowledge.questions]
    short = {name.split(".")[-1]: name for name in known}
    near = get_close_matches(wanted, [*known, *short], n=1, cutoff=0.6)
    return f" (did you mean {short.get(near[0], near[0])}?)" if near else ""


def _head(console: Console, title: str, id_: str, *texts: str) -> None:
    console.print(title, style="bold", markup=False)
    console.print(id_, style="dim", markup=False)
    console.print()
    for text in texts:
        if text:
            console.print(fill(text, min(console.width, WIDEST)), markup=False)


def _list(console: Console, title: str, lines: list[str]) -> None:
    if lines:
        console.print(f"\n{title}", style="bold", markup=False)
    for line in lines:
        hanging(console, f"  {line}")


def _was(fitted: Fitted | None) -> str:
    """Where a number was fitted: on how much, and what the judgement was."""
    if fitted is None:
        return ""
    cases = "case" if fitted.cases == 1 else "cases"
    return f", fitted on {fitted.cases} {cases} of the lab, judged {100 * fitted.before:.3g}%"


def _how(number: Link | Mend) -> str:
    """What it was before it was fitted; and what holds for each form, where they differ."""
    each = ", ".join(f"{one.form} {one.strength:.0%}{_was(one.fitted)}" for one in number.of_forms)
    return f"{_was(number.fitted)}: {each}" if each else _was(number.fitted)


def _cause(console: Console, cause: Cause, knowledge: Knowledge) -> None:
    _head(console, cause.title, f"{cause.id} · cause at {cause.hop}", cause.explanation)
    shows = [
        (
            link.strength,
            f"{spec.says}  ({link.strength:.0%} when this is the cause{_how(link)}, "
            f"{spec.leak:.1%} without"
            f"{_was(spec.leak_fitted)}; {spec.id})",
        )
        for spec in knowledge.findings.values()
        for link in spec.links
        if link.cause == cause.id
    ]
    _list(console, "Its forms", [f"{form.id}: {form.says} ({form.share:.0%} of cases)" for form in cause.forms])
    _list(console, "What shows it", [text for _, text in sorted(shows, reverse=True)])
    mends = [
        (
            mend.chance,
            f"{fix.title}  ({mend.chance:.0%}{_how(mend)}, about {fix.minutes:g} min; {fix.id})",
        )
        for fix in knowledge.fixes.values()
        for mend in fix.mends
        if mend.cause == cause.id
    ]
    _list(console, "What mends it", [text for _, text in sorted(mends, reverse=True)])
    _list(console, "How to check it", [cause.how_to_check])
    _list(
        console, "How common", [f"{cause.prior:.2%} of ordinary days{_was(cause.prior_fitted)}; {cause.prior_source}"]
    )


def _fix(console: Console, fix: Fix, platform: str, knowledge: Knowledge) -> None:
    _head(console, fix.title, f"{fix.id} · fix, about {fix.minutes:g} min", fix.explanation)
    if platform:
        system = platform if platform in ("iphone", "android") else "android"
        chosen = [steps_for(fix.id, system, "" if platform == system else platform.lower())]
    else:
        common = [steps for steps in all_steps(fix.id) if not steps.tracker]
        chosen = [steps for steps in common if steps.platform in ("iphone", "android")]
        if len(chosen) < 2:
            chosen = [steps for steps in common if steps.platform == "any"] + chosen
    for steps in chosen:
        named = with_names(steps, app="the tracker's app", tracker="the tracker")
        where = {"any": "Steps", "iphone": "Steps on an iPhone", "android": "Steps on Android"}
        _list(
            console,
            where.get(steps.platform, f"Steps on phones of {steps.platform.title()}"),
            [f"{number}. {line}" for number, line in enumerate(named.lines, 1)],
        )
        if named.credit:
            console.print(f"  {named.credit}", style="dim", markup=False)
    others = sorted({s.platform for s in all_steps(fix.id)} - {s.platform for s in chosen})
    if others and not platform:
        console.print(f"\n  Other steps: --platform {', '.join(others)}", style="dim", markup=False)
    _list(console, "How to see that it worked", [fix.worked_when])
    _list(console, "What it can harm", [fix.harm] if fix.harm else [])
    _list(console, "How to undo it", [fix.undo] if fix.undo else [])
    _list(
        console,
        "What it mends",
        [f"{knowledge.causes[m.cause].title}  ({m.chance:.0%}{_how(m)}; {m.source})" for m in fix.mends],
    )


def _finding(console: Console, spec: FindingSpec, knowledge: Knowledge) -> None:
    _head(console, spec.says, f"{spec.id} · finding about {spec.hop}", spec.explanation)
    _list(console, "Where it can be seen", [", ".join(_KINDS[kind] for kind in spec.seen_in)])
    _list(console, "What it speaks for", _links(spec.links, knowledge))
    _list(
        console,
        "How often it is there for no such cause",
        [f"{spec.leak:.1%}{_was(spec.leak_fitted)}; {spec.leak_source}"],
    )


def _symptom(console: Console, symptom: Symptom, knowledge: Knowledge) -> None:
    _head(console, symptom.says, f"{symptom.id} · symptom", "")
    _list(console, "What it speaks for", _links(symptom.links, knowledge))


def _question(console: Console, question: Question) -> None:
    _head(console, question.text, f"{question.id} · question", "")
    _list(console, "Answers", [f"{answer.id}: {answer.text}" for answer in question.answers])
    _list(console, "Where to look", [f"{platform}: {text}" for platform, text in question.look_up.items()])


def _links(links: tuple[Link, ...], knowledge: Knowledge) -> list[str]:
    ordered = sorted(links, key=lambda link: -link.strength)
    return [
        f"{knowledge.causes[link.cause].title}  ({link.strength:.0%}{_how(link)}; {link.source})" for link in ordered
    ]
