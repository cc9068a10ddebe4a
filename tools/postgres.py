"""A PostgreSQL of our own for a while: made in a temporary folder, reached by a socket in it, gone afterwards.

``python -m tools.postgres COMMAND...`` runs a command beside one; UNSTUCK_TEST_POSTGRES gives it the address.
Whatever other PostgreSQL runs on this machine is not touched: no TCP port is opened and none is asked for.
"""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg

ADDRESS_VARIABLE = "UNSTUCK_TEST_POSTGRES"
"""Names a PostgreSQL for tests and benchmarks, as an SQLAlchemy address."""

_DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian's packages put the programs of each version: VERSION/bin, not on the path of commands."""
_START_S = 60.0
"""Seconds a start may take on a busy machine; a second is usual."""
_STOP_S = 20.0
"""Seconds a fast shutdown may take before it is killed: its folder is thrown away in any case."""
_ROLE = "unstuck"


class PostgresError(Exception):
    """There is no PostgreSQL to start, or it does not start; one sentence says which and what to do."""


def programs() -> Path:
    """The folder with ``initdb`` and ``postgres``, the newest version. PostgresError: not installed."""
    versions = [path for path in _DEBIAN.glob("*/bin") if path.parent.name.isdecimal()]
    found = sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    asked = shutil.which("pg_config")
    if asked:
        said = subprocess.run([asked, "--bindir"], capture_output=True, text=True, check=False)
        found.append(Path(said.stdout.strip()))
    for folder in found:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise PostgresError("PostgreSQL is not installed. Install it with: sudo apt install postgresql")


@contextmanager
def throw_away(*, durable: bool = False) -> Iterator[str]:
    """The SQLAlchemy address of an empty PostgreSQL that runs while the ``with`` block does.

    Args:
        durable: Sync each commit to the disk, as it is run for real and measured. Without it tests are quicker,
            and prove the same: none of them cuts the power of the database.

    Raises:
        PostgresError: It is not installed, or does not start.
    """
    bin_ = programs()
    folder = Path(tempfile.mkdtemp(prefix="unstuck-pg-"))
    try:
        as_user = _unprivileged(folder)
        _init(bin_, folder, as_user)
        yield from _running(bin_, folder, as_user, durable)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Who runs it: PostgreSQL refuses root. Gives the folder to that user."""
    if os.geteuid() != 0:
        return {}
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = users.get("postgres") or users.get("nobody")
    if user is None:
        raise PostgresError("PostgreSQL refuses to run as root, and there is no user 'postgres' or 'nobody'.")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _init(bin_: Path, folder: Path, as_user: dict[str, Any]) -> None:
    # Trust: only who may enter the folder reaches the socket, which is its owner and root.
    options = ["--auth=trust", f"--username={_ROLE}", "--encoding=UTF8", "--locale=C", "--no-sync"]
    command = [str(bin_ / "initdb"), "--pgdata", str(folder / "data"), *options]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, **as_user)
    if made.returncode:
        raise PostgresError(f"PostgreSQL cannot make a database in {folder}: {_last_line(made.stderr)}")


def _running(bin_: Path, folder: Path, as_user: dict[str, Any], durable: bool) -> Iterator[str]:
    settings = {"listen_addresses": "", "unix_socket_directories": str(folder)}
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings |= {"autovacuum": "off", "wal_level": "minimal", "max_wal_senders": "0"}
    command = [str(bin_ / "postgres"), "-D", str(folder / "data")]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True, **as_user)
    try:
        _wait_for(server, folder)
        yield f"postgresql+psycopg://{_ROLE}@/postgres?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)  # fast shutdown: whoever is connected is cut off
        try:
            server.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for(server: "subprocess.Popen[bytes]", folder: Path) -> None:
    until = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(host=str(folder), user=_ROLE, dbname="postgres").close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > until:
                said = _last_line((folder / "log").read_text(errors="replace"))
                raise PostgresError(f"PostgreSQL does not start: {said}") from error
        time.sleep(0.05)


def _last_line(text: str) -> str:
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _stopped(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + signal.SIGTERM)


def main(command: list[str]) -> int:
    """Run the command beside a PostgreSQL and give its status; 2 when there is none to start."""
    try:
        with throw_away() as address:
            return subprocess.run(command, env={**os.environ, ADDRESS_VARIABLE: address}, check=False).returncode
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stopped)  # the database is stopped and removed then too
    sys.exit(main(sys.argv[1:]))
