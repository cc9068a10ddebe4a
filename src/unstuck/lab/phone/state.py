"""How a phone stands: every switch, setting and connection that the rest of the lab can ask about or change.

Plain data. What follows from it in time is in :mod:`consequences`, what it makes the phone print in ``dumps``.
Times are Unix seconds of true time; the phone's own clock is off by ``clock_offset_s``.
"""

from dataclasses import dataclass, field

from unstuck.chain.phone.host import Bucket, Network, Permission

BLUETOOTH_STATES = ("off", "on", "ble_on", "turning_on", "turning_off")
"""``ble_on``: the person turned Bluetooth off, and scanning stays allowed. A wedged stack stays in a turning state."""

APP_UID = 10231
"""User id of the app of interest; the first that a phone gives to an app is 10000."""


@dataclass(slots=True)
class Bond:
    """A paired device. ``transport``: le | br | dual."""

    address: str
    name: str
    transport: str = "le"


@dataclass(slots=True)
class LiveLink:
    """A device connected now. ``profile``: gatt, or a profile's name as a2dp, headset, hid.

    ``package``: whose GATT connection it is.
    """

    address: str
    name: str
    profile: str = "gatt"
    since_s: float = 0.0
    package: str = ""


@dataclass(slots=True)
class App:
    """One app. Modes of app operations: allow | ignore | deny | default.

    ``run_any_in_background`` is the person's "restricted" switch, kept for the package; ``run_any_of_uid`` the one
    that some makers keep for its user id. ``bucket`` is where use put it; ``forced_bucket`` where somebody did.
    ``foreground_service``: it shows a notification and so is kept from being cached. ``pid`` is None while it is dead.
    """

    package: str
    label: str
    uid: int = APP_UID
    version_name: str = "1.0"
    version_code: int = 1
    min_sdk: int = 28
    target_sdk: int = 34
    installed_s: float = 0.0
    updated_s: float = 0.0
    used_s: float = 0.0
    permissions: set[Permission] = field(default_factory=lambda: set(Permission))
    doze_exempt: bool = False
    run_any_in_background: str = "allow"
    run_any_of_uid: str = "default"
    forced_bucket: Bucket | None = None
    forced_s: float = 0.0
    data_saver_exempt: bool = False
    rejected_metered: bool = False
    auto_start: bool = True
    stopped: bool = False
    enabled: bool = True
    hibernated: bool = False
    data_corrupt: bool = False
    cache_bytes: int = 40_000_000
    data_bytes: int = 120_000_000
    foreground_service: bool = True
    pid: int | None = None
    next_job_s: float = 0.0

    @property
    def restricted(self) -> bool:
        """Whether it may not run in the background, for either of the two reasons."""
        return {self.run_any_in_background, self.run_any_of_uid} & {"ignore", "deny"} != set()


@dataclass(slots=True)
class PhoneState:
    """The phone now. Set a field and it is so from then on; what a person or a system does besides is LabPhone's.

    ``gatt_slots_used``: GATT clients registered by other apps, of 32. ``still``: it lies on a table, which deep doze
    needs. ``saver_trigger_percent``: battery saver comes on by itself at this level, 0 never. ``automatic_time``: the
    network sets the clock, so ``clock_offset_s`` goes to 0 as soon as there is one. ``doze_forced``: a tester's command
    holds the phone in deep doze. ``drain_percent_per_h``: what the
    battery loses while unplugged. ``storage_quota_bytes``: what the app may store, None without a limit.
    ``storage_wanted_bytes``: of other apps, waiting for room: downloads, updates, pictures.
    """

    app: App
    powered: bool = True
    booted_s: float = 0.0
    boot_reason: str = "reboot"
    zone: str = "Europe/Zurich"
    clock_offset_s: float = 0.0
    automatic_time: bool = True
    name: str = "Synthetic phone (Unstuck lab)"
    address: str = "02:5E:00:00:00:00"
    bluetooth: str = "on"
    ble_scan_always: bool = True
    airplane_mode: bool = False
    bonds: list[Bond] = field(default_factory=list)
    links: list[LiveLink] = field(default_factory=list)
    gatt_slots_used: int = 3
    location: bool = True
    battery_saver: bool = False
    saver_trigger_percent: int = 0
    battery_percent: float = 78.0
    drain_percent_per_h: float = 0.0
    charging: bool = False
    screen_on: bool = False
    on_screen: str = ""
    still: bool = False
    doze_forced: bool = False
    network: Network = Network.VALIDATED
    transport: str = "wifi"
    metered: bool = False
    vpn: bool = False
    wifi_on: bool = True
    mobile_data_on: bool = True
    data_saver: bool = False
    auto_sync: bool = True
    storage_free_bytes: int = 48_924_568 * 1024
    storage_total_bytes: int = 114_497_924 * 1024
    storage_quota_bytes: int | None = None
    storage_wanted_bytes: int = 0
    accounts: list[str] = field(default_factory=lambda: ["com.google"])
    system_updated_s: float = 0.0
    settings: dict[tuple[str, str], str] = field(default_factory=dict)

    def free_storage(self, freed_bytes: int) -> None:
        """Room becomes free, and what other apps wait to write takes of it first."""
        taken = min(self.storage_wanted_bytes, freed_bytes)
        self.storage_wanted_bytes -= taken
        self.storage_free_bytes += freed_bytes - taken

    @property
    def storage_low(self) -> bool:
        """Below the system's threshold: 5 % of the partition, at most 500 MB (AOSP StorageManager)."""
        return self.storage_free_bytes < min(self.storage_total_bytes // 20, 500 * 2**20)

    def gatt_connected(self) -> list[LiveLink]:
        """The app's own GATT links."""
        return [link for link in self.links if link.profile == "gatt" and link.package == self.app.package]
