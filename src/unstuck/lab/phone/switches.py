"""The switches of a phone: a difference to what it last saw enters, log lines and what hangs on the switch leave."""

from dataclasses import dataclass

from unstuck.chain.phone.host import Network
from unstuck.lab.phone.applife import BLUETOOTH_PID, AppLife
from unstuck.lab.phone.book import Switched
from unstuck.lab.phone.pen import SYSTEM, SYSTEM_MAIN, Pen

_FULL_PERCENT = 90
"""Taken off the charger above this, a phone begins its battery history anew (BatteryStatsImpl)."""

_BY_HAND = ("APPLICATION_REQUEST", "com.android.systemui")
"""Reason and package that the enable log gives for the tile of the quick settings."""


@dataclass(slots=True)
class _Seen:
    """What the phone last took notice of; a difference to the state is a change that leaves traces."""

    bluetooth: str
    airplane_mode: bool
    saver: bool
    screen_on: bool
    charging: bool
    network: Network
    transport: str
    restricted: bool
    stopped: bool
    still: bool


class Switches:
    """Bluetooth, airplane mode, battery saver, screen, charger, network."""

    def __init__(self, pen: Pen, life: AppLife) -> None:
        self._pen = pen
        self._life = life
        self._seen = self._look()
        self._before_airplane: tuple[str, Network] = ("on", Network.VALIDATED)
        self._reason = _BY_HAND

    def settle(self) -> None:
        """Take the state as it is without a trace: a boot, or the beginning."""
        self._seen = self._look()

    def force_stop(self, at_s: float, by_pid: int) -> None:
        """Somebody force-stops the app."""
        self._life.force_stop(at_s, by_pid)
        self._seen.stopped = True

    def _look(self) -> _Seen:
        state = self._pen.state
        return _Seen(
            state.bluetooth,
            state.airplane_mode,
            state.battery_saver,
            state.screen_on,
            state.charging,
            state.network,
            state.transport,
            state.app.restricted,
            state.app.stopped,
            state.still,
        )

    def observe(self, at_s: float) -> None:
        """Take notice of what was changed in the state since the last time, at the moment it was changed."""
        if self._look() == self._seen:
            return
        state, seen = self._pen.state, self._seen
        if state.airplane_mode != seen.airplane_mode:
            self._airplane(at_s)
        if state.charging != seen.charging:
            self._charger(at_s)
        if state.battery_saver != seen.saver:
            self._saver(at_s)
        if state.screen_on != seen.screen_on:
            self._screen(at_s)
        if state.bluetooth != seen.bluetooth:
            self._bluetooth(at_s, seen.bluetooth)
        if (state.network, state.transport) != (seen.network, seen.transport):
            self._network(at_s, seen.network)
        if state.still != seen.still:
            self._pen.still_s = at_s if state.still else None
        if state.app.restricted and not seen.restricted:
            self._pen.background_s = max(self._pen.background_s, at_s)
        if state.app.stopped and not seen.stopped:
            self._life.force_stop(at_s, self._pen.new_pid())
        self._seen = self._look()

    def bluetooth(self, at_s: float, on: bool, by: str, reason: str) -> None:
        """Bluetooth is switched by somebody."""
        state = self._pen.state
        if state.bluetooth in ("turning_on", "turning_off"):
            # A stack that hangs takes the wish down and does nothing.
            self._pen.book.switched.append(Switched(self._pen.wall(at_s), on, reason, by))
            return
        self._reason = (reason, by)
        state.bluetooth = "on" if on else "ble_on" if state.ble_scan_always and not state.airplane_mode else "off"
        self.observe(at_s)
        self._reason = _BY_HAND

    def _bluetooth(self, at_s: float, before: str) -> None:
        state, wall_s = self._pen.state, self._pen.wall(at_s)
        reason, by = self._reason
        was, wanted = before in ("on", "turning_on"), state.bluetooth in ("on", "turning_on")
        if before == "on":
            for link in list(state.links):
                if link.profile == "gatt" and link.package == state.app.package:
                    self._life.gatt(at_s - 0.13, link.address, 22, False)
            state.links.clear()
        if was == wanted:
            return
        self._pen.book.switched.append(Switched(wall_s, wanted, reason, by))
        if wanted:
            self._pen.book.bluetooth_on_s = wall_s
        self._pen.history(at_s, 'tmpwhitelist=1002:"cf63cac android.bluetooth.adapter.action.STATE_CHANGED/u-1"', "+")

    def bluetooth_crash(self, at_s: float) -> None:
        """The native stack aborts; the service starts the process again."""
        state, book = self._pen.state, self._pen.book
        wall_s = self._pen.wall(at_s)
        state.links.clear()
        book.bluetooth_crashes.append(wall_s)
        text = f"[{BLUETOOTH_PID},0,com.android.bluetooth,8961,Native crash,Abort,unknown,0]"
        book.log(book.events, wall_s, SYSTEM, "I", "am_crash", text)
        if state.bluetooth == "on":
            by = "BluetoothSystemServer" if self._pen.model.android >= 15 else "android"
            book.switched.append(Switched(wall_s + 0.2, False, "CRASH", by))
            book.switched.append(Switched(wall_s + 0.6, True, "RESTARTED", by))
            book.bluetooth_on_s = wall_s + 1.4

    def _airplane(self, at_s: float) -> None:
        state = self._pen.state
        self._pen.history(at_s, f"phone_state={'off' if state.airplane_mode else 'in'}")
        self._reason = ("AIRPLANE_MODE", "android")
        if state.airplane_mode:
            self._before_airplane = (state.bluetooth, state.network)
            if state.bluetooth == self._seen.bluetooth:
                state.bluetooth = "off"
            if state.network is self._seen.network:
                state.network = Network.NONE
        else:
            if state.bluetooth == self._seen.bluetooth:
                state.bluetooth = self._before_airplane[0]
            if state.network is self._seen.network:
                state.network = self._before_airplane[1]
        if state.bluetooth != self._seen.bluetooth:
            self._bluetooth(at_s, self._seen.bluetooth)
            self._seen.bluetooth = state.bluetooth
        self._reason = _BY_HAND

    def _network(self, at_s: float, before: Network) -> None:
        now_on, was_on = self._pen.state.network is not Network.NONE, before is not Network.NONE
        kind = 1 if self._pen.state.transport == "wifi" else 0
        if now_on != was_on:
            self._pen.history(at_s, f'conn={kind}:"{"CONNECTED" if now_on else "DISCONNECTED"}"')

    def _saver(self, at_s: float) -> None:
        state, book = self._pen.state, self._pen.book
        wall_s, on = self._pen.wall(at_s), state.battery_saver
        now, before = int(on), int(not on)
        interactive = int(state.screen_on)
        if self._pen.model.android >= 10:
            text = f"[{before},0,{now},0,{interactive},cd-ab,{5 if on else 6}]"
        else:
            text = f"[{before},{now},{interactive},cd-ab]"
        book.log(book.events, wall_s, SYSTEM_MAIN, "I", "battery_saver_mode", text)
        self._pen.history(at_s, "power_save", "+" if on else "-")
        if on:
            book.saver_on_s, book.saver_times = wall_s, book.saver_times + 1
        else:
            book.saver_off_s = wall_s

    def _screen(self, at_s: float) -> None:
        state, book = self._pen.state, self._pen.book
        on = state.screen_on
        book.log(book.events, self._pen.wall(at_s), SYSTEM_MAIN, "I", "screen_toggled", "1" if on else "0")
        self._pen.history(at_s, "screen", "+" if on else "-")
        if not on:
            self._pen.dark_s = at_s
            if state.on_screen == state.app.package:
                self._pen.background_s = at_s
        self._pen.quiet(at_s)

    def _charger(self, at_s: float) -> None:
        state, book = self._pen.state, self._pen.book
        if state.charging:
            self._pen.history(at_s, "status=charging plug=ac +plugged")
            if state.battery_saver:
                state.battery_saver = False
        elif state.battery_percent >= _FULL_PERCENT:
            book.history.clear()
            book.history_from_s = self._pen.wall(at_s)
            book.history_percent = round(state.battery_percent)
        else:
            self._pen.history(at_s, "status=discharging plug=none -plugged")
        self._pen.quiet(at_s)
