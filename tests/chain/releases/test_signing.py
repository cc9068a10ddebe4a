import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.chain.releases.made import KEYS, MAKER, STRANGER, image, manifest, release
from unstuck.chain.releases import ManifestError, SignatureError, decode_release, encode_manifest, key_id, verified
from unstuck.chain.releases.signing import public_key

IMAGE = image()
SIGNED = release(IMAGE)


def test_what_the_maker_signed_is_believed() -> None:
    assert verified(SIGNED, KEYS) == manifest(IMAGE)
    assert verified(SIGNED, (public_key(STRANGER), *KEYS)) == manifest(IMAGE)


def test_signing_again_gives_the_same_bytes() -> None:
    assert release(IMAGE) == SIGNED


@pytest.mark.parametrize("keys", [(), (public_key(STRANGER),), (b"short",)])
def test_no_other_key_will_do(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(SignatureError, match="not trusted"):
        verified(SIGNED, keys)


def test_a_stranger_who_names_the_makers_key_is_refused() -> None:
    data, _, signature = cbor2.loads(release(IMAGE, key=STRANGER))
    forged = cbor2.dumps([data, key_id(public_key(MAKER)), signature])
    assert decode_release(forged).manifest == manifest(IMAGE)
    with pytest.raises(SignatureError, match="wrong"):
        verified(forged, KEYS)


def test_a_signature_made_for_another_purpose_is_refused() -> None:
    data = encode_manifest(manifest(IMAGE))
    with pytest.raises(SignatureError, match="wrong"):
        verified(cbor2.dumps([data, key_id(public_key(MAKER)), MAKER.sign(data)]), KEYS)


@given(st.integers(0, len(SIGNED) - 1), st.integers(1, 255))
def test_no_changed_byte_is_believed(place: int, change: int) -> None:
    changed = bytearray(SIGNED)
    changed[place] ^= change
    with pytest.raises(SignatureError):
        verified(bytes(changed), KEYS)


@given(st.binary(max_size=300))
def test_any_bytes_are_one_error(data: bytes) -> None:
    with pytest.raises((SignatureError, ManifestError)):
        decode_release(data)
