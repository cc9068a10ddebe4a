"""The PostgreSQL for tests and benchmarks: found or said to be missing, and gone afterwards whatever happens."""

import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url
from tools.postgres import ADDRESS_VARIABLE, PostgresError, programs, throw_away

from tools import postgres


def _installed() -> bool:
    try:
        programs()
    except PostgresError:
        return False
    return True


needs_postgres = pytest.mark.skipif(not _installed(), reason="PostgreSQL is not installed")


@pytest.fixture
def none_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres, "_DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("none_installed")
def test_where_it_is_not_installed_one_sentence_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert postgres.main([sys.executable, "-c", "raise SystemExit(0)"]) == 2
    assert capsys.readouterr().err == "PostgreSQL is not installed. Install it with: sudo apt install postgresql\n"


@needs_postgres
def test_the_command_is_given_its_address_and_its_status_is_kept() -> None:
    look = (
        "import os, psycopg, sys; from sqlalchemy.engine import make_url;"
        f"url = make_url(os.environ[{ADDRESS_VARIABLE!r}]).set(drivername='postgresql');"
        "sys.exit(psycopg.connect(url.render_as_string()).execute('SELECT 40 + 3').fetchone()[0])"
    )
    assert postgres.main([sys.executable, "-c", look]) == 43


@needs_postgres
@pytest.mark.parametrize("durable", [False, True])
def test_nothing_is_left_of_it_after_a_failure_either(durable: bool) -> None:
    class TroubleError(Exception):
        pass

    kept: list[psycopg.Connection] = []
    folders: list[Path] = []

    def use() -> None:
        with throw_away(durable=durable) as address:
            url = make_url(address)
            folders.append(Path(str(url.query["host"])))
            kept.append(psycopg.connect(url.set(drivername="postgresql").render_as_string()))
            assert kept[0].execute("SHOW fsync").fetchone() == ("on" if durable else "off",)
            raise TroubleError

    with pytest.raises(TroubleError):
        use()
    assert not folders[0].exists()
    with pytest.raises(psycopg.OperationalError):
        kept[0].execute("SELECT 1")
    kept[0].close()
