"""Sentences that were kept as plain English are said in German again."""

import pytest

from unstuck.model.worded import counted, joined, worded
from unstuck.web.pages.base.i18n import words_of

GERMAN = words_of("de")


def made() -> list[str]:
    """Sentences as the doctor and the chain make them."""
    fix = worded("Bring phone and tracker within a few steps, no wall between")
    date = joined([worded("{weekday} {day} {month}", weekday=worded("Fri"), day="4", month=worded("Dec")), "11:05"])
    return [
        worded("Data moves again, as you said. What helped: {title}.", title=fix),
        worded("Nothing is lost: the oldest unsynced minute is kept until about {until}.", until=date),
        worded("{devices} dropped in the same minutes", devices=counted("{n} other device", "{n} other devices", 2)),
        worded("{devices} dropped in the same minutes", devices=counted("{n} other device", "{n} other devices", 1)),
        worded("stopped {time}", time="19:41"),
        worded("Left out by the owner: {part}.", part=worded("What you noticed, and your answers")),
    ]


@pytest.mark.parametrize("sentence", made())
def test_plain_text_is_said_as_the_sentence_it_was(sentence: str) -> None:
    plain = "".join(sentence)
    assert type(plain) is str
    assert GERMAN.marked(plain) == GERMAN.marked(sentence)
    assert "lang=" not in GERMAN.marked(plain)


def test_what_is_none_of_our_sentences_stays_as_it_is() -> None:
    for text in ("Please call Bob.", "x {title} y", "bugreport.zip", "12:05", "Fri 4 what"):
        assert GERMAN.told(text) == text


def test_two_sentences_in_one_text_are_both_recognised() -> None:
    first, second = made()[-1], made()[1]
    assert GERMAN.told(f"{''.join(first)} {''.join(second)}") == f"{GERMAN.told(first)} {GERMAN.told(second)}"
