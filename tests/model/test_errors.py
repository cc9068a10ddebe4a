import string

import pytest

from unstuck.model.errors import _SENTENCES, ErrorCode, EvidenceError, UnstuckError, render


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_code_has_one_sentence_that_says_what_to_do(code: ErrorCode) -> None:
    sentence = render(code, {})
    assert sentence.endswith(".")
    assert ";" in sentence or ":" in sentence


@pytest.mark.parametrize("code", list(ErrorCode))
def test_sentences_carry_their_data(code: ErrorCode) -> None:
    names = [name for _, name, _, _ in string.Formatter().parse(_SENTENCES[code]) if name]
    assert names
    rendered = render(code, {name: f"<{name}>" for name in names})
    assert all(f"<{name}>" in rendered for name in names)


def test_errors_keep_code_and_data() -> None:
    error = EvidenceError(ErrorCode.SOURCE_EMPTY, path="a.log")
    assert isinstance(error, UnstuckError)
    assert error.code is ErrorCode.SOURCE_EMPTY
    assert error.data == {"path": "a.log"}
    assert str(error) == "a.log: is empty; record or copy it again."


def test_braces_in_a_name_do_no_harm() -> None:
    assert "{path}.log" in render(ErrorCode.SOURCE_EMPTY, {"path": "{path}.log"})
