"""Every reason against installing, one by one."""

from dataclasses import replace

import pytest

from tests.chain.releases.made import KEYS, MODEL, STRANGER, image, release
from unstuck.chain.releases import (
    SAFE_BATTERY_PERCENT,
    Against,
    Installed,
    ReleaseKind,
    install_reasons_not,
    public_key,
)

IMAGE = image()
READY = Installed(MODEL, "1.0.0", 50, KEYS)


def reasons(signed: bytes, installed: Installed) -> list[Against]:
    return [against for against, _ in install_reasons_not(signed, installed)]


def test_a_newer_release_for_this_model_with_charge_enough_may_be_installed() -> None:
    assert install_reasons_not(release(IMAGE, over="1.0.0"), READY) == ()


@pytest.mark.parametrize(
    ("signed", "installed", "against"),
    [
        (release(IMAGE), replace(READY, keys=()), Against.SIGNATURE),
        (release(IMAGE), replace(READY, keys=(public_key(STRANGER),)), Against.SIGNATURE),
        (b"", READY, Against.SIGNATURE),
        (release(IMAGE, kind=ReleaseKind.AGENT), READY, Against.KIND),
        (release(IMAGE, product="other"), READY, Against.PRODUCT),
        (release(IMAGE), replace(READY, product=""), Against.PRODUCT),
        (release(IMAGE, "1.0.0"), READY, Against.DOWNGRADE),
        (release(IMAGE, "0.9.9"), READY, Against.DOWNGRADE),
        (release(IMAGE), replace(READY, version="new"), Against.DOWNGRADE),
        (release(IMAGE, "1.10.0"), replace(READY, version="1.9.0"), None),
        (release(IMAGE, over="1.5.0"), READY, Against.TOO_FAR),
        (release(IMAGE), replace(READY, battery_percent=49), Against.BATTERY_LOW),
        (release(IMAGE), replace(READY, battery_percent=None), Against.BATTERY_LOW),
        (release(IMAGE, battery_percent=0), replace(READY, battery_percent=SAFE_BATTERY_PERCENT), None),
        (
            release(IMAGE, battery_percent=0),
            replace(READY, battery_percent=SAFE_BATTERY_PERCENT - 1),
            Against.BATTERY_LOW,
        ),
    ],
)
def test_each_reason(signed: bytes, installed: Installed, against: Against | None) -> None:
    assert reasons(signed, installed) == ([] if against is None else [against])


def test_all_reasons_are_told_at_once() -> None:
    signed = release(IMAGE, "0.5.0", product="other", kind=ReleaseKind.AGENT)
    found = reasons(signed, replace(READY, battery_percent=3))
    assert found == [Against.KIND, Against.PRODUCT, Against.DOWNGRADE, Against.BATTERY_LOW]
