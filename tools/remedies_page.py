"""The table of everything that ``unstuck fix`` can do, drawn from the remedies themselves."""

from unstuck.doctor.knowledge.loader import load
from unstuck.doctor.reasoning.gate import guards_of
from unstuck.doctor.remedies.acts import Act, Channel, Target
from unstuck.doctor.remedies.catalogue import REMEDIES
from unstuck.doctor.remedies.remedy import Back, Do, Made, Remedy, Set, Step, Wait

_HEAD = """# Remedies

Generated from `unstuck.doctor.remedies` by `make docs`; do not edit by hand.

Everything that `unstuck fix` can do, command for command; there is nothing else. {count} remedies carry out {fixes} of
the {all} fixes of the catalogue; the others are guided. How it asks, checks and takes back:
[Get it fixed](../howto/fix-it.md).

In the commands `com.example.app` stands for the tracker's app, `10123` for its number and `C0:FF:EE:00:00:01` for the
tracker. "Guards" are the reasons for which the harm gate holds a fix back
([how the doctor reasons](../why/reasoning.md)). Every setting is read before it is changed, only changed where it is
wrong, read again afterwards, and set back to exactly what it was when it did not help. A remedy without settings has
nothing to set back.

Android versions are API levels: 23 is Android 6, 26 is 8, 28 is 9, 29 is 10, 30 is 11, 31 is 12, 33 is 13, 34 is 14.
Where the level is not known, nothing is offered. What needs root is not offered anywhere. The commands come from AOSP's
sources and were tried on the lab's synthetic phones; a maker's own system may treat them differently.
"""

_TARGETS = {
    Channel.ADB: Target(Channel.ADB, "SERIAL", 34, "com.example.app", 10123),
    Channel.BLUEZ: Target(Channel.BLUEZ, "/org/bluez/hci0", address="C0:FF:EE:00:00:01", pairs_without_loss=True),
    Channel.CHAIN: Target(Channel.CHAIN, "FOLDER"),
}
_TITLES = {
    Channel.ADB: "On an Android phone, over adb",
    Channel.BLUEZ: "On a Linux computer, over BlueZ",
    Channel.CHAIN: "In our own chain",
}
_ANSWERS = {
    "pm help": "  clear [--user USER_ID] [--cache-only] PACKAGE",
    "cmd package": "com.example.app/.Main",
}
"""What a phone would say to the looks that acts follow from, by their beginnings."""


def remedies_page() -> str:
    """The whole page as Markdown."""
    fixes = {remedy.fix for remedy in REMEDIES.values()}
    head = _HEAD.format(count=len(REMEDIES), fixes=len(fixes), all=len(load().fixes))
    return head + "".join(_channel(channel) for channel in Channel)


def _channel(channel: Channel) -> str:
    own = [remedy for remedy in REMEDIES.values() if remedy.channel is channel]
    return f"\n## {_TITLES[channel]}\n" + "".join(_section(remedy) for remedy in own)


def _section(remedy: Remedy) -> str:
    guards = ", ".join(f"`{guard}`" for guard in guards_of(load().fixes[remedy.fix])) or "none"
    versions = f" Android API {remedy.sdk[0]} and later." if remedy.sdk[0] else ""
    first = f"\n- First: {' '.join(remedy.first)}" if remedy.first else ""
    steps = "".join(f"\n{number}. {line}" for number, line in enumerate(_steps(remedy), 1))
    return (
        f"\n### `{remedy.id}`\n\n"
        f"Fix `{remedy.fix}`: {load().fixes[remedy.fix].title}.{versions}\n\n"
        f"- Changes: {remedy.changes}{first}\n"
        f"- Undo: {remedy.undo}\n"
        f"- Risk: {remedy.risk}. Guards: {guards}.\n"
        f"- It helped when data moves within {remedy.minutes:g} minutes where it stood still.\n"
        f"- Source: {remedy.source}\n"
        f"{steps}\n"
    )


def _steps(remedy: Remedy) -> list[str]:
    return [_step(step) for step in remedy.steps(_TARGETS[remedy.channel])]


def _step(step: Step) -> str:
    match step:
        case Set(setting, to, _, says, _):
            return f"{says}: reads `{_bare(str(setting.look))}`; `{_shown(setting.write(to))}`"
        case Back(setting, says):
            return f"{says}: `{setting.what}` as it was"
        case Do(act, says):
            return f"{says}: `{_shown(act)}`"
        case Made(look, make, says, otherwise):
            text = next((answer for start, answer in _ANSWERS.items() if _bare(str(look)).startswith(start)), "")
            return f"{says}: reads `{_bare(str(look))}`; `{_shown(make(text))}`, else nothing ({otherwise})"
        case Wait(seconds, says):
            return f"{says}: {seconds:g} s"


def _shown(act: Act | None) -> str:
    return _bare(str(act))


def _bare(text: str) -> str:
    return text.removeprefix("adb shell ").removeprefix("org.bluez ")
