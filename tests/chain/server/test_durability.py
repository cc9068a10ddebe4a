"""kill -9 of the real server around the commit: what was answered as durable is there, nothing is twice."""

import signal
from pathlib import Path
from typing import Any

import cbor2
import httpx
import pytest

from tests.chain.server.process import ServerProcess
from tests.chain.server.world import NOW, PASSWORD, minutes
from unstuck.chain.records import encode
from unstuck.chain.server.domain.possession import code_of, tracker_id
from unstuck.chain.server.storage.database import Database, sqlite_url

CODE = code_of(bytes(range(20, 30)))
TRACKER = tracker_id(CODE)


def join(server: ServerProcess) -> dict[str, str]:
    """Register, claim and get a token for the phone; its headers."""
    session = server.http.post("/v1/accounts", json={"name": "anna", "password": PASSWORD}).json()["token"]
    headers = {"Authorization": f"Bearer {session}"}
    claimed = server.http.post("/v1/trackers", json={"tracker": TRACKER, "code": CODE}, headers=headers)
    assert claimed.status_code == 201, claimed.text
    device = server.http.post("/v1/tokens", json={"name": "phone"}, headers=headers).json()["token"]
    return {"Authorization": f"Bearer {device}"}


def send(server: ServerProcess, headers: dict[str, str], first: int, count: int) -> Any:
    batch = encode(minutes(0, first, range(first, first + count)))
    body = cbor2.dumps({"tracker": TRACKER, "batches": [batch]})
    answer = server.http.post("/v1/ingest", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return cbor2.loads(answer.content)["durable"]


def steps_of(server: ServerProcess, headers: dict[str, str]) -> list[int]:
    query = f"?from={NOW}&to={NOW + 86400}"
    found = server.http.get(f"/v1/trackers/{TRACKER}/minutes{query}", headers=headers).json()
    return list(found["minutes"]["steps"])


@pytest.mark.parametrize("trap", ["before commit", "after commit"])
def test_killed_around_the_commit_and_asked_again_nothing_is_lost_or_twice(tmp_path: Path, trap: str) -> None:
    with ServerProcess(tmp_path) as server:
        headers = join(server)
        assert send(server, headers, 0, 10) == {0: [[0, 9]]}
        server.kill()
    with ServerProcess(tmp_path, trap) as server:
        with pytest.raises(httpx.TransportError):
            send(server, headers, 5, 10)
        assert server.wait() == -signal.SIGKILL
    with ServerProcess(tmp_path) as server:
        kept = steps_of(server, headers)
        assert kept == list(range(10 if trap == "before commit" else 15))
        assert send(server, headers, 5, 10) == {0: [[5, 14]]}
        assert steps_of(server, headers) == list(range(15))


def test_an_answer_before_the_commit_would_be_caught(tmp_path: Path) -> None:
    """The planted fault: the same check as above, on a server that answers first. It must see the loss."""
    with ServerProcess(tmp_path, "answer before commit") as server:
        headers = join(server)
        promised = send(server, headers, 0, 10)
        server.kill()
    assert promised == {0: [[0, 9]]}
    with ServerProcess(tmp_path) as server:
        assert steps_of(server, headers) == []


def test_the_embedded_database_syncs_each_commit(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "server.db"))
    with database.read() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")]
    database.close()
    assert settings == [2, "wal"]  # 2: FULL, each commit is on the disk before it returns


def test_ctrl_c_stops_it_cleanly_and_its_files_are_for_nobody_else(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    old.mkdir(mode=0o755)
    for data in (new, old):
        with ServerProcess(data, embedded=True) as server:
            open_to_others = [file.name for file in data.iterdir() if file.stat().st_mode & 0o077]
            assert server.stop() in (0, -signal.SIGINT)
        assert open_to_others == []
    assert new.stat().st_mode & 0o077 == 0
