"""A page for what went wrong: what it is, what it means for the data, what to do. A refusal enters, a page leaves."""

import math

from fastapi.responses import Response

from unstuck.chain.server.domain.refusals import WORDINGS, Code, Refusal
from unstuck.web.pages.base.i18n import noop
from unstuck.web.pages.base.visit import Visit

_FOR_PAGES = {
    Code.REQUEST_NOT_FOUND: (noop("There is no such page."), noop("Go back to the first page.")),
    Code.REQUEST_METHOD: (noop("There is no such page."), noop("Go back to the first page.")),
    Code.REQUEST_INVALID: (noop("Something in this form is not possible."), noop("Go back and look at it again.")),
    Code.REQUEST_TOO_OFTEN: (noop("That was too often in a short time."), noop("Wait a little, then go on.")),
    Code.REQUEST_TOO_LARGE: (noop("That is too large."), noop("Choose something smaller.")),
    Code.TOKEN_MISSING: (noop("You are not signed in."), noop("Sign in, then go on.")),
    Code.TRACKER_NOT_CLAIMED: (
        noop("This account has no such tracker."),
        noop("Choose one of yours on the first page, or claim it in the settings."),
    ),
    Code.CLAIM_REFUSED: (noop("The code does not fit."), noop("Type the code exactly as the tracker shows it.")),
    Code.SERVER_BUSY: (noop("The server is busy."), noop("Nothing is lost; try again in a moment.")),
    Code.SERVER_STORAGE: (noop("The server cannot write now."), noop("Nothing is lost; try again in a minute.")),
    Code.SERVER_MAINTENANCE: (noop("The server is being maintained."), noop("Nothing is lost; try again later.")),
    Code.LOGIN_SECOND_FACTOR_WRONG: (
        noop("The code is wrong or was used already."),
        noop("Wait for the next code, or use a recovery code."),
    ),
    Code.LOGIN_CHANGED_MEANWHILE: (
        noop("The password or second factor changed in the same moment."),
        noop("Sign in again."),
    ),
}
"""Words of the API that speak to programs, said for a person."""


def sentences(refusal: Refusal) -> tuple[str, str]:
    """What is wrong and what to do, in English; both are in the catalogue."""
    if refusal.code in _FOR_PAGES:
        return _FOR_PAGES[refusal.code]
    wording = WORDINGS[refusal.code]
    return wording.message, wording.what_to_do


def page(visit: Visit, refusal: Refusal) -> Response:
    """The refusal as a page of its own."""
    wrong, to_do = sentences(refusal)
    wait_s = None if refusal.retry_after_s is None else max(1, math.ceil(refusal.retry_after_s))
    said = refusal.extra.get("said", "")
    answer = visit.page(
        "base/error.html.j2",
        status=refusal.wording.status,
        wrong=visit.words.told(wrong),
        to_do=visit.words.told(to_do),
        said=said,
        wait_s=wait_s,
        code=str(refusal.code),
    )
    if wait_s is not None:
        answer.headers["Retry-After"] = str(wait_s)
    return answer


def foreign(visit: Visit) -> Response:
    """A form that is not proven to be ours, or is older than the sign-in."""
    return visit.page(
        "base/error.html.j2",
        status=403,
        wrong=visit.words.gettext("This form is too old, or did not come from this site."),
        to_do=visit.words.gettext("Nothing was changed. Go back, reload the page and try again."),
        said="",
        wait_s=None,
        code="form.not_proven",
    )
