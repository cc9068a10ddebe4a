"""The program ``adb``, asked with time-outs: phones, command lines, a bug report. Every failure has its own code.

Shared by the collector, which only reads, and by whoever changes something with the owner's consent.
"""

import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unstuck.model.errors import ErrorCode, LiveError

SOURCE = "adb"
"""The word a person gives for this source."""

INSTALL = (
    "install the Android platform tools (Debian: sudo apt install adb; others: developer.android.com/tools/releases)"
)

_START_LIMIT_S = 30.0
"""For the adb server of this computer to come up; a second where nothing is wrong."""
_ASK_LIMIT_S = 10.0
"""For what the adb server knows by itself."""
_CONNECT_LIMIT_S = 20.0
"""For a phone on the Wi-Fi; adb itself gives up after ten seconds."""

OUTPUT_LIMIT_BYTES = 64 << 20
"""Of one command: the longest there is, the log, is at most 16 MB in each of three buffers."""
_ERRORS_MOST_BYTES = 1 << 16
_PIECE_BYTES = 1 << 16
_DRAIN_LIMIT_S = 5.0
"""What a program printed is there when it has ended; only a child of its own that keeps the pipe could hold us up."""

_ROW = re.compile(r"(?P<serial>\S+)\s+(?P<state>no permissions|\S+)(?P<rest>.*)")
_MODEL = re.compile(r"\bmodel:(\S+)")
_OWN_WORDS = re.compile(rb"(?m)^(?:adb: |error: )")
_GONE = re.compile(
    rb"(?m)^(?:adb: |error: )+(?:device '.*' not found|device not found|no devices|closed|device offline)"
)
_UNAUTHORIZED = re.compile(rb"(?m)^(?:adb: |error: )+device (?:unauthorized|still authorizing)")


def who(serial: str) -> str:
    """A phone in a sentence: the word before its number lets the redactor find it."""
    return f"serial {serial}"


@dataclass(frozen=True, slots=True)
class ShellResult:
    """What a command line on a phone printed, and its exit status (0 where the phone is too old to tell: before 7)."""

    stdout: bytes = b""
    stderr: bytes = b""
    status: int = 0


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone as adb lists it. ``state`` is adb's word: ``device`` where it can be asked."""

    serial: str
    state: str
    model: str = ""

    @property
    def label(self) -> str:
        """For a person who has to choose."""
        about = ", ".join(part for part in (self.model, "" if self.state == "device" else self.state) if part)
        return f"{who(self.serial)} ({about})" if about else who(self.serial)


class AdbClient:
    """Runs ``adb``. ``program`` is its name or path; which adb server is used is adb's own matter (environment)."""

    def __init__(self, program: str = "adb") -> None:
        self._program = program
        self._path = ""

    def phones(self) -> list[Phone]:
        """Every phone that adb sees, in any state.

        Raises:
            LiveError: There is no adb, or its server does not start.
        """
        self._adb(["start-server"], _START_LIMIT_S)
        rows = self._adb(["devices", "-l"], _ASK_LIMIT_S).stdout.decode("utf-8", "replace").splitlines()
        found = (_ROW.fullmatch(row.strip()) for row in rows[1:] if row.strip() and not row.startswith("*"))
        return [_phone(row) for row in found if row is not None]

    def choose(self, serial: str = "") -> Phone:
        """The one phone to ask: that of ``serial``, else the only one.

        A ``serial`` that is an address on the Wi-Fi (``HOST:PORT``) is connected to first.

        Raises:
            LiveError: None, several, another one, or one that cannot be asked; the sentence says what to do.
        """
        phones = self.phones()
        if ":" in serial and all(phone.serial != serial or phone.state == "offline" for phone in phones):
            self._connect(serial)
            phones = self.phones()
        if not phones:
            raise LiveError(ErrorCode.LIVE_NO_PHONE, source=SOURCE, what_to_do=_HOW_TO_CONNECT)
        wanted = [phone for phone in phones if phone.serial == serial] if serial else phones
        known = ", ".join(phone.label for phone in phones)
        if not wanted:
            raise LiveError(ErrorCode.LIVE_UNKNOWN, source=SOURCE, serial=serial, known=known)
        if len(wanted) > 1:
            raise LiveError(ErrorCode.LIVE_SEVERAL, source=SOURCE, known=known)
        _must_answer(wanted[0])
        return wanted[0]

    def shell(self, serial: str, command: str, timeout_s: float) -> ShellResult:
        """Run a command line on the phone.

        Raises:
            LiveError: ``live.gone``, ``live.not_allowed`` or ``live.slow``; the phone's own failure is a status.
        """
        done = self._adb(["-s", serial, "shell", command], timeout_s, serial, command)
        if done.returncode and _OWN_WORDS.search(done.stderr):
            if _UNAUTHORIZED.search(done.stderr):
                raise _not_allowed(serial)
            if _GONE.search(done.stderr):
                raise LiveError(ErrorCode.LIVE_GONE, serial=who(serial), doing=f"it was asked '{command}'")
        # adb ends with 0 also where the phone went away in the middle of its answer.
        if not self.is_there(serial):
            raise LiveError(ErrorCode.LIVE_GONE, serial=who(serial), doing=f"it was asked '{command}'")
        return ShellResult(done.stdout, done.stderr, done.returncode)

    def is_there(self, serial: str) -> bool:
        """Whether the phone can be asked at this moment."""
        done = self._adb(["-s", serial, "get-state"], _ASK_LIMIT_S)
        return done.returncode == 0 and done.stdout.strip() == b"device"

    def bugreport(self, serial: str, target: Path, timeout_s: float) -> None:
        """Let the phone make a full bug report and fetch it to ``target``.

        Raises:
            LiveError: The phone went away, took too long, or failed; the sentence quotes adb's last line.
        """
        done = self._adb(["-s", serial, "bugreport", str(target)], timeout_s, serial, "bugreport")
        if done.returncode or not target.is_file():
            if not self.is_there(serial):
                raise LiveError(ErrorCode.LIVE_GONE, serial=who(serial), doing="it made its bug report")
            reason = f"{who(serial)} made no bug report ({_last_line(done.stderr or done.stdout)})"
            raise LiveError(ErrorCode.LIVE_FAILED, source=SOURCE, reason=reason)

    def _connect(self, address: str) -> None:
        # adb exits with 0 also where it could not; the list of phones tells.
        self._adb(["connect", address], _CONNECT_LIMIT_S)

    def _adb(
        self, words: Sequence[str], timeout_s: float, serial: str = "", doing: str = ""
    ) -> subprocess.CompletedProcess[bytes]:
        self._path = self._path or shutil.which(self._program) or ""
        if not self._path:
            raise LiveError(ErrorCode.LIVE_NO_PROGRAM, source=SOURCE, program=self._program, what_to_do=INSTALL)
        try:
            done = _run([self._path, *words], timeout_s)
        except subprocess.TimeoutExpired as error:
            if serial:
                limit = f"{timeout_s:.0f} s"
                raise LiveError(ErrorCode.LIVE_SLOW, serial=who(serial), doing=doing, limit=limit) from error
            reason = (
                f"the program adb did not answer '{' '.join(words)}' within {timeout_s:.0f} s; run 'adb kill-server'"
            )
            raise LiveError(ErrorCode.LIVE_FAILED, source=SOURCE, reason=reason) from error
        except OSError as error:
            reason = f"the program {self._path} cannot be run ({error.strerror}); install it again"
            raise LiveError(ErrorCode.LIVE_FAILED, source=SOURCE, reason=reason) from error
        if len(done.stdout) > OUTPUT_LIMIT_BYTES:
            reason = f"'{doing}' printed more than {OUTPUT_LIMIT_BYTES >> 20} MB and was passed over"
            raise LiveError(ErrorCode.LIVE_FAILED, source=SOURCE, reason=reason)
        return done


def _run(words: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    """Run a program and keep what it prints, but not without end: a phone may be as hostile as a file.

    Raises:
        subprocess.TimeoutExpired: It did not end in time, and was ended.
    """
    pieces: list[bytes] = []

    def keep(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        left = OUTPUT_LIMIT_BYTES
        while left >= 0 and (piece := process.stdout.read(_PIECE_BYTES)):
            pieces.append(piece)
            left -= len(piece)
        if left < 0:
            process.kill()

    with (
        tempfile.TemporaryFile() as errors,
        subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        reader = threading.Thread(target=keep, args=(process,), daemon=True)
        reader.start()
        try:
            status = process.wait(timeout_s)
        finally:
            process.kill()
            reader.join(_DRAIN_LIMIT_S)
        errors.seek(0)
        return subprocess.CompletedProcess(words, status, b"".join(pieces), errors.read(_ERRORS_MOST_BYTES))


_HOW_TO_CONNECT = (
    "plug it in with USB debugging on, or 'adb connect HOST:PORT' (docs/howto/diagnose-a-live-phone.md says how)"
)


def _phone(row: re.Match[str]) -> Phone:
    model = _MODEL.search(row["rest"])
    return Phone(row["serial"], row["state"], model[1].replace("_", " ") if model else "")


def _must_answer(phone: Phone) -> None:
    if phone.state == "device":
        return
    if phone.state in ("unauthorized", "authorizing"):
        raise _not_allowed(phone.serial)
    if phone.state == "no permissions":
        reason = f"this user may not use {who(phone.serial)} on USB; sudo apt install android-sdk-platform-tools-common"
        raise LiveError(ErrorCode.LIVE_FAILED, source=SOURCE, reason=f"{reason}, plug it in again")
    what_to_do = "plug it in again and unlock it"
    if ":" in phone.serial:
        what_to_do = "wake it, then take it out with 'adb disconnect' and connect it anew"
    if phone.state not in ("offline", "connecting", "host"):
        what_to_do = f"it is in the mode '{phone.state}'; restart it"
    raise LiveError(ErrorCode.LIVE_OFFLINE, serial=who(phone.serial), what_to_do=what_to_do)


def _not_allowed(serial: str) -> LiveError:
    return LiveError(ErrorCode.LIVE_NOT_ALLOWED, serial=who(serial), button="Allow")


def _last_line(output: bytes) -> str:
    lines = output.decode("utf-8", "replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "nothing was said")
