"""The file service, request by request."""

import struct

from unstuck.lab.adbd.sync import SyncService

BIG = b"0123456789" * 20_000


def file(path: str) -> bytes:
    if path != "/report.zip":
        raise FileNotFoundError(path)
    return BIG


def request(name: bytes, path: str) -> bytes:
    return name + struct.pack("<I", len(path)) + path.encode()


def test_a_file_comes_in_pieces_and_whole() -> None:
    answer = SyncService(file).feed(request(b"RECV", "/report.zip"))
    pieces, at = [], 0
    while answer[at : at + 4] == b"DATA":
        (length,) = struct.unpack_from("<I", answer, at + 4)
        pieces.append(answer[at + 8 : at + 8 + length])
        at += 8 + length
    assert b"".join(pieces) == BIG
    assert max(len(piece) for piece in pieces) == 64 * 1024
    assert answer[at:] == b"DONE\0\0\0\0"


def test_a_missing_file_is_told_in_the_form_that_was_asked() -> None:
    service = SyncService(file)
    assert service.feed(request(b"STAT", "/no")) == b"STAT" + bytes(12)
    assert service.feed(request(b"STA2", "/no"))[:8] == b"STA2\2\0\0\0"
    assert service.feed(request(b"RECV", "/no")).startswith(b"FAIL")
    assert not service.over


def test_the_size_is_told_before_the_file() -> None:
    answer = SyncService(file).feed(request(b"STAT", "/report.zip"))
    assert struct.unpack("<4sIII", answer)[2] == len(BIG)


def test_nothing_is_ever_written() -> None:
    service = SyncService(file)
    assert b"not served here" in service.feed(request(b"SEND", "/report.zip,33188"))
    assert service.over


def test_requests_may_come_in_pieces() -> None:
    service = SyncService(file)
    whole = request(b"STAT", "/report.zip")
    assert b"".join(service.feed(bytes((byte,))) for byte in whole) == SyncService(file).feed(whole)


def test_a_path_of_any_length_is_not_waited_for() -> None:
    service = SyncService(file)
    assert service.feed(b"RECV" + struct.pack("<I", 1 << 31)).startswith(b"FAIL")
    assert service.over
