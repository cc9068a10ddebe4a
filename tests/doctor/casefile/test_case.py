"""What is left of a document that breaks off, what of a case is kept, and which versions are known."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import sample
from unstuck.doctor.casefile.case import MOST_FACTS, Case, bounded, versions_seen
from unstuck.doctor.casefile.partial import MOST_DEPTH, whole_part
from unstuck.model.evidence import Fact, Scalar

NOW = datetime(2026, 3, 12, 12, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"a": 1, "b": [1, 2', {"a": 1, "b": [1]}),
        ('{"a": 1, "b": {"c": "x", "d": "half', {"a": 1, "b": {"c": "x"}}),
        ('{"a": [{"b": 1}, {"b": 2}, {"b"', {"a": [{"b": 1}, {"b": 2}]}),
        ('{"a": "}],{", "b": "x"', {"a": "}],{"}),
        ('{"a": 1}', {}),
        ('{"a"', {}),
        ("[1, 2", {}),
        ('{"a": 1]', {}),
        ("", {}),
    ],
)
def test_json_that_breaks_off(text: str, left: object) -> None:
    assert whole_part(text) == left


@given(JSON, st.integers(0, 400))
def test_every_beginning_of_json_gives_an_object_or_nothing(value: object, at: int) -> None:
    text = json.dumps({"a": value, "b": value})
    assert isinstance(whole_part(text[:at]), dict)


def test_more_facts_than_are_of_use_are_left_out_and_said() -> None:
    diagnosis = sample.stuck_by_range()
    many = replace(diagnosis, facts=(*diagnosis.facts, *(replace(diagnosis.facts[0]) for _ in range(MOST_FACTS + 500))))
    kept = bounded(Case(NOW, many))
    assert kept.diagnosis is not None
    proving = {id(fact) for finding in diagnosis.findings for proof in finding.proof for fact in proof.facts}
    assert proving & {id(fact) for fact in diagnosis.facts} <= {id(fact) for fact in kept.diagnosis.facts}
    assert len(kept.diagnosis.facts) <= MOST_FACTS + len(proving)
    assert any("facts" in sentence for sentence in kept.missing)


def test_json_without_end_is_bounded() -> None:
    assert whole_part('{"a": 1, "b": ' + "[" * (MOST_DEPTH * 1000)) == {"a": 1}


def test_versions_are_those_that_evidence_names() -> None:
    tracker = sample.stuck_by_range().tracker
    assert tracker is not None
    device: dict[str, Scalar] = {
        "name": "x",
        "type": "Inspire 3",
        "firmware": "1.2",
        "address": tracker.id.upper(),
        "bonded": True,
    }
    app: dict[str, Scalar] = {
        "version_name": "4.33",
        "version_code": 1,
        "first_install": "",
        "last_update": "",
        "uid": 1,
    }
    facts = (
        Fact("tracker.device", device, None, "t", "row 1", "", "one"),
        Fact("tracker.device", {**device, "firmware": "9", "address": ""}, None, "t", "row 2", "", "two"),
        Fact("app.installed", app, None, "t", "line 1", "", "com.fitbit.FitbitMobile"),
    )
    seen = versions_seen(replace(sample.stuck_by_range(), facts=facts))
    assert seen == {"phone": "Pixel 8, Android 16", "app": "com.fitbit.FitbitMobile 4.33", "tracker_firmware": "1.2"}
    assert versions_seen(None) == {}
