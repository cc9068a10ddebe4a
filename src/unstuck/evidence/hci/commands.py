"""Commands the controller never answered: commands and their answers enter as arrays; time-outs leave."""

import numpy as np

from unstuck.evidence.hci import codes
from unstuck.evidence.hci.book import Book, Moment
from unstuck.evidence.hci.records import Batch, Ints

COMMAND_TIMEOUT_US = 2_000_000
"""Android's host gives up on a command after 2,000 ms (kHciTimeoutMs in AOSP's HCI layer) and restarts the
stack; Linux uses the same two seconds (HCI_CMD_TIMEOUT)."""

NEVER_ANSWERED = (0x0000, 0x0C35)
"""No Operation, and Host Number Of Completed Packets, which has no answer in normal operation."""

RESET = 0x0C03
_VENDOR_FROM = 0xFC00
_ANSWERED_SHARE = 0.8
"""Share of a trace's commands that must have answers in it; below, the log was filtered and silence says nothing."""

WAITING_KEPT = 5_000
"""Most commands without an answer remembered; a log with more of them has no answers at all."""

_ASK, _ANSWER, _JUMP = 0, 1, 2


class Commands:
    """Commands of one trace and their answers.

    Nearly every command is followed by its answer within milliseconds; those pairs are found in the arrays.
    What is left is matched one by one, oldest command first.
    """

    def __init__(self) -> None:
        self.count = 0
        self._answered = 0
        self._answered_opcodes: set[int] = set()
        self._waiting: dict[int, list[Moment]] = {}
        self._open = 0
        self._unanswered: list[tuple[int, Moment, int]] = []
        self._newest_us = 0

    def take(self, batch: Batch, asked: Ints, opcodes: Ints, answers: Ints, answered: Ints, jumps: Ints) -> None:
        """Rows and opcodes of the commands and of the Command Complete and Command Status events of a
        batch, and the rows before which the clock jumped."""
        self.count += len(asked)
        self._newest_us = int(batch.time_us[-1])
        row = np.concatenate((asked, answers))
        opcode = np.concatenate((opcodes, answered))
        ask = np.arange(len(row)) < len(asked)
        order = np.lexsort((row, opcode))
        row, opcode, ask = row[order], opcode[order], ask[order]
        self._answered_opcodes.update(np.unique(answered).tolist())
        paired = np.zeros(len(row), bool)
        gap_us = np.diff(batch.time_us[row])
        paired[:-1] = ask[:-1] & ~ask[1:] & (opcode[1:] == opcode[:-1]) & (gap_us >= 0) & (gap_us <= COMMAND_TIMEOUT_US)
        self._answered += int(np.count_nonzero(paired))
        rest = ~paired
        rest[1:] &= ~paired[:-1]
        rest |= ask & (opcode == RESET)
        steps = [
            (one, _ASK if asks else _ANSWER, code, bool(pair))
            for one, asks, code, pair in zip(
                row[rest].tolist(), ask[rest].tolist(), opcode[rest].tolist(), paired[rest].tolist(), strict=True
            )
        ]
        steps += [(one, _JUMP, 0, False) for one in jumps.tolist()]
        for one, what, code, pair in sorted(steps, key=lambda step: (step[0], -step[1])):
            self._step(Moment(one, int(batch.time_us[one]), batch.first + one), what, code, pair)

    def _step(self, at: Moment, what: int, opcode: int, paired: bool) -> None:
        if what == _JUMP:
            self._waiting.clear()
            self._open = 0
        elif what == _ASK:
            if opcode == RESET:
                self._give_up(at.time_us)
            if not paired and opcode not in NEVER_ANSWERED and self._open < WAITING_KEPT:
                self._open += 1
                self._waiting.setdefault(opcode, []).append(at)
        else:
            queue = self._waiting.get(opcode)
            while queue and len(queue) > 1 and at.time_us - queue[0].time_us > COMMAND_TIMEOUT_US:
                self._open -= 1
                self._late(opcode, queue.pop(0), at.time_us)
            if queue:
                self._answered += 1
                self._open -= 1
                asked = queue.pop(0)
                if at.number > asked.number + 1:
                    self._late(opcode, asked, at.time_us)

    def _late(self, opcode: int, asked: Moment, until_us: int) -> None:
        if until_us - asked.time_us > COMMAND_TIMEOUT_US and len(self._unanswered) < WAITING_KEPT:
            self._unanswered.append((opcode, asked, until_us))

    def _give_up(self, until_us: int) -> None:
        for opcode, queue in self._waiting.items():
            for asked in queue:
                self._late(opcode, asked, until_us)
        self._waiting.clear()
        self._open = 0

    def finish(self, book: Book) -> None:
        """State what was never answered, or later than the host waits."""
        self._give_up(self._newest_us)
        if self._answered < _ANSWERED_SHARE * self.count:
            return
        for opcode, asked, until_us in self._unanswered:
            if opcode >= _VENDOR_FROM and opcode not in self._answered_opcodes:
                continue
            waited = round((until_us - asked.time_us) / 1_000_000, 3)
            said = f"{codes.command(opcode)}: no answer for {waited:g} s"
            book.add("hci.command_timeout", {"opcode": opcode, "waited_s": waited}, asked, said)
