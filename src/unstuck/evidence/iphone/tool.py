"""The program ``pymobiledevice3``, asked with time-outs; what it says went wrong becomes an error with a code.

It ends with 0 also after most failures and says them on standard error, and its log lines may stand before the JSON.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from unstuck.model.errors import ErrorCode, LiveError

SOURCE = "iphone"
"""The word a person gives for this source."""

PROGRAM = "pymobiledevice3"
INSTALL = "it is a separate tool (GPL): 'pipx install pymobiledevice3', then plug the iPhone in and unlock it"

ASK_LIMIT_S = 60.0
"""The first question may wait for the owner to tap Trust on the iPhone."""
_END_LIMIT_S = 10.0

_NOT_TRUSTED = re.compile(r"not paired|refused to trust|trust|dialog approval|PairingDialog|pairing", re.IGNORECASE)
_LOCKED = re.compile(r"password ?protected|PasswordRequired|PasswordProtected", re.IGNORECASE)
_NOT_THERE = re.compile(r"device is not connected|NoDeviceConnected|device not found|disconnected", re.IGNORECASE)
_NO_MUX = re.compile(r"usbmuxd", re.IGNORECASE)
_NO_COMMAND = re.compile(r"no such command|invalid choice", re.IGNORECASE)


class Tool:
    """Runs the program for one iPhone; ``udid`` empty stands for the only one."""

    def __init__(self, udid: str = "", program: str = PROGRAM) -> None:
        self._program = program
        # The option's place among the words changed between versions; the variable did not.
        self._environment = {**os.environ, "NO_COLOR": "1", **({"PYMOBILEDEVICE3_UDID": udid} if udid else {})}

    def json(self, words: Sequence[str]) -> object:
        """What a command prints as JSON.

        Raises:
            LiveError: No program, no iPhone, not trusted, locked, too slow, or something else was printed.
        """
        done = self._run(words)
        text = done.stdout.decode("utf-8", "replace")
        found = re.search(r"(?m)^[\[{]", text)
        if found is not None:
            try:
                value: object = json.JSONDecoder().raw_decode(text, found.start())[0]
            except ValueError:
                pass
            else:
                return value
        raise _failure(done.stderr.decode("utf-8", "replace") or text, words)

    def lines(self, words: Sequence[str]) -> list[str]:
        """What a command prints, line by line. Raises LiveError as above."""
        done = self._run(words)
        errors = done.stderr.decode("utf-8", "replace")
        if done.returncode or (not done.stdout.strip() and "ERROR" in errors):
            raise _failure(errors, words)
        return done.stdout.decode("utf-8", "replace").splitlines()

    def record(self, seconds: float, commands: Mapping[Path, Sequence[str]]) -> list[str]:
        """Let commands that never end by themselves run side by side for so long; what each prints goes to its file.

        Returns:
            What each said on standard error where it ended too early, in the order given; empty where all went well.

        Raises:
            LiveError: There is no such program.
        """
        running = []
        for target, words in commands.items():
            with target.open("wb") as output:
                running.append(
                    subprocess.Popen(
                        [self._path(), *words],
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=subprocess.PIPE,
                        env=self._environment,
                    )
                )
        try:
            until_s = time.monotonic() + seconds
            while time.monotonic() < until_s and any(process.poll() is None for process in running):
                time.sleep(min(0.2, max(0.0, until_s - time.monotonic())))
        finally:
            told = [_ended(process) for process in running]
        return told

    def _path(self) -> str:
        path = shutil.which(self._program)
        if path is None:
            raise LiveError(ErrorCode.LIVE_NO_PROGRAM, source=SOURCE, program=self._program, what_to_do=INSTALL)
        return path

    def _run(self, words: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [self._path(), *words],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=ASK_LIMIT_S,
                env=self._environment,
            )
        except subprocess.TimeoutExpired as error:
            limit = f"{ASK_LIMIT_S:.0f} s"
            raise LiveError(ErrorCode.LIVE_SLOW, serial=SOURCE, doing=" ".join(words), limit=limit) from error
        except OSError as error:
            reason = f"the program {self._program} cannot be run ({error.strerror}); install it again"
            raise LiveError(ErrorCode.LIVE_FAILED, source=SOURCE, reason=reason) from error


def _ended(process: subprocess.Popen[bytes]) -> str:
    """Ends a recording; what it complained of where it had ended by itself."""
    early = process.poll() is not None
    if not early:
        process.send_signal(signal.SIGINT)
    try:
        errors = process.communicate(timeout=_END_LIMIT_S)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        errors = process.communicate()[1]
    return str(_failure(errors.decode("utf-8", "replace"), ())) if early else ""


def _failure(errors: str, words: Sequence[str]) -> LiveError:
    """The error for what the program said; its own words where they are none that we know."""
    if _NOT_THERE.search(errors):
        what_to_do = "plug the iPhone in, unlock it, and tap Trust on its screen"
        return LiveError(ErrorCode.LIVE_NO_PHONE, source=SOURCE, what_to_do=what_to_do)
    if _LOCKED.search(errors):
        return LiveError(ErrorCode.LIVE_OFFLINE, serial=SOURCE, what_to_do="unlock it and try again")
    if _NO_MUX.search(errors):
        reason = "the program usbmuxd does not run, which speaks to iPhones on USB; sudo apt install usbmuxd"
        return LiveError(ErrorCode.LIVE_FAILED, source=SOURCE, reason=reason)
    if _NOT_TRUSTED.search(errors):
        return LiveError(ErrorCode.LIVE_NOT_ALLOWED, serial=SOURCE, button="Trust")
    if _NO_COMMAND.search(errors):
        reason = f"this pymobiledevice3 does not know '{' '.join(words)}'; bring it up to date with pipx upgrade"
        return LiveError(ErrorCode.LIVE_FAILED, source=SOURCE, reason=reason)
    said = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), "nothing was said")
    doing = f"'{' '.join(words)}' " if words else ""
    return LiveError(ErrorCode.LIVE_FAILED, source=SOURCE, reason=f"pymobiledevice3 {doing}failed ({said[:120]})")
