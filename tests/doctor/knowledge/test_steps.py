"""The step-by-step guidance, read as a person would."""

import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.doctor.knowledge.loader import all_steps, load, makers, steps_for, with_names
from unstuck.doctor.knowledge.schema import Guard, Steps
from unstuck.model.errors import KnowledgeError

FIXES = sorted(load().fixes)
EVERY = [steps for fix in FIXES for steps in all_steps(fix)]
MAKERS = [
    "huawei",
    "xiaomi",
    "oneplus",
    "samsung",
    "meizu",
    "asus",
    "wiko",
    "lenovo",
    "oppo",
    "vivo",
    "realme",
    "motorola",
    "blackview",
    "tecno",
    "unihertz",
    "sony",
    "nokia",
    "htc",
    "google",
]
LINE_MAX = 110

each = pytest.mark.parametrize("steps", EVERY, ids=lambda steps: f"{steps.fix}-{steps.platform}-{steps.tracker}")


@pytest.mark.parametrize("fix", FIXES)
@pytest.mark.parametrize("platform", ["iphone", "android", "any"])
def test_every_fix_has_steps_on_every_platform(fix: str, platform: str) -> None:
    steps = steps_for(fix, platform)
    assert steps.platform in {platform, "any"}
    assert steps.lines
    assert steps.worked_when


def test_no_steps_without_a_fix() -> None:
    folder = files("unstuck.doctor.knowledge").joinpath("steps")
    assert sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir()) == FIXES


@pytest.mark.parametrize("maker", MAKERS)
def test_every_maker_has_its_own_way_to_allow_the_background_with_credit(maker: str) -> None:
    steps = steps_for("allow_background", "android", maker)
    assert steps.platform == maker
    assert "dontkillmyapp.com" in steps.credit
    assert "creativecommons.org/licenses/by/4.0" in steps.credit
    assert "condensed" in steps.credit


def test_makers_of_the_steps_are_the_makers_of_the_list() -> None:
    assert set(makers().values()) == set(MAKERS)


@pytest.mark.parametrize(
    ("reported", "maker"),
    [
        ("HUAWEI", "huawei"),
        ("Redmi", "xiaomi"),
        ("POCO", "xiaomi"),
        ("HMD Global", "nokia"),
        ("iQOO", "vivo"),
        (" samsung ", "samsung"),
    ],
)
def test_maker_is_known_by_every_name_it_reports(reported: str, maker: str) -> None:
    assert steps_for("allow_background", "android", reported).platform == maker


def test_unknown_maker_gets_the_steps_of_the_platform() -> None:
    assert steps_for("allow_background", "android", "Fairphone").platform == "android"


def test_maker_of_an_android_phone_does_not_show_on_an_iphone() -> None:
    assert steps_for("allow_background", "iphone", "samsung").platform == "iphone"


MODELS = [
    ("Inspire 2", "inspire 2", "hold the button for 5 seconds"),
    ("Inspire 3", "inspire 3", "restart device"),
    ("Charge 3", "charge 3", "8 seconds"),
    ("Charge 4", "charge 4", "8 seconds"),
    ("Charge 5", "charge 5", "3 times"),
    ("Charge 6", "charge 6", "3 times"),
    ("Luxe", "luxe", "restart device"),
    ("Versa", "versa", "lower right button"),
    ("Versa 2", "versa 2", "10 seconds"),
    ("Versa 3", "versa 3", "10 seconds"),
    ("Versa 4", "versa 4", "10 seconds"),
    ("Fitbit Sense", "sense", "10 seconds"),
    ("Sense 2", "sense 2", "10 seconds"),
    ("Ace", "ace", "3 times"),
    ("Ace 3", "ace 3", "5 seconds"),
    ("Alta HR", "alta hr", "3 times"),
    ("Flex", "flex", "disagree"),
    ("Flex 2", "flex 2", "3 times"),
    ("Ionic", "ionic", "lower right button"),
]


@pytest.mark.parametrize(("name", "part", "words"), MODELS)
@pytest.mark.parametrize("platform", ["iphone", "android", "any"])
def test_each_model_restarts_its_own_way(name: str, part: str, words: str, platform: str) -> None:
    steps = steps_for("restart_tracker", platform, "samsung", name)
    assert steps.tracker == part
    assert any(words in line.lower() for line in steps.lines)


@pytest.mark.parametrize("name", ["", "Fitbit Ace LTE", "Forerunner 55", "Surface 3", "Chargecore 6"])
def test_other_models_get_the_general_restart_not_a_lookalikes(name: str) -> None:
    assert steps_for("restart_tracker", "android", "", name).lines == steps_for("restart_tracker").lines


def test_maker_wins_over_platform_and_tracker_over_both_of_a_kind() -> None:
    assert steps_for("repair_bond", "android", "samsung", "Amazfit Bip").platform == "samsung"
    assert steps_for("repair_bond", "android", "samsung", "Amazfit Bip").tracker == "amazfit"
    assert steps_for("repair_bond", "android", "samsung", "Inspire 3").tracker == ""
    assert steps_for("repair_bond", "iphone", "", "Garmin Venu").tracker == "garmin"


@given(
    st.sampled_from(FIXES),
    st.sampled_from(["any", "android", "iphone", "", "watch"]),
    st.text(max_size=20),
    st.text(max_size=20),
)
def test_whatever_the_phone_reports_there_are_steps(fix: str, platform: str, maker: str, tracker: str) -> None:
    steps = steps_for(fix, platform, maker, tracker)
    assert steps.fix == fix
    assert steps.tracker in tracker.lower()


@pytest.mark.parametrize("fix", ["dance", "", "../fixes", "Update_App"])
def test_unknown_fix_is_an_error(fix: str) -> None:
    with pytest.raises(KnowledgeError):
        steps_for(fix)


@each
@pytest.mark.parametrize(("app", "tracker"), [("Google Health", "Inspire 3"), ("the tracker's app", "the tracker")])
def test_lines_are_short_with_names_in_them(steps: Steps, app: str, tracker: str) -> None:
    named = with_names(steps, app=app, tracker=tracker)
    assert [line for line in (*named.lines, named.worked_when) if len(line) > LINE_MAX] == []


@each
def test_placeholders_are_known(steps: Steps) -> None:
    braces = {brace for line in (*steps.lines, steps.worked_when) for brace in re.findall(r"\{[^}]*\}?|\}", line)}
    assert braces <= {"{app}", "{tracker}"}


@each
def test_each_line_is_a_sentence_without_its_number(steps: Steps) -> None:
    for line in with_names(steps, app="the tracker's app", tracker="the tracker").lines:
        assert line == line.strip()
        assert line[0].isupper() or line[0] == "'", line
        assert line[-1] in ".?" or "https://" in line, line
    assert 2 <= len(steps.lines) <= 10


@each
def test_no_jargon(steps: Steps) -> None:
    words = set(re.findall(r"[\w-]+", " ".join((*steps.lines, steps.worked_when))))
    assert not words & {
        "GATT",
        "HCI",
        "BLE",
        "RSSI",
        "bond",
        "bonded",
        "firmware",
        "daemon",
        "handshake",
        "TLS",
        "OAuth",
    }


@each
def test_waiting_says_how_long(steps: Steps) -> None:
    waits = [line for line in steps.lines if re.match(r"(Wait|Leave it|Leave both)\b", line)]
    for line in waits:
        assert re.search(r"second|minute|hour|until|the end|circle", line), line


@pytest.mark.parametrize(
    "fix", [fix for fix in FIXES if {Guard.UNDRAINED, Guard.UNSENT} & set(load().fixes[fix].guards)]
)
def test_the_guard_comes_before_what_can_lose_data(fix: str) -> None:
    for steps in all_steps(fix):
        loses = [
            i for i, line in enumerate(steps.lines) if re.search(r"'?(Remove|Unpair|Delete|Uninstall)\b(?!s)", line)
        ]
        guard = [i for i, line in enumerate(steps.lines) if line.startswith("Sync first")]
        assert guard, (fix, steps.platform)
        assert not loses or guard[0] < loses[0], (fix, steps.platform)


def test_repairing_tries_the_harmless_half_first() -> None:
    for steps in all_steps("repair_bond"):
        lines = " ".join(steps.lines)
        assert lines.index("erases nothing") < lines.index("Go on only when all is synced"), steps.platform


def test_a_restart_is_never_a_reset() -> None:
    for steps in all_steps("restart_tracker"):
        for line in steps.lines:
            if re.search(r"reset|erase|clear", line, re.IGNORECASE):
                assert re.search(r"Stop if|[Dd]o not choose|not a restart", line), line


def test_clearing_the_cache_warns_of_the_data_beside_it() -> None:
    for steps in all_steps("clear_app_cache"):
        assert any("Never '" in line and "not sent yet" in line for line in steps.lines), steps.platform


def test_reinstalling_keeps_its_order() -> None:
    for steps in all_steps("reinstall_app"):
        text = " ".join(steps.lines)
        order = [
            "status page",
            "Sync first",
            "Sign in to the account",
            "do not remove it",
            "turn it on",
            "store",
            "Start a sync",
        ]
        found = [text.lower().index(words.lower()) for words in order[:5]]
        assert found == sorted(found), steps.platform
        assert re.search(r"official store|App Store|Play Store", text), steps.platform


def test_figures_that_matter_are_kept() -> None:
    assert all("30 seconds" in " ".join(steps.lines) for steps in all_steps("restart_phone"))
    assert all("20 minutes" in " ".join(steps.lines) for steps in all_steps("update_firmware"))
    assert any("10 seconds, until the logo" in line for line in steps_for("restart_tracker").lines)


def test_names_begin_a_sentence_with_a_capital_but_brands_stay() -> None:
    steps = Steps("x", "any", "", ("{app} opens. {tracker} too? {app} in {app}",), "{tracker} works.", "")
    named = with_names(steps, app="the app", tracker="iBand")
    assert named.lines == ("The app opens. iBand too? The app in the app",)
    assert named.worked_when == "iBand works."
