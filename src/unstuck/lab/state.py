"""How the lab's world stands, apart from the phone: the wrist, the rooms around it, the service and the account.

Plain values. Faults and a person's acts change them; :mod:`unstuck.lab.world` makes the real chain follow, and
:mod:`unstuck.lab.ways` says which way of the data is closed. A fault changes these, never the evidence.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from unstuck.chain.link.radio.physics import Barrier, Jammer, Spot, Wall
from unstuck.lab.phone.phone import LabPhone


class Hung(StrEnum):
    """How a tracker can hang while its screen goes on showing the time."""

    NO = "no"
    RADIO = "radio"
    """Its radio is silent: no adverts, links end without a word."""
    MUTE = "mute"
    """It connects, and answers nothing."""


@dataclass(slots=True)
class Wrist:
    """The tracker. ``battery_percent`` 0 to 100; it is off at 0. Times in seconds, versions as its maker counts."""

    battery_percent: float = 78.0
    hung: Hung = Hung.NO
    restarts_every_s: float = 0.0
    """It restarts by itself this often; 0: it does not."""
    memory_refuses: bool = False
    """Its flash cannot be written: it answers that its memory cannot be used."""
    sensor_dead: bool = False
    """It is worn and measures nothing."""
    worn: bool = True
    on_charger: bool = False
    firmware: str = "1.4.0"
    forgot_bond: bool = False
    """It has no key of this phone any more (once; a new pairing ends it)."""
    wrong_key: bool = False
    """Its key of this phone is not the phone's."""
    overwriting: bool = False
    """Its memory has been full and the oldest has gone."""
    lagging: bool = False
    """The app has given up asking often, and what it has not fetched grows old."""
    restarts: int = 0
    """How often a person has restarted it."""
    erased: int = 0
    """How often it was removed in the app, which erases it."""
    paired_anew: int = 0
    """How often the phone was made to forget it and to pair afresh, nothing erased."""

    @property
    def off(self) -> bool:
        """Flat."""
        return self.battery_percent <= 0.0


class Wedged(StrEnum):
    """How a phone's Bluetooth hangs though it is on. Each ends when the phone restarts, most when Bluetooth does."""

    NO = "no"
    TURNING = "turning"
    """It was being switched on and never got there."""
    REFUSES = "refuses"
    """Every connection fails at once."""
    NO_CLIENTS = "no_clients"
    """Apps that never let go have taken every client slot."""
    CHIP = "chip"
    """The chip takes commands and does not answer."""


NEAR = Spot(2.0, 0.0)
"""On the wrist, the phone on the table."""


@dataclass(slots=True)
class Rooms:
    """Where the wrist is (the phone lies at 0, 0), what is between, and what else sends."""

    wrist: Spot = NEAR
    walls: tuple[Barrier, ...] = ()
    metal_db: float = 0.0
    """A case or a bag around the phone."""
    jammers: tuple[Jammer, ...] = ()
    phone_links: int = 0
    """Other devices that the phone serves: headphones, car, watch, keyboard."""
    phone_busy: float = 0.0
    """Share of the radio's time (0 to 1) that they take."""
    other_phone: bool = False
    """Another phone is near, bonded with the tracker, and takes the link whenever it can."""
    drop_link: bool = False
    """The tracker's link ends now, once: the phone gave its place to another device."""
    beacon: bool = True
    """Some other device advertises near by, as one does in every home."""
    wedged: Wedged = Wedged.NO
    wedged_deep: bool = False
    """Switching Bluetooth off and on does not free it; only the phone's restart does."""


class Down(StrEnum):
    """How a service can be down."""

    NO = "no"
    FAULT = "fault"
    """500 to everything."""
    UNAVAILABLE = "unavailable"
    """503 from the front."""
    TIMEOUT = "timeout"
    """It takes requests and never answers."""
    GARBAGE = "garbage"
    """200 with a page of the proxy where an answer should be."""
    MAINTENANCE = "maintenance"
    """It says so itself."""


class Login(StrEnum):
    """What the service thinks of the app's login."""

    GOOD = "good"
    PASSWORD_CHANGED = "password_changed"
    SECOND_FACTOR = "second_factor"
    REVOKED = "revoked"


class Claimed(StrEnum):
    """Whose the tracker is at the service."""

    OWN = "own"
    RELEASED = "released"
    """Removed from the account."""
    OTHER = "other"
    """The app is signed in to another account than the tracker's."""


@dataclass(slots=True)
class Service:
    """The vendor's side. ``status_green``: its page reports no trouble, whatever is the case."""

    down: Down = Down.NO
    status_green: bool = True
    others_late: bool = False
    """Other people have the trouble too, since the same time."""
    shows_late_s: float = 0.0
    """It shows what has arrived this much later."""
    minimum_app: str = ""
    minimum_firmware: str = ""
    login: Login = Login.GOOD
    claimed: Claimed = Claimed.OWN


@dataclass(slots=True)
class Person:
    """What only the person knows, or did."""

    knows_login: bool = True
    used_phone_s: float = 0.0
    """Unix seconds of when the app was last opened."""
    helped_before: bool = False
    """Switching Bluetooth off and on had helped before."""
    carries_others: bool = False
    """The other devices went along with the wrist."""
    update_waited: bool = False
    """The app has offered an update of the tracker for weeks."""


@dataclass(slots=True)
class State:
    """All of it. ``undrained`` and ``unsent``: records that only the tracker or only the phone has now."""

    phone: LabPhone
    wrist: Wrist = field(default_factory=Wrist)
    rooms: Rooms = field(default_factory=Rooms)
    service: Service = field(default_factory=Service)
    person: Person = field(default_factory=Person)
    undrained: int = 0
    unsent: int = 0
    synced_by_hand: int = 0
    """How often the person asked for a sync with the app open."""
    phone_forgot: bool = False
    """The phone's Bluetooth list has lost the tracker, which still knows the phone."""
    app_installed: int = 1
    """How often the app was installed; with each time its files are new."""


THIN_WALL = Barrier(6.0, -50.0, 6.0, 50.0, Wall.LIGHT)
THICK_WALL = Barrier(6.0, -50.0, 6.0, 50.0, Wall.HEAVY)
CEILING = Barrier(8.0, -50.0, 8.0, 50.0, Wall.HEAVY)
"""A second heavy one: the next floor."""
