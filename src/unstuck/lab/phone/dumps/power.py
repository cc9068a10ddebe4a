"""``dumpsys power``, ``dumpsys battery`` and ``dumpsys deviceidle``.

Forms: reports of 9 and 10, a dump of 14 and one of 15; between them AOSP source.
"""

from collections.abc import Iterator

from unstuck.lab.phone import consequences, times
from unstuck.lab.phone.dumps.view import SYSTEM_APPS, View, rows, text, yes


def power(view: View) -> str:
    """``dumpsys power``, the parts about the battery saver whole, the rest shortened."""
    return text(_power(view))


def _power(view: View) -> Iterator[str]:
    state, android = view.state, view.android
    awake = "Awake" if state.screen_on else "Dozing" if android >= 14 else "Asleep"
    up_ms = round(view.up_s * 1000)
    yield "POWER MANAGER (dumpsys power)"
    yield ""
    yield "Power Manager State:"
    yield "  Settings power_manager_constants:"
    yield "    no_cached_wake_locks=true"
    first = {
        "mDirty": "0x0",
        "mWakefulness": awake,
        "mWakefulnessChanging": "false",
        "mIsPowered": yes(state.charging),
        "mPlugType": 1 if state.charging else 0,
        "mBatteryLevel": round(state.battery_percent),
    }
    yield from rows(first, 2)
    if android >= 14:
        yield "  mDreamsBatteryLevelDrain=0"
    else:
        yield "  mBatteryLevelWhenDreamStarted=0"
    more = {
        "mDockState": 0,
        "mStayOn": "false",
        "mProximityPositive": "false",
        "mBootCompleted": "true",
        "mSystemReady": "true",
        "mHalAutoSuspendModeEnabled": yes(android >= 14 and not state.screen_on),
        "mHalInteractiveModeEnabled": yes(state.screen_on),
        "mWakeLockSummary": "0x0",
        "mBatteryLevelLow": yes(state.battery_percent <= 15),
        "mLightDeviceIdleMode": yes(view.doze.light == "IDLE"),
        "mDeviceIdleMode": yes(view.doze.idle),
        "mDeviceIdleWhitelist": f"[{', '.join(str(number) for number in view.exempt_ids())}]",
        "mDeviceIdleTempWhitelist": "[]",
    }
    yield from rows(more, 2)
    yield f"  mLastWakeTime=0 ({up_ms} ms ago)"
    yield f"  mLastSleepTime=0 ({up_ms} ms ago)"
    yield ""
    yield "Settings and Configuration:"
    yield "  mDecoupleHalAutoSuspendModeFromDisplayConfig=false"
    yield "  mDecoupleHalInteractiveModeFromDisplayConfig=false"
    yield ""
    yield from _statistics(view)
    yield from _policy(view)
    yield from _machine(view)
    yield ""
    yield "Profile power states: size=0"


def _statistics(view: View) -> Iterator[str]:
    book, on = view.book, view.state.battery_saver
    yield "Battery saving stats:"
    yield f"  Battery Saver is currently: {'ON' if on else 'OFF'}"
    for word, at_s in (("ON", book.saver_on_s), ("OFF", book.saver_off_s)):
        if at_s is not None:
            yield f"    Last {word} time: {times.full_ms(view.local(at_s))} {view.ago(at_s)}"
    yield f"    Times{' full' if view.android >= 11 else ''} enabled: {book.saver_times}"
    if view.android >= 11:
        yield "    Times adaptive enabled: 0"
    yield ""


_POLICY_9 = {
    "vibration_disabled:config": "true",
    "vibration_disabled:effective": "true",
    "animation_disabled": "false",
    "fullbackup_deferred": "true",
    "keyvaluebackup_deferred": "true",
    "firewall_disabled": "false",
    "datasaver_disabled": "true",
    "launch_boost_disabled": "true",
    "adjust_brightness_disabled": "true",
    "adjust_brightness_factor": "0.5",
    "gps_mode": "2",
    "force_all_apps_standby": "true",
    "force_background_check": "true",
    "optional_sensors_disabled": "true",
    "aod_disabled": "true",
}


def _policy(view: View) -> Iterator[str]:
    yield "Battery saver policy (*NOTE* they only apply when battery saver is ON):"
    if view.android <= 9:
        yield "  mAccessibilityEnabled=false"
        yield from rows({**_POLICY_9, "send_tron_log": "false"}, 2)
    else:
        yield "  mAccessibilityEnabled=false"
        yield f"  mPolicyLevel={2 if view.state.battery_saver else 0}"
        yield ""
        yield "  Policy 'full'"
        full = {"advertise_is_enabled": "true", **_POLICY_9, "soundtrigger_disabled": "true"}
        yield from rows({**full, "quick_doze_enabled": "true"}, 4)
    yield ""


def _machine(view: View) -> Iterator[str]:
    state, android = view.state, view.android
    on = yes(state.battery_saver)
    yield "Battery saver state machine:"
    yield f"  Enabled={on}"
    if android >= 10:
        yield f"    full={on}"
        yield "    adaptive=false"
    if android >= 11:
        yield f"  mState={2 if state.battery_saver else 1}"
    fields: dict[str, object] = {
        "mLastChangedIntReason": 2 if state.battery_saver else 0,
        "mLastChangedStrReason": "null",
        "mBootCompleted": "true",
        "mSettingsLoaded": "true",
        "mBatteryStatusSet": "true",
    }
    if android <= 11:
        fields["mBatterySaverSnoozing"] = "false"
    fields |= {
        "mIsPowered": yes(state.charging),
        "mBatteryLevel": round(state.battery_percent),
        "mIsBatteryLevelLow": yes(state.battery_percent <= 15),
        "mSettingBatterySaverEnabled": on,
        "mSettingBatterySaverEnabledSticky": "false",
    }
    if android >= 10:
        fields["mSettingBatterySaverStickyAutoDisableEnabled"] = "false"
        fields["mSettingBatterySaverStickyAutoDisableThreshold"] = 90
    fields["mSettingBatterySaverTriggerThreshold"] = state.saver_trigger_percent
    if android >= 10:
        fields["mBatterySaverStickyBehaviourDisabled"] = "false"
    yield from rows(fields, 2)


def battery(view: View) -> str:
    """``dumpsys battery``."""
    return text(_battery(view))


def _battery(view: View) -> Iterator[str]:
    state = view.state
    level = round(state.battery_percent)
    status = (5 if level >= 100 else 2) if state.charging else 3
    yield "Current Battery Service state:"
    yield f"  AC powered: {yes(state.charging)}"
    yield "  USB powered: false"
    yield "  Wireless powered: false"
    if view.android >= 14:
        yield "  Dock powered: false"
    yield f"  Max charging current: {3_000_000 if state.charging else 0}"
    yield f"  Max charging voltage: {5_000_000 if state.charging else 0}"
    yield f"  Charge counter: {level * 42_600}"
    yield f"  status: {status}"
    yield "  health: 2"
    yield "  present: true"
    yield f"  level: {level}"
    yield "  scale: 100"
    yield f"  voltage: {3500 + 8 * level}"
    yield "  temperature: 271"
    yield "  technology: Li-ion"
    if view.android >= 14:
        yield "  Charging state: 0"
        yield "  Charging policy: 0"
        yield "  Capacity level: -1"


def _constants(android: int) -> list[str]:
    old = android <= 11
    light = consequences.light_after_s(android)
    pairs: dict[str, object] = {}
    if android >= 12:
        pairs["flex_time_short"] = "+1m0s0ms"
    pairs["light_after_inactive_to"] = times.duration(light)
    if android <= 13:
        pairs["light_pre_idle_to"] = "+3m0s0ms"
    pairs["light_idle_to"] = "+5m0s0ms"
    if android >= 12:
        pairs["light_idle_to_initial_flex"] = "+1m0s0ms"
        pairs["light_max_idle_to_flex"] = "+15m0s0ms"
    pairs["light_idle_factor"] = "2.0"
    if android >= 14:
        pairs["light_idle_increase_linearly"] = "true"
        pairs["light_idle_linear_increase_factor_ms"] = 300_000
        pairs["light_idle_flex_linear_increase_factor_ms"] = 60_000
    pairs |= {
        "light_max_idle_to": "+30m0s0ms" if android >= 14 else "+15m0s0ms",
        "light_idle_maintenance_min_budget": "+1m0s0ms",
        "light_idle_maintenance_max_budget": "+5m0s0ms",
        "min_light_maintenance_time": "+5s0ms",
        "min_deep_maintenance_time": "+30s0ms",
        "inactive_to": "+30m0s0ms",
        "sensing_to": "+4m0s0ms",
        "locating_to": "+30s0ms",
        "location_accuracy": "20.0m",
        "motion_inactive_to": "+10m0s0ms",
    }
    if android >= 12:
        pairs["motion_inactive_to_flex"] = "+1m0s0ms"
    pairs |= {
        "idle_after_inactive_to": "+30m0s0ms",
        "idle_pending_to": "+5m0s0ms",
        "max_idle_pending_to": "+10m0s0ms",
        "idle_pending_factor": "2.0",
    }
    if android >= 10:
        pairs["quick_doze_delay_to"] = "+1m0s0ms"
    word, unit = ("whitelist", "") if old else ("allowlist", "_ms")
    pairs |= {
        "idle_to": "+1h0m0s0ms",
        "max_idle_to": "+6h0m0s0ms",
        "idle_factor": "2.0",
        "min_time_to_alarm": "+1h0m0s0ms" if old else "+30m0s0ms",
        f"max_temp_app_{word}_duration{unit}": "+5m0s0ms",
        f"mms_temp_app_{word}_duration{unit}": "+1m0s0ms",
        f"sms_temp_app_{word}_duration{unit}": "+20s0ms",
        f"notification_{word}_duration{unit}": "+30s0ms",
        "wait_for_unlock": yes(not old),
    }
    if 10 <= android <= 13:
        pairs["pre_idle_factor_long"] = "1.67"
        pairs["pre_idle_factor_short"] = "0.33"
    if android >= 12:
        pairs["use_window_alarms"] = "true"
    if android >= 14:
        pairs["use_mode_manager"] = "false"
    return rows(pairs, 4)


def deviceidle(view: View) -> str:
    """``dumpsys deviceidle``. A heading is absent when its list is empty."""
    return text(_deviceidle(view))


def _deviceidle(view: View) -> Iterator[str]:
    state, doze = view.state, view.doze
    if view.android >= 15:
        yield "  Flags:"
        yield "    com.android.server.deviceidle.remove_idle_location=true"
        yield ""
    yield "  Settings:"
    yield from _constants(view.android)
    yield from _history(view)
    yield "  Whitelist (except idle) system apps:"
    for app in SYSTEM_APPS:
        if app.except_idle:
            yield f"    {app.package}"
    yield "  Whitelist system apps:"
    for app in SYSTEM_APPS:
        if app.idle:
            yield f"    {app.package}"
    if view.app.doze_exempt:
        yield "  Whitelist user apps:"
        yield f"    {view.app.package}"
    for title, ids in (
        ("(except idle) all app ids", view.exempt_ids(True)),
        ("user app ids", [view.app.uid] if view.app.doze_exempt else []),
        ("all app ids", view.exempt_ids()),
    ):
        if ids:
            yield f"  Whitelist {title}:"
            yield from (f"    {number}" for number in ids)
    yield "  mLightEnabled=true  mDeepEnabled=true"
    yield f"  mForceIdle={yes(state.doze_forced)}"
    if view.android <= 9:
        yield "  mMotionSensor=null"
    else:
        yield "  mUseMotionSensor=true mMotionSensor=null"
    yield f"  mScreenOn={yes(state.screen_on)}"
    yield f"  mScreenLocked={yes(not state.screen_on)}"
    yield f"  mNetworkConnected={yes(state.network.value != 'none')}"
    yield f"  mCharging={yes(state.charging)}"
    yield "  mMotionActive=false"
    yield f"  mNotMoving={yes(state.still)}"
    yield "  mLocating=false mHasGps=false mHasNetwork=false mLocated=false"
    yield f"  mState={doze.deep} mLightState={doze.light}"
    yield "  mInactiveTimeout=+30m0s0ms"


_WORDS = {
    ("ACTIVE", False): "normal",
    ("IDLE", True): "deep-idle",
    ("IDLE_MAINTENANCE", True): "deep-maint",
    ("IDLE", False): "light-idle",
    ("IDLE_MAINTENANCE", False): "light-maint",
}


def _history(view: View) -> Iterator[str]:
    """The windows of this sleep; AOSP keeps the last hundred changes."""
    if view.quiet_s is None:
        return
    shown: list[tuple[float, str]] = []
    for at_s, doze in consequences.phases(view.quiet_s, view.now_s, view.still_s, view.android):
        deep = doze.light == "OVERRIDE"
        word = _WORDS.get((doze.deep if deep else doze.light, deep))
        if word is not None and (not shown or shown[-1][1] != word):
            shown.append((at_s, word))
    if shown:
        yield "  Idling history:"
        for at_s, word in shown[-100:]:
            yield f"    {word:>11}: {times.duration(at_s - view.now_s)}"


def whitelist(view: View) -> str:
    """``dumpsys deviceidle whitelist``."""
    lines = [f"system-excidle,{app.package},{app.uid}" for app in SYSTEM_APPS if app.except_idle]
    lines += [f"system,{app.package},{app.uid}" for app in SYSTEM_APPS if app.idle]
    if view.app.doze_exempt:
        lines.append(f"user,{view.app.package},{view.app.uid}")
    return text(lines)
