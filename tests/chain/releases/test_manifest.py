from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chain.releases.made import image, manifest
from unstuck.chain.releases import (
    IMAGE_MOST_BYTES,
    Manifest,
    ManifestError,
    ManifestFault,
    ReleaseKind,
    decode_manifest,
    encode_manifest,
)
from unstuck.chain.releases.manifest import NOTES_MOST_CHARACTERS, TIME_MOST_S, VERSION

numbers = st.integers(0, 999_999)
versions = st.builds("{}.{}.{}".format, numbers, numbers, numbers)
texts = st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n"), max_size=60)
manifests = st.builds(
    Manifest,
    kind=st.sampled_from(ReleaseKind),
    product=st.from_regex(r"[a-z0-9][a-z0-9._-]{0,31}", fullmatch=True),
    version=versions,
    size_bytes=st.integers(1, IMAGE_MOST_BYTES),
    sha256=st.binary(min_size=32, max_size=32),
    battery_percent=st.integers(0, 100),
    published_s=st.integers(0, TIME_MOST_S),
    notes=texts,
    over=st.one_of(st.just(""), versions),
)
ONE = manifest(image())


@given(manifests)
def test_a_manifest_comes_back_as_it_was(given_: Manifest) -> None:
    assert decode_manifest(encode_manifest(given_)) == given_


def test_the_longest_manifest_can_be_read() -> None:
    longest = replace(ONE, product="p" * 32, version="999999.999999.999999", notes="\U0001f600" * NOTES_MOST_CHARACTERS)
    assert decode_manifest(encode_manifest(longest)) == longest


@given(st.binary(max_size=200))
def test_any_bytes_are_one_error(data: bytes) -> None:
    with pytest.raises(ManifestError):
        decode_manifest(data)


@given(manifests, st.data())
def test_damage_is_one_error_or_another_manifest_with_its_own_bytes(given_: Manifest, data: st.DataObject) -> None:
    whole = bytearray(encode_manifest(given_))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        found = decode_manifest(bytes(whole))
    except ManifestError:
        return
    assert encode_manifest(found) == bytes(whole)


@pytest.mark.parametrize("change", ["order", "extra", "long number"])
def test_a_manifest_has_one_form_only(change: str) -> None:
    fields = cbor2.loads(encode_manifest(ONE))
    if change == "order":
        data = cbor2.dumps(dict(reversed(fields.items())))
    elif change == "extra":
        data = cbor2.dumps(fields | {"more": 1}, canonical=True)
    else:
        short, long = b"gbattery\x18\x32", b"gbattery\x19\x00\x32"
        data = encode_manifest(ONE)
        assert short in data
        data = data.replace(short, long)
    assert cbor2.loads(data)["version"] == ONE.version
    with pytest.raises(ManifestError) as refused:
        decode_manifest(data)
    assert refused.value.fault is ManifestFault.NOT_A_MANIFEST


def test_a_later_layout_is_refused_as_such() -> None:
    with pytest.raises(ManifestError) as refused:
        decode_manifest(cbor2.dumps({"format": VERSION + 1, "more": "things"}, canonical=True))
    assert refused.value.fault is ManifestFault.VERSION


@pytest.mark.parametrize(
    "fields",
    [
        {"product": "Unstuck One"},
        {"product": "../x"},
        {"product": ""},
        {"version": "2.0"},
        {"version": "02.0.0"},
        {"version": "2.0.0rc1"},
        {"size_bytes": 0},
        {"size_bytes": IMAGE_MOST_BYTES + 1},
        {"size_bytes": True},
        {"sha256": bytes(31)},
        {"battery_percent": 101},
        {"published_s": -1},
        {"notes": "\x1b[2J"},
        {"notes": "x" * (NOTES_MOST_CHARACTERS + 1)},
        {"over": "any"},
    ],
)
def test_a_value_that_is_not_possible_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ManifestError) as refused:
        manifest(image(), **fields)
    assert refused.value.fault is ManifestFault.FIELD
