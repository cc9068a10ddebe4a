"""Who visits: the session in the cookie, the language, the zone; and how a page answers them."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import parse_qsl, quote
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.responses import RedirectResponse, Response
from jinja2 import Environment
from markupsafe import Markup

from unstuck import __version__
from unstuck.chain.server.domain import tokens
from unstuck.chain.server.domain.refusals import Code, Refusal
from unstuck.chain.server.domain.tokens import Presented, TokenKind
from unstuck.chain.server.routes.guard import Caller, admit, services_of
from unstuck.chain.server.services import Services
from unstuck.chain.server.storage import accounts, preferences
from unstuck.chain.server.storage.preferences import Preferences
from unstuck.web.pages.base import i18n, modules, security, when
from unstuck.web.pages.base.assets import Assets
from unstuck.web.pages.base.i18n import Words, noop
from unstuck.web.pages.base.tickets import Tickets
from unstuck.web.pages.base.when import When
from unstuck.web.pages.door import Door

MENU = (
    ("home", "/", noop("Home")),
    ("days", "/days", noop("Days")),
    ("wrong", "/wrong", noop("What is wrong?")),
    ("mend", "/mend", noop("Mend it")),
    ("case", "/case", noop("Case")),
    ("settings", "/settings", noop("Settings")),
)
"""A new group of pages adds its entry here."""

SESSION = "unstuck"
FORM = "unstuck-form"
_FORM_BYTES = 32
_MOST_FIELDS = 100
"""Fields of one form; the largest of ours has eight."""
_COMPRESS_FROM_BYTES = 1024
"""Smaller answers fit into one packet anyway."""


@dataclass(frozen=True)
class House:
    """What the pages of one application share; made by :func:`unstuck.web.pages.mount.mount`.

    ``links``: one-time sign-in links to an account, by its id.
    """

    templates: Environment
    assets: Assets
    door: Door | None = None
    links: Tickets[int] | None = None
    passed: Tickets[object] = field(default_factory=Tickets)


def house_of(request: Request) -> House:
    """That of this application."""
    found = request.app.state.pages
    if not isinstance(found, House):
        raise TypeError("no pages were mounted here")
    return found


@dataclass(frozen=True)
class Visit:
    """One request to a page. ``caller`` None: nobody is signed in."""

    request: Request
    services: Services
    house: House
    caller: Caller | None
    name: str
    second_factor: bool
    chosen: Preferences
    words: Words
    when: When
    form_key: str
    fresh_form_key: bool

    @property
    def account(self) -> int:
        """Whose session it is. Refusal: nobody's."""
        if self.caller is None:
            raise Refusal(Code.TOKEN_MISSING)
        return self.caller.account

    @property
    def menu(self) -> tuple[tuple[str, str, str], ...]:
        """Entries of the menu: id, path, words."""
        played = getattr(self.request.app.state.bench, "breaker", None) is not None
        return (*MENU[:-1], ("break", "/break", noop("Break it")), MENU[-1]) if played else MENU

    @property
    def by_htmx(self) -> bool:
        """Whether a part of a page is asked for."""
        return self.request.headers.get("HX-Request") == "true"

    def tell(self, text: str) -> Markup:
        """A text of the doctor for the body of a page, in this person's words and on their clock."""
        return self.when.on_clock(self.words.marked(text))

    def html(self, template: str, **values: Any) -> str:
        """The template as text, in this person's words."""
        return self.house.templates.get_template(template).render(
            visit=self,
            _=self.words.gettext,
            ngettext=self.words.ngettext,
            number=self.words.number,
            in_words=self.words.told,
            when=self.when,
            asset=self.house.assets.address,
            module=modules.address,
            version=__version__,
            **values,
        )

    def form_token(self) -> str:
        """For the hidden field of every form."""
        return security.form_token(self.form_key, self.services.ambient.random_bytes(_FORM_BYTES))

    def page(self, template: str, /, *, status: int = 200, bluetooth: bool = False, **values: Any) -> Response:
        """The template as an answer. ``bluetooth``: this page may ask the browser for Bluetooth."""
        body = self.html(template, **values).encode()
        given = dict(security.headers(bluetooth=bluetooth))
        if len(body) >= _COMPRESS_FROM_BYTES and "gzip" in self.request.headers.get("Accept-Encoding", ""):
            # Nothing that others can choose is on a page beside a secret of the same form twice: see form_token.
            body = gzip.compress(body, 6)
            given["Content-Encoding"] = "gzip"
        given["Vary"] += ", Accept-Encoding"
        return self._with_form_key(Response(body, status, given, "text/html; charset=utf-8"))

    def to(self, path: str) -> Response:
        """Go on there: after a form, so that "reload" does not send it again."""
        answer = RedirectResponse(path, 303, headers=dict(security.headers()))
        return self._with_form_key(answer)

    def signed_in(self, answer: Response, token: str) -> Response:
        """Give the browser its session."""
        self._set_cookie(answer, SESSION, token, int(self.services.settings.session_s))
        return answer

    def signed_out(self, answer: Response) -> Response:
        """Take the session, and what the browser keeps of pages. Not its storage: records that /phone took over and
        that are not at the server yet would be lost. The service worker and static/phone/forget.js take what can go.
        """
        self._set_cookie(answer, SESSION, "", 0)
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    def _with_form_key(self, answer: Response) -> Response:
        if self.fresh_form_key:
            self._set_cookie(answer, FORM, self.form_key, None)
        return answer

    def _set_cookie(self, answer: Response, purpose: str, value: str, max_age_s: int | None) -> None:
        secure = self.request.url.scheme == "https"
        answer.set_cookie(
            _cookie(self.request, purpose), value, max_age_s, path="/", secure=secure, httponly=True, samesite="lax"
        )


def presented(request: Request) -> Presented | None:
    """The session that the browser has in its cookie, unproven; None: it has none of our form."""
    found = tokens.read_text(request.cookies.get(_cookie(request, SESSION), ""))
    return found if found is not None and found.kind is TokenKind.SESSION else None


def _cookie(request: Request, purpose: str) -> str:
    return security.cookie_name(purpose, request.url.port, secure=request.url.scheme == "https")


def _guest(request: Request) -> Visit:
    """Whoever it is. A session that is good no more counts as none."""
    services = services_of(request)
    shown = presented(request)
    caller: Caller | None = None
    name, second_factor, chosen = "", False, Preferences()
    if shown is not None:
        try:
            caller = admit(request, services, shown)
        except Refusal as refusal:
            if refusal.wording.status != 401:
                raise
    if caller is not None:
        with services.database.read() as connection:
            account = accounts.get(connection, caller.account)
            chosen = preferences.get(connection, caller.account)
        name, second_factor = account.name, account.totp_secret is not None
    return _visit(request, services, caller, name, second_factor=second_factor, chosen=chosen)


def stranger(request: Request) -> Visit:
    """A visit without asking who it is: for pages that say what went wrong, whatever that was."""
    return _visit(request, services_of(request), None, "", second_factor=False, chosen=Preferences())


def _visit(
    request: Request, services: Services, caller: Caller | None, name: str, *, second_factor: bool, chosen: Preferences
) -> Visit:
    tags = i18n.wanted(request.headers.get("Accept-Language", ""))
    words = i18n.words_of(i18n.choose(chosen.language, tags))
    zone = ZoneInfo(chosen.zone if when.is_zone(chosen.zone) else "UTC")
    shown_when = When(words, zone, when.clock_of(chosen.clock, tags), services.ambient.now())
    key = request.cookies.get(_cookie(request, SESSION if caller else FORM), "")
    fresh = not key
    if fresh:
        key = services.ambient.random_bytes(_FORM_BYTES).hex()
    return Visit(
        request, services, house_of(request), caller, name, second_factor, chosen, words, shown_when, key, fresh
    )


AnyVisit = Annotated[Visit, Depends(_guest)]
"""Whoever it is."""


class SignInFirstError(Exception):
    """Nobody is signed in; ``path``: where they wanted to go."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)


def _signed_in(visit: AnyVisit) -> Visit:
    if visit.caller is None:
        wanted = visit.request.url.path if visit.request.method == "GET" else "/"
        query = visit.request.url.query
        raise SignInFirstError(f"{wanted}?{query}" if query and wanted != "/" else wanted)
    return visit


SignedIn = Annotated[Visit, Depends(_signed_in)]
"""Who has a session; others are sent to sign in and come back."""


def sign_in_path(wanted: str) -> str:
    """The page to sign in, from where it goes on to ``wanted``."""
    return "/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='/')}"


class ForeignFormError(Exception):
    """A form that is not proven to be ours."""


async def _form(visit: AnyVisit) -> Mapping[str, str]:
    """The fields of a form of ours. ForeignFormError: not proven. Refusal: it has too many fields, or is no form."""
    request = visit.request
    check_origin(request)
    body = await request.body()
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Refusal(Code.REQUEST_INVALID) from error
    fields = dict(pairs)
    if visit.fresh_form_key or not security.form_token_fits(visit.form_key, fields.pop("form", "")):
        raise ForeignFormError
    return fields


def check_origin(request: Request) -> None:
    """ForeignFormError: the browser says that it comes from elsewhere, or not from where."""
    if not security.is_own(
        request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin"), request.headers.get("Host", "")
    ):
        raise ForeignFormError


Form = Annotated[Mapping[str, str], Depends(_form)]
"""The fields of a form, once it is proven to be ours. Every route that changes something takes it."""
