"""All that the dumps are written from, at one moment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from unstuck.lab.phone import times
from unstuck.lab.phone.book import Book
from unstuck.lab.phone.consequences import Doze, Standby
from unstuck.lab.phone.models import Model
from unstuck.lab.phone.state import App, PhoneState

GMS = "com.google.android.gms"


@dataclass(frozen=True, slots=True)
class SystemApp:
    """An app that every phone here has. ``idle``: exempt from doze; ``except_idle``: exempt from app standby alone."""

    package: str
    uid: int
    folder: str
    version_code: int
    version_name: str
    idle: bool = False
    except_idle: bool = False
    metered: bool = False


SYSTEM_APPS = (
    SystemApp("com.android.providers.calendar", 10121, "priv-app/CalendarProvider", 34, "14", except_idle=True),
    SystemApp("com.android.providers.downloads", 10122, "priv-app/DownloadProvider", 34, "14", True, True, True),
    SystemApp("com.android.vending", 10125, "priv-app/Phonesky", 83_912_320, "39.1.23-21 [0]", except_idle=True),
    SystemApp("com.android.cellbroadcastreceiver", 10126, "priv-app/CellBroadcastApp", 34, "14", True, True),
    SystemApp(GMS, 10127, "priv-app/PrebuiltGmsCore", 240_615_038, "24.06.15 (190400-0)", True, True, True),
    SystemApp("com.android.shell", 2000, "priv-app/Shell", 34, "14", True, True),
    SystemApp("com.android.providers.contacts", 10128, "priv-app/ContactsProvider", 34, "14", except_idle=True),
    SystemApp("com.android.providers.media", 10129, "priv-app/MediaProvider", 34, "14"),
    SystemApp("com.android.systemui", 10130, "priv-app/SystemUI", 34, "14"),
    SystemApp("com.android.settings", 1000, "priv-app/Settings", 34, "14"),
    SystemApp("com.android.bluetooth", 1002, "app/Bluetooth", 34, "14"),
    SystemApp("com.android.phone", 1001, "priv-app/TeleService", 34, "14"),
    SystemApp("com.android.printspooler", 10131, "app/PrintSpooler", 34, "14"),
    SystemApp("com.android.captiveportallogin", 10132, "app/CaptivePortalLogin", 34, "14"),
)
"""Too few for a real phone, and as many as a reader needs to know a whole list by."""


@dataclass(frozen=True, slots=True)
class View:
    """A phone at ``now_s`` (true time, Unix seconds), with the consequences that time has had.

    Times in :class:`Book` are those of the phone's clock, times in the state are true.
    """

    model: Model
    state: PhoneState
    book: Book
    now_s: float
    doze: Doze
    standby: Standby
    quiet_s: float | None
    still_s: float | None

    @property
    def android(self) -> int:
        """The release, which decides the line forms."""
        return self.model.android

    @property
    def app(self) -> App:
        """The app of interest."""
        return self.state.app

    @property
    def wall_s(self) -> float:
        """The phone's own clock now."""
        return self.now_s + self.state.clock_offset_s

    @property
    def now(self) -> datetime:
        """The phone's local time now, without zone."""
        return self.local(self.wall_s)

    @property
    def up_s(self) -> float:
        """Since the boot."""
        return max(0.0, self.now_s - self.state.booted_s)

    @property
    def built(self) -> datetime:
        """When the running system was built (UTC); never after it was installed."""
        latest = datetime.fromtimestamp(max(0.0, self.state.system_updated_s - 86_400), UTC)
        return min(self.model.built, latest)

    def local(self, wall_s: float) -> datetime:
        """A moment of the phone's clock as local time."""
        return times.local(wall_s, self.state.zone)

    def local_true(self, true_s: float) -> datetime:
        """A true moment as the phone would have written it with its clock as it is now."""
        return self.local(true_s + self.state.clock_offset_s)

    def ago(self, wall_s: float) -> str:
        """How long ago, as ``-3h1m36s507ms``."""
        return times.duration(wall_s - self.wall_s)

    def address(self, address: str) -> str:
        """An address as this release prints it: from 14 on, only its last two bytes."""
        return f"XX:XX:XX:XX:{address[-5:].upper()}" if self.android >= 14 else address.upper()

    @property
    def app_user(self) -> str:
        """The app's user id by name: ``u0a231``."""
        return f"u0a{self.app.uid - 10000}"

    def exempt_ids(self, except_idle: bool = False) -> list[int]:
        """App ids exempt from doze: of the system, or (``except_idle``) from app standby alone as well."""
        ids = {app.uid for app in SYSTEM_APPS if (app.except_idle if except_idle else app.idle)}
        if self.app.doze_exempt:
            ids.add(self.app.uid)
        return sorted(ids)


def yes(value: bool) -> str:
    """``true`` or ``false``."""
    return "true" if value else "false"


def rows(pairs: Mapping[str, object], indent: int) -> list[str]:
    """``name=value``, one a line."""
    return [f"{' ' * indent}{name}={value}" for name, value in pairs.items()]


def text(lines: Iterable[str]) -> str:
    """Lines, each with its end."""
    return "".join(f"{line}\n" for line in lines)
