"""The Android reader: any bytes give a Reading or an EvidenceError, and every fact obeys the vocabulary.

The first byte of an input chooses the title of a text, so that the engine need not find one; the second
the size of the chunks; the third the encoding and whether the rest stands inside a whole synthetic report.
The same text in other chunks must give an equal reading.
"""

from unstuck.evidence.android import reader
from unstuck.model.errors import EvidenceError
from unstuck.model.evidence import ReaderOptions, Reading
from unstuck.model.vocabulary import violations

APP = b"com.fitbit.FitbitMobile"
OPTIONS = ReaderOptions(frozenset({APP.decode()}))

HEAD = b"== dumpstate: 2023-08-19 15:00:00\nBuild fingerprint: 'a/b/c:14/X/1:user/r'\n"
PROPERTIES = b"------ SYSTEM PROPERTIES (getprop) ------\n[persist.sys.timezone]: [Europe/Berlin]\n"
PACKAGES = (
    b"DUMP OF SERVICE package:\nPackages:\n  Package ["
    + APP
    + b"] (1):\n    userId=10140\n    User 0: installed=true\n"
)
LOG = (
    b"------ SYSTEM LOG (logcat -v threadtime -v uid -d *:v) ------\n"
    b"08-19 14:00:00.100  1000  1500  1520 I ActivityManager: Start proc 4711:" + APP + b"/u0a140 for x\n"
)
SERVICES = (
    b"bluetooth_manager", b"power", b"battery", b"deviceidle", b"appops", b"usagestats", b"jobscheduler", b"alarm",
    b"netpolicy", b"connectivity", b"location", b"diskstats", b"devicestoragemonitor", b"activity", b"app_hibernation",
    b"dropbox", b"settings", b"content", b"batterystats", b"package",
)  # fmt: skip
TITLES = (
    b"",
    HEAD,
    HEAD + LOG,
    HEAD + PROPERTIES,
    b"--------- beginning of main\n",
    b"No operations.\n",
    b"[ro.build.version.release]: [14]\n",
    b"bluetooth_on=1\nlow_power=0\n",
    b"9,0,i,vers,36,177,AP1A,AP1A\n",
    *(b"DUMP OF SERVICE " + name + b":\n" for name in SERVICES),
)


def one_input(data: bytes) -> None:
    """One input."""
    if len(data) < 3:
        return
    title, size, flags, body = TITLES[data[0] % len(TITLES)], data[1] + 1, data[2], data[3:]
    text = title + body
    if flags & 1:
        text = HEAD + PACKAGES + text + b"\n" + PROPERTIES
    if flags & 2:
        text = text.replace(b"\n", b"\r\n")
    if flags & 4:
        text = b"\xff\xfe" + text.decode("latin-1").encode("utf-16-le")
    reader.recognise(text)
    whole = _read([text])
    small = _read([text[at : at + size] for at in range(0, len(text), size)])
    if whole != small:
        raise AssertionError("the chunks made a difference")
    wrong = [] if whole is None else [one for fact in whole.facts for one in violations(fact)]
    if wrong:
        raise AssertionError(wrong)


def _read(chunks: list[bytes]) -> Reading | None:
    try:
        return reader.read(chunks, "fuzz", OPTIONS)
    except EvidenceError:
        return None
