"""Second factors at rest: sealed in the database, with a key beside it; without the key nothing else stops."""

import random
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from tests.chain.server.test_accounts import second_factor, sign_in
from tests.chain.server.world import PASSWORD, World, code_of_error
from unstuck.chain.server.domain.refusals import KEY_FILE, Refusal
from unstuck.chain.server.domain.sealing import KEY_BYTES, NONCE_BYTES, Sealer
from unstuck.chain.server.storage.database import Database, sqlite_url
from unstuck.chain.server.storage.keyfile import sealer_in
from unstuck.model.errors import UsageError

Worlds = Callable[..., World]
DICE = random.Random(20261127)
KEY, OTHER = DICE.randbytes(KEY_BYTES), DICE.randbytes(KEY_BYTES)
NOT_READABLE = (503, "server.second_factor_key")


def kept_secrets(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(text("SELECT totp_secret FROM accounts ORDER BY id")).scalars())


def code_now(world: World, secret: str) -> str:
    world.time.pass_(60)  # the code that confirmed the set-up works once
    return pyotp.TOTP(secret).at(int(world.time.now))


@given(st.text(max_size=60), st.text(max_size=40), st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES))
def test_a_sealed_secret_opens_in_its_own_row_with_its_own_key(secret: str, account: str, nonce: bytes) -> None:
    sealed = Sealer(KEY).seal(account, secret, nonce)
    assert Sealer(KEY).open(account, sealed) == secret
    for sealer, row in ((Sealer(OTHER), account), (Sealer(), account), (Sealer(KEY), account + "x")):
        with pytest.raises(Refusal):
            sealer.open(row, sealed)


@given(st.text(max_size=80))
def test_what_was_never_sealed_is_refused_not_a_fault(nonsense: str) -> None:
    with pytest.raises(Refusal):
        Sealer(KEY).open("account", nonsense)


def test_the_database_never_has_the_secret_itself(world: World) -> None:
    person = world.person("anna")
    secret, _ = second_factor(world, person)
    (kept,) = kept_secrets(world.database)
    assert secret not in kept
    assert Sealer(world.sealer.key).open(person.ask("GET", "/v1/me").json()["account"], kept) == secret


@pytest.mark.parametrize("key", [None, OTHER])
def test_without_the_key_codes_are_refused_by_the_files_name_and_recovery_codes_work(
    worlds: Worlds, key: bytes | None
) -> None:
    world = worlds()
    secret, codes = second_factor(world, world.person("anna"))
    keyless = worlds(sealer=Sealer(key))
    keyless.time = world.time
    given_code = {"name": "anna", "password": PASSWORD, "code": code_now(keyless, secret)}
    answer = keyless.client().post("/v1/sessions", json=given_code)
    assert code_of_error(answer) == NOT_READABLE
    assert KEY_FILE in answer.json()["message"]
    assert "recovery code" in answer.json()["what_to_do"]
    assert answer.headers["Retry-After"]
    assert sign_in(keyless, "anna", code=codes[0])[0] == 201
    bert = keyless.person("bert")  # who has none is not touched by it
    begun = bert.ask("POST", "/v1/account/second-factor", json={"password": PASSWORD})
    assert begun.status_code == (503 if key is None else 200)
    assert sign_in(keyless, "anna", code=code_now(keyless, secret)) == NOT_READABLE


def embedded(folder: Path) -> Database:
    database = Database(sqlite_url(folder / "server.db"))
    database.migrate()
    return database


def add_plain(database: Database, secret: str) -> None:
    """An account as the first layout kept it."""
    with database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO accounts (public_id, name, password_hash, credentials, created_at, totp_last_step,"
                " totp_secret, totp_pending) VALUES ('p', 'anna', 'x', 0, 0, -1, :secret, :secret)"
            ),
            {"secret": secret},
        )


def files_with(folder: Path, needle: bytes) -> list[str]:
    return [file.name for file in folder.iterdir() if needle in file.read_bytes()]


def test_secrets_of_the_first_layout_are_sealed_at_the_start_and_leave_no_trace(tmp_path: Path) -> None:
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    database = embedded(tmp_path)
    add_plain(database, secret)
    database.close()
    assert files_with(tmp_path, secret.encode()) == ["server.db"]
    database = embedded(tmp_path)
    sealer = sealer_in(tmp_path, database, DICE.randbytes)
    assert [sealer.open("p", sealed) for sealed in kept_secrets(database)] == [secret]
    database.close()
    assert files_with(tmp_path, secret.encode()) == []
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600


def test_the_key_is_made_once_and_a_lost_one_is_not_replaced(tmp_path: Path) -> None:
    database = embedded(tmp_path)
    first = sealer_in(tmp_path, database, DICE.randbytes)
    assert sealer_in(tmp_path, database, DICE.randbytes) == first
    (tmp_path / KEY_FILE).unlink()
    second = sealer_in(tmp_path, database, DICE.randbytes)
    assert second != first, "nothing was sealed: a new one does no harm"
    add_plain(database, "JBSWY3DPEHPK3PXP")
    assert sealer_in(tmp_path, database, DICE.randbytes) == second
    (tmp_path / KEY_FILE).rename(tmp_path / "moved away")
    assert sealer_in(tmp_path, database, DICE.randbytes) == Sealer()
    assert not (tmp_path / KEY_FILE).exists()
    (tmp_path / "moved away").rename(tmp_path / KEY_FILE)
    assert sealer_in(tmp_path, database, DICE.randbytes) == second
    database.close()


@pytest.mark.parametrize("content", ["", "00", "no key", "é"])
def test_a_file_that_is_no_key_is_named_in_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / KEY_FILE).write_text(content)
    database = embedded(tmp_path)
    with pytest.raises(UsageError, match=KEY_FILE):
        sealer_in(tmp_path, database, DICE.randbytes)
    database.close()
