import pytest

from unstuck.evidence.profiles import packages, profiles, vendor_of_package


def _uuid(text: str) -> int:
    return int(text.replace("-", ""), 16)


def test_every_vendor_names_its_sources_and_a_name() -> None:
    for vendor, profile in profiles().items():
        assert profile.id == vendor
        assert profile.name
        assert profile.sources


def test_the_fitbit_app_kept_its_package() -> None:
    vendor = vendor_of_package("com.fitbit.FitbitMobile")
    assert vendor is not None
    assert vendor.id == "fitbit"
    assert vendor_of_package("com.example.unknown") is None


def test_no_package_belongs_to_two_vendors() -> None:
    listed = [package for profile in profiles().values() for app in profile.apps for package in app.packages]
    assert len(listed) == len(set(listed)) == len(packages())


def test_fitbit_keeps_minutes_for_a_week_and_totals_for_a_month() -> None:
    fitbit = profiles()["fitbit"]
    assert (fitbit.minute_detail_days, fitbit.daily_days, fitbit.expected_sync_minutes) == (7, 30, 15)


def test_what_nobody_published_is_none() -> None:
    assert profiles()["oura"].minute_detail_days is None


@pytest.mark.parametrize(
    ("uuid", "vendor"),
    [
        ("abbaff00-e56a-484c-b832-8b17cf6cbfe8", "fitbit"),
        ("abbafb00-e56a-484c-b832-8b17cf6cbfe8", "fitbit"),
        ("adabfb04-6e7d-4601-bda2-bffaa68956ba", "fitbit"),
        ("6a4e2803-667b-11e3-949a-0800200c9a66", "garmin"),
        ("00000009-0000-3512-2118-0009af100700", "huami"),
        ("61080001-8d6d-82b8-614a-1c8cb0f8dcc6", "whoop"),
        ("fd4b0001-cce1-4033-93ce-002d5875f58a", "whoop"),
        ("98ed0001-a541-11e4-b6a0-0002a5d5c51b", "oura"),
        ("fb005c82-02e7-f387-1cad-8acd2d8df0c8", "polar"),
        ("00000020-5749-5448-0037-000000000000", "withings"),
    ],
)
def test_service_ids_name_exactly_one_vendor(uuid: str, vendor: str) -> None:
    assert [p.id for p in profiles().values() if p.has_uuid128(_uuid(uuid))] == [vendor]


def test_the_base_uuid_of_the_standard_names_nobody() -> None:
    assert not [p.id for p in profiles().values() if p.has_uuid128(_uuid("0000180d-0000-1000-8000-00805f9b34fb"))]


@pytest.mark.parametrize(
    ("name", "vendor"),
    [
        ("Inspire 3", "fitbit"),
        ("Charge 6", "fitbit"),
        ("Versa Lite", "fitbit"),
        ("vívosmart 5", "garmin"),
        ("Forerunner 255", "garmin"),
        ("Amazfit Bip 5", "huami"),
        ("Mi Smart Band 6", "huami"),
        ("Xiaomi Smart Band 9", "xiaomi"),
        ("HUAWEI WATCH GT 5-106", "huawei"),
    ],
)
def test_names_name_exactly_one_vendor(name: str, vendor: str) -> None:
    assert [p.id for p in profiles().values() if p.has_name(name)] == [vendor]


@pytest.mark.parametrize(
    "name", ["", "Sense of wonder speaker", "Surge protector", "Galaxy Buds2", "HORIZON 7.4AT 55FD"]
)
def test_other_peoples_names_name_nobody(name: str) -> None:
    assert not [p.id for p in profiles().values() if p.has_name(name)]
