"""One connection: letting in, streams, and one message under way at a time."""

from unstuck.lab.adbd.device import ShellResult
from unstuck.lab.adbd.machine import Closed, Machine, Opened, Received
from unstuck.lab.adbd.shell import packets, plain
from unstuck.lab.adbd.wire import Command, Decoder, Message

OLD = Message(Command.CNXN, 0x01000000, 4096, b"host::\0")
NEW = Message(Command.CNXN, 0x01000001, 1 << 20, b"host::features=shell_v2\0")


class Computer:
    """The other side, by hand."""

    def __init__(self, machine: Machine, hello: Message = NEW) -> None:
        self.machine = machine
        self.decoder = Decoder()
        self.checked = self.decoder.checked = hello is OLD
        self.events = self.says(hello)

    def says(self, message: Message) -> list[object]:
        return list(self.machine.feed(message.encoded(checked=self.checked)))

    def hears(self) -> list[Message]:
        return list(self.decoder.feed(self.machine.to_send()))


def test_a_phone_that_lets_everybody_in_says_what_it_can() -> None:
    (answer,) = Computer(Machine("ro.product.model=X;", (), None)).hears()
    assert answer.command is Command.CNXN
    assert answer.payload.startswith(b"device::ro.product.model=X;features=shell_v2,cmd,stat_v2")


def test_an_old_computer_gets_sums_and_short_pieces() -> None:
    computer = Computer(Machine("", (), None), OLD)
    (answer,) = computer.hears()
    assert answer.first == 0x01000000
    assert computer.says(Message(Command.OPEN, 7, 0, b"shell:x\0")) == [Opened(1, "shell:x")]
    computer.machine.write(1, b"y" * 5000)
    okay, first = computer.hears()
    assert (okay.command, len(first.payload)) == (Command.OKAY, 4096)


def test_the_next_piece_waits_for_the_okay() -> None:
    computer = Computer(Machine("", (), None))
    computer.hears()
    computer.says(Message(Command.OPEN, 7, 0, b"exec:x\0"))
    computer.machine.write(1, b"a")
    computer.machine.write(1, b"b")
    computer.machine.close(1)
    assert [message.payload for message in computer.hears()] == [b"", b"a"]
    computer.says(Message(Command.OKAY, 7, 1))
    assert [message.payload for message in computer.hears()] == [b"b"]
    computer.says(Message(Command.OKAY, 7, 1))
    assert [message.command for message in computer.hears()] == [Command.CLSE]


def test_data_from_the_computer_is_confirmed_and_handed_on() -> None:
    computer = Computer(Machine("", (), None))
    computer.hears()
    computer.says(Message(Command.OPEN, 7, 0, b"sync:\0"))
    computer.hears()
    assert computer.says(Message(Command.WRTE, 7, 1, b"QUIT\0\0\0\0")) == [Received(1, b"QUIT\0\0\0\0")]
    assert [message.command for message in computer.hears()] == [Command.OKAY]
    assert computer.says(Message(Command.CLSE, 7, 1)) == [Closed(1)]


def test_nothing_is_opened_before_the_computer_is_let_in() -> None:
    computer = Computer(Machine("", (), lambda: b"t" * 20))
    (token,) = computer.hears()
    assert (token.command, token.first, token.payload) == (Command.AUTH, 1, b"t" * 20)
    assert computer.says(Message(Command.OPEN, 7, 0, b"shell:x\0")) == []
    assert computer.hears() == []


def test_a_signature_of_nobody_gets_another_token() -> None:
    tokens = iter([b"a" * 20, b"b" * 20])
    computer = Computer(Machine("", (), lambda: next(tokens)))
    computer.hears()
    computer.says(Message(Command.AUTH, 2, 0, b"\x5a" * 256))
    (again,) = computer.hears()
    assert again.payload == b"b" * 20


def test_the_second_form_of_the_shell_keeps_the_status() -> None:
    result = ShellResult(b"out", b"err", 3)
    assert packets(result) == b"\x01\3\0\0\0out\x02\3\0\0\0err\x03\1\0\0\0\3"
    assert plain(result) == b"outerr"
