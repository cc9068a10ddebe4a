"""The table of phones."""

import pytest

from unstuck.lab.phone import MODELS


def test_every_release_from_9_to_15_is_there() -> None:
    assert {model.android for model in MODELS.values()} == set(range(9, 16))


@pytest.mark.parametrize("name", MODELS)
def test_a_model_stands_under_its_id_and_says_that_it_is_synthetic(name: str) -> None:
    model = MODELS[name]
    assert model.id == name
    assert "UNSTUCK.SYNTHETIC" in model.fingerprint
    assert str(model.android) == name.rpartition("-")[2]
    assert model.skin or model.brand == "google"


def test_only_makers_with_a_cleaner_of_known_reasons_kill_by_it() -> None:
    assert {model.maker for model in MODELS.values() if model.cleaner} == {"Xiaomi"}
    assert all(model.auto_start for model in MODELS.values() if model.cleaner)
