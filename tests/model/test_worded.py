"""Sentences that remember how they were made: English everywhere, another language where a page says so."""

import copy
import json
import pickle

from unstuck.model.worded import Number, Worded, capital, counted, is_known, joined, said, worded


class Shout:
    """A language that is easy to see."""

    def gettext(self, message: str) -> str:
        return message.replace("Stuck since", "STUCK SINCE").replace("phone", "PHONE").replace("later", "LATER")

    def ngettext(self, one: str, many: str, number: int) -> str:
        return (one if number == 1 else many).replace("record", "RECORD")

    def number(self, number: float, decimals: int = 0) -> str:
        return f"<{number:.{decimals}f}>"


TOLD = worded("Stuck since {since} at {where}", since="since 1999", where=worded("the phone"))


def test_it_is_ordinary_english_text() -> None:
    assert TOLD == "Stuck since since 1999 at the phone"
    assert json.loads(json.dumps({"said": TOLD})) == {"said": str(TOLD)}
    assert f"{TOLD}." == "Stuck since since 1999 at the phone."
    assert hash(TOLD) == hash("Stuck since since 1999 at the phone")


def test_another_language_has_template_and_words_but_not_what_is_quoted() -> None:
    assert said(TOLD, Shout()) == "STUCK SINCE since 1999 at the PHONE"


def test_copies_remember_too() -> None:
    for same in (copy.deepcopy(TOLD), pickle.loads(pickle.dumps(TOLD)), str(TOLD)):
        assert isinstance(same, Worded)
        assert said(same, Shout()) == said(TOLD, Shout())


def test_what_is_cut_is_plain_english() -> None:
    assert not isinstance(TOLD[:5], Worded)
    assert said(TOLD[:11], Shout()) == "STUCK SINCE", "a plain text is looked up as it is"


def test_numbers_and_plurals_are_those_of_the_language() -> None:
    many = counted("{n} record", "{n} records, {share} %", 1200, share=Number(3.25, 1))
    assert many == "1,200 records, 3.2 %"
    assert said(many, Shout()) == "<1200> RECORDs, <3.2> %"
    assert said(counted("{n} record", "{n} records", 1), Shout()) == "<1> RECORD"


def test_lists_and_capitals_are_put_together_after_the_words() -> None:
    told = joined([capital(worded("phone")), "", worded("later")], "; ")
    assert told == "Phone; later"
    assert said(told, Shout()) == "PHONE; LATER"
    assert joined(["", ""]) == ""
    assert capital("plain") == "Plain"


def test_a_sentence_is_known_when_all_of_its_words_are() -> None:
    words = {("Stuck since {since} at {where}", ""), ("the phone", ""), ("{n} record", "{n} records")}

    def has(one: str, many: str) -> bool:
        return (one, many) in words

    assert is_known(TOLD, has)
    assert is_known(counted("{n} record", "{n} records", 2), has)
    assert not is_known(worded("{n} record", n=2), has), "alone it is another message"
    words.remove(("the phone", ""))
    assert not is_known(TOLD, has)
    assert not is_known(joined([TOLD, "plain"]), has)
    assert not is_known(capital(worded("nobody has this")), has)


def test_braces_in_a_value_are_only_text() -> None:
    assert worded("{name}, nothing used", name="{0.__class__}") == "{0.__class__}, nothing used"


def test_numbers_among_words_are_known_in_every_language() -> None:
    def known(one: str, many: str) -> bool:
        return (one, many) == ("Thursday", "")

    assert is_known(joined([worded("Thursday"), "12:07 – 12:55"], ", "), known)
    assert not is_known(joined([worded("Thursday"), "some words"], ", "), known)
