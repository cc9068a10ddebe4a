"""The phone of the stories: the lab's, a Pixel on Android 14 with a tracker app, from its last boot on."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from examples import air
from unstuck.lab.phone import MODELS, Bond, LabPhone

ZONE = ZoneInfo("Europe/Zurich")
APP = "com.fitbit.FitbitMobile"
_BOOTED = datetime(2026, 3, 10, 9, 15, 49, 687_000, tzinfo=ZONE)
_OFF_THE_CHARGER = datetime(2026, 3, 12, 0, 3, 11, tzinfo=ZONE)
_FIRST_JOB = datetime(2026, 3, 12, 0, 7, 18, tzinfo=ZONE)
_EVERY = timedelta(minutes=15, seconds=3)
_MORNING = datetime(2026, 3, 12, 7, 2, 11, 4_000, tzinfo=ZONE)


class Day:
    """One day of the phone, told in the order in which things happen. All times have their zone."""

    def __init__(self) -> None:
        self._now = _BOOTED - timedelta(hours=1)
        self.phone = phone = LabPhone(
            MODELS["pixel-14"], lambda: self._now.timestamp(), package=APP, app_name="Fitbit", zone=ZONE.key
        )
        state, app = phone.state, phone.state.app
        state.name = air.PHONE_NAME
        app.version_name, app.version_code = "4.33.fitbit-mobile-synthetic", 21305044
        app.installed_s = datetime(2025, 11, 2, 10, 14, 31, tzinfo=ZONE).timestamp()
        app.updated_s = datetime(2026, 3, 2, 6, 11, 47, tzinfo=ZONE).timestamp()
        app.doze_exempt = True
        for peer, kind in ((air.TRACKER, "le"), (air.EARBUDS, "dual"), (air.WATCH, "le")):
            state.bonds.append(Bond(peer.address.upper(), _NAMES[peer.address], kind))
        self.at(_BOOTED).reboot()
        self.at(_OFF_THE_CHARGER - timedelta(hours=1)).charge(on=True)
        self.at(_OFF_THE_CHARGER).charge(on=False)
        phone.state.drain_percent_per_h = 0.9
        self._job = _FIRST_JOB
        self.works_until(_MORNING)
        self.at(_MORNING).note_killed(reason="empty #17", adj=985)
        self.phone.use_app()
        self.phone.leave_app()

    def at(self, moment: datetime) -> LabPhone:
        """The phone at a later moment."""
        self._now = moment
        return self.phone

    def works_until(self, moment: datetime) -> None:
        """The app's periodic job runs, every quarter of an hour."""
        while self._job <= moment:
            self.at(self._job).note_job(self._job.timestamp())
            self._job += _EVERY
        self._now = moment

    def gatt(self, moment: datetime, status: int, connected: bool) -> None:
        """The app is told of its connection to the tracker."""
        self.at(moment).note_gatt(moment.timestamp(), air.TRACKER.address.upper(), status, connected)


_NAMES = {air.TRACKER.address: "Inspire 3", air.EARBUDS.address: "Earbuds", air.WATCH.address: "Watch"}
