"""What a phone wrote down, copied for a world of its own."""

from copy import deepcopy

from unstuck.lab.phone.book import EXITS, Book, Exit, Switched

APP = (10_001, 4_000, 4_000)


def test_a_copy_goes_on_without_the_original() -> None:
    book = Book()
    book.log(book.main, 1.0, APP, "I", "Sync", "begun")
    book.switched.append(Switched(1.0, True, "SYSTEM_BOOT", "android"))
    copied = deepcopy(book)
    copied.log(copied.main, 2.0, APP, "W", "Sync", "failed")
    copied.switched.append(Switched(2.0, False, "APPLICATION_REQUEST", "android"))
    copied.scans += 1
    assert [line.text for line in book.main.lines] == ["begun"]
    assert [line.text for line in copied.main.lines] == ["begun", "failed"]
    assert [line.order for line in copied.main.lines] == [1, 2]
    assert (len(book.switched), book.scans) == (1, 0)
    book.log(book.main, 3.0, APP, "I", "Sync", "done")
    assert [line.text for line in copied.main.lines] == ["begun", "failed"]


def test_a_copy_forgets_the_way_the_original_does() -> None:
    copied = deepcopy(Book())
    for at_s in range(EXITS + 1):
        copied.exits.append(Exit(float(at_s), 1, 10, "USER REQUESTED", 0, "UNKNOWN", 400, "stop"))
    assert [one.at_s for one in copied.exits] == [float(at_s) for at_s in range(1, EXITS + 1)]
