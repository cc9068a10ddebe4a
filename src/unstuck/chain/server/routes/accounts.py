"""Registering, signing in, the password and the second factor."""

from collections.abc import Callable
from dataclasses import dataclass

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from unstuck.chain.server.domain import names, passwords, sealing, second_factor, tokens
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.domain.tokens import Revoked, TokenKind
from unstuck.chain.server.routes import shapes
from unstuck.chain.server.routes.guard import Anyone, Person, TheServices, address_of, check_address
from unstuck.chain.server.services import Services
from unstuck.chain.server.storage import accounts
from unstuck.chain.server.storage.accounts import Account

router = APIRouter(prefix="/v1")
public = APIRouter(prefix="/v1", dependencies=[Depends(check_address)])

_PUBLIC_ID_BYTES = 16
"""128 random bits: no two accounts have the same, on whatever servers they are."""


@public.post("/accounts", status_code=201)
async def register(given: shapes.Registering, request: Request, services: TheServices) -> shapes.SignedIn:
    """Make an account and sign in."""
    if not services.settings.registration_open:
        raise Refusal(Code.REGISTRATION_CLOSED)
    name, password = names.account_name(given.name), given.password.get_secret_value()
    if name is None:
        raise Refusal(Code.ACCOUNT_NAME_INVALID)
    if passwords.is_weak(password, name):
        raise Refusal(Code.PASSWORD_WEAK)
    services.count(("register", address_of(request)), services.settings.rates.register)
    password_hash = await _hashed(services, password)
    public_id = services.ambient.random_bytes(_PUBLIC_ID_BYTES).hex()

    def store() -> shapes.SignedIn:
        try:
            with services.database.write() as connection:
                account = accounts.add(connection, public_id, name, password_hash, services.ambient.now())
                if account is None:
                    raise Refusal(Code.ACCOUNT_NAME_TAKEN)
                return new_session(services, connection, account)
        except IntegrityError as error:  # somebody took the name in the same moment
            raise Refusal(Code.ACCOUNT_NAME_TAKEN) from error

    return await to_thread.run_sync(store)


@public.post("/sessions", status_code=201)
async def sign_in(given: shapes.SigningIn, request: Request, services: TheServices) -> shapes.SignedIn:
    """Sign in. An unknown name and a wrong password are answered alike, and as slowly."""
    proven = await password_proven(services, request, given.name, given.password.get_secret_value())
    if proven.account.totp_secret is not None and given.code is None:
        raise Refusal(Code.LOGIN_SECOND_FACTOR_NEEDED)
    return await to_thread.run_sync(lambda: begin_session(services, proven, given.code or ""))


@dataclass(frozen=True, slots=True)
class Proven:
    """An account whose password was right a moment ago. ``renewed``: its hash at today's cost, where that is due."""

    account: Account
    renewed: str | None
    key: tuple[str, ...]


async def password_proven(services: Services, request: Request, given_name: str, password: str) -> Proven:
    """The first half of signing in. Refusal: name or password is wrong, or too often."""
    name = names.account_name(given_name) or ""
    key = ("login", address_of(request), name)
    services.count(key, services.settings.rates.login)
    account = await to_thread.run_sync(lambda: _by_name(services, name))
    stored = account.password_hash if account else None
    if not await services.hashing_of(lambda: services.hasher.fits(stored, password)) or account is None:
        raise Refusal(Code.LOGIN_WRONG)
    renewed = await _hashed(services, password) if services.hasher.is_outdated(account.password_hash) else None
    return Proven(account, renewed, key)


def begin_session(services: Services, proven: Proven, code: str) -> shapes.SignedIn:
    """The second half: a session, if the account is as it was and the code is right where one is needed."""
    account = proven.account
    with services.database.write() as connection:
        now = accounts.locked(connection, account.id)
        if now.credentials != account.credentials:
            raise Refusal(Code.LOGIN_CHANGED_MEANWHILE)
        if now.totp_secret is not None and not _second_factor(services, connection, now, code):
            raise Refusal(Code.LOGIN_SECOND_FACTOR_WRONG)
        if proven.renewed is not None:
            accounts.change(connection, account.id, password_hash=proven.renewed)
        signed_in = new_session(services, connection, account.id)
    services.limiter.forget(proven.key)
    return signed_in


@router.delete("/sessions/current", status_code=204)
def sign_out(caller: Person, services: TheServices) -> None:
    """End this session."""
    with services.database.write() as connection:
        accounts.revoke(connection, caller.account, caller.token, Revoked.SIGNED_OUT, services.ambient.now())


@router.get("/me")
def who_am_i(caller: Anyone, services: TheServices) -> shapes.Me:
    """Whose token this is: an agent must know whose records it holds."""
    with services.database.read() as connection:
        account = accounts.get(connection, caller.account)
    return shapes.Me(account=account.public_id, name=account.name)


@router.get("/account")
def account_of(caller: Person, services: TheServices) -> shapes.AccountShape:
    """The account itself."""
    with services.database.read() as connection:
        account = accounts.get(connection, caller.account)
        left = accounts.recovery_codes_left(connection, caller.account)
    return shapes.AccountShape(
        name=account.name, second_factor=account.totp_secret is not None, recovery_codes_left=left
    )


@router.post("/account/password", status_code=204)
async def change_password(given: shapes.NewPassword, caller: Person, request: Request, services: TheServices) -> None:
    """Change the password; every other token is revoked, and its agent is told why."""
    account = await _proven(services, request, caller.account, given.password.get_secret_value())
    fresh = given.new_password.get_secret_value()
    if passwords.is_weak(fresh, account.name):
        raise Refusal(Code.PASSWORD_WEAK)
    password_hash = await _hashed(services, fresh)

    def store(connection: Connection, _now: Account) -> None:
        accounts.change_credentials(connection, account.id, password_hash=password_hash)
        accounts.revoke_others(connection, account.id, caller.token, Revoked.PASSWORD_CHANGED, services.ambient.now())

    await to_thread.run_sync(lambda: _change(services, account, store))


@router.post("/account/second-factor")
async def begin_second_factor(
    given: shapes.PasswordOnly, caller: Person, request: Request, services: TheServices
) -> shapes.SecondFactorBegun:
    """Give the secret for an authenticator app. Nothing changes until it is confirmed."""
    account = await _proven(services, request, caller.account, given.password.get_secret_value())
    secret = second_factor.new_secret(services.ambient.random_bytes(second_factor.SECRET_BYTES))
    sealed = services.sealer.seal(account.public_id, secret, services.ambient.random_bytes(sealing.NONCE_BYTES))

    def store(connection: Connection, now: Account) -> None:
        if now.totp_secret is not None:
            raise Refusal(Code.SECOND_FACTOR_ON)
        accounts.change(connection, account.id, totp_pending=sealed)

    await to_thread.run_sync(lambda: _change(services, account, store))
    return shapes.SecondFactorBegun(secret=secret, address=second_factor.address(secret, account.name))


def pending_second_factor(services: Services, connection: Connection, account_id: int) -> tuple[str, str] | None:
    """Secret and otpauth address of a second factor that is being set up, to be shown again; None: none is."""
    account = accounts.get(connection, account_id)
    if account.totp_pending is None:
        return None
    secret = services.sealer.open(account.public_id, account.totp_pending)
    return secret, second_factor.address(secret, account.name)


@router.post("/account/second-factor/confirm")
def confirm_second_factor(given: shapes.CodeOnly, caller: Person, services: TheServices) -> shapes.RecoveryCodes:
    """Turn it on with a first code; every other token is revoked. The recovery codes are shown once."""
    random_bytes = services.ambient.random_bytes(second_factor.RECOVERY_CODES * second_factor.RECOVERY_BYTES)
    codes, now_s = second_factor.new_recovery_codes(random_bytes), services.ambient.now()
    with services.database.write() as connection:
        account = accounts.locked(connection, caller.account)
        if account.totp_pending is None:
            raise Refusal(Code.SECOND_FACTOR_NOT_BEGUN)
        key = ("code", str(account.id))
        services.count(key, services.settings.rates.second_factor)
        secret = services.sealer.open(account.public_id, account.totp_pending)
        step = second_factor.accepted_step(secret, given.code, now_s, -1)
        if step is None:
            raise Refusal(Code.SECOND_FACTOR_WRONG)
        accounts.change_credentials(
            connection, account.id, totp_secret=account.totp_pending, totp_pending=None, totp_last_step=step
        )
        digests = tuple(second_factor.recovery_digest(code) for code in codes)
        accounts.replace_recovery_codes(connection, account.id, digests)
        accounts.revoke_others(connection, account.id, caller.token, Revoked.SECOND_FACTOR_CHANGED, now_s)
    services.limiter.forget(key)
    return shapes.RecoveryCodes(recovery_codes=list(codes))


@router.post("/account/second-factor/remove", status_code=204)
async def remove_second_factor(
    given: shapes.PasswordAndCode, caller: Person, request: Request, services: TheServices
) -> None:
    """Turn it off, with both factors."""
    account = await _proven(services, request, caller.account, given.password.get_secret_value())

    def store(connection: Connection, now: Account) -> None:
        if now.totp_secret is None:
            raise Refusal(Code.SECOND_FACTOR_NOT_BEGUN)
        if not _second_factor(services, connection, now, given.code):
            raise Refusal(Code.SECOND_FACTOR_WRONG)
        accounts.change_credentials(connection, account.id, totp_secret=None, totp_last_step=-1)
        accounts.replace_recovery_codes(connection, account.id, ())

    await to_thread.run_sync(lambda: _change(services, account, store))


@router.post("/account/delete", status_code=204)
async def delete_account(given: shapes.Deleting, caller: Person, request: Request, services: TheServices) -> None:
    """Delete the account and every record, tracker and token of it, for ever; with every factor there is."""
    account = await _proven(services, request, caller.account, given.password.get_secret_value())

    def store(connection: Connection, now: Account) -> None:
        if now.totp_secret is not None and not _second_factor(services, connection, now, given.code or ""):
            raise Refusal(Code.SECOND_FACTOR_WRONG)
        accounts.erase(connection, account.id)

    await to_thread.run_sync(lambda: _change(services, account, store))


def _by_name(services: Services, name: str) -> Account | None:
    with services.database.read() as connection:
        return accounts.by_name(connection, name)


def new_session(services: Services, connection: Connection, account: int) -> shapes.SignedIn:
    """A session of an account whose owner is proven."""
    now = services.ambient.now()
    sessions = accounts.live_tokens(connection, account, TokenKind.SESSION, now)
    # The oldest end; refused, a person could not get in to revoke any.
    for old in sessions[: max(0, len(sessions) - tokens.MOST_SESSIONS + 1)]:
        accounts.revoke(connection, account, old, Revoked.SIGNED_OUT, now)
    fresh = tokens.make(TokenKind.SESSION, services.ambient.random_bytes(tokens.ID_BYTES + tokens.SECRET_BYTES))
    expires_at = now + services.settings.session_s
    accounts.add_token(connection, account, TokenKind.SESSION, fresh, "session", now, expires_at)
    return shapes.SignedIn(token=fresh.text, expires_at=expires_at)


async def _hashed(services: Services, password: str) -> str:
    salt = services.ambient.random_bytes(passwords.SALT_BYTES)
    return await services.hashing_of(lambda: services.hasher.hash(password, salt))


async def _proven(services: Services, request: Request, account_id: int, password: str) -> Account:
    """The account, when the password is right: a session left open must not be enough."""

    def read() -> Account:
        with services.database.read() as connection:
            return accounts.get(connection, account_id)

    account = await to_thread.run_sync(read)
    key = ("login", address_of(request), account.name)
    services.count(key, services.settings.rates.login)
    if not await services.hashing_of(lambda: services.hasher.fits(account.password_hash, password)):
        raise Refusal(Code.PASSWORD_WRONG)
    services.limiter.forget(key)
    return account


def _change(services: Services, proven: Account, store: Callable[[Connection, Account], None]) -> None:
    with services.database.write() as connection:
        now = accounts.locked(connection, proven.id)
        if now.credentials != proven.credentials:
            raise Refusal(Code.LOGIN_CHANGED_MEANWHILE)
        store(connection, now)


def _second_factor(services: Services, connection: Connection, account: Account, code: str) -> bool:
    """Whether the code is good; it is spent. Only time-based codes are counted: a recovery code cannot be guessed."""
    now = services.ambient.now()
    if second_factor.looks_like_recovery(code):
        return accounts.spend_recovery_code(connection, account.id, second_factor.recovery_digest(code), now)
    secret = services.sealer.open(account.public_id, account.totp_secret or "")
    key = ("code", str(account.id))
    services.count(key, services.settings.rates.second_factor)
    step = second_factor.accepted_step(secret, code, now, account.totp_last_step)
    if step is None:
        return False
    accounts.change(connection, account.id, totp_last_step=step)
    services.limiter.forget(key)
    return True
