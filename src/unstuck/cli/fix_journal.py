"""The journal of fixes on the disk: ``fixes.json`` in the state folder, whole or not at all, for nobody else."""

import json
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from unstuck.chain.phone.faults import JournalError
from unstuck.chain.phone.lease import Lease
from unstuck.cli.state import private_folder, write_private
from unstuck.doctor.remedies.journal import Entry, journal_document, journal_of, with_entry
from unstuck.model.errors import ErrorCode, EvidenceError, UsageError

FIXES_FILE = "fixes.json"


class FixJournal(AbstractContextManager["FixJournal"]):
    """Held from entering to leaving, so that two treatments never write over each other.

    UsageError where another ``unstuck fix`` runs, or the file is none of ours.
    """

    def __init__(self, folder: Path) -> None:
        self._file = private_folder(folder) / FIXES_FILE
        self.entries = _read(self._file)

    def __enter__(self) -> "FixJournal":
        try:
            self._lease = Lease(self._file)
        except JournalError as fault:
            reason = "another 'unstuck fix' runs; let it end first"
            raise UsageError(ErrorCode.USAGE_SOURCE, given=str(self._file), reason=reason) from fault
        self.entries = _read(self._file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lease.release()

    @property
    def next_number(self) -> int:
        """Of an entry to come."""
        return max((entry.number for entry in self.entries), default=-1) + 1

    def keep(self, entry: Entry) -> None:
        """Write an entry; it is on the disk when this returns. UsageError where it cannot be: then nothing is done."""
        self.entries = with_entry(self.entries, entry)
        try:
            write_private(self._file, json.dumps(journal_document(self.entries), indent=2, ensure_ascii=False) + "\n")
        except OSError as error:
            reason = error.strerror or "unknown"
            raise UsageError(ErrorCode.USAGE_OUTPUT, path=str(self._file), reason=reason) from error


def _read(file: Path) -> tuple[Entry, ...]:
    try:
        return journal_of(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, RecursionError, EvidenceError) as error:
        reason = "is no journal of fixes, or damaged; move it away to begin a new one"
        raise UsageError(ErrorCode.USAGE_SOURCE, given=str(file), reason=reason) from error
