"""The page of the command, drawn from the command itself."""

from collections.abc import Iterator

import typer

from unstuck.cli.main import app
from unstuck.cli.status import ExitStatus
from unstuck.doctor.knowledge.loader import load

_HEAD = """# The command

Generated from the command by `make docs`; do not edit by hand.
"""
_STATUS_WORDS = {
    ExitStatus.HEALTHY: "`diagnose`: healthy; any other command: done",
    ExitStatus.STUCK: "`diagnose`: stuck",
    ExitStatus.WRONG_USAGE: "wrong usage: an option, a symptom, a time or a topic that does not exist",
    ExitStatus.INCONCLUSIVE: "`diagnose`: inconclusive, the evidence does not settle it",
    ExitStatus.UNREADABLE: "`diagnose`: nothing given could be read",
    ExitStatus.OUR_FAULT: "a fault of Unstuck itself; please report it",
    ExitStatus.INTERRUPTED: "stopped by the person",
}


def cli_page() -> str:
    """The whole page as Markdown."""
    root = typer.main.get_command(app)
    assert isinstance(root, typer.core.TyperGroup)
    context = typer.Context(root, info_name="unstuck")
    parts = [_HEAD]
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        parts += _sections(name, command, context)
    parts.append("## Symptoms\n\nFor `--symptom`:\n\n" + _rows(("id", "what is noticed"), _symptoms()))
    parts.append("## Exit statuses\n\n" + _rows(("status", "means"), _statuses()))
    return "\n".join(parts)


def _sections(name: str, command: object, context: typer.Context) -> list[str]:
    """A command; of a group every command in it."""
    if isinstance(command, typer.core.TyperGroup):
        inside = {f"{name} {one}": command.get_command(context, one) for one in command.list_commands(context)}
        return [part for full, one in inside.items() for part in _sections(full, one, context)]
    if isinstance(command, typer.core.TyperCommand) and not command.hidden:
        return [_section(name, command)]
    return []


def _section(name: str, command: typer.core.TyperCommand) -> str:
    arguments, options = [], []
    for parameter in command.params:
        if isinstance(parameter, typer.core.TyperOption):
            names = "/".join(filter(None, (", ".join(parameter.opts), ", ".join(parameter.secondary_opts))))
            value = "" if parameter.is_flag or not parameter.metavar else f" {parameter.metavar}"
            options.append((f"`{names}{value}`", parameter.help or ""))
        elif isinstance(parameter, typer.core.TyperArgument):
            arguments.append((f"`{parameter.metavar}`", parameter.help or ""))
    usage = " ".join(["unstuck", name, "[OPTIONS]", *(cell.strip("`") for cell, _ in arguments)])
    text = " ".join((command.help or "").split())
    return f"## `unstuck {name}`\n\n{text}\n\n    {usage}\n\n" + _rows(("", "what"), [*arguments, *options])


def _symptoms() -> Iterator[tuple[str, str]]:
    for symptom in load().symptoms.values():
        yield f"`{symptom.id}`", symptom.says


def _statuses() -> Iterator[tuple[str, str]]:
    for status in sorted(ExitStatus):
        yield str(int(status)), _STATUS_WORDS[status]


def _rows(head: tuple[str, str], rows: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> str:
    lines = (head, ("---", "---"), *rows)
    return "\n".join(f"| {_cell(left)} | {_cell(right)} |" for left, right in lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
