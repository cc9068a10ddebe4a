"""A form with files, in whatever pieces it arrives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unstuck.web.pages.wrong.multipart import (
    HEADERS_MOST_BYTES,
    Data,
    Multipart,
    MultipartError,
    Part,
    boundary_of,
    safe_name,
)

BOUNDARY = b"----WebKitFormBoundaryX"


def body(*parts: tuple[str, str | None, bytes]) -> bytes:
    made = b""
    for name, file, data in parts:
        told = f'; filename="{file}"' if file is not None else ""
        made += b"--" + BOUNDARY + f'\r\nContent-Disposition: form-data; name="{name}"{told}\r\n\r\n'.encode()
        made += data + b"\r\n"
    return made + b"--" + BOUNDARY + b"--\r\n"


def read(pieces: list[bytes]) -> tuple[list[tuple[str, str | None, bytes]], bool]:
    form = Multipart(BOUNDARY)
    found: list[tuple[str, str | None, bytes]] = []
    for piece in pieces:
        for event in form.feed(piece):
            if isinstance(event, Part):
                found.append((event.name, event.file, b""))
            else:
                assert isinstance(event, Data)
                name, file, data = found[-1]
                found[-1] = (name, file, data + event.data)
    return found, form.ended


PARTS = st.lists(
    st.tuples(st.text("abc", min_size=1, max_size=5), st.none() | st.text("abc.", max_size=8), st.binary(max_size=200)),
    max_size=4,
)


@given(PARTS, st.lists(st.integers(1, 40), max_size=50))
def test_same_parts_however_the_body_is_cut(parts: list[tuple[str, str | None, bytes]], cuts: list[int]) -> None:
    parts = [(name, file, data.replace(b"--" + BOUNDARY, b"")) for name, file, data in parts]
    whole = body(*parts)
    pieces, place = [], 0
    for cut in cuts:
        pieces.append(whole[place : place + cut])
        place += cut
    assert read([*pieces, whole[place:]]) == (parts, True)


def test_file_that_holds_almost_the_boundary_is_whole() -> None:
    data = b"x\r\n--" + BOUNDARY[:-1] + b"\r\n--\r\n"
    assert read([bytes([one]) for one in body(("file", "a.zip", data))])[0] == [("file", "a.zip", data)]


def test_body_that_breaks_off_has_not_ended() -> None:
    whole = body(("file", "a", b"data"))
    assert read([whole[:-8]])[1] is False


@pytest.mark.parametrize(
    "bad",
    [
        b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data\r\n\r\nx",
        b"--" + BOUNDARY + b"\r\nX: " + b"y" * (HEADERS_MOST_BYTES + 10),
        b"--" + BOUNDARY + b"XX",
    ],
)
def test_what_is_no_form_is_refused(bad: bytes) -> None:
    with pytest.raises(MultipartError):
        read([bad])


@pytest.mark.parametrize("given", ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=x"])
def test_other_content_types_have_no_boundary(given: str) -> None:
    with pytest.raises(MultipartError):
        boundary_of(given)


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\x\\..\\a.zip", "..", "", "a/b/\x00c", "x" * 500 + ".zip"])
def test_names_stay_in_their_folder(name: str) -> None:
    made = safe_name(name, set())
    assert "/" not in made
    assert "\\" not in made
    assert made not in ("", ".", "..")
    assert len(made) < 100


def test_no_two_files_have_one_name() -> None:
    first = safe_name("a.zip", set())
    assert safe_name("a.zip", {first}) == "a 2.zip"
