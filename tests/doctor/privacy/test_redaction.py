"""What identifies a person never leaves; what proves the diagnosis stays."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests import sample
from unstuck.doctor.privacy import identifiers
from unstuck.doctor.privacy.redaction import Redactor, redact
from unstuck.doctor.telling.document import document
from unstuck.model.diagnosis import Diagnosis, Tracker
from unstuck.model.evidence import Fact

KNOWLEDGE = Path(identifiers.__file__).parents[1] / "knowledge"


def strings(thing: object) -> Iterator[str]:
    """Every string in a diagnosis, ids and enumerations left out."""
    if isinstance(thing, Enum):
        return
    if isinstance(thing, str):
        yield thing
    elif is_dataclass(thing):
        for part in fields(thing):
            yield from strings(getattr(thing, part.name))
    elif isinstance(thing, Mapping):
        for value in thing.values():
            yield from strings(value)
    elif isinstance(thing, Sequence):
        for part in thing:
            yield from strings(part)


def with_strings(thing: Any, change: Callable[[str], str]) -> Any:
    """The same thing with every string changed, depth first in the order of :func:`strings`."""
    if isinstance(thing, Enum):
        return thing
    if isinstance(thing, str):
        return change(thing)
    if is_dataclass(thing) and not isinstance(thing, type):
        return type(thing)(**{part.name: with_strings(getattr(thing, part.name), change) for part in fields(thing)})
    if isinstance(thing, Mapping):
        return {key: with_strings(value, change) for key, value in thing.items()}
    if isinstance(thing, Sequence):
        return tuple(with_strings(part, change) for part in thing)
    return thing


def planted(diagnosis: Diagnosis, plan: Mapping[int, str]) -> Diagnosis:
    """The diagnosis with some of its strings followed by others, by their number."""
    number = -1

    def change(text: str) -> str:
        nonlocal number
        number += 1
        return f"{text} {plan[number]}" if number in plan else text

    changed: Diagnosis = with_strings(diagnosis, change)
    return changed


SMALL = replace(sample.stuck_by_range(), facts=sample.stuck_by_range().facts[-8:])
PLACES = sum(1 for _ in strings(SMALL))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to e6:c0:ec:8e:de:51 now", "to [address 1] now"),
        ("to E6-C0-EC-8E-DE-51 now", "to [address 1] now"),
        ("/org/bluez/hci0/dev_E6_C0_EC_8E_DE_51", "/org/bluez/hci0/dev_[address 1]"),
        ("reversed 51:de:8e:ec:c0:e6", "reversed [address 1]"),
        ("bare e6c0ec8ede51", "bare [address 1]"),
        ("in bytes 02 51 de 8e ec c0 e6 00", "in bytes 02 [address 1] 00"),
        ("payload 020106e6c0ec8ede511122", "payload 020106[address 1]1122"),
        ("masked XX:XX:XX:XX:DE:51", "masked [address 1]"),
        ("other aa:bb:cc:dd:ee:ff", "other [address 2]"),
        ("nobody 00:00:00:00:00:00, ff:ff:ff:ff:ff:ff, 02:00:00:00:00:00", None),
        ("Account {name=ann.b@example.org, type=com.google}", "Account {name=[account 1], type=com.google}"),
        ("mail ann.b@example.org.", "mail [account 1]."),
        ("ro.serialno=9A221FFAZ00X", "ro.serialno=[serial 1]"),
        ("[ro.serialno]: [9A221FFAZ00X]", "[ro.serialno]: [[serial 1]]"),
        ('SSID: "Ann at home", BSSID: aa:bb:cc:dd:ee:ff', 'SSID: "[network 1]", BSSID: [address 2]'),
        ("again Ann at home!", "again [network 1]!"),
        ("fix 48.208174, 16.373819", "fix [place 1]"),
        ('{"latitude": 48.208174}', '{"latitude": [place 2]}'),
        ("from 192.168.1.17:443", "from [ip 1]:443"),
        ("from fe80::e4c0:ecff:fe8e:de51", "from [ip 2]"),
        ("call +43 664 123 45 67", "call [phone 1]"),
        ("read /home/ann/logs/x.log", "read /home/[user 1]/logs/x.log"),
        (r"read C:\Users\Ann Baker\x.log", r"read C:\Users\[user 2]\x.log"),
        ("android_id=9774d56d682e549c", "android_id=[id 1]"),
        ("IMEI 490154203237518", "IMEI [id 2]"),
        ("host ann-laptop.local", "host [host 1]"),
        ("Ann's Inspire 3 dropped", "Inspire 3 [name 1] dropped"),
        ("Ann’s Inspire 3 dropped", "Inspire 3 [name 1] dropped"),
        ("Authorization: Bearer eyJhbGciOi.abc", "Authorization: Bearer [secret 1]"),
        ("access_token=abcdef123&x=1", "access_token=[secret 2]&x=1"),
    ],
)
def test_identifier_is_replaced_in_every_spelling(text: str, expected: str | None) -> None:
    redactor = Redactor()
    for earlier in (  # what other parts of the diagnosis gave away before
        "e6:c0:ec:8e:de:51 aa:bb:cc:dd:ee:ff ann.b@example.org serial=9A221FFAZ00X",
        "48.208174, 16.373819 latitude=48.208174",
        "192.168.1.17",
        "fe80::e4c0:ecff:fe8e:de51 android_id=9774d56d682e549c",
        "/home/ann/x",
        "C:\\Users\\Ann Baker\\",
        'SSID="Ann at home" imei=490154203237518 Ann\'s Inspire 3',
        "Bearer eyJhbGciOi.abc",
        "access_token=abcdef123",
    ):
        redactor.text(earlier)
    assert redactor.text(text) == (text if expected is None else expected)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-19T20:04:01.695475Z",
        "22:23:19.997",
        "03-19 21:23:19.996  1203  1204 I am_kill : [0,12034,com.fitbit.FitbitMobile,905,cached #21]",
        "bugreport-husky-BP1A.250305.019-2026-03-19-20-04-01.zip",
        "google/husky/husky:16/BP1A.250305.019/12999999:user/release-keys",
        "com.fitbit.FitbitMobile",
        "java.net.UnknownHostException",
        'Unable to resolve host "android-api.fitbit.com"',
        "https://api.fitbit.com/1/devices.json returned 502",
        "versionName=4.52.1",
        "disconnection complete, handle 0x44, reason 0x08",
        "advert -99 dBm",
        "abbaff00-e56a-484c-b832-8b17cf6cbfe8",
        "packet 5697",
        "$[3].event.ble",
        "FS/data/misc/bluetooth/logs/btsnooz_hci.log",
        "The tracker's link was lost. The phone's Bluetooth is on.",
        "Pixel 8, Android 16",
        "Fitbit's tracker, your phone, the Inspire 3",
        "Europe/Vienna",
    ],
)
def test_proof_is_left_alone(text: str) -> None:
    assert Redactor().text(text) == text


def _texts(tree: object) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for value in tree.values():
            yield from _texts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _texts(value)


def test_no_sentence_of_the_knowledge_is_taken_for_a_person() -> None:
    texts = [
        text
        for path in sorted(KNOWLEDGE.rglob("*.toml"))
        for text in _texts(tomllib.loads(path.read_text(encoding="utf-8")))
    ]
    assert len(texts) > 100
    redactor = Redactor()
    assert [text for text in texts if redactor.text(text) != text] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Inspire 3", "Inspire 3"),
        ("Fitbit Inspire 3", "Fitbit Inspire 3"),
        ("", ""),
        ("Headphones", "Headphones"),
        ("Ann's Inspire 3", "Inspire 3 [name 1]"),
        ("Inspire 3 (Ann)", "Inspire 3 [name 1]"),
        ("Polar H10 8C4F2A21", "Polar H10 [name 1]"),
        ("Galaxy Watch4 (3F0A)", "Galaxy Watch4 [name 1]"),
        ("WHOOP 4A0934182", "[name 1]"),
        ("Anns Uhr", "[name 1]"),
    ],
)
def test_product_in_a_name_stays_and_the_rest_goes(name: str, expected: str) -> None:
    assert Redactor().name(name) == expected
    assert Redactor().name(expected) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("btsnoop_hci.log", "btsnoop_hci.log"),
        ("/home/ann/Ann Baker/btsnoop_hci.log.last", "[folder 1]/btsnoop_hci.log.last"),
        (r"D:\Evidence of Ann\bugreport.zip", "[folder 1]/bugreport.zip"),
        ("/tmp/bugreport.zip/FS/data/misc/bluetooth/logs/btsnooz_hci.log",
         "[folder 1]/bugreport.zip/FS/data/misc/bluetooth/logs/btsnooz_hci.log"),
        ("/srv/ann/takeout.zip!Takeout/Fitbit/Trackers.csv", "[folder 1]/takeout.zip!Takeout/Fitbit/Trackers.csv"),
        ("/home/ann", "/home/[user 1]"),
        ("Takeout/Fitbit/Device Events/events.json", "Takeout/Fitbit/Device Events/events.json"),
        ("Jane Doe/Takeout/Fitbit/Device Events/events.json", "[folder 1]/Takeout/Fitbit/Device Events/events.json"),
        ("Takeout/Jane Doe/events.json", "[folder 1]/events.json"),
        ("Jane Doe/bugreport.txt", "[folder 1]/bugreport.txt"),
        ("./Jane Doe/sub/bugreport.txt", "[folder 1]/bugreport.txt"),
        (r"Jane Doe\bugreport.zip!FS/data/x.log", "[folder 1]/bugreport.zip!FS/data/x.log"),
        ("archive.dat!FS/data/x.log", "[file 1].dat!FS/data/x.log"),
        ("Jane Doe/jane@example.org.log", "[folder 1]/[file 1].log"),
        ("Jane Doe/capture", "[folder 1]/capture"),
        ("./bugreport.txt", "./bugreport.txt"),
        ("../bugreport.txt", "../bugreport.txt"),
    ],
)  # fmt: skip
def test_folders_of_the_machine_go_and_those_of_an_archive_stay(path: str, expected: str) -> None:
    assert Redactor().path(path) == expected


def test_same_folder_in_a_problem_and_in_a_path_gets_the_same_pseudonym() -> None:
    before = sample.nothing_readable()
    path = "/home/ann/Ann Baker/holiday.zip"
    source = replace(before.sources[0], path=path, problems=(f"{path}: is empty; record or copy it again.",))
    after = redact(replace(before, sources=(source,)))
    assert after.sources[0].path == "[folder 1]/[file 1].zip"
    assert after.sources[0].problems == ("[folder 1]/[file 1].zip: is empty; record or copy it again.",)


def test_relative_folder_given_as_source_and_in_a_problem_gets_one_pseudonym() -> None:
    before = sample.nothing_readable()
    folder = replace(before.sources[0], path="Jane Doe", problems=())
    file = replace(before.sources[0], path="Jane Doe/a.log", problems=("Jane Doe/a.log: empty; data/Jane Doe/ is not",))
    after = redact(replace(before, sources=(folder, file)))
    assert [source.path for source in after.sources] == ["[folder 1]", "[folder 1]/a.log"]
    assert after.sources[1].problems == ("[folder 1]/a.log: empty; data/Jane Doe/ is not",)


def test_folder_given_as_source_is_the_folder_of_its_files() -> None:
    before = sample.nothing_readable()
    path = "/tmp/Jane Doe/Takeout/Fitbit/Device Events/events.json"
    fact = Fact("tracker.last_sync", "2026-03-19T20:04:01Z", None, path, "$[0]")
    after = redact(replace(before, sources=(replace(before.sources[0], path="/tmp/Jane Doe"),), facts=(fact,)))
    assert after.sources[0].path == "[folder 1]"
    assert after.facts[0].source == "[folder 1]/Takeout/Fitbit/Device Events/events.json"


def _named(subject: str, *names: str) -> tuple[Fact, ...]:
    return tuple(
        Fact("device.name", {"name": name}, None, "x.log", f"line {n}", "", subject) for n, name in enumerate(names)
    )


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Ann Smith.zip", "[file 1].zip"),
        ("Ann Smith.zip!Ann stuff/logcat.txt", "[file 1].zip![folder 1]/logcat.txt"),
        ("log.zip!FS/data/misc/bluetooth/logs/btsnoop_hci.log", "log.zip!FS/data/misc/bluetooth/logs/btsnoop_hci.log"),
        ("takeout-20260312T180000Z-001.zip!Takeout/Google Health/a b/Steps.csv",) * 2,
        ("bugreport-shiba-UP1A.231005.007-2026-03-12-20-04-10.zip",) * 2,
        ("ann.log.zip and 2 more", "[file 1].log.zip and 2 more"),
        ("436641234567890.txt", "[file 1].txt"),
    ],
)
def test_names_of_files_stay_only_where_nobody_chose_them(path: str, expected: str) -> None:
    assert Redactor().path(path) == expected


def test_device_has_one_pseudonym_whatever_it_is_called() -> None:
    facts = (
        *_named("aa:bb:cc:dd:ee:01", "Anns Uhr", "Anns andere Uhr"),
        *_named("40:f9:57:6d:0c:14", "40F9576D0C14"),
        *_named("aa:bb:cc:dd:ee:03", "Bobs Polar H10"),
        Fact("link.opened", {"handle": 1}, None, "x.log", "line 9", "", "aa:bb:cc:dd:77:05"),
    )
    notes = ("Anns andere Uhr, Anns Uhr", "40F9576D0C14 was lost", "Bobs Polar H10", "Device 77:05 and aabbccdd7705")
    after = redact(replace(sample.nothing_readable(), facts=facts, notes=notes))
    one, two, three, _ = dict.fromkeys(fact.subject for fact in after.facts)
    assert [fact.text("name") for fact in after.facts[:4]] == [one, one, two, f"Polar H10 {three}"]
    assert after.notes[:3] == (f"{one}, {one}", f"{two} was lost", f"Polar H10 {three}")
    assert after.notes[3] == f"Device {after.facts[4].subject} and {after.facts[4].subject}"
    assert redact(after) == after


def test_numbers_follow_the_order_of_the_document() -> None:
    facts = tuple(fact for n in range(9) for fact in _named(f"aa:bb:cc:dd:ee:{n:02x}", f"Uhr von Ann {n}"))
    after = redact(replace(sample.nothing_readable(), facts=facts))
    assert [fact.subject for fact in after.facts] == [f"[address {n}]" for n in range(1, 10)]


def test_name_that_two_devices_bear_is_neither_address() -> None:
    facts = (*_named("aa:bb:cc:dd:ee:01", "Anns Uhr"), *_named("aa:bb:cc:dd:ee:02", "Anns Uhr"))
    after = redact(replace(sample.nothing_readable(), facts=facts))
    assert {fact.text("name") for fact in after.facts} == {"[name 1]"}


def test_fact_and_tracker_and_excerpt_share_one_pseudonym() -> None:
    before = sample.stuck_by_range()
    line = replace(before.causes[0].evidence[0], excerpt="peer 51de8eecc0e6 lost; dev_E6_C0_EC_8E_DE_51")
    cause = replace(before.causes[0], evidence=(line,))
    after = redact(replace(before, causes=(cause,), tracker=Tracker(sample.TRACKER, "Ann's Inspire 3", "fitbit")))
    assert after.tracker is not None
    own = after.tracker.id
    assert re.fullmatch(r"\[address \d+\]", own)
    assert after.causes[0].evidence[0].excerpt == f"peer {own} lost; dev_{own}"
    subjects = {b.subject: a.subject for b, a in zip(before.facts, after.facts, strict=True)}
    assert subjects[sample.TRACKER] == own
    assert len(set(subjects.values())) == len(subjects)


def test_times_reasons_levels_and_packages_survive() -> None:
    before = sample.stuck_by_range()
    after = redact(before)
    assert [fact.time for fact in after.facts] == [fact.time for fact in before.facts]
    assert [fact.value for fact in after.facts] == [fact.value for fact in before.facts]
    assert [fact.locator for fact in after.facts] == [fact.locator for fact in before.facts]
    assert (after.since, after.at_risk, after.phone, after.zone) == (
        before.since,
        before.at_risk,
        before.phone,
        before.zone,
    )
    assert [(c.id, c.title, c.probability) for c in after.causes] == [
        (c.id, c.title, c.probability) for c in before.causes
    ]
    assert after.plan == before.plan
    assert any(fact.subject == sample.APP for fact in after.facts)


def test_numbers_are_redacted_where_the_part_is_personal() -> None:
    fact = Fact("phone.place", {"latitude": 48.2, "accuracy_m": 12.0}, None, "x.log", "line 1")
    after = redact(replace(sample.healthy(), facts=(fact,)))
    assert after.facts[0].value == {"latitude": "[place 1]", "accuracy_m": 12.0}


def test_identifier_of_a_tracker_without_address_is_replaced_everywhere() -> None:
    fact = Fact(
        "tracker.last_sync", "2026-03-19T20:04:01Z", None, "Trackers.json", "$[0]", "id 24A7771234", "24A7771234"
    )
    after = redact(replace(sample.healthy(), facts=(fact,), notes=("Tracker 24A7771234 was chosen.",)))
    assert after.facts[0].subject == "[id 1]"
    assert after.facts[0].excerpt == "id [id 1]"
    assert after.notes == ("Tracker [id 1] was chosen.",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /x?token=ya29.x&y=1", "GET /x?token=[secret 1]&y=1"),
        ("oauth_token=abc-def", "oauth_token=[secret 1]"),
        ("session_id=9f8e7d6c5b", "session_id=[secret 1]"),
        ("redirect ?state=1&code=4/0AbCdEf", "redirect ?state=1&code=[secret 1]"),
        ("code=4/x", "code=[secret 1]"),
        ("Authorization: Basic amFuZTpwdw==", "Authorization: Basic [secret 1]"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [secret 1]"),
        ("Authorization: OAuth ya29.abc", "Authorization: OAuth [secret 1]"),
        ('Authorization: OAuth oauth_token="abc", oauth_nonce="y"', "Authorization: OAuth [secret 1]"),
        ('"Authorization":"Basic abc=="', '"Authorization":"Basic [secret 1]"'),
        ("JSESSIONID=ABC1234", "JSESSIONID=[secret 1]"),
        ("Cookie: SID=abc; HSID=def", "Cookie: [secret 1]"),
        ("Set-Cookie: SID=abc; Path=/", "Set-Cookie: [secret 1]"),
        ("got eyJhbGciOiJI.eyJzdWIiOiI3.c2lnbmF0 ok", "got [secret 1] ok"),
        ("password: hunter2", "password: [secret 1]"),
        ('"password":"hunter2"', '"password":"[secret 1]"'),
        ("accessToken: abcdef", "accessToken: [secret 1]"),
        ("token: a1b2c3", "token: [secret 1]"),
        ("X-Api-Key: k3y", "X-Api-Key: [secret 1]"),
        ("LTK: 00112233445566778899aabbccddeeff", "LTK: [secret 1]"),
        ("userId=7QX9ZZ and 7qx9zz", "userId=[user 1] and [user 1]"),
        ("user_id=jane77", "user_id=[user 1]"),
        ("encodedUserId: 7QX9ZZ", "encodedUserId: [user 1]"),
        ("uid: 7QX9ZZ", "uid: [user 1]"),
        ("uid=104857612", "uid=[user 1]"),
        ('{"userId":"7QX9ZZ"}', '{"userId":"[user 1]"}'),
        ("/storage/emulated/0/Jane Doe/x.csv", "/storage/emulated/0/[folder 1]/x.csv"),
        ("/sdcard/Documents/Jane/x.csv", "/sdcard/[folder 1]/x.csv"),
        ("/data/data/com.fitbit.FitbitMobile/databases/jane_doe_profile.db",
         "/data/data/com.fitbit.FitbitMobile/databases/[name 1].db"),
        ("/databases/jane_doe.db-journal", "/databases/[name 1].db-journal"),
        ("signed in with account Jane Doe today", "signed in with account [account 1] today"),
        ("account Jane signed in", "account [account 1] signed in"),
    ],
)  # fmt: skip
def test_secret_or_person_in_a_log_line_is_replaced(text: str, expected: str) -> None:
    redactor = Redactor()
    redactor.text(text)
    assert redactor.text(text) == expected
    assert redactor.text(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "uid=10140 pkg=com.fitbit.FitbitMobile",
        "uid=10140/u0a140, uid: u0a231, uid=root, userId=0, userId=10, UID=u0_a140",
        "code=133 status=8 errorCode=NOT_FOUND",
        "session_id=49 token=null hasToken=true",
        "token: none",
        "sid=u:r:dumpstate:s0 token=Token{6733ec7 imeToken=android.os.Binder@4a2e996",
        "android.permission.RESET_PASSWORD: granted=true",
        "Uid: active, userId=-10000&calendar",
        "android.hardware.audio@2.0-service 13280022@13.2.80",
        "/storage/emulated/0/Android/data/com.fitbit.FitbitMobile/files/x.log",
        "/storage/emulated/0/Download/bugreport.zip",
        "/databases/fitbit-db.db",
        "/databases/androidx.work.workdb",
        "account type com.google",
        "Account Manager Service, the account Google gave",
        "03-19 21:23:19.996 am_kill : [0,12034,com.fitbit.FitbitMobile,905,cached #21]",
        "versionCode=45210 versionName=4.52.1",
        "The service refused the token: expired.",
    ],
)
def test_log_line_that_names_nobody_is_left_alone(text: str) -> None:
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    "unit", ["a", "eyJ.", "x-token", "Cookie: a", "/sdcard/a", "uid:", "a_", "Account Aa ", "user"]
)
def test_long_repetitions_are_read_in_linear_time(unit: str) -> None:
    searches = 0
    for pattern in identifiers.PATTERNS:
        searches += 1
        pattern.regex.sub("", unit * 4000)
    assert searches == len(identifiers.PATTERNS)


HEX = st.text("0123456789abcdef", min_size=2, max_size=2)
WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=6, max_size=10)


@st.composite
def addresses(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Spellings of one address, and what must not come out."""
    pairs = draw(st.lists(HEX, min_size=6, max_size=6).filter(lambda p: len(set(p)) > 3))
    back = pairs[::-1]
    plain = [":".join(pairs), "-".join(pairs).upper(), "dev_" + "_".join(pairs).upper(), ":".join(back)]
    bare = ["".join(pairs), "".join(back).upper(), " ".join(back), f"ff{''.join(pairs)}00"]
    return [*plain, *draw(st.permutations(bare))], ["".join(pairs), "".join(back)]


@st.composite
def others(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """An identifier of another kind in its contexts, and what must not come out."""
    word = draw(WORD)
    octets = draw(st.lists(st.integers(1, 250), min_size=4, max_size=4).filter(lambda o: o[0] != 127))
    number = draw(st.integers(100_000_000, 999_999_999))
    ip = ".".join(map(str, octets))
    name = word.capitalize()
    kinds: list[tuple[list[str], list[str]]] = [
        ([f"{word}@example.org", f"Account {{name={word}@example.org, type=com.google}}"], [f"{word}@"]),
        ([f"{name}'s Inspire 3", f"{name}’s Pixel 8"], [name]),
        ([f'SSID: "{name} {number}"', f"joined {name} {number}"], [f"{name} {number}"]),
        ([f"serial={word}{number}", f"ro.serialno: {word}{number}"], [f"{word}{number}"]),
        ([f"/home/{word}/x.log", f"/Users/{word}/Library"], [f"/{word}/"]),
        ([f"C:\\Users\\{name} X\\x.log", f"C:\\\\Users\\\\{name}\\\\x.log"], [name]),
        ([f"connect to {ip}", f"({ip})"], [ip]),
        ([f"+43 664 {number}", f"+43664{number}"], [str(number)]),
        ([f"48.{number}, 16.{number}", f"lat=48.{number}"], [f"48.{number}"]),
        ([f"android_id: {word}{number}", f"imei={word}{number}"], [f"{word}{number}"]),
        ([f"{word}-pc.local", f"https://{word}-pc.local/x"], [f"{word}-pc"]),
        ([f"fe80::{number % 9999 + 1:x}:aa:1", f"[fe80::{number % 9999 + 1:x}:aa:1]"], [f":{number % 9999 + 1:x}:aa"]),
    ]
    return draw(st.sampled_from(kinds))


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(addresses(), others()),
    st.lists(st.integers(0, PLACES - 1), min_size=8, max_size=8, unique=True),
)
def test_nothing_planted_anywhere_comes_out(case: tuple[list[str], list[str]], places: list[int]) -> None:
    spellings, needles = case
    own_words = " ".join(strings(redact(SMALL))).casefold()
    assume(not any(needle.casefold() in own_words for needle in needles))
    texts = [spellings[i % len(spellings)] for i in range(len(places))]
    after = redact(planted(SMALL, dict(zip(places, texts, strict=True))))
    for text in strings(after):
        bare = re.sub(r"[\s:._-]", "", text).casefold()
        for needle in needles:
            assert needle.casefold() not in text.casefold(), text
            if re.fullmatch(r"[0-9a-f]{12}", needle):
                assert needle not in bare, text


@settings(max_examples=40, deadline=None)
@given(
    st.one_of(addresses(), others()),
    st.lists(st.integers(0, PLACES - 1), min_size=4, max_size=4, unique=True),
)
def test_redacting_twice_changes_nothing_more(case: tuple[list[str], list[str]], places: list[int]) -> None:
    once = redact(planted(SMALL, {place: case[0][i % len(case[0])] for i, place in enumerate(places)}))
    assert redact(once) == once


@settings(max_examples=40, deadline=None)
@given(addresses(), addresses(), st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_same_address_same_pseudonym_and_another_another(
    one: tuple[list[str], list[str]], two: tuple[list[str], list[str]], spelling: list[int]
) -> None:
    if set(one[1]) & set(two[1]):
        return
    notes = tuple(f"{one[0][s]} then {two[0][s]}" for s in spelling)
    after = redact(replace(sample.healthy(), notes=notes))
    pairs = {tuple(identifiers.PSEUDONYM.findall(note)) for note in after.notes}
    assert len(pairs) == 1
    assert len(set(pairs.pop())) == 2


def test_new_pseudonyms_do_not_reuse_numbers_that_are_there_already() -> None:
    after = redact(replace(sample.healthy(), facts=(), notes=("[address 7] met aa:bb:cc:dd:ee:01",)))
    assert after.notes == ("[address 7] met [address 9]",)  # 8 is the tracker


def test_document_of_a_redacted_diagnosis_names_no_address() -> None:
    text = str(document(redact(sample.stuck_by_range())))
    for address in (sample.TRACKER, sample.PEER_A, sample.PEER_B, sample.PEER_C):
        assert address not in text
