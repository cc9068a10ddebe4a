"""``unstuck account`` against a real server process: what a person does, and what each refusal says."""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pyotp
import pytest
from typer.testing import CliRunner

from tests.chain.server.process import ServerProcess
from unstuck.chain.phone.person import AccountError, Person
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.cli import account_run
from unstuck.cli.main import app
from unstuck.cli.state import read_login
from unstuck.model.errors import ErrorCode, UnstuckError, UsageError

PASSWORD = "correct horse battery"
FRESH = "another long password"
CODE = code_of(bytes(range(10)))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with ServerProcess(tmp_path_factory.mktemp("server"), embedded=True) as server:
        yield str(server.http.base_url)


class Shell:
    """Commands of one person on one machine."""

    def __init__(self, folder: Path, address: str, name: str) -> None:
        self.folder, self.address, self.name = folder, address, name
        (folder / "password").write_text(PASSWORD + "\n", encoding="utf-8")

    def __call__(self, command: str, *more: str, password: str = "password") -> str:
        """What it printed; errors of ours are raised."""
        proof = ["--password-file", str(self.folder / password), "--server", self.address]
        place = ["--folder", str(self.folder / "agent")]
        return run("account", command, self.name, *more, *proof, *place)

    def token(self) -> str:
        login = read_login(self.folder / "agent")
        assert login is not None
        return login.token


def run(*arguments: str, stdin: str = "") -> str:
    found = CliRunner().invoke(app, arguments, input=stdin)
    if isinstance(found.exception, UnstuckError):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


@pytest.fixture
def shell(tmp_path: Path, address: str, request: pytest.FixtureRequest) -> Shell:
    return Shell(tmp_path, address, f"person-{abs(hash(request.node.name)) % 10**8}")


def shown(shell: Shell, *more: str) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(shell("show", "--json", *more))
    return found


def test_an_account_signs_the_agent_of_this_machine_in(shell: Shell) -> None:
    assert f"signed in as {shell.name}" in shell("create", "--device", "kitchen")
    assert (shell.folder / "agent" / "login.json").stat().st_mode & 0o077 == 0
    devices = [one for one in shown(shell)["tokens"] if one["kind"] == "device"]
    assert [(one["name"], one["revoked"]) for one in devices] == [("kitchen", None)]
    assert "kitchen" in shell("show")


def test_no_session_is_left_open(shell: Shell) -> None:
    shell("create")
    shell("show")
    sessions = [one for one in shown(shell)["tokens"] if one["kind"] == "session"]
    assert sessions
    assert {one["revoked"] for one in sessions} == {"signed_out"}


def test_a_tracker_is_claimed_with_the_login_of_this_machine(shell: Shell) -> None:
    shell("create")
    place = ("--folder", str(shell.folder / "agent"))
    with pytest.raises(AccountError) as refused:
        run("account", "claim", tracker_id(CODE), code_of(bytes(10)), *place)
    assert refused.value.refusal == "claim.refused"
    assert tracker_id(CODE) in run("account", "claim", tracker_id(CODE), CODE, "--label", "band", *place)
    assert [one["name"] for one in shown(shell)["trackers"]] == ["band"]


def test_a_revoked_login_is_listed_as_that(shell: Shell) -> None:
    shell("create")
    (device,) = (one for one in shown(shell)["tokens"] if one["kind"] == "device")
    shell("revoke", str(device["id"]))
    (device,) = (one for one in shown(shell)["tokens"] if one["kind"] == "device")
    assert device["revoked"] == "by_person"
    assert "revoked" in shell("show")


def test_a_new_password_ends_the_login_and_signing_in_mends_it(shell: Shell) -> None:
    shell("create")
    before = shell.token()
    (shell.folder / "fresh").write_text(FRESH, encoding="utf-8")
    shell("password", "--new-password-file", str(shell.folder / "fresh"))
    with pytest.raises(AccountError) as refused:
        shell("login")
    assert refused.value.refusal == "login.wrong"
    shell("login", password="fresh")
    assert shell.token() != before


def test_a_second_factor_is_asked_for_from_then_on(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = []
    begin = Person.begin_second_factor

    async def kept(self: Person, password: str) -> tuple[str, str]:
        key, link = await begin(self, password)
        keys.append(key)
        return key, link

    def typed(*_: object, **__: object) -> str:
        """As from the app; after a code was used, that of the next step, which a server takes a little early."""
        steps.append(steps[-1] + 30)
        return pyotp.TOTP(keys[0]).at(steps[-1])

    steps = [time.time() - 60]
    monkeypatch.setattr(Person, "begin_second_factor", kept)
    monkeypatch.setattr(account_run, "_asked", typed)
    shell("create")
    printed = shell("second-factor").split()
    assert keys[0] in printed
    recovery = printed[-2:]
    with pytest.raises(AccountError) as refused:
        shell("show", "--code", "000000")
    assert refused.value.refusal == "login.second_factor_wrong"
    assert "second factor on" in shell("show")
    assert "second factor on, 9 recovery codes left" in shell("show", "--code", recovery[0])
    shell("second-factor", "--off", "--code", recovery[1])
    assert "second factor off" in shell("show")


def test_the_password_may_come_on_standard_input(shell: Shell) -> None:
    proof = ("--password-file", "-", "--server", shell.address, "--folder", str(shell.folder / "agent"))
    assert "signed in" in run("account", "create", shell.name, *proof, stdin=PASSWORD + "\n")


def test_a_weak_password_is_refused_with_what_to_do(shell: Shell) -> None:
    (shell.folder / "password").write_text("short", encoding="utf-8")
    with pytest.raises(AccountError, match="12 to 256 characters"):
        shell("create")
    assert read_login(shell.folder / "agent") is None


def test_where_nobody_can_be_asked_it_says_so(shell: Shell) -> None:
    with pytest.raises(UsageError, match="--password-file"):
        run("account", "create", shell.name, "--server", shell.address, "--folder", str(shell.folder))


@pytest.mark.parametrize("given", ["http://example.org", "ftp://example.org", "example.org", "http://"])
def test_a_password_goes_nowhere_unencrypted(shell: Shell, given: str) -> None:
    shell.address = given
    with pytest.raises(UsageError, match="http"):
        shell("create")


def test_a_silent_server_is_named(shell: Shell) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        shell.address = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(AccountError, match=shell.address) as silent:
            shell("create")
    assert silent.value.code == ErrorCode.SERVER_SILENT
