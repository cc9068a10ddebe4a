"""The phone's shell: a command line enters, as an adb client sends it, and both outputs and a status leave.

Commands after one another (``;``), on success (``&&``) or failure (``||``), quotes, and the redirections that tools
write, and ``$?``, which clients of the old protocol ask for; no pipes, loops or other variables.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from unstuck.lab.phone.commands import apps, device, dumping, settings
from unstuck.lab.phone.commands.result import Command, ShellResult, complained, unknown

if TYPE_CHECKING:
    from unstuck.lab.phone.phone import LabPhone

__all__ = ["Shell", "ShellResult"]

COMMANDS: Mapping[str, Command] = {
    "am": apps.am,
    "appops": apps.appops,
    "bugreport": dumping.report,
    "bugreportz": dumping.bugreportz,
    "cat": device.cat,
    "cmd": device.cmd,
    "date": device.date,
    "dumpsys": dumping.dumpsys,
    "echo": device.echo,
    "getprop": dumping.getprop,
    "id": device.identity,
    "input": device.keys,
    "logcat": dumping.logcat,
    "monkey": apps.monkey,
    "pidof": device.pidof,
    "pm": apps.pm,
    "reboot": device.reboot,
    "settings": settings.settings,
    "sleep": device.nothing,
    "svc": settings.svc,
    "true": device.nothing,
    "uptime": device.uptime,
}

_JOINTS = (";", "&&", "||", "|", "&")
_BAD_SYNTAX = 1


class Shell:
    """``/system/bin/sh`` as far as it goes here."""

    def __init__(self, phone: "LabPhone") -> None:
        self._phone = phone

    def run(self, command: str) -> ShellResult:
        """Run a command line."""
        try:
            words = _words(command)
        except ValueError:
            return complained("/system/bin/sh: <stdin>[1]: no closing quote\n", _BAD_SYNTAX)
        out, error, status = b"", b"", 0
        for joint, part in _parts(words):
            if (joint == "&&" and status) or (joint == "||" and not status):
                continue
            result = self._one([word.replace("$?", str(status)) for word in part])
            if joint == "|":
                out = b""  # read by the command behind the pipe, of which there is none here
            out, error, status = out + result.stdout, error + result.stderr, result.status
        return ShellResult(out, error, status)

    def _one(self, words: Sequence[str]) -> ShellResult:
        plain, quiet, merged, mute = _redirected(words)
        if not plain:
            return ShellResult()
        command = COMMANDS.get(plain[0].rpartition("/")[2] if plain[0].startswith("/system/bin/") else plain[0])
        if not self._phone.state.powered:
            return complained("error: closed\n", 1)
        result = unknown(plain[0]) if command is None else command(self._phone, plain[1:])
        out = b"" if quiet else result.stdout
        if merged:
            return ShellResult(out + result.stderr, b"", result.status)
        return ShellResult(out, b"" if mute else result.stderr, result.status)


def _words(command: str) -> list[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    return list(lexer)


def _parts(words: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The commands of a line, each with what stands before it."""
    parts: list[tuple[str, list[str]]] = [(";", [])]
    for word in words:
        if word in _JOINTS and not (word == "&" and parts[-1][1][-1:] == [">"]):
            parts.append((word, []))
        else:
            parts[-1][1].append(word)
    return [part for part in parts if part[1]]


def _redirected(words: Sequence[str]) -> tuple[list[str], bool, bool, bool]:
    """The words without redirections: standard output away, standard error with it, standard error away."""
    plain: list[str] = []
    quiet = merged = mute = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith(">"):
            of_error = plain[-1:] == ["2"]
            if of_error:
                plain.pop()
            target = rest.pop(0) if rest else ""
            merged |= of_error and (word == ">&" or target.startswith("&"))
            mute |= of_error and not merged
            quiet |= not of_error
        elif word == "<":
            rest = rest[1:]
        else:
            plain.append(word)
    return plain, quiet, merged, mute
