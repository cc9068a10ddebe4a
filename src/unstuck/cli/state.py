"""Where commands of the chain keep what must survive a restart, and who they are at a server."""

import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from unstuck.chain.durable import sync_folder
from unstuck.chain.phone.server import is_local
from unstuck.chain.server.domain.possession import CODE_BYTES, code_of
from unstuck.model.errors import ErrorCode, UsageError

LOGIN_FILE = "login.json"
JOURNAL_FILE = "journal.sqlite"
TRACKER_CODE_FILE = "tracker-code"
TRACE_FILES = ("btsnoop_hci.log.last", "btsnoop_hci.log")
"""What the virtual phone of ``unstuck up`` writes, by the names that Android uses: the run before, this run."""

_CODE = re.compile(r"[A-Z2-7]{4}(-?[A-Z2-7]{4}){3}", re.IGNORECASE)
_NO_CODE = "is no tracker's code; put it back from a copy, or remove it and the tracker's memory beside it"


@dataclass(frozen=True, slots=True)
class Login:
    """A server and this device's token there."""

    server: str
    token: str


def state_folder() -> Path:
    """As the XDG base directories say."""
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base else Path.home() / ".local" / "state") / "unstuck"


def usual_folder() -> Path:
    """That of ``unstuck agent``, else of ``unstuck up`` when only that one was ever run here."""
    agent, up = state_folder() / "agent", state_folder() / "up"
    return up if (up / JOURNAL_FILE).exists() and not (agent / JOURNAL_FILE).exists() else agent


def private_folder(folder: Path) -> Path:
    """The folder, made for nobody else to read. UsageError when that cannot be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_OUTPUT, path=str(folder), reason=error.strerror or "unknown") from error
    return folder


def read_login(folder: Path) -> Login | None:
    """The login kept in the folder, if there is one. UsageError when it cannot be read."""
    file = folder / LOGIN_FILE
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return Login(str(found["server"]), str(found["token"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason="is no login; remove it") from error


def write_private(file: Path, content: str | bytes) -> None:
    """Write what is nobody else's to read: whole or not at all."""
    draft = file.with_name(file.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content.encode("utf-8") if isinstance(content, str) else content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
    sync_folder(file.parent)


def tracker_code(folder: Path) -> str:
    """The code that the virtual tracker of this folder shows; its id follows from it. Made at the first call.

    UsageError when the file holds none: a new code would be another tracker on the memory of this one.
    """
    file = folder / TRACKER_CODE_FILE
    try:
        if not file.exists():
            write_private(file, code_of(secrets.token_bytes(CODE_BYTES)))
        code = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=error.strerror or "unknown") from error
    except UnicodeDecodeError as error:
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=_NO_CODE) from error
    if not _CODE.fullmatch(code):
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=_NO_CODE)
    return code


def write_login(folder: Path, login: Login) -> None:
    """Keep a login."""
    write_private(folder / LOGIN_FILE, json.dumps(asdict(login)))


def login_for(folder: Path, server: str, token_file: Path | None) -> Login | None:
    """The login that the options name, else the one in the folder, else None. The token never is an option itself:
    other people on the machine could read it from the list of processes.
    """
    kept = read_login(folder)
    token = os.environ.get("UNSTUCK_TOKEN", "")
    if token_file is not None:
        try:
            token = token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            reason = error.strerror or "cannot be read"
            raise UsageError(ErrorCode.USAGE_SOURCE, given=str(token_file), reason=reason) from error
    if not server and not token:
        return kept
    address = server or (kept.server if kept else "")
    if not address or not (token or kept):
        raise UsageError(ErrorCode.AGENT_USAGE, given="--server and --token-file", reason="belong together")
    try:
        is_local(address)
    except ValueError as error:
        raise UsageError(ErrorCode.AGENT_USAGE, given=f"--server {address}", reason=str(error)) from error
    return Login(address, token or (kept.token if kept else ""))
