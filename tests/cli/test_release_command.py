"""``unstuck release``: from a pair of keys to a release that the server offers."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from unstuck.chain.releases import verified
from unstuck.cli.keys import read_private, read_public
from unstuck.cli.main import app
from unstuck.model.errors import UsageError

RUNNER = CliRunner()


def run(*arguments: object) -> str:
    found = RUNNER.invoke(app, ["release", *map(str, arguments)])
    if isinstance(found.exception, UsageError):
        raise found.exception
    assert found.exit_code == 0, found.output
    return found.output


@pytest.fixture
def maker(tmp_path: Path) -> Path:
    """A folder with a pair of keys and an image."""
    run("keygen", tmp_path / "maker")
    (tmp_path / "image").write_bytes(b"firmware " * 500)
    return tmp_path


def sign(maker: Path, version: str = "1.4.0", *more: object) -> Path:
    run("sign", maker / "image", "--key", maker / "maker.key", "--product", "band-2", "--version", version, *more)
    return maker / "image.release"


def publish(maker: Path, signed: Path, image: str = "image", key: str = "maker.pub") -> str:
    return run("publish", signed, maker / image, "--key", maker / key, "--data", maker / "data")


def test_a_pair_of_keys_is_kept_secret_and_never_written_over(maker: Path) -> None:
    assert (maker / "maker.key").stat().st_mode & 0o777 == 0o600
    assert read_private(maker / "maker.key").public_key().public_bytes_raw() == read_public(maker / "maker.pub")
    with pytest.raises(UsageError, match="already"):
        run("keygen", maker / "maker")


def test_what_was_signed_is_published_listed_and_withdrawn(maker: Path) -> None:
    signed = sign(maker, "1.4.0", "--notes", "Better sleep.", "--over", "1.0.0", "--battery", 60)
    manifest = verified(signed.read_bytes(), [read_public(maker / "maker.pub")])
    assert (manifest.product, manifest.version, manifest.over) == ("band-2", "1.4.0", "1.0.0")
    assert manifest.fits((maker / "image").read_bytes())
    assert "is offered." in publish(maker, signed)
    assert "already" in publish(maker, signed)
    (line,) = run("list", "--data", maker / "data", "--json").splitlines()
    found = json.loads(line)
    assert (found["version"], found["battery"], found["withdrawn_at"]) == ("1.4.0", 60, None)
    run("withdraw", "firmware", "band-2", "1.4.0", "--data", maker / "data")
    assert "withdrawn" in run("list", "--data", maker / "data")
    with pytest.raises(UsageError, match="not offered"):
        run("withdraw", "firmware", "band-2", "1.4.0", "--data", maker / "data")
    with pytest.raises(UsageError, match="raise the version"):
        publish(maker, signed)


def test_only_what_this_key_has_signed_and_is_whole_gets_in(maker: Path) -> None:
    signed = sign(maker)
    run("keygen", maker / "other")
    with pytest.raises(UsageError, match="not trusted"):
        publish(maker, signed, key="other.pub")
    (maker / "cut").write_bytes((maker / "image").read_bytes()[:-1])
    with pytest.raises(UsageError, match="not the image"):
        publish(maker, signed, image="cut")
    changed = bytearray(signed.read_bytes())
    changed[20] ^= 1
    (maker / "changed").write_bytes(changed)
    with pytest.raises(UsageError):
        publish(maker, maker / "changed")
    assert "No release" in run("list", "--data", maker / "data")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--version", "1.4"), "version is not possible"),
        (("--product", "Band 2"), "product is not possible"),
        (("--kind", "hardware"), "neither"),
        (("--over", "x"), "over is not possible"),
    ],
)
def test_a_value_that_is_not_possible_is_one_sentence(maker: Path, options: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        sign(maker, "1.4.0", *options)


@pytest.mark.parametrize("file", ["maker.pub", "image", "none"])
def test_a_file_that_holds_no_private_key_is_one_sentence(maker: Path, file: str) -> None:
    with pytest.raises(UsageError):
        run("sign", maker / "image", "--key", maker / file, "--product", "band-2", "--version", "1.0.0")


def test_a_minimum_firmware_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    for given in ("1.4.0", "band-2=new", "=1.0.0"):
        found = RUNNER.invoke(app, ["server", "--data", str(tmp_path), "--minimum-firmware", given])
        assert isinstance(found.exception, UsageError)
