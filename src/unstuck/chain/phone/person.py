"""What a person does at the server: account, password, second factor, tokens, trackers. Source: server-api.md."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from unstuck import __version__
from unstuck.chain.phone.answers import ServerError
from unstuck.chain.phone.reasons import sentence
from unstuck.chain.phone.server import AGENT_HEADER, TIMEOUT_S, is_local, read_bounded, read_json
from unstuck.chain.phone.words import printable
from unstuck.model.errors import ErrorCode, UnstuckError


class AccountError(UnstuckError):
    """The server refused, or gave no answer. ``refusal``: the server's own stable code, empty where it gave none."""

    def __init__(self, code: ErrorCode, refusal: str = "", **data: str) -> None:
        self.refusal = refusal
        super().__init__(code, **data)


class Person:
    """A person at one server. ``transport`` replaces the network, for a server in the same process.

    Signed in after :meth:`register` or :meth:`sign_in`; ``token`` may also be a device's, for what those may do.
    Every trouble leaves as :class:`AccountError`. ValueError when ``address`` is none.
    """

    def __init__(self, address: str, token: str = "", transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.token = token
        self._address = address
        self._http = httpx.AsyncClient(
            base_url=address,
            headers={AGENT_HEADER: __version__},
            timeout=TIMEOUT_S,
            transport=transport,
            trust_env=not is_local(address),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def status(self) -> None:
        """Nothing, when the server answers at all."""
        await self._ask("GET", "/v1/status")

    async def register(self, name: str, password: str) -> None:
        """Make an account, and be signed in to it."""
        self.token = _text(await self._ask("POST", "/v1/accounts", {"name": name, "password": password}), "token")

    async def sign_in(self, name: str, password: str, code: str = "") -> None:
        """Sign in; ``code`` is the second factor's, where there is one."""
        given = {"name": name, "password": password, **({"code": code} if code else {})}
        self.token = _text(await self._ask("POST", "/v1/sessions", given), "token")

    async def sign_out(self) -> None:
        """End the session."""
        await self._ask("DELETE", "/v1/sessions/current")
        self.token = ""

    async def account(self) -> Mapping[str, Any]:
        """``name``, ``second_factor``, ``recovery_codes_left``."""
        return await self._ask("GET", "/v1/account")

    async def change_password(self, password: str, fresh: str) -> None:
        """Every other login of the account ends."""
        await self._ask("POST", "/v1/account/password", {"password": password, "new_password": fresh})

    async def begin_second_factor(self, password: str) -> tuple[str, str]:
        """Secret and otpauth address for an authenticator app; nothing changes before it is confirmed."""
        begun = await self._ask("POST", "/v1/account/second-factor", {"password": password})
        return _text(begun, "secret"), _text(begun, "address")

    async def confirm_second_factor(self, code: str) -> list[str]:
        """Turn it on; the recovery codes, shown this once. Every other login ends."""
        answer = await self._ask("POST", "/v1/account/second-factor/confirm", {"code": code})
        return [str(one) for one in _list(answer, "recovery_codes")]

    async def remove_second_factor(self, password: str, code: str) -> None:
        """Turn it off."""
        await self._ask("POST", "/v1/account/second-factor/remove", {"password": password, "code": code})

    async def tokens(self) -> list[Mapping[str, Any]]:
        """All logins of the account, also those revoked and why."""
        return _list(await self._ask("GET", "/v1/tokens"), "tokens")

    async def device_token(self, name: str) -> str:
        """A token for an agent, good until it is revoked."""
        return _text(await self._ask("POST", "/v1/tokens", {"name": name}), "token")

    async def revoke(self, token: str) -> None:
        """End the login of this id."""
        await self._ask("DELETE", f"/v1/tokens/{token}")

    async def trackers(self) -> list[Mapping[str, Any]]:
        """Trackers the account has or had."""
        return _list(await self._ask("GET", "/v1/trackers"), "trackers")

    async def claim(self, tracker: str, code: str, name: str = "") -> None:
        """Make a tracker this account's, with the code that it shows."""
        given = {"tracker": tracker, "code": code, **({"name": name} if name else {})}
        await self._ask("POST", "/v1/trackers", given)

    async def _ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            async with self._http.stream(method, path, json=body, headers=headers) as answer:
                found = read_json(await read_bounded(answer))
        except httpx.TimeoutException as fault:
            raise AccountError(ErrorCode.SERVER_SILENT, address=self._address, reason="no answer in time") from fault
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            reason = printable(str(fault), _SAID_MOST) or type(fault).__name__
            raise AccountError(ErrorCode.SERVER_SILENT, address=self._address, reason=reason) from fault
        except ServerError as fault:
            said = sentence(fault.outcome, fault.detail)
            raise AccountError(ErrorCode.SERVER_STRANGE, address=self._address, reason=said) from fault
        fields: Mapping[str, Any] = found if isinstance(found, dict) else {}
        if answer.is_success:
            return fields
        code, message, what_to_do = (_said(fields, key) for key in ("code", "message", "what_to_do"))
        if not code or not message:
            reason = f"it answers {answer.status_code} where it should say what is wrong"
            raise AccountError(ErrorCode.SERVER_STRANGE, address=self._address, reason=reason)
        wait = answer.headers.get("Retry-After", "")
        if wait.isdecimal():
            what_to_do = f"Wait {int(wait[:_WAIT_DIGITS]):,} s, then try again."
        todo = (what_to_do[:1].lower() + what_to_do[1:]).rstrip(".") or "see what the server's owner says"
        data = {"address": self._address, "message": message.rstrip("."), "what_to_do": todo}
        raise AccountError(ErrorCode.SERVER_REFUSED, code, **data)


_SAID_MOST = 400
"""Characters of each thing a server says that are shown."""
_WAIT_DIGITS = 9


def _said(answer: Mapping[str, Any], key: str) -> str:
    """Empty where it is no text; without what a terminal would obey."""
    found = answer.get(key)
    return printable(found, _SAID_MOST) if isinstance(found, str) else ""


def _text(answer: Mapping[str, Any], key: str) -> str:
    found = answer.get(key)
    if not isinstance(found, str) or not found:
        raise AccountError(ErrorCode.SERVER_STRANGE, address="the server", reason=f"its answer has no '{key}'")
    return found


def _list(answer: Mapping[str, Any], key: str) -> list[Any]:
    found = answer.get(key)
    if not isinstance(found, list):
        raise AccountError(ErrorCode.SERVER_STRANGE, address="the server", reason=f"its answer has no '{key}'")
    return found
