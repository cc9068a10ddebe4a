"""``dumpsys connectivity``, ``netpolicy``, ``content``, ``location``, ``diskstats`` and ``settings``.

Forms: reports of 9 and 10, dumps of 13 and 14; between them AOSP source.
"""

from collections.abc import Iterator

from unstuck.chain.phone.host import Network
from unstuck.lab.phone import times
from unstuck.lab.phone.dumps.view import SYSTEM_APPS, View, text, yes

NETWORK_ID = 100
_HANDLE = 432902426637
"""The handle that goes with network 100."""


def connectivity(view: View) -> str:
    """``dumpsys connectivity``."""
    return text(_connectivity(view))


def _connectivity(view: View) -> Iterator[str]:
    old = view.android <= 11
    yield (
        "NetworkFactories for: WIFI TelephonyNetworkFactory[0]"
        if old
        else ("NetworkProviders for: WifiNetworkFactory Ethernet")
    )
    yield ""
    online = view.state.network is not Network.NONE
    yield f"Active default network: {NETWORK_ID if online else 'none'}"
    yield ""
    if not old:
        yield "Current network preferences: "
        yield ""
    yield "Current Networks:"
    if online:
        yield _agent_old(view) if old else _agent(view)
    yield ""
    if view.android >= 12:
        yield f"Restrict background: {yes(view.state.data_saver)}"
        yield ""


def _capabilities(view: View) -> str:
    state = view.state
    words = [] if state.metered else ["NOT_METERED"]
    words += ["INTERNET", "NOT_RESTRICTED", "TRUSTED"]
    words += [] if state.vpn else ["NOT_VPN"]
    if state.network is Network.VALIDATED:
        words.append("VALIDATED")
    if state.network is Network.CAPTIVE_PORTAL:
        words.append("CAPTIVE_PORTAL")
    return "&".join([*words, "NOT_ROAMING", "FOREGROUND", "NOT_CONGESTED", "NOT_SUSPENDED"])


def _transport(view: View) -> tuple[str, str, str]:
    """Type, its subtype and interface."""
    if view.state.transport == "wifi":
        return "WIFI", "", "wlan0"
    return "MOBILE", "LTE", "rmnet1"


def _transports(view: View) -> str:
    word = "WIFI" if view.state.transport == "wifi" else "CELLULAR"
    return f"{word}|VPN" if view.state.vpn else word


def _agent_old(view: View) -> str:
    kind, subtype, interface = _transport(view)
    valid = yes(view.state.network is Network.VALIDATED)
    portal = yes(view.state.network is Network.CAPTIVE_PORTAL)
    handle = "nethandle" if view.android <= 10 else "handle"
    unwanted = " Unwanted: " if view.android <= 9 else ""
    score = 60 if view.state.network is Network.VALIDATED else 20
    notified = "" if view.android <= 9 else " captivePortalLoginNotified{false}"
    rates = " LinkUpBandwidth>=1048576Kbps LinkDnBandwidth>=1048576Kbps"
    return (
        f"  NetworkAgentInfo{{ ni{{[type: {kind}[{subtype}], state: CONNECTED/CONNECTED, reason: (unspecified), "
        f"extra: (none), failover: false, available: true, roaming: false]}}  network{{{NETWORK_ID}}}  "
        f"{handle}{{{_HANDLE}}}  lp{{{{InterfaceName: {interface} LinkAddresses: [ ] DnsAddresses: [ ] MTU: 0}}}}  "
        f"nc{{[ Transports: {_transports(view)} Capabilities: {_capabilities(view)}{unwanted}{rates}]}}  "
        f"Score{{{score}}}  everValidated{{{valid}}}  lastValidated{{{valid}}}  created{{true}} "
        f"lingering{{false}} explicitlySelected{{false}} acceptUnvalidated{{false}} "
        f"everCaptivePortalDetected{{{portal}}} lastCaptivePortalDetected{{{portal}}}{notified} clat{{null}} }}"
    )


def _agent(view: View) -> str:
    kind, subtype, interface = _transport(view)
    valid = view.state.network is Network.VALIDATED
    created = times.local(view.state.booted_s + 41, "UTC")
    policies = ["EVER_VALIDATED"] if valid else []
    policies += [] if view.state.metered else ["IS_UNMETERED"]
    policies += ["IS_VALIDATED"] if valid else []
    validated = ""
    if view.android >= 14 and valid:
        validated = f"firstValidated 16032  lastValidated {round(view.up_s * 1000)}  "
    return (
        f"  NetworkAgentInfo{{network{{{NETWORK_ID}}}  handle{{{_HANDLE}}}  ni{{{kind} CONNECTED"
        f"{f' ({subtype})' if subtype else ''} extra: }} created={created:%Y-%m-%dT%H:%M:%S}.114Z "
        f"Score(Policies : {'&'.join(policies)} ; KeepConnected : )   {validated}"
        f"lp{{{{InterfaceName: {interface} LinkAddresses: [ ] DnsAddresses: [ ] MTU: 0}}}}  "
        f"nc{{[ Transports: {_transports(view)} Capabilities: {_capabilities(view)}]}}  factorySerialNumber=1}}"
    )


def netpolicy(view: View) -> str:
    """``dumpsys netpolicy``."""
    return text(_netpolicy(view))


def _netpolicy(view: View) -> Iterator[str]:
    state, app = view.state, view.app
    tail = "|NONE" if view.android == 10 else ""
    yield "System ready: true"
    yield f"Restrict background: {yes(state.data_saver)}"
    yield f"Restrict power: {yes(state.battery_saver)}"
    yield f"Device idle: {yes(view.doze.idle)}"
    yield f"Metered ifaces: {{{'rmnet1' if state.metered else ''}}}"
    yield ""
    yield "Policy for UIDs:"
    policies = {other.uid: "4 (ALLOW_METERED_BACKGROUND" for other in SYSTEM_APPS if other.metered}
    if app.rejected_metered:
        policies[app.uid] = "1 (REJECT_METERED_BACKGROUND"
    elif app.data_saver_exempt:
        policies[app.uid] = "4 (ALLOW_METERED_BACKGROUND"
    for uid, policy in sorted(policies.items()):
        yield f"  UID={uid} policy={policy}{tail})"
    yield "Power save whitelist (except idle) app ids:"
    for number in view.exempt_ids(True):
        yield f"  UID={number}: true"
    yield "Power save whitelist app ids:"
    for number in view.exempt_ids():
        yield f"  UID={number}: true"
    yield "Default restrict background whitelist uids:"
    for other in SYSTEM_APPS:
        if other.metered:
            yield f"  UID={other.uid}"


def content(view: View) -> str:
    """``dumpsys content``; the app has no sync adapter, as none of a tracker's was ever seen."""
    state = view.state
    low = "Storage" if view.android >= 11 else "Memory"
    up = round(view.up_s)
    clock = f"{up // 3600}h{up // 60 % 60:02d}m{up % 60:02d}s" if up >= 3600 else f"{up // 60}m{up % 60}s"
    return text(
        [
            f"Data connected: {yes(state.network is not Network.NONE)}",
            f"Battery saver: {yes(state.battery_saver)}",
            f"Background network restriction:  {'enabled' if state.data_saver else 'disabled'}",
            f"Auto sync: u0={yes(state.auto_sync)} ",
            f"{low} low: {yes(state.storage_low)}",
            f"Device idle: {yes(view.doze.idle)}",
            "Reported active: false",
            "Clock valid: true",
            f"Accounts: {len(state.accounts)}",
            *(f"    Account {{name=synthetic, type={kind}}}" for kind in state.accounts if view.android < 9),
            f"Now: {round(view.up_s * 1000)} ({times.full(view.now)})",
            f"Uptime: {clock}",
            "Time spent syncing: 0s, sync not in progress",
            "",
            "Active Syncs: 0",
            "",
            "Pending Syncs: 0",
            "",
            "Periodic Syncs: 0",
            "",
            "Sync Status",
        ]
    )


def location(view: View) -> str:
    """``dumpsys location``. 9 does not say it here but in the settings."""
    on = yes(view.state.location)
    if view.android <= 11:
        mode = [] if view.android <= 9 else [f"  Location Mode: {on}"]
        return text(
            ["Current Location Manager state:", *mode, "  Location Listeners:", "  Active Records by Provider:"]
        )
    return text(["Location Manager State:", "  User Info:", "    current user: u[0]", f"    Location Setting: {on}"])


def diskstats(view: View) -> str:
    """``dumpsys diskstats``."""
    state = view.state
    free, total = state.storage_free_bytes // 1024, state.storage_total_bytes // 1024
    percent = 100 * free // total if total else 0
    lines = [
        "Latency: 0ms [512B Data Write]",
        "Recent Disk Write Speed (kB/s) = 81544",
        f"Data-Free: {free}K / {total}K total = {percent}% free",
        f"Cache-Free: {free}K / {total}K total = {percent}% free",
        "System-Free: 46276K / 917500K total = 5% free",
    ]
    return text([*lines, "File-based Encryption: true"] if view.android >= 10 else lines)


def settings(view: View) -> str:
    """``dumpsys settings``."""
    lines = []
    number = 0
    for space in ("global", "secure", "system"):
        lines.append(f"{space.upper()} SETTINGS (user 0)")
        for name, value in sorted(table(view, space).items()):
            number += 1
            owner = "com.android.settings" if space == "secure" else "android"
            lines.append(f"_id:{number} name:{name} pkg:{owner} value:{value} default:{value} defaultSystemSet:true")
        lines.append("")
    return text(lines)


def table(view: View, space: str) -> dict[str, str]:
    """All settings of a space: those that the state decides, and those that were put."""
    state = view.state
    values: dict[str, str] = {}
    if space == "global":
        values = {
            "adb_enabled": "1",
            "airplane_mode_on": str(int(state.airplane_mode)),
            "auto_time": str(int(state.automatic_time)),
            "auto_time_zone": "1",
            "ble_scan_always_enabled": str(int(state.ble_scan_always)),
            "bluetooth_on": bluetooth_setting(view),
            "device_name": state.name,
            "device_provisioned": "1",
            "low_power": str(int(state.battery_saver)),
            "low_power_trigger_level": str(state.saver_trigger_percent),
            "mobile_data": str(int(state.mobile_data_on)),
            "stay_on_while_plugged_in": "0",
            "wifi_on": str(int(state.wifi_on)),
        }
    elif space == "secure":
        values = {"location_providers_allowed": "gps,network" if state.location else "", "user_setup_complete": "1"}
        if view.android >= 10:
            values["location_mode"] = "3" if state.location else "0"  # 9 reckons it from the providers
    elif space == "system":
        values = {"screen_brightness": "102", "screen_off_timeout": "60000"}
    return values | {name: value for (where, name), value in state.settings.items() if where == space}


def bluetooth_setting(view: View) -> str:
    """``bluetooth_on``: 2 is BLUETOOTH_ON_AIRPLANE, for one that stays on in airplane mode."""
    if view.state.bluetooth not in ("on", "turning_on"):
        return "0"
    return "2" if view.state.airplane_mode else "1"
