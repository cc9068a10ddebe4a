"""Whatever a server answers, an upload ends with an outcome, and nothing is lost by it."""

import asyncio
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import cbor2
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chain.phone.made import batch
from tests.chain.phone.test_answers import answer, plain
from unstuck.chain.phone.entries import Attempt
from unstuck.chain.phone.hosts import SettableHost
from unstuck.chain.phone.journal import Journal
from unstuck.chain.phone.reasons import Outcome
from unstuck.chain.phone.server import Server
from unstuck.chain.phone.upload import Upload
from unstuck.chain.records import Ranges, encode

T = "t1"
NOW_S = 1_760_000_000
ME = {"account": "a1", "name": "anna"}
LEDGER: dict[str, object] = {"hops": {"server": {"held": {}}}}
LEAVES = st.text(st.characters(), max_size=5) | plain
"""Also halves of surrogate pairs, which JSON can carry and nothing here can keep."""

Answer = Callable[[httpx.Request], httpx.Response]


def uploaded(folder: Path, answers: Answer, times: int = 1) -> tuple[list[Attempt], Journal]:
    """Attempts with ten records each of boots 3 and 4, sent one after the other, and the journal, to be closed."""
    journal = Journal(folder / "journal")
    made = batch(3, 0, 9)
    journal.drain(T, made, encode(made), NOW_S)
    other = batch(4, 0, 9)
    journal.drain(T, other, encode(other), NOW_S)
    journal.commit(T)

    async def life() -> list[Attempt]:
        async with Server("http://server", "t", httpx.MockTransport(answers)) as server:
            journal.login = server.login
            upload = Upload(journal, T, server, SettableHost(lambda: NOW_S), lambda: NOW_S, lambda: None, lambda: None)
            upload._limit_bytes = 1
            attempts = []
            for _ in range(times):
                attempts.append(await upload.attempt())
                journal.attempted(T, attempts[-1], 0)
            return attempts

    return asyncio.run(life()), journal


def saying(ingest: object, me: object = ME) -> Answer:
    """A server that answers so, and is right in everything else."""

    def answers(request: httpx.Request) -> httpx.Response:
        match request.url.path.rsplit("/", 1)[-1]:
            case "me":
                return httpx.Response(200, content=json.dumps(me))
            case "ledger":
                return httpx.Response(200, json=LEDGER)
            case "ingest":
                return httpx.Response(200, content=cbor2.dumps(ingest))
        return httpx.Response(200, json={})

    return answers


@pytest.mark.parametrize("last", [0, 2**70])
def test_a_rejection_that_cannot_be_ends_the_attempt_and_not_the_agent(tmp_path: Path, last: int) -> None:
    rejected = {"boot": 3, "first": 9, "last": last, "code": "x"}
    attempts, journal = uploaded(tmp_path, saying({"durable": {}, "rejected": [rejected]}), times=2)
    with closing(journal):
        assert [one.outcome for one in attempts] == [Outcome.SERVER_UNREADABLE] * 2
        assert journal.rejections(T) == ()


def test_what_was_not_sent_is_not_confirmed(tmp_path: Path) -> None:
    asked: list[httpx.Request] = []

    def once(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("ingest"):
            asked.append(request)
            if len(asked) > 1:
                return httpx.Response(500)
        return saying({"durable": {3: [[0, 9]], 4: [[0, 9]]}, "rejected": []})(request)

    _, journal = uploaded(tmp_path, once)
    with closing(journal):
        assert journal.ledger(T).confirmed == {3: Ranges.span(0, 9)}, "boot 4 was sent second, and not taken"


def test_words_that_no_journal_takes_are_made_printable(tmp_path: Path) -> None:
    body = json.dumps({"message": "a\ud800b\x1b[2J"})
    (attempt,), journal = uploaded(tmp_path, lambda request: httpx.Response(500, content=body))
    with closing(journal):
        assert (attempt.outcome, attempt.detail) == (Outcome.SERVER_FAULT, "500 a b [2J")
        assert journal.attempts(T, 1) == [attempt]


def test_an_account_whose_id_cannot_be_kept_is_none_and_its_name_is_made_printable(tmp_path: Path) -> None:
    odd = {"account": "a\ud800", "name": "anna"}
    (attempt,), journal = uploaded(tmp_path, saying({}, me=odd))
    with closing(journal):
        assert attempt.outcome is Outcome.SERVER_UNREADABLE
        assert journal.account() is None
    (tmp_path / "second").mkdir()
    _, journal = uploaded(tmp_path / "second", saying({}, me={"account": "a1", "name": "an\ud800na"}))
    with closing(journal):
        account = journal.account()
        assert account is not None
        assert account.name == "an na"


@given(
    status=st.sampled_from([200, 200, 200, 302, 401, 426, 500]),
    me=st.just(ME) | st.dictionaries(st.sampled_from(["account", "name"]), LEAVES) | LEAVES,
    ledger=st.just(LEDGER) | LEAVES,
    ingest=answer,
    rest=LEAVES | st.dictionaries(st.sampled_from(["code", "message", "what_to_do", "minimum"]), LEAVES),
)
def test_any_answer_ends_in_an_outcome_and_confirms_only_what_is_here(
    status: int, me: object, ledger: object, ingest: object, rest: object
) -> None:
    def answers(request: httpx.Request) -> httpx.Response:
        match request.url.path.rsplit("/", 1)[-1]:
            case "me":
                return httpx.Response(200, content=json.dumps(me))
            case "ledger":
                return httpx.Response(200, content=json.dumps(ledger))
            case "ingest" if status == 200:
                return httpx.Response(200, content=cbor2.dumps(ingest))
        return httpx.Response(status, content=json.dumps(rest))

    with TemporaryDirectory() as folder:
        _, journal = uploaded(Path(folder), answers, times=2)
        with closing(journal):
            assert journal.contradictions(T) == []
            assert len(journal.stored(T)) == 2
