"""Which apps matter, and which user id and processes are theirs."""

from collections.abc import Iterable

_APP_IDS_FROM = 10_000
"""App ids of installed apps begin here (AOSP Process.FIRST_APPLICATION_UID)."""

_PER_USER = 100_000
"""Every Android user has a block of so many ids (AOSP UserHandle.PER_USER_RANGE)."""


def parse_uid(text: str) -> int | None:
    """A user id as Android writes it: ``10086``, ``u0a86``, ``u0_a86``; None for ids that are no app's."""
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    user, mark, app = text.removeprefix("u").replace("_", "").partition("a")
    if not text.startswith("u") or not mark or not _number(user) or not _number(app):
        return None
    return int(user) * _PER_USER + _APP_IDS_FROM + int(app)


def _number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6


class Apps:
    """The apps of interest and what is learnt of them while reading.

    ``installed`` is None until a list of packages was read.
    """

    def __init__(self, packages: Iterable[str]) -> None:
        self.packages = frozenset(packages)
        self.installed: set[str] | None = None
        self._uids: dict[str, set[int]] = {}
        self._package: dict[int, str] = {}
        self._mentioned: set[str] = set()

    @property
    def only(self) -> str:
        """The one app asked about, or empty when several are of interest."""
        return next(iter(self.packages)) if len(self.packages) == 1 else ""

    def learn(self, package: str, uid: int | None) -> None:
        """The package has this user id. Shared system ids are nobody's."""
        self._mentioned.add(package)
        if uid is not None and uid % _PER_USER >= _APP_IDS_FROM and package in self.packages:
            self._uids.setdefault(package, set()).add(uid)
            self._package.setdefault(uid, package)

    def of_uid(self, uid: int | None) -> str:
        """The app of interest with this user id, or empty; an app id without its user counts."""
        if uid is None:
            return ""
        return self._package.get(uid, "") or self._package.get(uid % _PER_USER, "")

    def uids(self) -> dict[int, str]:
        """Every user id of an app of interest."""
        return dict(self._package)

    def of_process(self, name: str) -> str:
        """The app of interest whose process this is (``com.x``, ``com.x:remote``), or empty."""
        package = name.partition(":")[0]
        return package if package in self.packages else ""

    def sought(self) -> list[str]:
        """Apps of interest worth looking for: where a list was read the installed ones and the one asked about."""
        if self.installed is None:
            return sorted(self.packages)
        return sorted((self.installed & self.packages) | ({self.only} if self.only else set()))

    def present(self) -> list[str]:
        """Apps of interest known to be on the phone, or the one asked about where no list was read."""
        if self.installed is not None:
            return sorted(self.installed & self.packages)
        found = self._mentioned & self.packages
        return sorted(found | ({self.only} if self.only else set()))
