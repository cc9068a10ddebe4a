"""The command ``unstuck server``, apart from the rest of the command line."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from unstuck.cli.server import server
from unstuck.model.errors import UsageError


def run(*arguments: str) -> tuple[int, str, BaseException | None]:
    app = typer.Typer()
    app.command()(server)
    found = CliRunner().invoke(app, [*arguments])
    return found.exit_code, found.output, found.exception


def test_help_names_what_can_be_set() -> None:
    status, output, _ = run("--help")
    assert status == 0
    for option in ("--data", "--host", "--port", "--database", "--minimum-agent"):
        assert option in output


def test_a_minimum_that_is_no_version_is_wrong_usage(tmp_path: Path) -> None:
    error = run("--data", str(tmp_path), "--minimum-agent", "new")[2]
    assert isinstance(error, UsageError)
    assert "new" in str(error)


def test_a_port_in_use_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        error = run("--data", str(tmp_path), "--port", str(taken.getsockname()[1]))[2]
    assert isinstance(error, UsageError)
    assert "in use" in str(error)
