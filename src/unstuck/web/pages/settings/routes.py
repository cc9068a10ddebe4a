"""The settings page and its forms. Each form ends in the same page, with what happened said at its own place."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import SecretStr, ValidationError

from unstuck.chain.server.domain import possession
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.routes import accounts as account_rules
from unstuck.chain.server.routes import shapes
from unstuck.chain.server.routes import tokens as token_rules
from unstuck.chain.server.routes import trackers as tracker_rules
from unstuck.chain.server.routes.guard import Caller
from unstuck.chain.server.storage import accounts, preferences, trackers
from unstuck.chain.server.storage.preferences import Preferences
from unstuck.web.pages.base import errors, i18n, security, when
from unstuck.web.pages.base.i18n import noop
from unstuck.web.pages.base.visit import Form, SignedIn, Visit
from unstuck.web.pages.settings import export, qr

router = APIRouter(include_in_schema=False, prefix="/settings")

_CLOCKS = (("", noop("as this browser's language")), ("24", noop("20:14")), ("12", noop("8:14 PM")))
_THEMES = (("", noop("as this device")), ("light", noop("light")), ("dark", noop("dark")))
_DONE = {
    "view": noop("Saved."),
    "password": noop("The password is changed. Every other device was signed out."),
    "second-factor-off": noop("The second factor is off."),
    "revoked": noop("Revoked: that device gets in no more."),
    "claimed": noop("The tracker is yours."),
    "released": noop("Released. Its records stay here; somebody else may claim it now."),
}
"""What is said after a form; only these, so that no address can put words on the page."""
_NOW_WORDS = noop("delete everything")
"""What a person types before everything is deleted."""

Done = Annotated[str, Query(max_length=40)]
TokenId = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]


@router.get("")
def settings(visit: SignedIn, done: Done = "") -> Response:
    """All of it on one page."""
    return _page(visit, done=done)


@router.post("/view")
def view(visit: SignedIn, form: Form) -> Response:
    """Language, zone, clock and theme."""
    chosen = Preferences(
        language=_one_of(form.get("language", ""), i18n.languages()),
        zone=form.get("zone", "") if when.is_zone(form.get("zone", "")) else "",
        clock=_one_of(form.get("clock", ""), dict(_CLOCKS)),
        theme=_one_of(form.get("theme", ""), dict(_THEMES)),
    )
    with visit.services.database.write() as connection:
        preferences.put(connection, visit.account, chosen)
    return visit.to("/settings?done=view#view")


@router.post("/password")
async def password(visit: SignedIn, form: Form) -> Response:
    """Another password."""
    try:
        given = shapes.NewPassword(password=_secret(form, "password"), new_password=_secret(form, "new_password"))
        await account_rules.change_password(given, _caller(visit), visit.request, visit.services)
    except (ValidationError, Refusal) as error:
        return _page(visit, "password", error)
    return visit.to("/settings?done=password#account")


@router.post("/second-factor")
async def second_factor(visit: SignedIn, form: Form) -> Response:
    """The secret for an authenticator app; nothing changes until it is confirmed."""
    try:
        given = shapes.PasswordOnly(password=_secret(form, "password"))
        begun = await account_rules.begin_second_factor(given, _caller(visit), visit.request, visit.services)
    except (ValidationError, Refusal) as error:
        return _page(visit, "second-factor", error)
    return _confirm_page(visit, begun.secret, begun.address)


@router.post("/second-factor/confirm")
def confirm_second_factor(visit: SignedIn, form: Form) -> Response:
    """Turn it on with a first code; the recovery codes are shown once."""
    try:
        given = shapes.CodeOnly(code=form.get("code", ""))
        codes = account_rules.confirm_second_factor(given, _caller(visit), visit.services)
    except (ValidationError, Refusal) as error:
        # The secret is not sent along with the form: it would be in the history of the browser.
        secret = _pending_secret(visit)
        if secret is None:
            return _page(visit, "second-factor", error)
        return _confirm_page(visit, *secret, error=error)
    return visit.page("settings/recovery.html.j2", codes=codes.recovery_codes)


@router.post("/second-factor/remove")
async def remove_second_factor(visit: SignedIn, form: Form) -> Response:
    """Turn it off."""
    try:
        given = shapes.PasswordAndCode(password=_secret(form, "password"), code=form.get("code", ""))
        await account_rules.remove_second_factor(given, _caller(visit), visit.request, visit.services)
    except (ValidationError, Refusal) as error:
        return _page(visit, "second-factor", error)
    return visit.to("/settings?done=second-factor-off#account")


@router.post("/devices")
def new_device(visit: SignedIn, form: Form) -> Response:
    """A token for an agent, shown once."""
    try:
        made = token_rules.make_device_token(shapes.NewToken(name=form.get("name", "")), _caller(visit), visit.services)
    except (ValidationError, Refusal) as error:
        return _page(visit, "devices", error)
    return visit.page("settings/device.html.j2", name=form.get("name", ""), token=made.token)


@router.post("/devices/{token}/revoke")
def revoke(token: TokenId, visit: SignedIn, form: Form) -> Response:
    """A device or another screen gets in no more."""
    try:
        token_rules.revoke_token(token, _caller(visit), visit.services)
    except Refusal as error:
        return _page(visit, "devices", error)
    if token == _caller(visit).token:
        return visit.signed_out(visit.to("/sign-in"))
    return visit.to("/settings?done=revoked#devices")


@router.post("/trackers")
def claim(visit: SignedIn, form: Form) -> Response:
    """Claim a tracker with the code that it shows; its id follows from the code."""
    code = form.get("code", "").strip()
    try:
        given = shapes.Claim(tracker=possession.tracker_id(code), code=code, name=form.get("name", "").strip() or None)
        tracker_rules.claim_tracker(given, _caller(visit), visit.services)
    except (ValidationError, Refusal) as error:
        return _page(visit, "trackers", error)
    return visit.to("/settings?done=claimed#trackers")


@router.post("/trackers/{tracker}/release")
def release(tracker: str, visit: SignedIn, form: Form) -> Response:
    """Let somebody else claim it."""
    with visit.services.database.read() as connection:
        if trackers.get(connection, visit.account, tracker) is None:
            raise Refusal(Code.TRACKER_NOT_CLAIMED)
    tracker_rules.release_tracker(tracker, _caller(visit), visit.services)
    return visit.to("/settings?done=released#trackers")


@router.post("/export")
async def everything(visit: SignedIn, form: Form) -> Response:
    """All that the server has of this account, as a zip that is made while it is sent; one at a time."""
    if visit.services.uploads.has(export.key(visit), export.MOST_AT_ONCE):
        raise Refusal(Code.REQUEST_TOO_OFTEN, retry_after_s=export.RETRY_S)
    name = f"unstuck-{visit.when.today.isoformat()}.zip"
    headers = {**security.headers(), "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(export.stream(visit), 200, headers, "application/zip")


@router.post("/delete")
async def delete_everything(visit: SignedIn, form: Form) -> Response:
    """The account and all its data, for ever."""
    try:
        if " ".join(form.get("words", "").split()).casefold() != str(visit.words.gettext(_NOW_WORDS)).casefold():
            return _page(visit, "delete", Refusal(Code.REQUEST_INVALID))
        given = shapes.Deleting(password=_secret(form, "password"), code=form.get("code") or None)
        await account_rules.delete_account(given, _caller(visit), visit.request, visit.services)
    except (ValidationError, Refusal) as error:
        return _page(visit, "delete", error)
    return visit.signed_out(visit.page("settings/deleted.html.j2"))


def _page(visit: Visit, place: str = "", error: Exception | None = None, done: str = "") -> Response:
    refusal = _refusal(error)
    with visit.services.database.read() as connection:
        tokens = accounts.list_tokens(connection, visit.account)
        mine = trackers.list_all(connection, visit.account)
        left = accounts.recovery_codes_left(connection, visit.account)
    wrong, to_do = map(visit.words.told, errors.sentences(refusal) if refusal else ("", ""))
    own = visit.caller.token if visit.caller else ""
    now_s = visit.when.now_s
    live = [one for one in tokens if one["revoked"] is None and (one["expires_at"] or now_s + 1) > now_s]
    return visit.page(
        "settings/settings.html.j2",
        status=refusal.wording.status if refusal else 200,
        place=place,
        wrong=wrong,
        to_do=to_do,
        done=visit.words.gettext(_DONE[done]) if done in _DONE else "",
        done_at=done,
        languages=[("", visit.words.gettext("as this browser")), *i18n.languages().items()],
        zones=[("", "UTC"), *((zone, zone.replace("_", " ")) for zone in when.zones() if zone != "UTC")],
        clocks=[(value, visit.words.gettext(words)) for value, words in _CLOCKS],
        themes=[(value, visit.words.gettext(words)) for value, words in _THEMES],
        devices=[one for one in live if one["kind"] == "device"],
        sessions=[one for one in live if one["kind"] == "session"],
        own=own,
        mine=mine,
        recovery_left=left,
        now_words=visit.words.gettext(_NOW_WORDS),
    )


def _confirm_page(visit: Visit, secret: str, address: str, error: Exception | None = None) -> Response:
    refusal = _refusal(error)
    wrong, to_do = map(visit.words.told, errors.sentences(refusal) if refusal else ("", ""))
    return visit.page(
        "settings/second_factor.html.j2",
        status=refusal.wording.status if refusal else 200,
        secret=secret,
        picture=qr.data_address(address),
        wrong=wrong,
        to_do=to_do,
    )


def _pending_secret(visit: Visit) -> tuple[str, str] | None:
    with visit.services.database.read() as connection:
        return account_rules.pending_second_factor(visit.services, connection, visit.account)


def _refusal(error: Exception | None) -> Refusal | None:
    """What was typed and is not possible counts as a refusal too; nothing of it is repeated."""
    if error is None or isinstance(error, Refusal):
        return error
    return Refusal(Code.REQUEST_INVALID)


def _secret(form: Form, name: str) -> SecretStr:
    return SecretStr(form.get(name, ""))


def _caller(visit: Visit) -> Caller:
    if visit.caller is None:
        raise Refusal(Code.TOKEN_MISSING)
    return visit.caller


def _one_of(given: str, known: object) -> str:
    return given if isinstance(known, dict) and given in known else ""
