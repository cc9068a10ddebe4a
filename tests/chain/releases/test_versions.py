import pytest

from unstuck.chain.releases import versions


@pytest.mark.parametrize(
    ("given_", "minimum", "old"),
    [
        ("0.2.0", "0.10.0", True),
        ("0.10.0", "0.2.0", False),
        ("0.2.0", "0.2.0", False),
        ("1.0.0rc1", "0.2.0", False),
        (None, "0.2.0", True),
        ("x", "0.2.0", True),
        (None, "", False),
    ],
)
def test_which_agent_is_too_old(given_: str | None, minimum: str, old: bool) -> None:
    assert versions.is_too_old(given_, minimum) is old


@pytest.mark.parametrize(
    ("text", "exact"),
    [("1.2.3", True), ("0.0.0", True), ("1.2", False), ("1.2.3rc1", False), ("01.2.3", False), ("", False)],
)
def test_an_exact_version_has_one_form(text: str, exact: bool) -> None:
    assert versions.is_exact(text) is exact
