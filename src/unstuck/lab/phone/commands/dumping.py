"""``dumpsys``, ``getprop``, ``logcat`` and ``bugreportz``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unstuck.lab.phone import times
from unstuck.lab.phone.commands import doze
from unstuck.lab.phone.commands.result import ShellResult, complained, said
from unstuck.lab.phone.dumps import apps, bugreport, logs, properties, services, system
from unstuck.lab.phone.dumps.view import View

if TYPE_CHECKING:
    from unstuck.lab.phone.phone import LabPhone

_REPORTS = "/data/user_de/0/com.android.shell/files/bugreports"
"""Where dumpstate leaves its zip; ``bugreportz -p`` says it."""


def dumpsys(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``dumpsys [-l] [-t S] [SERVICE [ARGS]]``."""
    rest = list(words)
    while rest and rest[0] in ("-t", "-T", "--priority"):
        rest = rest[2:]
    view = phone.view()
    listed = "Currently running services:\n" + "".join(f"  {name}\n" for name in services.names(view))
    if rest[:1] == ["-l"]:
        return said(listed)
    if not rest:
        return said(listed + "".join(_whole(view, name) for name in services.names(view)))
    name, arguments = rest[0], rest[1:]
    if name not in services.names(view):
        return complained(f"Can't find service: {name}\n", 0)
    if name == "deviceidle" and arguments:
        return doze.deviceidle(phone, arguments)
    if name == "battery" and arguments:
        return doze.battery(phone, arguments)
    return said(_part(view, name, arguments))


def _part(view: View, name: str, arguments: Sequence[str]) -> str:
    if name == "package" and arguments and not arguments[0].startswith("-"):
        return apps.one_package(view, arguments[0])
    if name == "activity" and arguments[:1] == ["exit-info"]:
        if arguments[1:] and arguments[1] != view.app.package:
            return system.exit_info(view).split("  package: ", 1)[0]
        return system.exit_info(view)
    return services.SERVICES[name](view)


def _whole(view: View, name: str) -> str:
    ending = f", ending at: {times.full(view.now)}" if view.android >= 10 else ""
    return (
        f"{'-' * 79}\nDUMP OF SERVICE {name}:\n{services.SERVICES[name](view)}"
        f"--------- 0.004s was the duration of dumpsys {name}{ending}\n"
    )


def getprop(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``getprop [NAME [DEFAULT]]``."""
    view = phone.view()
    if not words:
        return said(properties.dump(view))
    default = words[1] if len(words) > 1 else ""
    return said(f"{properties.table(view).get(words[0], default)}\n")


def logcat(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``logcat -d|-c|-t N [-b BUFFERS] [-v FORM]``. Without ``-d`` it prints what there is, as it does not wait."""
    view = phone.view()
    buffers, forms, count = ["main", "system", "crash"], set[str](), 0
    rest, clear = list(words), False
    while rest:
        word = rest.pop(0)
        if word in ("-b", "--buffer") and rest:
            buffers = _buffers(rest.pop(0).split(","))
        elif word.startswith("-b") and len(word) > 2:
            buffers = _buffers(word[2:].split(","))
        elif word in ("-v", "--format") and rest:
            forms |= set(rest.pop(0).replace(",", " ").split())
        elif word in ("-t", "-T") and rest:
            number = rest.pop(0)
            count = int(number) if number.isdecimal() else 0
        elif word == "-c":
            clear = True
    if bad := [name for name in buffers if name not in logs.BUFFERS]:
        return complained(f"Unknown buffer '{bad[0]}' listed for -b\n", 1)
    if clear:
        for name in buffers:
            phone.clear_log(name)
        return said("")
    found = logs.lines(view, buffers)
    found = found[-count:] if count else found
    if "brief" in forms:
        return said(logs.brief(found))
    if "time" in forms:
        return said(logs.time_only(view, found))
    return said(logs.threadtime(view, found, uid="uid" in forms, year="year" in forms, zone="zone" in forms))


def _buffers(names: Sequence[str]) -> list[str]:
    out: list[str] = []
    for name in names:
        if name == "all":
            out += logs.BUFFERS
        elif name == "default":
            out += ["main", "system", "crash"]
        elif name not in ("radio", "stats", "security", "kernel"):  # there, and always empty
            out.append(name)
    return list(dict.fromkeys(out))


def bugreportz(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``bugreportz -v | -p``: make the zip where ``adb pull`` finds it."""
    if list(words) == ["-v"]:
        # On standard error, where the adb client looks for it.
        return complained("1.2\n" if phone.model.android >= 12 else "1.1\n", 0)
    path = f"{_REPORTS}/{bugreport.name(phone.view())}.zip"
    phone.keep(path, phone.bugreport(phone.hci_log()))
    if list(words) == ["-p"]:
        return said(f"BEGIN:{path}\nPROGRESS:30/100\nPROGRESS:100/100\nOK:{path}\n")
    return said(f"OK:{path}\n")


def report(phone: "LabPhone", words: Sequence[str]) -> ShellResult:
    """``bugreport``: the text alone, as old adb clients ask for it."""
    return said(phone.bugreport_text())
