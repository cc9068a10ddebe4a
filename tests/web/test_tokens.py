"""Every colour that carries words can be read, in light and in dark."""

import re
from collections.abc import Mapping
from importlib.resources import files

import pytest

from unstuck.web.base.tokens import DARK, LIGHT, SHAPES_ON, TEXT_ON, contrast

LEAST_FOR_TEXT = 4.5  # WCAG 2.2, 1.4.3
LEAST_FOR_SHAPES = 3.0  # WCAG 2.2, 1.4.11


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON)
def test_text_has_contrast(tokens: Mapping[str, str], text: str, ground: str) -> None:
    assert contrast(tokens[text], tokens[ground]) >= LEAST_FOR_TEXT


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "ground"), SHAPES_ON)
def test_shapes_have_contrast(tokens: Mapping[str, str], shape: str, ground: str) -> None:
    assert contrast(tokens[shape], tokens[ground]) >= LEAST_FOR_SHAPES


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_both_schemes_define_the_same_tokens_and_the_rules_use_no_other() -> None:
    assert LIGHT.keys() == DARK.keys()
    sheets = {"base": "base.css", "report": "report.css", "ledger": "ledger.css", "pages.base": "pages.css"}
    rules = "".join(files(f"unstuck.web.{part}").joinpath(name).read_text("utf-8") for part, name in sheets.items())
    used = set(re.findall(r"var\(--([\w-]+)\)", rules))
    own = set(re.findall(r"--([\w-]+):", rules))
    assert used <= own | LIGHT.keys()
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", rules)) == set()
