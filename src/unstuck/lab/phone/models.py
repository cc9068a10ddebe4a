"""The phones that there are to choose from: maker, Android release and what the maker added to it.

Names of makers and models are those of real phones, so that a reader meets what it will meet; the build is not: every
fingerprint says UNSTUCK.SYNTHETIC where a real one has its build. Which release a model ran is public.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

BUILD = "UNSTUCK.SYNTHETIC"
"""Build id of every phone here."""

_GB = 10**9
_AOSP_HCI_LOG = "FS/data/misc/bluetooth/logs/btsnoop_hci.log"
_XIAOMI_HCI_LOG = "FS/data/misc/bluetooth/logs/btsnoop_hci.log"
_SAMSUNG_HCI_LOG = "FS/data/log/bt/btsnoop_hci.log"


@dataclass(frozen=True, slots=True)
class Model:
    """One phone. ``maker`` and ``model`` as the properties say them; ``name`` is the one on the box.

    ``skin``: the maker's Android, empty for Google's. ``auto_start``: the maker has a permission of its own to start in
    the background, off for a new app. ``cleaner``: reasons with which the maker's cleaner kills, empty where there is
    no such cleaner or where nobody wrote down what it logs. ``hci_log``: where a report keeps the Bluetooth log, empty
    where it keeps none. ``patch`` is the day of the security patch, ``built`` when the system was built.
    """

    id: str
    maker: str
    brand: str
    model: str
    name: str
    product: str
    codename: str
    android: int
    sdk: int
    built: datetime
    patch: str
    skin: str = ""
    auto_start: bool = False
    cleaner: tuple[str, ...] = ()
    hci_log: str = _AOSP_HCI_LOG
    storage_bytes: int = 128 * _GB
    kernel: str = "5.10.0"

    @property
    def fingerprint(self) -> str:
        """The build fingerprint; its middle says that it is synthetic."""
        return f"{self.brand}/{self.product}/{self.codename}:{self.android}/{BUILD}/1:user/release-keys"


def _at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 11, 20, 5, tzinfo=UTC)


_MIUI = ("LockScreenClean", "AutoPowerKill")
"""Two of the reasons that MIUI's cleaner logs, of the kind that comes by itself (public logs of MIUI 12 to HyperOS)."""

_ALL = (
    Model(
        "pixel-9",
        "Google",
        "google",
        "Pixel 3",
        "Pixel 3",
        "blueline",
        "blueline",
        9,
        28,
        _at(2019, 7, 8),
        "2019-08-05",
        kernel="4.9.124",
    ),
    Model(
        "pixel-10",
        "Google",
        "google",
        "Pixel 3a",
        "Pixel 3a",
        "sargo",
        "sargo",
        10,
        29,
        _at(2020, 7, 13),
        "2020-08-05",
        kernel="4.9.200",
    ),
    Model(
        "pixel-11",
        "Google",
        "google",
        "Pixel 4a",
        "Pixel 4a",
        "sunfish",
        "sunfish",
        11,
        30,
        _at(2021, 8, 9),
        "2021-09-05",
        kernel="4.14.191",
    ),
    Model(
        "pixel-12",
        "Google",
        "google",
        "Pixel 5",
        "Pixel 5",
        "redfin",
        "redfin",
        12,
        31,
        _at(2022, 1, 10),
        "2022-02-05",
        kernel="4.19.191",
    ),
    Model(
        "pixel-13",
        "Google",
        "google",
        "Pixel 7",
        "Pixel 7",
        "panther",
        "panther",
        13,
        33,
        _at(2023, 7, 11),
        "2023-08-05",
        kernel="5.10.157",
    ),
    Model(
        "pixel-14",
        "Google",
        "google",
        "Pixel 8",
        "Pixel 8",
        "shiba",
        "shiba",
        14,
        34,
        _at(2026, 2, 3),
        "2026-02-05",
        kernel="5.15.0",
    ),
    Model(
        "pixel-15",
        "Google",
        "google",
        "Pixel 9",
        "Pixel 9",
        "tokay",
        "tokay",
        15,
        35,
        _at(2026, 1, 12),
        "2026-01-05",
        kernel="6.1.99",
    ),
    Model(
        "samsung-oneui-14",
        "samsung",
        "samsung",
        "SM-S911B",
        "Galaxy S23",
        "dm1qxxx",
        "dm1q",
        14,
        34,
        _at(2026, 1, 20),
        "2026-01-01",
        skin="One UI 6.1",
        hci_log=_SAMSUNG_HCI_LOG,
        kernel="5.15.123",
    ),
    Model(
        "xiaomi-hyperos-14",
        "Xiaomi",
        "Xiaomi",
        "2312DRA50G",
        "Redmi Note 13 Pro 5G",
        "garnet_global",
        "garnet",
        14,
        34,
        _at(2026, 1, 5),
        "2026-01-01",
        skin="HyperOS 1.0",
        auto_start=True,
        cleaner=_MIUI,
        hci_log=_XIAOMI_HCI_LOG,
        kernel="5.10.198",
    ),
    Model(
        "xiaomi-miui-12",
        "Xiaomi",
        "Redmi",
        "M2101K6G",
        "Redmi Note 10 Pro",
        "sweet_eea",
        "sweet",
        12,
        31,
        _at(2022, 6, 14),
        "2022-07-01",
        skin="MIUI 13",
        auto_start=True,
        cleaner=_MIUI,
        hci_log=_XIAOMI_HCI_LOG,
        kernel="4.14.180",
    ),
    Model(
        "oneplus-coloros-13",
        "OnePlus",
        "OnePlus",
        "LE2113",
        "OnePlus 9",
        "OnePlus9",
        "OP4F2B",
        13,
        33,
        _at(2023, 6, 6),
        "2023-07-05",
        skin="OxygenOS 13 (ColorOS)",
        auto_start=True,
        kernel="5.4.147",
    ),
    Model(
        "oppo-coloros-13",
        "OPPO",
        "OPPO",
        "CPH2371",
        "Reno8",
        "CPH2371EEA",
        "OP52E1L1",
        13,
        33,
        _at(2023, 5, 16),
        "2023-06-05",
        skin="ColorOS 13",
        auto_start=True,
        kernel="5.10.136",
    ),
    Model(
        "huawei-emui-10",
        "HUAWEI",
        "HUAWEI",
        "ELE-L29",
        "P30",
        "ELE-L29EEA",
        "HWELE",
        10,
        29,
        _at(2020, 9, 1),
        "2020-09-01",
        skin="EMUI 10.1",
        auto_start=True,
        hci_log="",
        kernel="4.14.116",
    ),
)

MODELS: Mapping[str, Model] = {model.id: model for model in _ALL}
"""Every phone by its id: maker, skin where it has one, Android release."""
