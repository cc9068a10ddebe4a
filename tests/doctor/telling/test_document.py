"""The JSON document is the contract, key by key, for every diagnosis."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from tests import sample
from unstuck.doctor.privacy.redaction import redact
from unstuck.doctor.telling.document import SCHEMA_ID, document, moment, schema, to_json
from unstuck.model.diagnosis import Diagnosis
from unstuck.model.evidence import Fact
from unstuck.model.vocabulary import KINDS

CHECK = Draft202012Validator(schema(), format_checker=FormatChecker())


def shape(thing: object) -> object:
    """The keys of a document, with one element for each list; values left out."""
    if isinstance(thing, Mapping):
        return {key: shape(value) for key, value in thing.items()}
    if isinstance(thing, list):
        return [shape(thing[0])] if thing and isinstance(thing[0], (Mapping, list)) else []
    return None


def test_schema_is_itself_valid() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("make", sample.SAMPLES)
def test_every_sample_fits_the_schema_plain_and_redacted(make: Callable[[], Diagnosis]) -> None:
    made = sample.crowded(400) if make is sample.crowded else make()  # a schema check takes 0.5 ms a fact
    for diagnosis in (made, redact(made)):
        CHECK.validate(document(diagnosis))
        CHECK.validate(json.loads(to_json(diagnosis)))


def test_keys_and_nesting_are_those_of_the_contract() -> None:
    got = document(sample.stuck_by_range())
    assert shape({**got, "facts": [{**got["facts"][0], "value": None}]}) == {
        "schema": None,
        "verdict": None,
        "stuck_at": None,
        "since": None,
        "tracker": {"id": None, "name": None, "vendor": None},
        "at_risk": {"from": None, "lost_at": None},
        "causes": [
            {
                "id": None,
                "probability": None,
                "hop": None,
                "title": None,
                "evidence": [
                    {"finding": None, "text": None, "source": None, "locator": None, "time": None, "excerpt": None}
                ],
            }
        ],
        "plan": [
            {
                "fix": None,
                "title": None,
                "minutes": None,
                "chance": None,
                "automatic": None,
                "blocked": None,
                "steps": [],
                "worked_when": None,
                "credit": None,
            }
        ],
        "unchecked": [{"cause": None, "how": None}],
        "next_question": {"id": None, "text": None, "answers": []},
        "facts": [{"name": None, "value": None, "time": None, "source": None, "locator": None}],
        "timeline": [{"time": None, "hop": None, "text": None}],
        "notes": [],
        "sources": [
            {
                "path": None,
                "kind": None,
                "records": None,
                "span": [],
                "skipped": None,
                "clock_skew_s": None,
                "problems": [],
            }
        ],
    }


def test_values_are_those_of_the_diagnosis() -> None:
    got = document(sample.stuck_by_range())
    assert (got["schema"], got["verdict"], got["stuck_at"]) == (SCHEMA_ID, "stuck", "bluetooth")
    assert got["since"] == "2026-03-19T21:23:19.996475Z"
    assert got["causes"][0]["id"] == "bluetooth.out_of_range"
    assert got["causes"][0]["evidence"][0]["locator"] == "packet 5697"
    assert got["plan"][2]["blocked"] == "6 minutes of data are only on the tracker"
    assert got["sources"][1]["clock_skew_s"] == -0.4
    assert got["sources"][0]["span"] == ["2026-03-19T20:04:01.695475Z", "2026-03-19T21:44:27.795475Z"]


def test_nothing_known_is_null_and_not_absent() -> None:
    got = document(sample.nothing_readable())
    assert [got[key] for key in ("stuck_at", "since", "tracker", "at_risk")] == [None] * 4
    assert [source["span"] for source in got["sources"]] == [None] * 3
    assert all(len(source["problems"]) == 1 for source in got["sources"])


@pytest.mark.parametrize(
    ("value", "subject", "expected"),
    [
        ("on", "", "on"),
        (True, "com.fitbit.FitbitMobile", {"is": True, "subject": "com.fitbit.FitbitMobile"}),
        ({"reason": 8}, "", {"reason": 8}),
        ({"reason": 8}, "aa:bb", {"reason": 8, "subject": "aa:bb"}),
        (float("nan"), "", None),
        ({"held_s": float("inf")}, "", {"held_s": None}),
    ],
)
def test_value_of_a_fact_says_what_it_is_about(value: Any, subject: str, expected: Any) -> None:
    fact = Fact("link.lost", value, None, "x.log", "packet 1", subject=subject)
    assert document(replace(sample.healthy(), facts=(fact,)))["facts"][0]["value"] == expected


def test_no_fact_of_the_vocabulary_has_a_part_that_the_document_needs_itself() -> None:
    assert [kind.name for kind in KINDS.values() if {"subject", "is"} & set(kind.fields)] == []


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(timezone(timedelta(hours=5)))))  # noqa: DTZ001 - bounds are naive by definition
def test_times_are_utc_with_z_and_read_back_the_same(time: datetime) -> None:
    text = moment(time)
    assert text is not None
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == time
    assert datetime.fromisoformat(text).tzinfo == UTC


@settings(max_examples=50)
@given(st.text(), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()))
def test_any_text_and_value_makes_a_document_that_can_be_written(text: str, value: Any) -> None:
    fact = Fact("device.name", {"name": value, "source": text}, None, text or "x", "packet 1", text, text)
    written = to_json(replace(sample.healthy(), facts=(fact,), phone=text)).encode("utf-8")
    CHECK.validate(json.loads(written))


def test_halves_of_surrogate_pairs_do_not_stop_the_writing() -> None:
    assert "evil" in to_json(sample.hostile())
    assert "\ud800" not in to_json(sample.hostile())
