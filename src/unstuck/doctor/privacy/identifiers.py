"""How personal identifiers look in evidence: text enters, the spans that must go leave.

Patterns are deliberately eager where a false alarm costs little (an address) and ask for a context
where the same shape is common and harmless (a serial number looks like any word).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address

PSEUDONYM = re.compile(
    r"\[(?:account|address|bytes|file|folder|host|id|ip|name|network|person|phone|place|secret|serial|user) \d+\]"
)
"""What a replaced identifier looks like: a kind and a number, the same for the same thing."""

_NOBODY = frozenset(
    {"", "0", "null", "none", "unknown", "<unknown ssid>", "<none>", "n/a", "true", "false", "redacted", "***"}
)
"""Values that stand where an identifier could be and are none."""

_SHARED_ADDRESSES = frozenset({"000000000000", "ffffffffffff", "020000000000"})
"""Nobody's addresses: empty, broadcast, and the one Android gives apps instead of the real one."""

_PUBLIC_DOMAINS = (
    "amazfit.com", "amazonaws.com", "android.com", "apple.com", "cloudfront.net",
    "creativecommons.org", "crashlytics.com", "dontkillmyapp.com", "facebook.com", "firebaseio.com",
    "fitbit.com", "garmin.com", "github.com", "google.com", "googleapis.com",
    "googleusercontent.com", "gstatic.com", "huami.com", "icloud.com", "mi.com", "ouraring.com",
    "pebble.com", "polar.com", "samsung.com", "ti.com", "w3.org", "whoop.com", "withings.com", "withings.io",
    "zepp.com",
)  # fmt: skip
"""Services that everybody talks to: which of them failed is evidence, not a trace of a person."""

_LOCAL_ENDINGS = "local|lan|home|internal|localdomain|intranet|fritz\\.box|home\\.arpa|corp"
_DOMAIN_ENDINGS = (
    "com|net|org|edu|gov|info|biz|io|me|dev|cloud|at|au|be|br|ca|ch|cn|cz|de|dk|es|eu|fi|fr|gr|hu|ie|il|in|it|jp|kr|mx|nl|no|nz|pl|"
    "pt|ro|ru|se|sk|tr|tv|uk|us|za"
)
_PACKAGE_STARTS = frozenset(
    {"com", "org", "net", "io", "de", "eu", "me", "dev", "edu", "java", "javax", "android", "androidx", "kotlin"}
)
"""First labels of Java packages, which are written the other way round than host names."""

_HEX = r"[0-9A-Fa-f]{2}"
_VALUE = r"[\"'`]?(?P<id>[^\s\"'`,;:=(){}\[\]<>|]{2,64})"
_IS = r"[\"']?\s*[:=]\s*"
"""Between a key and its value."""
_ASSIGNED = r"(?:[\"']\s*:|\s*=)\s*"
"""The same where the key is also a word of plain sentences: a bare colon is not enough."""
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_SLASH = r"[\\/]{1,2}"
_HOMES = "(?:home|users|documents and settings)"
_SECRET = r"[\"'`]?(?P<id>[^\s\"'`,;&}]{3,})"
_BARE_SECRET = r"(?P<id>[^\s\"'`,;&}]{3,})"
_SCHEMES = "(?:basic|bearer|oauth|digest|negotiate|token|googlelogin)"
"""How an ``Authorization`` header may begin, RFC 9110 section 11 and what Google's services use."""
_TOKEN_SHAPES = r"eyJ[\w-]{6,}(?:\.[\w-]{0,4000}){0,4}|ya29\.[\w.-]{1,2000}|AIza[\w-]{30,45}|[14]//?0[\w-]{10,512}"
"""Tokens that speak for themselves: JSON web tokens (RFC 7519 begins with base64 of ``{"``) and Google's."""
_STEP = r"[^/\\\"'<>|:*?,;()\[\]\r\n\t]{1,64}"
"""One folder in the path of a phone's shared storage; it may hold spaces."""
_GIVEN = r"[^\W\d_a-z](?=['’]?[^\W\d_A-Z])[\w'’-]{1,40}"
"""A word written like a name of a person."""

_SYSTEM_USERS = frozenset(
    {
        "root",
        "system",
        "shell",
        "radio",
        "bluetooth",
        "wifi",
        "nfc",
        "media",
        "nobody",
        "active",
        "idle",
        "cached",
        "gone",
    }
)
"""Users of Android itself, and states of one; whose process it was is evidence."""
_APP_ID = re.compile(r"#?(?:-?\d{1,5}|u\d{1,3}_?[ais]\d{1,5})(?:[/&].*)?")
"""Android's number of an app (below 100000) and its other spelling, ``u0a231``: the same on every phone."""

_NO_SECRET = re.compile(r"\d{1,5}$|android\.|\w{0,40}Token\{|granted=")
"""A count or a handle, an object of Android that is called a token, and whether a permission is granted."""
_SHARED_FOLDERS = frozenset(
    (
        "alarms", "audiobooks", "bluetooth", "bugreports", "camera", "dcim", "documents", "download",
        "downloads", "fitbit", "garmin", "logs", "movies", "music", "notifications", "pictures", "podcasts",
        "recordings", "ringtones", "screenshots",
    )
)  # fmt: skip
"""Folders every phone has."""
_DATABASE_WORDS = frozenset(
    (
        "android", "androidx", "analytics", "app", "bluetooth", "cache", "com", "data", "database", "databases",
        "db", "devices", "event", "events", "exercise", "firebase", "fitbit", "garmin", "gms", "google",
        "health", "log", "logs", "main", "measurement", "messages", "room", "settings", "sync", "transport",
        "work", "workdb",
    )
)  # fmt: skip
"""Words of which apps make names of databases; any other may be the name of their user."""
_ACCOUNT_WORDS = frozenset(
    (
        "access", "and", "android", "apple", "authenticator", "balance", "center", "creation", "data",
        "details", "error", "fitbit", "garmin", "google", "id", "info", "is", "linking", "login", "manager",
        "name", "page", "picker", "premium", "provider", "recovery", "samsung", "security", "service",
        "services", "settings", "setup", "status", "storage", "sync", "the", "transfer", "type", "unlinked",
        "user", "whoop", "xiaomi", "zepp",
    )
)  # fmt: skip
"""Words with a capital that follow "account" and name nobody."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One shape of identifier.

    ``label`` is the word in the pseudonym; ``regex`` has a group ``id``; ``canonical`` gives the key
    under which all spellings of the same thing meet, or None when the match is no identifier.
    ``learn`` says that the identifier, once seen here, is replaced wherever else it stands bare.
    """

    label: str
    regex: re.Pattern[str]
    canonical: Callable[[str], str | None]
    learn: bool = False


def somebody(text: str) -> str | None:
    """The value without regard to case, or None where it names nobody."""
    key = text.strip().casefold()
    return None if key in _NOBODY or not any(c.isalnum() for c in key) else key


def address(text: str) -> str | None:
    """Twelve hexadecimal digits, the same for both byte orders; None for addresses that are nobody's."""
    digits = re.sub(r"[^0-9a-fA-F]", "", text).lower()
    if len(digits) != 12 or digits in _SHARED_ADDRESSES:
        return None
    return min(digits, reverse_bytes(digits))


def reverse_bytes(digits: str) -> str:
    """Hexadecimal digits with their bytes in the other order."""
    return "".join(digits[i : i + 2] for i in range(len(digits) - 2, -1, -2))


def _secret(text: str) -> str | None:
    return None if _NO_SECRET.match(text) else somebody(text)


def _user_id(text: str) -> str | None:
    key = somebody(text)
    return None if key is None or key in _SYSTEM_USERS or _APP_ID.fullmatch(key) else key


def _own_folder(text: str) -> str | None:
    steps = text.casefold().split("/")
    return None if steps[0] == "android" or all(step in _SHARED_FOLDERS for step in steps) else text.casefold()


def _database(text: str) -> str | None:
    words = re.findall(r"[^\W\d_]+", text.casefold())
    return None if all(word in _DATABASE_WORDS for word in words) else text.casefold()


def _person(text: str) -> str | None:
    return None if any(word in _ACCOUNT_WORDS for word in text.casefold().split()) else somebody(text)


def _email(text: str) -> str | None:
    return text.replace("%40", "@").casefold()


def _ipv4(text: str) -> str | None:
    return None if text in ("127.0.0.1", "0.0.0.0", "255.255.255.255") else text


def _ipv6(text: str) -> str | None:
    try:
        found = IPv6Address(text)
    except AddressValueError:
        return None
    return None if found.is_loopback or found.is_unspecified or text.count(":") < 3 else found.compressed


def _imei(text: str) -> str | None:
    digits = [int(c) for c in text]
    doubled = [sum(divmod(2 * d, 10)) if i % 2 else d for i, d in enumerate(digits)]
    return text if sum(doubled) % 10 == 0 else None  # Luhn check digit, as in 3GPP TS 23.003 annex B


def _host(text: str) -> str | None:
    name = text.casefold().rstrip(".")
    if any(name == domain or name.endswith("." + domain) for domain in _PUBLIC_DOMAINS):
        return None
    return None if name in _NOBODY or name == "localhost" or name.split(".")[0] in _PACKAGE_STARTS else name


def _digits(text: str) -> str | None:
    return re.sub(r"\D", "", text)


def _spaceless(text: str) -> str | None:
    return re.sub(r"\s", "", text)


def _p(label: str, regex: str, canonical: Callable[[str], str | None] = somebody, learn: bool = False) -> Pattern:
    return Pattern(label, re.compile(regex), canonical, learn)


PATTERNS = (
    _p("secret", rf"(?i)\b(?:set-)?cookie{_IS}[\"']?(?P<id>[\w.%~-]{{1,64}}=[^\r\n\"']{{1,2000}})"),
    _p("secret", rf"(?<![\w.])(?P<id>{_TOKEN_SHAPES})", learn=True),
    _p("secret", rf"(?i)\bauthorization{_IS}[\"']?{_SCHEMES}\s+(?P<id>\w{{1,40}}=[\"'][^\r\n]{{1,2000}})"),
    _p(
        "secret",
        rf"(?i)\bauthorization{_IS}[\"']?(?:{_SCHEMES}\s+)?(?!{_SCHEMES}\b){_BARE_SECRET}",
        _secret,
        learn=True,
    ),
    _p("secret", r"(?i)\bbearer\s+(?P<id>[\w.~+/=-]{6,})"),
    _p(
        "secret",
        r"(?i)\b(?:[\w-]{0,40}(?:access|refresh|id|auth|oauth)[_-]?token|[\w-]{0,40}secret|[\w-]{0,40}api[_-]?key|"
        rf"[\w-]{{0,40}}passw(?:or)?d|pwd|passphrase|psk|pre-?shared-?key){_IS}{_SECRET}",
        _secret,
        learn=True,
    ),
    _p("secret", rf"(?i)\b(?:link_?key|ltk|irk){_ASSIGNED}{_SECRET}", _secret, learn=True),
    _p("secret", rf"(?i)\b(?:link[_ ]?key|ltk|irk|csrk){_IS}(?P<id>[0-9a-f]{{16,64}})(?![0-9a-z])", learn=True),
    _p("secret", rf"(?i)\b[\w-]{{0,40}}token{_ASSIGNED}{_SECRET}", _secret),
    _p("secret", rf"(?i)\b[\w-]{{0,40}}token:\s*(?=[^\s,;]{{0,64}}\d){_SECRET}", _secret),
    _p(
        "secret",
        rf"(?i)\b(?:[jx-]{{0,2}}session_?(?:id|key)|phpsessid|h?sid){_IS}[\"']?(?P<id>[\w.%~-]{{6,}})",
        _secret,
    ),
    _p("secret", rf"(?i)\bauth(?:orization)?_?code{_IS}{_SECRET}", _secret),
    _p("secret", r"(?i)[?&]code=(?P<id>[^\s\"'`,;&#}]{8,})"),
    _p("secret", r"(?i)\bcode=(?P<id>4(?:/|%2f)[^\s\"'`,;&#}]{1,512})"),
    _p("user", rf"(?i)\b[\w-]{{0,40}}user[_-]?id{_IS}{_VALUE}", _user_id, learn=True),
    _p("user", rf"(?i)(?<![\w.-])uid{_IS}{_VALUE}", _user_id, learn=True),
    _p(
        "folder",
        r"(?i)(?:/storage/emulated/\d{1,3}|/sdcard|/storage/self/primary)/"
        rf"(?P<id>{_STEP}(?:/{_STEP}){{0,8}})(?=/)",
        _own_folder,
    ),
    _p(
        "name",
        r"(?i)/databases/(?P<id>[^/\s\"'`,;:()]{1,80}?)(?=(?:\.\w{1,8})?(?:-journal|-wal|-shm)?(?![\w.-]))",
        _database,
    ),
    _p(
        "folder",
        rf"(?i){_SLASH}{_HOMES}{_SLASH}[^\\/:*?\"'<>|,;()\[\]\r\n]{{1,64}}[\\/](?P<id>{_STEP}(?:[\\/]{_STEP}){{0,8}})(?=[\\/])",
        _own_folder,
    ),
    _p("user", rf"(?i)(?<![\w.])[a-z]:{_SLASH}{_HOMES}{_SLASH}(?P<id>[^\\/:*?\"<>|\r\n]{{1,64}})(?=[\\/])", learn=True),
    _p(
        "user",
        rf"(?i)(?<![\w.])(?:[a-z]:)?{_SLASH}{_HOMES}{_SLASH}(?P<id>[^\\/:*?\"'<>|\s,;()\[\]]{{1,64}})",
        learn=True,
    ),
    _p("user", rf"(?i)\b(?:user_?name|login|logname|owner){_ASSIGNED}{_VALUE}", learn=True),
    _p(
        "account",
        r"(?P<id>[A-Za-z0-9][\w.+'-]{0,63}(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z][A-Za-z0-9-]{1,62})",
        _email,
        learn=True,
    ),
    _p("account", r"(?i)\bAccount\s*\{\s*name=(?P<id>[^,}]{1,80})", learn=True),
    _p("account", rf"(?i)\baccount(?:_?name)?{_ASSIGNED}[\"'`]?(?P<id>[^\s\"'`,;(){{}}\[\]<>|]{{2,80}})", learn=True),
    _p(
        "account",
        rf"\b[Aa]ccount(?::|\s+(?:of|for|name|named|is):?)?\s+[\"'`]?(?P<id>{_GIVEN}(?: {_GIVEN}){{1,2}})",
        _person,
        learn=True,
    ),
    _p(
        "account",
        r"\baccount(?::|\s+(?:of|for|name|named|is):?)?\s+[\"'`]?(?P<id>[^\W\d_a-z][^\W\d_A-Z]{1,40})(?![\w.])",
        _person,
    ),
    _p("account", r"(?<=/user/)(?P<id>(?=[A-Z0-9]*\d)[A-Z0-9]{6})(?![A-Z0-9])", learn=True),
    _p(
        "person",
        rf"(?i)\b(?:full|first|last|given|family|display|nick|user's?)_?\s?name{_IS}"
        r"[\"'`]?(?P<id>[^\"'`,;:=(){}\[\]<>|\r\n]{2,64})",
        learn=True,
    ),
    _p("serial", r"\bserial (?P<id>(?=\S{0,63}\d)[\w.:-]{4,64}\w)", learn=True),
    _p(
        "serial",
        rf"(?i)\b(?:serial(?:_?\s?(?:no|number|num))?|ro\.(?:boot\.)?serialno\]?|s/n){_IS}\[?{_VALUE}",
        learn=True,
    ),
    _p("serial", r"\badb -s (?P<id>[^\s\"'`,;]{4,64})", learn=True),
    _p("id", r"(?<![\w.-])(?P<id>(?=[A-Z0-9]*\d)[A-Z0-9]{6,20})(?=,\d{4}-\d\d-\d\dT|,(?:true|false),)", learn=True),
    _p(
        "id",
        r"(?i)\b(?:android_?id|imei2?|imsi|iccid|meid|esn|gaid|adid|advertising_?id|device_?id|installation_?id|"
        rf"encoded_?id|gsf_?id){_IS}{_VALUE}",
        learn=True,
    ),
    _p("network", rf"(?i)(?<![a-z])ssid{_IS}\"(?P<id>[^\"\r\n]{{1,64}})\"", learn=True),
    _p("network", rf"(?i)(?<![a-z])ssid{_IS}(?P<id>[^\"\s,;][^\"',;\r\n]{{0,63}})", learn=True),
    _p("network", r"\"(?P<id>[^\"\r\n]{1,64})\"-?(?=(?:WPA_PSK|WPA_EAP|SAE|OWE|NONE|WEP)\b)", learn=True),
    _p(
        "address",
        rf"(?<![0-9A-Fa-f])(?P<id>{_HEX}([:_-]){_HEX}(?:\2{_HEX}){{4}})(?!\2?{_HEX}(?![0-9A-Za-z]))(?![0-9A-Fa-f])",
        address,
    ),
    _p("bytes", rf"(?<![0-9A-Fa-f:])(?P<id>{_HEX}(?::{_HEX}){{6,}})(?![0-9A-Fa-f])", somebody),
    _p("address", r"(?<![0-9A-Za-z.])(?P<id>[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![0-9A-Za-z.])", address),
    _p(
        "address",
        rf"(?i)\b(?:mac|bd_?addr|addr|address|bssid)(?:{_IS}|\s+)[\"']?(?:0x)?(?P<id>[0-9a-f]{{12}})(?![0-9a-f])",
        address,
    ),
    _p("ip", r"(?<![\w.:])(?P<id>[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){3,8})(?![\w:])", _ipv6),
    _p(
        "ip",
        rf"(?i)(?<!version )(?<!version=)(?<!version: )(?<![\w.-])(?P<id>(?:{_OCTET}\.){{3}}{_OCTET})(?![\w-]|\.\d)",
        _ipv4,
    ),
    _p("place", r"(?<![\w.])(?P<id>[+-]?\d{1,2}\.\d{4,}\s*[,;/ ]\s*[+-]?\d{1,3}\.\d{4,})(?![\w.])", _spaceless),
    _p(
        "place",
        rf"(?i)\b(?:lat|latitude|lon|lng|long|longitude)(?:E7)?{_IS}[\"']?(?P<id>[+-]?\d{{1,10}}(?:\.\d+)?)",
        _spaceless,
    ),
    _p("place", r"(?P<id>\d{1,3}°\s?\d{1,2}['′]\s?(?:\d{1,2}(?:\.\d+)?[\"″]\s?)?[NSEW])", _spaceless),
    _p("phone", r"(?<![\w+.])(?P<id>\+\d[\d ()./-]{6,18}\d)(?![\w.])", _digits),
    _p(
        "phone",
        rf"(?i)\b(?:tel|msisdn|phone_?\s?number|line1_?number){_IS}[\"']?(?P<id>\+?\d[\d ()./-]{{4,18}}\d)",
        _digits,
    ),
    _p("phone", r"(?<![\w.-])(?P<id>(?:\(\d{3}\) ?|\d{3}[- ])\d{3}-\d{4})(?![\w.-])", _digits),
    _p("id", r"(?<![\w.])(?P<id>\d{15})(?![\w.])", _imei),
    _p("host", r"(?i)\b(?:https?|wss?|ftp|mqtts?)://(?:[^/\s@]*@)?(?P<id>[a-z0-9][a-z0-9.-]{0,252})", _host),
    _p(
        "host",
        rf"(?i)\b(?:host_?\s?name|net\.hostname\]?|computer_?\s?name){_IS}\[?[\"']?(?P<id>[a-z0-9][a-z0-9.-]{{1,252}})",
        _host,
        learn=True,
    ),
    _p("host", rf"(?i)\bhost{_ASSIGNED}[\"']?(?P<id>[a-z0-9][a-z0-9.-]{{1,252}})", _host, learn=True),
    _p("host", r"(?i)\bresolve host \"?(?P<id>[a-z0-9][a-z0-9.-]{1,252})", _host),
    _p(
        "host",
        rf"(?i)(?<![\w.@/\\-])(?P<id>[a-z0-9](?:[a-z0-9-]{{0,62}}\.)+(?:{_LOCAL_ENDINGS}|{_DOMAIN_ENDINGS}))(?![\w-]|\.\w)",
        _host,
    ),
    _p("host", r"(?<![\w.-])(?P<id>(?:DESKTOP|LAPTOP|WIN)-[A-Z0-9]{5,12})(?![\w-])", learn=True),
)
"""In order: what has a context first, then the shapes that speak for themselves."""

MASKED_ADDRESS = re.compile(
    r"(?<![0-9A-Za-z*])(?P<id>(?:[0-9A-Fa-f]{2}|[Xx]{2}|\*\*)(?:[:_-](?:[0-9A-Fa-f]{2}|[Xx]{2}|\*\*)){5})(?![0-9A-Za-z*])"
)
"""An address of which the phone hid a part, as Android does."""
