"""What an app's own log line says went wrong. Only ever applied to lines the app itself wrote."""

import re

TELLING = (
    b"HTTP", b"http", b"Http", b"<-- ", b"tatus", b"esponse", b"SSL", b"Cert", b"UnknownHost", b"Unable to resolve",
    b"EAI_", b"invalid_", b"expired_token", b"nauthorized", b"UserRecoverable", b"orrupt", b"malformed", b"SQL",
    b"disk is full", b"ENOSPC", b"No space", b"imeout", b"imed out", b"Upgrade Required", b"UPDATE_REQUIRED",
    b"no longer supported", b"NOT_LINKED", b"failed to connect", b"JsonSyntax", b"JSONException", b"JsonParse",
)  # fmt: skip
"""A line without any of these says nothing that is classified here."""

_STATUS = re.compile(
    rb"(?:<-- |\bHTTP(?:/[12](?:\.\d)?)?[ :=]{1,3}|[Hh][Tt][Tt][Pp][ _-]?(?:[Ss]tatus|[Cc]ode|[Ee]rror)['\"]?[ :=]{1,3}"
    rb"|[Ss]tatus[ _]?[Cc]ode['\"]?[ :=]{1,3}|[Rr]esponse[ _]?[Cc]ode['\"]?[ :=]{1,3})([1-5]\d\d)\b(?!\.\d)"
)
"""A bare ``status=133`` is left alone: it is a GATT status more often than not."""

_KINDS: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    (
        "storage_full",
        re.compile(rb"SQLITE_FULL|SQLiteFullException|database or disk is full|ENOSPC|No space left on device"),
    ),
    (
        "database",
        re.compile(
            rb"SQLiteDatabaseCorrupt|SQLITE_CORRUPT|SQLITE_NOTADB|disk image is malformed|file is not a database"
            rb"|(?i:corrupt\w* (?:database|db)\b|database (?:is )?corrupt)"
        ),
    ),
    (
        "tls",
        re.compile(
            rb"SSLHandshakeException|SSLPeerUnverified|SSLException|SSLProtocolException|CertPathValidator"
            rb"|CertificateException|CertificateExpired|CertificateNotYetValid|Trust anchor for certification path"
        ),
    ),
    ("dns", re.compile(rb"UnknownHostException|Unable to resolve host|EAI_NODATA|EAI_NONAME|EAI_AGAIN")),
    (
        "timeout",
        re.compile(
            rb"SocketTimeoutException|ConnectTimeout|ReadTimeout|[Rr]ead timed out|connect timed out"
            rb"|failed to connect to \S{1,200} .{0,80}after \d+ms"
        ),
    ),
    (
        "unreadable",
        re.compile(rb"JsonSyntaxException|JsonParseException|MalformedJsonException|org\.json\.JSONException"),
    ),
    (
        "version_refused",
        re.compile(rb"Upgrade Required|UPDATE_REQUIRED|(?i:app version .{0,40}no longer supported)"),
    ),
    ("account", re.compile(rb"ACCOUNT_NOT_LINKED")),
    (
        "auth",
        re.compile(rb"invalid_grant|invalid_token|expired_token|UserRecoverableAuth|401 Unauthorized|\bUnauthorized\b"),
    ),
)

_KIND_OF_STATUS = {401: "auth", 410: "account", 426: "version_refused"}
"""Statuses that say more than 'refused': RFC 9110 and 7231; 410 is what an unmigrated account gets."""


def http_status(message: bytes) -> int | None:
    """The HTTP status a line reports, or None."""
    found = _STATUS.search(message)
    return int(found[1]) if found else None


def error_kind(message: bytes) -> str | None:
    """What kind of error a line reports (a word of ``app.error``), or None."""
    for kind, form in _KINDS:
        if form.search(message) is not None:
            return kind
    return _KIND_OF_STATUS.get(http_status(message) or 0)
