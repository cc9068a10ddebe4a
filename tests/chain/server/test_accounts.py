"""Accounts over HTTP: registering, signing in, passwords, second factors, tokens."""

import logging
from collections.abc import Callable

import pyotp
import pytest

from tests.chain.server.world import CHEAP, NO_LIMITS, PASSWORD, Person, World, code_of_error, durable, minutes
from unstuck.chain.server.domain.limits import Rate, Rates
from unstuck.chain.server.domain.passwords import Cost
from unstuck.chain.server.domain.settings import Settings
from unstuck.chain.server.storage import accounts

Worlds = Callable[..., World]
NEW = "another long sentence"


def sign_in(world: World, name: str, password: str = PASSWORD, address: str = "", **more: str) -> tuple[int, str]:
    answer = world.client(address).post("/v1/sessions", json={"name": name, "password": password, **more})
    if answer.status_code == 201:
        return 201, answer.json()["token"]
    return code_of_error(answer)


def second_factor(world: World, person: Person) -> tuple[str, list[str]]:
    begun = person.ask("POST", "/v1/account/second-factor", json={"password": PASSWORD}).json()
    code = pyotp.TOTP(begun["secret"]).at(int(world.time.now))
    answer = person.ask("POST", "/v1/account/second-factor/confirm", json={"code": code})
    assert answer.status_code == 200, answer.text
    return begun["secret"], answer.json()["recovery_codes"]


def test_who_registers_is_signed_in(world: World) -> None:
    person = world.person("anna")
    assert person.ask("GET", "/v1/account").json() == {"name": "anna", "second_factor": False, "recovery_codes_left": 0}


def test_names_that_differ_in_case_are_one(world: World) -> None:
    world.person("anna")
    answer = world.client().post("/v1/accounts", json={"name": " Anna ", "password": PASSWORD})
    assert code_of_error(answer) == (409, "account.name_taken")
    assert sign_in(world, "ANNA")[0] == 201


@pytest.mark.parametrize("name", ["", "a", "no spaces", "аnna", "anna\x00", "-anna", "a" * 65])
def test_a_name_that_could_be_taken_for_another_is_refused(world: World, name: str) -> None:
    answer = world.client().post("/v1/accounts", json={"name": name, "password": PASSWORD})
    assert code_of_error(answer) == (422, "account.name_invalid")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "1212121212121212", "my name is ANNA", "x" * 300])
def test_a_password_easy_to_guess_is_refused(world: World, password: str) -> None:
    answer = world.client().post("/v1/accounts", json={"name": "anna", "password": password})
    assert code_of_error(answer) == (422, "password.weak")


def test_the_same_password_typed_on_two_keyboards_is_one(world: World) -> None:
    composed, decomposed = "ein längerer Satz", "ein la\u0308ngerer Satz"
    assert world.client().post("/v1/accounts", json={"name": "anna", "password": composed}).status_code == 201
    assert sign_in(world, "anna", decomposed)[0] == 201


def test_half_a_surrogate_in_a_password_is_no_fault(world: World) -> None:
    world.person("anna")
    body = b'{"name": "anna", "password": "correct horse \\ud800"}'
    answer = world.client().post("/v1/sessions", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (401, 422)


def test_unknown_name_and_wrong_password_are_answered_alike(world: World) -> None:
    world.person("anna")
    answers = [
        world.client().post("/v1/sessions", json={"name": name, "password": "wrong password"})
        for name in ("anna", "nobody", "not a name!")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "login.wrong"


def test_a_name_nobody_has_costs_a_hash_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []
    hasher = world.app.state.services.hasher
    fits = hasher.fits

    def listen(stored: str | None, password: str) -> bool:
        asked.append(stored)
        return bool(fits(stored, password))

    monkeypatch.setattr(hasher, "fits", listen)
    sign_in(world, "nobody")
    assert asked == [None]


def test_closed_registration_says_so(worlds: Worlds) -> None:
    world = worlds(settings=Settings(rates=NO_LIMITS, password_cost=CHEAP, registration_open=False))
    answer = world.client().post("/v1/accounts", json={"name": "anna", "password": PASSWORD})
    assert code_of_error(answer) == (403, "registration.closed")


def test_wrong_logins_are_slowed_for_one_address_and_nobody_is_locked_out(worlds: Worlds) -> None:
    rates = Rates(address=NO_LIMITS.address, register=NO_LIMITS.register)
    world = worlds(settings=Settings(rates=rates, password_cost=CHEAP))
    world.person("anna")
    tries = [sign_in(world, "anna", "wrong password", "198.51.100.9") for _ in range(6)]
    assert tries == [(401, "login.wrong")] * 5 + [(429, "request.too_often")]
    assert sign_in(world, "anna", address="203.0.113.5")[0] == 201  # the owner, from elsewhere
    world.time.pass_(rates.login.interval_s)
    assert sign_in(world, "anna", address="198.51.100.9")[0] == 201  # and from there, after a while
    assert sign_in(world, "anna", "wrong password", "198.51.100.9")[0] == 401  # a right one begins the count anew


def test_too_often_says_when_to_come_back(worlds: Worlds) -> None:
    world = worlds(settings=Settings(rates=Rates(address=Rate(7.0, 1)), password_cost=CHEAP))
    client = world.client()
    assert client.get("/v1/status").status_code == 200
    refused = client.get("/v1/status")
    assert code_of_error(refused) == (429, "request.too_often")
    assert refused.headers["Retry-After"] == "7"
    world.time.pass_(7.0)
    assert client.get("/v1/status").status_code == 200


def test_a_hash_made_at_another_cost_is_renewed_at_sign_in(worlds: Worlds) -> None:
    cheap = worlds()
    cheap.person("anna")
    dearer = worlds(settings=Settings(rates=NO_LIMITS, password_cost=Cost(passes=2, memory_kib=16, lanes=1)))
    assert sign_in(dearer, "anna")[0] == 201
    with cheap.database.read() as connection:
        account = accounts.by_name(connection, "anna")
    assert account is not None
    assert "m=16,t=2" in account.password_hash
    assert sign_in(dearer, "anna")[0] == 201


def test_a_password_change_revokes_tokens_and_the_agent_is_told_exactly_that(world: World) -> None:
    person = world.person("anna")
    agent, tracker, other = person.device(), person.tracker(), sign_in(world, "anna")[1]
    body = {"password": PASSWORD, "new_password": NEW}
    assert person.ask("POST", "/v1/account/password", json=body).status_code == 204
    assert code_of_error(agent.send(tracker, minutes(0, 0, [1]))) == (401, "token.revoked_password_changed")
    assert person.ask("GET", "/v1/account", other).status_code == 401
    assert person.ask("GET", "/v1/account").status_code == 200  # who changed it stays signed in
    assert sign_in(world, "anna") == (401, "login.wrong")
    assert sign_in(world, "anna", NEW)[0] == 201


def test_a_session_alone_does_not_change_the_password(world: World) -> None:
    person = world.person("anna")
    body = {"password": "wrong password", "new_password": NEW}
    assert code_of_error(person.ask("POST", "/v1/account/password", json=body)) == (403, "password.wrong")
    assert sign_in(world, "anna")[0] == 201


def test_a_new_second_factor_revokes_tokens_and_is_asked_for(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    secret, _ = second_factor(world, person)
    refused = agent.send(tracker, minutes(0, 0, [1]))
    assert code_of_error(refused) == (401, "token.revoked_second_factor_changed")
    assert sign_in(world, "anna") == (401, "login.second_factor_needed")
    assert sign_in(world, "anna", code="000000") == (401, "login.second_factor_wrong")
    world.time.pass_(30)
    assert sign_in(world, "anna", code=pyotp.TOTP(secret).at(int(world.time.now)))[0] == 201


def test_a_time_based_code_works_once(world: World) -> None:
    secret, _ = second_factor(world, world.person("anna"))
    code = pyotp.TOTP(secret).at(int(world.time.now))
    assert sign_in(world, "anna", code=code) == (401, "login.second_factor_wrong")  # it confirmed the set-up
    world.time.pass_(30)
    code = pyotp.TOTP(secret).at(int(world.time.now))
    assert sign_in(world, "anna", code=code)[0] == 201
    assert sign_in(world, "anna", code=code) == (401, "login.second_factor_wrong")


def test_a_recovery_code_works_once_and_is_counted(world: World) -> None:
    person = world.person("anna")
    _, codes = second_factor(world, person)
    assert len(set(codes)) == 10
    assert sign_in(world, "anna", code=codes[3].upper())[0] == 201
    assert sign_in(world, "anna", code=codes[3]) == (401, "login.second_factor_wrong")
    assert person.ask("GET", "/v1/account").json()["recovery_codes_left"] == 9


def test_guessing_codes_is_slowed_for_the_account_and_recovery_codes_still_pass(worlds: Worlds) -> None:
    free = NO_LIMITS.login
    world = worlds(settings=Settings(rates=Rates(free, free, free), password_cost=CHEAP))
    _, codes = second_factor(world, world.person("anna"))
    tries = [sign_in(world, "anna", address=f"198.51.100.{at}", code="000000") for at in range(6)]
    assert tries == [(401, "login.second_factor_wrong")] * 5 + [(429, "request.too_often")]
    assert sign_in(world, "anna", code=codes[0])[0] == 201


def test_a_second_factor_is_turned_off_only_with_both(world: World) -> None:
    person = world.person("anna")
    secret, codes = second_factor(world, person)
    path = "/v1/account/second-factor/remove"
    wrong = person.ask("POST", path, json={"password": PASSWORD, "code": "000000"})
    assert code_of_error(wrong) == (403, "second_factor.wrong")
    wrong = person.ask("POST", path, json={"password": "wrong password", "code": codes[0]})
    assert code_of_error(wrong) == (403, "password.wrong")
    assert person.ask("POST", path, json={"password": PASSWORD, "code": codes[0]}).status_code == 204
    assert sign_in(world, "anna")[0] == 201
    assert secret not in person.ask("GET", "/v1/account").text


def test_a_second_factor_on_is_not_replaced_unseen(world: World) -> None:
    person = world.person("anna")
    second_factor(world, person)
    again = person.ask("POST", "/v1/account/second-factor", json={"password": PASSWORD})
    assert code_of_error(again) == (409, "second_factor.on")
    nothing = person.ask("POST", "/v1/account/second-factor/confirm", json={"code": "123456"})
    assert code_of_error(nothing) == (409, "second_factor.not_begun")


def test_tokens_are_listed_and_revoked_one_by_one(world: World) -> None:
    person = world.person("anna")
    phone, tablet, tracker = person.device("phone"), person.device("tablet"), person.tracker()
    assert person.ask("DELETE", f"/v1/tokens/{phone.id}").status_code == 204
    listed = {token["name"]: token for token in person.ask("GET", "/v1/tokens").json()["tokens"]}
    assert listed["phone"]["revoked"] == "by_person"
    assert listed["tablet"]["revoked"] is None
    assert listed["session"]["current"] is True
    assert code_of_error(phone.send(tracker)) == (401, "token.revoked_by_person")
    assert tablet.send(tracker).status_code == 200


def test_the_first_reason_of_a_revocation_stays(world: World) -> None:
    person = world.person("anna")
    agent = person.device()
    person.ask("DELETE", f"/v1/tokens/{agent.id}")
    person.ask("POST", "/v1/account/password", json={"password": PASSWORD, "new_password": NEW})
    assert code_of_error(agent.send("x")) == (401, "token.revoked_by_person")


def test_signing_out_ends_the_session_and_age_does_too(world: World) -> None:
    person = world.person("anna")
    world.time.pass_(world.settings.session_s - 1)
    assert person.ask("DELETE", "/v1/sessions/current").status_code == 204
    assert code_of_error(person.ask("GET", "/v1/account")) == (401, "token.signed_out")
    other = world.person("bert")
    world.time.pass_(world.settings.session_s)
    assert code_of_error(other.ask("GET", "/v1/account")) == (401, "token.expired")


@pytest.mark.parametrize("cut", [lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"), lambda _: "unstuck_x"])
def test_why_a_token_is_revoked_is_told_only_to_who_has_it(world: World, cut: Callable[[str], str]) -> None:
    person = world.person("anna")
    agent = person.device()
    person.ask("DELETE", f"/v1/tokens/{agent.id}")
    answer = person.ask("GET", "/v1/trackers/x/minutes", cut(agent.token))
    assert code_of_error(answer)[1] in ("token.unknown", "token.missing")


def test_a_session_cannot_pass_for_a_device(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    agent.token = person.session
    assert code_of_error(agent.send(tracker)) == (403, "token.wrong_kind")
    forged = person.session.replace("_session_", "_device_")
    assert code_of_error(person.ask("POST", "/v1/ingest", forged)) == (401, "token.unknown")


def test_a_device_cannot_act_for_the_person(world: World) -> None:
    agent = world.person("anna").device()
    for method, path in (
        ("POST", "/v1/tokens"),
        ("GET", "/v1/tokens"),
        ("GET", "/v1/account"),
        ("GET", "/v1/trackers"),
    ):
        answer = agent.person.ask(method, path, agent.token, json={"name": "x"})
        assert code_of_error(answer) == (403, "token.wrong_kind")


def test_an_old_agent_is_told_to_update_and_to_what(worlds: Worlds) -> None:
    world = worlds(settings=Settings(rates=NO_LIMITS, password_cost=CHEAP, minimum_agent="0.3.0"))
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    for header in ({}, {"Unstuck-Agent": "0.2.9"}, {"Unstuck-Agent": "new"}):
        answer = agent.send_raw(b"", **header)
        assert code_of_error(answer) == (426, "agent.too_old")
        assert answer.json()["minimum"] == "0.3.0"
    assert code_of_error(agent.tell(tracker)) == (426, "agent.too_old")
    assert agent.send_raw(b"", **{"Unstuck-Agent": "0.3.0"}).status_code == 422


def test_maintenance_answers_everything_but_the_status(world: World) -> None:
    person = world.person("anna")
    agent, tracker = person.device(), person.tracker()
    world.maintenance = "back at noon"
    answer = agent.send(tracker, minutes(0, 0, [1]))
    assert code_of_error(answer) == (503, "server.maintenance")
    assert answer.json()["said"] == "back at noon"
    assert int(answer.headers["Retry-After"]) > 0
    status = person.client.get("/v1/status").json()
    assert (status["state"], status["message"]) == ("maintenance", "back at noon")
    world.maintenance = None
    assert durable(agent.send(tracker, minutes(0, 0, [1]))) == {0: [[0, 0]]}


def test_secrets_are_neither_at_rest_nor_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    person = world.person("anna")
    secret, codes = second_factor(world, person)
    agent = person.device()
    sign_in(world, "anna", "a wrong password")
    person.ask("POST", "/v1/account/password", json={"password": PASSWORD, "new_password": 7})
    with world.database.read() as connection:
        rows = [
            str(row)
            for table in ("accounts", "tokens", "recovery_codes")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
    kept, said = "\n".join(rows), caplog.text
    for hidden in (PASSWORD, person.session.rpartition("_")[2], agent.token.rpartition("_")[2], codes[0]):
        assert hidden not in kept
        assert hidden not in said
    assert secret not in said


def test_an_invalid_request_does_not_repeat_what_was_sent(world: World) -> None:
    answer = world.client().post("/v1/sessions", json={"name": "anna", "password": ["my secret"], "typo": "my secret"})
    assert code_of_error(answer) == (422, "request.invalid")
    assert "my secret" not in answer.text
    assert answer.json()["fields"] == ["body.password", "body.typo"]


def test_a_login_begun_before_a_password_change_does_not_end_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = world.person("anna")
    hasher = world.app.state.services.hasher
    fits = hasher.fits
    changed: list[bool] = []

    def and_meanwhile(stored: str | None, password: str) -> bool:
        if not changed:
            changed.append(True)
            person.ask("POST", "/v1/account/password", json={"password": PASSWORD, "new_password": NEW})
        return bool(fits(stored, password))

    monkeypatch.setattr(hasher, "fits", and_meanwhile)
    assert sign_in(world, "anna") == (409, "login.changed_meanwhile")


def test_an_account_has_no_end_of_tokens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unstuck.chain.server.domain.tokens.MOST_DEVICES", 2)
    person = world.person("anna")
    made = [person.ask("POST", "/v1/tokens", json={"name": "phone"}).status_code for _ in range(3)]
    assert made == [201, 201, 409]


def test_a_person_with_too_many_logins_still_gets_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unstuck.chain.server.domain.tokens.MOST_DEVICES", 2)
    monkeypatch.setattr("unstuck.chain.server.domain.tokens.MOST_SESSIONS", 3)
    person = world.person("anna")
    for _ in range(2):
        person.device()
    assert [sign_in(world, "anna")[0] for _ in range(4)] == [201] * 4
    gone = person.ask("GET", "/v1/tokens")
    assert code_of_error(gone) == (401, "token.signed_out")
    newest = world.client().post("/v1/sessions", json={"name": "anna", "password": PASSWORD}).json()["token"]
    listed = person.ask("GET", "/v1/tokens", newest).json()["tokens"]
    live = [one["kind"] for one in listed if one["revoked"] is None]
    assert sorted(live) == ["device"] * 2 + ["session"] * 3


def test_a_device_learns_whose_it_is_and_no_two_accounts_are_the_same(world: World) -> None:
    anna, bert = world.person("anna"), world.person("bert")
    told = [device.get("/v1/me") for device in (anna.device(), anna.device("tablet"), bert.device())]
    assert [one["name"] for one in told] == ["anna", "anna", "bert"]
    assert told[0] == told[1] == anna.ask("GET", "/v1/me").json()
    assert told[0]["account"] != told[2]["account"]


def test_finding_out_which_names_are_taken_is_slowed_like_registering(worlds: Worlds) -> None:
    free = NO_LIMITS.login
    world = worlds(settings=Settings(rates=Rates(address=free, login=free), password_cost=CHEAP))
    world.person("anna")
    answers = []
    for _ in range(11):
        answers.append(world.client().post("/v1/accounts", json={"name": "anna", "password": PASSWORD}))
    codes = [code_of_error(answer) for answer in answers]
    assert codes[:9] == [(409, "account.name_taken")] * 9
    assert codes[9:] == [(429, "request.too_often")] * 2
