"""Somebody at a real terminal: a pseudo-terminal of any width with the command in it."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from fcntl import ioctl
from pathlib import Path
from struct import pack
from types import TracebackType

PROMPT = "q leave] "
PATIENCE_S = 30.0
"""A command that says nothing for so long hangs."""
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class TerminalPerson:
    """Types lines and reads the screen. Use as a context; ``screen`` is all that was shown since the last line."""

    def __init__(self, *words: str, state: Path, columns: int = 80, env: Mapping[str, str] | None = None) -> None:
        self._words = words
        self._columns = columns
        self._env = {**os.environ, "XDG_STATE_HOME": str(state), "TERM": "xterm", **(env or {})}
        self._env.pop("COLUMNS", None)
        self.raw = ""

    def __enter__(self) -> "TerminalPerson":
        self._master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, pack("HHHH", 40, self._columns, 0, 0))
        command = [sys.executable, "-m", "unstuck.cli.main", *self._words]
        self._process = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=self._env,
            start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C reaches it
        )
        os.close(slave)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE_S)
        os.close(self._master)

    def sees(self, text: str = PROMPT) -> str:
        """Everything up to and with a text, without colours."""
        seen = ""
        until = time.monotonic() + PATIENCE_S
        while text not in _COLOURS.sub("", seen):
            piece = self._read(until)
            if not piece:
                raise AssertionError(f"ended before {text!r} came: {seen}")
            seen += piece
        self.raw = seen
        return _COLOURS.sub("", seen).replace("\r\n", "\n")

    def types(self, line: str, until: str = PROMPT) -> str:
        """Type a line and see what follows."""
        os.write(self._master, f"{line}\n".encode())
        return self.sees(until)

    def presses(self, key: bytes) -> None:
        """A key by itself, such as Ctrl-C."""
        os.write(self._master, key)

    def leaves(self, line: str) -> tuple[int, str]:
        """Type the last line, and see the command end."""
        os.write(self._master, f"{line}\n".encode())
        return self.ends()

    def ends(self) -> tuple[int, str]:
        """The exit status and what was shown last."""
        seen = ""
        until = time.monotonic() + PATIENCE_S
        while piece := self._read(until):
            seen += piece
        return self._process.wait(PATIENCE_S), _COLOURS.sub("", seen).replace("\r\n", "\n")

    def _read(self, until: float) -> str:
        ready, _, _ = select.select([self._master], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise AssertionError("says nothing")
        try:
            return os.read(self._master, 65536).decode("utf-8", "replace")
        except OSError:  # Linux: the other end is closed
            return ""
