import pickle
import string

import pytest

from unstuck.chain.phone.faults import JournalError, JournalFault
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


@pytest.mark.parametrize(
    "error",
    [EvidenceError(ErrorCode.SOURCE_EMPTY, path="a.log"), JournalError(JournalFault.BUSY, "journal.sqlite")],
    ids=["with data", "with a sentence of its own"],
)
def test_an_error_comes_over_whole_from_another_process(error: UnstuckError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert copy.__dict__ == error.__dict__


def test_braces_in_a_name_do_no_harm() -> None:
    assert "{path}.log" in render(ErrorCode.SOURCE_EMPTY, {"path": "{path}.log"})
