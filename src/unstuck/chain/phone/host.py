"""The host policy: every reason why the device that the agent runs on does not let it do something now.

Pure: the state of the device enters, typed reasons leave. Each names the cause of the catalogue that it is an
instance of, and what to do about it. What each setting forbids is Android's published behaviour: Doze and app
standby, the table of power management restrictions, background execution limits, data saver, the permissions of
Bluetooth. Where it depends on the release the newer one counts, unless the state says otherwise. Where a computer
has no such setting the state's default stands, and nothing is forbidden.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Protocol


class HostAct(StrEnum):
    """What a host can forbid. ``RUN``: do anything at all now. ``WAKE``: be started by an alarm at a set time.

    ``SCAN`` is to look for a tracker, ``USE_RADIO`` to talk to one; ``TRIM`` needs the radio and the journal.
    """

    RUN = "run"
    WAKE = "wake"
    USE_RADIO = "use_radio"
    SCAN = "scan"
    WRITE_JOURNAL = "write_journal"
    TRIM = "trim"
    UPLOAD = "upload"


class Bucket(IntEnum):
    """Android's standby bucket of the app, with its number there."""

    EXEMPTED = 5
    ACTIVE = 10
    WORKING_SET = 20
    FREQUENT = 30
    RARE = 40
    RESTRICTED = 45
    NEVER = 50


class Permission(StrEnum):
    """What a person grants. ``NEARBY_DEVICES``: asked for since Android 12, held by every app before.

    ``NOTIFICATIONS`` forbids none of the acts: without it the agent works, and cannot say that it does.
    """

    NEARBY_DEVICES = "nearby_devices"
    LOCATION = "location"
    NOTIFICATIONS = "notifications"
    STORAGE = "storage"


class Network(StrEnum):
    """The way out. ``UNVALIDATED``: there is one, and nothing was reached over it."""

    NONE = "none"
    CAPTIVE_PORTAL = "captive_portal"
    UNVALIDATED = "unvalidated"
    VALIDATED = "validated"


RESERVE_BYTES = 16 * 2**20
"""Least space before the journal stops growing: SQLite's log takes 4 MB before it is folded back, a full tracker
brings below one, and the phone itself must go on living."""


@dataclass(frozen=True, slots=True)
class HostState:
    """How the device stands. The defaults forbid nothing.

    ``on_screen``: the agent is what the person looks at, which lifts every limit on the background.
    ``unrestricted``: exempt from battery optimisation. ``data_saver_exempt``: allowed data all the same.
    ``scan_needs_location``: up to Android 11. ``journal_is_shared``: it lies outside the app's own folder, where
    a permission is needed. Free space and what is left of a quota in bytes; None: not known.
    """

    on_screen: bool = True
    charging: bool = False
    force_stopped: bool = False
    background_restricted: bool = False
    auto_start_off: bool = False
    unrestricted: bool = False
    battery_saver: bool = False
    dozing: bool = False
    bucket: Bucket = Bucket.ACTIVE
    permissions: frozenset[Permission] = field(default_factory=lambda: frozenset(Permission))
    scan_needs_location: bool = False
    bluetooth_on: bool = True
    airplane_mode: bool = False
    network: Network = Network.VALIDATED
    metered: bool = False
    data_saver: bool = False
    data_saver_exempt: bool = False
    journal_is_shared: bool = False
    storage_free_bytes: int | None = None
    storage_quota_left_bytes: int | None = None


class HostWhy(StrEnum):
    """What forbids it. Stable codes; the order is the order in which reasons are told, what hides the others first."""

    FORCE_STOPPED = "force_stopped"
    BACKGROUND_RESTRICTED = "background_restricted"
    STANDBY_RESTRICTED = "standby_restricted"
    BATTERY_SAVER = "battery_saver"
    DOZE = "doze"
    DOZE_ALARMS = "doze_alarms"
    STANDBY_RARE = "standby_rare"
    AUTO_START_OFF = "auto_start_off"
    AIRPLANE_MODE = "airplane_mode"
    BLUETOOTH_OFF = "bluetooth_off"
    NO_NEARBY_DEVICES = "no_nearby_devices"
    NO_LOCATION = "no_location"
    NO_STORAGE = "no_storage"
    DISK_FULL = "disk_full"
    QUOTA_FULL = "quota_full"
    OFFLINE = "offline"
    CAPTIVE_PORTAL = "captive_portal"
    NOT_VALIDATED = "not_validated"
    DATA_SAVER = "data_saver"


@dataclass(frozen=True, slots=True)
class Forbidden:
    """One reason why one act may not be done now. ``cause``: its id in the catalogue."""

    act: HostAct
    why: HostWhy
    cause: str
    words: str
    step: str

    @property
    def text(self) -> str:
        """What forbids it and what to do, for a person."""
        return f"{self.words}: {self.step}"


class Host(Protocol):
    """The device that an agent runs on."""

    def forbids(self, act: HostAct) -> tuple[Forbidden, ...]:
        """Every reason why not now; empty when it may be done."""


class HostForbidsError(Exception):
    """An act was not allowed; ``reasons`` has at least one."""

    def __init__(self, reasons: tuple[Forbidden, ...]) -> None:
        self.reasons = reasons
        super().__init__(reasons[0].text)

    @property
    def causes(self) -> tuple[str, ...]:
        """Ids of the catalogue, each once."""
        return tuple(dict.fromkeys(reason.cause for reason in self.reasons))


def reasons_not(act: HostAct, state: HostState) -> tuple[Forbidden, ...]:
    """Every reason why a device in this state does not allow the act now."""
    return tuple(
        Forbidden(act, why, rule.cause, rule.words, rule.step)
        for why, rule in _RULES.items()
        if act in rule.acts and rule.holds(state)
    )


def ask(host: Host, *acts: HostAct) -> None:
    """Go on only when all of these may be done. HostForbidsError: they may not."""
    reasons = tuple(reason for act in acts for reason in host.forbids(act))
    if reasons:
        raise HostForbidsError(reasons)


@dataclass(frozen=True, slots=True)
class _Rule:
    cause: str
    acts: frozenset[HostAct]
    holds: Callable[[HostState], bool]
    words: str
    step: str


_EVERYTHING = frozenset(HostAct)
_BACKGROUND = frozenset({HostAct.RUN, HostAct.WAKE, HostAct.UPLOAD})
_RADIO = frozenset({HostAct.USE_RADIO, HostAct.SCAN, HostAct.TRIM})
_JOURNAL = frozenset({HostAct.WRITE_JOURNAL, HostAct.TRIM})
_OPEN = "open the app, or allow it unrestricted battery use"


def _low(left_bytes: int | None) -> bool:
    return left_bytes is not None and left_bytes < RESERVE_BYTES


_RULES: Mapping[HostWhy, _Rule] = {
    HostWhy.FORCE_STOPPED: _Rule(
        "phone.app_stopped",
        _EVERYTHING,
        lambda state: state.force_stopped,
        "the app was force-stopped and stays so until a person opens it",
        "open the app",
    ),
    HostWhy.BACKGROUND_RESTRICTED: _Rule(
        "phone.background_restricted",
        _BACKGROUND,
        lambda state: state.background_restricted and not state.on_screen,
        "the app is restricted in the background",
        "set its battery use to unrestricted",
    ),
    # The one bucket with limits that charging does not lift.
    HostWhy.STANDBY_RESTRICTED: _Rule(
        "phone.background_restricted",
        _BACKGROUND,
        lambda state: state.bucket >= Bucket.RESTRICTED and not state.on_screen,
        "the phone runs this app once a day at most, because it is hardly used",
        _OPEN,
    ),
    HostWhy.BATTERY_SAVER: _Rule(
        "phone.battery_saver",
        frozenset({HostAct.RUN, HostAct.UPLOAD}),
        lambda state: state.battery_saver and not (state.on_screen or state.unrestricted),
        "battery saver keeps the app from running in the background",
        "turn battery saver off, or open the app",
    ),
    HostWhy.DOZE: _Rule(
        "phone.background_restricted",
        frozenset({HostAct.RUN, HostAct.UPLOAD}),
        lambda state: state.dozing and not (state.on_screen or state.unrestricted),
        "the phone dozes, unmoved and with its screen off",
        "wake the phone, or allow the app unrestricted battery use",
    ),
    # Doze puts alarms off for apps that are exempt from it as well.
    HostWhy.DOZE_ALARMS: _Rule(
        "phone.background_restricted",
        frozenset({HostAct.WAKE}),
        lambda state: state.dozing and not state.on_screen,
        "the phone dozes and puts alarms off",
        "wake the phone",
    ),
    HostWhy.STANDBY_RARE: _Rule(
        "phone.background_restricted",
        frozenset({HostAct.WAKE, HostAct.UPLOAD}),
        lambda state: state.bucket is Bucket.RARE and not (state.on_screen or state.charging),
        "the phone puts alarms and network of this app off, because it is rarely used",
        _OPEN,
    ),
    HostWhy.AUTO_START_OFF: _Rule(
        "phone.background_restricted",
        frozenset({HostAct.WAKE}),
        lambda state: state.auto_start_off and not state.on_screen,
        "this maker's auto-start is off for the app",
        "allow auto-start",
    ),
    HostWhy.AIRPLANE_MODE: _Rule(
        "bluetooth.off",
        _RADIO,
        lambda state: not state.bluetooth_on and state.airplane_mode,
        "airplane mode has turned Bluetooth off",
        "turn airplane mode off, or Bluetooth on",
    ),
    HostWhy.BLUETOOTH_OFF: _Rule(
        "bluetooth.off",
        _RADIO,
        lambda state: not state.bluetooth_on and not state.airplane_mode,
        "Bluetooth is off",
        "turn Bluetooth on",
    ),
    HostWhy.NO_NEARBY_DEVICES: _Rule(
        "phone.permission_missing",
        _RADIO,
        lambda state: Permission.NEARBY_DEVICES not in state.permissions,
        "the app may not use nearby devices",
        "grant it the permission for nearby devices",
    ),
    HostWhy.NO_LOCATION: _Rule(
        "phone.permission_missing",
        frozenset({HostAct.SCAN}),
        lambda state: state.scan_needs_location and Permission.LOCATION not in state.permissions,
        "this phone lets only apps that may use the location look for trackers",
        "grant the app the permission for location",
    ),
    HostWhy.NO_STORAGE: _Rule(
        "phone.permission_missing",
        _JOURNAL,
        lambda state: state.journal_is_shared and Permission.STORAGE not in state.permissions,
        "the app may not write where its journal is",
        "grant it the permission for storage",
    ),
    HostWhy.DISK_FULL: _Rule(
        "phone.storage_full",
        _JOURNAL,
        lambda state: _low(state.storage_free_bytes),
        f"less than {RESERVE_BYTES >> 20} MB are free where the journal is",
        "free some space",
    ),
    HostWhy.QUOTA_FULL: _Rule(
        "phone.storage_full",
        _JOURNAL,
        lambda state: _low(state.storage_quota_left_bytes),
        f"less than {RESERVE_BYTES >> 20} MB are left of what the app may store",
        "clear the app's cache, or raise its quota",
    ),
    HostWhy.OFFLINE: _Rule(
        "phone.offline",
        frozenset({HostAct.UPLOAD}),
        lambda state: state.network is Network.NONE,
        "there is no network",
        "connect to Wi-Fi or turn mobile data on",
    ),
    HostWhy.CAPTIVE_PORTAL: _Rule(
        "phone.offline",
        frozenset({HostAct.UPLOAD}),
        lambda state: state.network is Network.CAPTIVE_PORTAL,
        "the network wants a sign-in first",
        "sign in to the network, or use another",
    ),
    HostWhy.NOT_VALIDATED: _Rule(
        "phone.offline",
        frozenset({HostAct.UPLOAD}),
        lambda state: state.network is Network.UNVALIDATED,
        "the network does not reach the internet",
        "use another network",
    ),
    HostWhy.DATA_SAVER: _Rule(
        "phone.background_data_off",
        frozenset({HostAct.UPLOAD}),
        lambda state: state.data_saver and state.metered and not (state.on_screen or state.data_saver_exempt),
        "data saver keeps the app from using mobile data in the background",
        "allow the app unrestricted data, or connect to Wi-Fi",
    ),
}
