"""Every fact that a reader may state: its name, what its value holds, and what it means.

This is the contract between readers and rules. A reader may state nothing else
(``tests/model/test_vocabulary.py`` and every reader's tests check it), and a rule may rely on
nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from unstuck.model.evidence import Fact

AGENT = "unstuck.agent"
"""Subject of facts about our own agent: it takes the place of a vendor's app, whose facts name its package."""

SCALAR = ""
"""Key under which a kind's single value is described when the value has no named parts."""


@dataclass(frozen=True, slots=True)
class FactKind:
    """One word of the vocabulary.

    ``fields`` maps each part of the value to its type and unit in words; the key :data:`SCALAR`
    stands for a value that is one scalar. A part may be None where the source does not give it.
    ``subject`` says what the fact is about.
    """

    name: str
    subject: str
    fields: Mapping[str, str]
    meaning: str


def _kind(name: str, subject: str, meaning: str, /, **fields: str) -> FactKind:
    return FactKind(name, subject, fields, meaning)


def _one(name: str, subject: str, what: str, meaning: str) -> FactKind:
    return FactKind(name, subject, {SCALAR: what}, meaning)


_HCI = (
    _kind(
        "hci.coverage",
        "",
        "What this trace could show at all; a filtered log shows no link events, so their absence says nothing.",
        commands="bool",
        link_events="bool: any connection, disconnection or LE meta event other than adverts",
        adverts="bool",
        acl="bool: any ACL data",
        records="int",
        le_connections="int: LE connections opened",
    ),
    _kind(
        "device.recognised",
        "address",
        "A device seen on the air or in a list is a tracker of a known vendor.",
        vendor="str: id of the vendor profile",
        name="str: name as advertised or listed, may be empty",
        by="str: service | advert | name | bond | gattlink | handles | address | journal",
        sure="float: 0..1",
    ),
    _kind("device.name", "address", "The name a device gives itself.", name="str", source="str: advert | gatt | bond"),
    _kind(
        "link.opened",
        "address",
        "A link came up (an attempt that failed to establish within a second is link.not_established instead).",
        handle="int",
        transport="str: le | br",
        interval_ms="float",
        latency="int",
        timeout_ms="float",
        parallel="int: LE links open after this one came up",
    ),
    _kind(
        "link.lost",
        "address",
        "A link ended without a word: supervision time-out 0x08 or link manager time-out 0x22.",
        handle="int",
        transport="str: le | br",
        reason="int",
        held_s="float: None where it began before the trace",
        last_rssi="int: dBm of the last advert or reading, None where there is none",
    ),
    _kind(
        "link.ended",
        "address",
        "A link was closed in order.",
        handle="int",
        transport="str: le | br",
        reason="int",
        by="str: phone | peer | unknown",
        held_s="float",
    ),
    _kind(
        "link.not_established",
        "address",
        "The phone connected but never heard the device: 0x3e, as status or as disconnection right after success.",
        handle="int",
        transport="str: le | br",
        after_s="float: seconds between success and 0x3e, 0 where it came as status",
        last_rssi="int",
    ),
    _kind(
        "link.refused",
        "address",
        "A connection attempt failed with a status that is neither cancel (0x02) nor 0x3e.",
        transport="str: le | br",
        status="int",
    ),
    _kind(
        "link.cancelled",
        "",
        "How often the phone gave up its own LE attempts (0x02): not found in time, not a link error.",
        count="int",
        first="str: ISO time",
        last="str: ISO time",
    ),
    _kind(
        "link.page_timeout",
        "address",
        "BR/EDR devices that did not answer (0x04): not the tracker's business.",
        count="int",
    ),
    _kind(
        "link.parameters",
        "address",
        "Connection parameters changed.",
        interval_ms="float",
        latency="int",
        timeout_ms="float",
        status="int",
    ),
    _kind("link.phy", "address", "The PHY changed.", tx="int: 1 = 1M, 2 = 2M, 3 = coded", rx="int", status="int"),
    _kind(
        "link.channels",
        "address",
        "Channel map in use (Read Channel Map or Set Host Channel Classification).",
        channels="int: used of 37",
    ),
    _kind("link.encrypted", "address", "Encryption came on.", handle="int", event="int: 0x08, 0x59 or 0x30"),
    _kind(
        "link.encryption_failed",
        "address",
        "Encryption could not start; 0x06 = key missing, 0x3d = MIC failure.",
        handle="int",
        status="int",
    ),
    _kind(
        "link.traffic",
        "address",
        "ATT traffic of one link over its life.",
        handle="int",
        sent_packets="int: phone to device",
        sent_bytes="int",
        received_packets="int",
        received_bytes="int",
        first="str: ISO time of the first ATT packet",
        last="str: ISO time of the last ATT packet",
    ),
    _kind(
        "att.traffic",
        "address",
        "ATT value bytes of one attribute handle on one link.",
        link="int: connection handle",
        attribute="int",
        direction="str: sent | received",
        packets="int",
        bytes="int",
    ),
    _kind(
        "att.errors",
        "address",
        "ATT errors of one code; 0x0a ends every discovery and is normal.",
        code="int",
        request="int",
        count="int",
    ),
    _kind(
        "att.timeout",
        "address",
        "A request was sent on a link that stayed up and never answered.",
        request="int",
        waited_s="float",
    ),
    _kind("pairing.started", "address", "Pairing began.", by="str: phone | peer"),
    _kind("pairing.completed", "address", "Keys were exchanged.", kind="str: smp | ssp"),
    _kind(
        "pairing.failed",
        "address",
        "Pairing failed; reason is the SMP code, or the HCI status for ssp.",
        reason="int",
        kind="str: smp | ssp",
    ),
    _kind(
        "advert.seen",
        "address",
        "One advert of a tracker or of a device that also connected.",
        rssi="int: dBm, None where 127",
        connectable="bool",
    ),
    _kind(
        "advert.summary",
        "address",
        "All adverts of one device.",
        count="int",
        rssi_min="int",
        rssi_median="float",
        rssi_max="int",
        first="str",
        last="str",
        name="str",
    ),
    _kind(
        "link.quality",
        "address",
        "The controller's own report on a link (Android's Bluetooth Quality Report).",
        report="str: periodic | silent (nothing heard for half of the supervision time-out) | failed | audio",
        rssi="int: dBm, None where nothing was ever heard",
        retransmissions="int: packets sent again since the report before",
        missed="int: packets expected and not received since the report before",
    ),
    _kind("rssi.read", "address", "Signal of a live LE link as the phone measured it.", rssi="int: dBm"),
    _kind("links.parallel", "", "Most LE links open at once.", le_max="int"),
    _kind("hci.command_timeout", "", "A command that the controller never answered.", opcode="int", waited_s="float"),
    _kind(
        "hci.reset",
        "",
        "The host reset the controller: Bluetooth came up or was restarted.",
        at_start="bool: within the first second of the trace",
    ),
    _kind("hci.hardware_error", "", "The controller reported a hardware error.", code="int"),
    _kind(
        "hci.all_links_closed",
        "",
        "All open links were closed by the phone within a second (0x16): Bluetooth was switched off or restarted.",
        links="int",
    ),
    _kind("gattlink.reset", "address", "The Gattlink layer of a Fitbit was reset.", by="str: phone | tracker"),
    _kind(
        "gattlink.unanswered",
        "address",
        "The phone asked the tracker to open a Gattlink session and nothing came back while the link was up.",
        requests="int: reset requests sent without an answer",
    ),
)

_PHONE = (
    _kind(
        "phone.section",
        "",
        "A part of a report that was read, so that silence about it means something.",
        section="str",
        lines="int",
    ),
    _kind(
        "phone.build",
        "",
        "The phone and its system.",
        release="str",
        sdk="int",
        maker="str",
        model="str",
        fingerprint="str",
    ),
    _one("phone.build_date", "", "str: ISO time", "When the running system was built."),
    _one("phone.security_patch", "", "str: ISO date", "Security patch level."),
    _one("phone.time_zone", "", "str: IANA name", "The phone's time zone."),
    _one(
        "phone.system_updated",
        "",
        "str: ISO time",
        "When the system was last updated, inferred from system packages; inferred, and said so.",
    ),
    _kind("phone.uptime", "", "Since when the phone is up.", seconds="float"),
    _one(
        "bluetooth.adapter",
        "",
        "str: on | off | ble_on | turning_on | turning_off | absent",
        "State of Bluetooth. ble_on = the person turned it off, scanning stays allowed.",
    ),
    _kind(
        "bluetooth.switched",
        "",
        "A line of the adapter's enable log.",
        on="bool",
        reason="str: AOSP reason or empty",
        by="str: package or empty",
    ),
    _one("bluetooth.crashes", "", "int", "How often the Bluetooth process crashed."),
    _one("bluetooth.crashed", "", "bool", "One crash of the Bluetooth process, at its time."),
    _kind(
        "bluetooth.bond",
        "address",
        "A device the phone is bonded with.",
        name="str",
        transport="str: le | br | dual | unknown",
    ),
    _one("bluetooth.bond_count", "", "int", "Number of bonded devices; says that the list was there to be read."),
    _kind("bluetooth.gatt_client", "package", "An app's open GATT client.", connections="int"),
    _kind("bluetooth.profile_link", "address", "A device connected through a profile: headphones, car.", profile="str"),
    _kind(
        "gatt.status",
        "address",
        "A GATT connection state line.",
        status="int",
        new_state="str: connected | disconnected | unknown",
    ),
    _one("gatt.slots_exhausted", "package", "bool", "No GATT client slot was left."),
    _one("bluetooth.scan_denied", "package", "bool", "A scan was refused for want of a permission."),
    _one("power.battery_saver", "", "bool", "Battery saver at the time of the report."),
    _one("power.battery_saver_switched", "", "bool", "Battery saver went on or off at this time."),
    _one("phone.battery", "", "int: percent", "The phone's battery."),
    _kind("power.doze", "", "Doze state.", deep="str", light="str"),
    _one("app.doze_exempt", "package", "bool", "On the person's list of exemptions from battery optimisation."),
    _one(
        "app.standby_bucket",
        "package",
        "int: 5 exempted, 10 active, 20 working set, 30 frequent, 40 rare, 45 restricted, 50 never",
        "Standby bucket.",
    ),
    _one("app.idle", "package", "bool", "App standby before Android 9: the app is held as unused."),
    _kind(
        "app.op",
        "package",
        "An app operation.",
        op="str",
        mode="str: allow | ignore | deny | foreground | default",
        level="str: package | uid",
    ),
    _kind(
        "app.permission",
        "package",
        "A runtime permission.",
        permission="str: without android.permission.",
        granted="bool",
    ),
    _kind(
        "app.installed",
        "package",
        "The app and its versions.",
        version_name="str",
        version_code="int",
        first_install="str: ISO time",
        last_update="str: ISO time",
        uid="int",
    ),
    _one("app.not_installed", "package", "bool", "A package list was read and this package is not in it."),
    _one("app.stopped", "package", "bool", "Force-stopped flag of the package."),
    _one("app.enabled", "package", "bool", "False = the app was disabled."),
    _one("app.hibernated", "package", "bool", "Hibernated for want of use."),
    _kind(
        "app.killed",
        "package",
        "The system killed the app.",
        reason="str",
        adj="int",
        kind="str: cached | background | vendor | user | other",
    ),
    _kind("app.exit", "package", "Exit record (Android 11+).", reason="int", reason_text="str", subreason_text="str"),
    _kind("app.crashed", "package", "The app crashed.", exception="str"),
    _kind("app.started", "package", "The app's process started.", why="str"),
    _kind(
        "app.job",
        "package",
        "A scheduled job.",
        name="str",
        ready="bool",
        unsatisfied="str: constraints, comma separated",
    ),
    _kind("app.beat", "package", "A run of a periodic job in the battery history.", job="str"),
    _kind("app.sync", "package", "Outcome of a sync adapter run or its counts.", ok="bool", detail="str"),
    _kind("app.http", "package", "An HTTP status seen in the app's own log.", status="int"),
    _kind(
        "app.error",
        "package",
        "A classified error in the app's own log.",
        kind="str: tls | dns | auth | database | storage_full | timeout | version_refused | account",
        text="str",
    ),
    _kind("phone.storage", "", "Data partition.", free_bytes="int", total_bytes="int", free_percent="float"),
    _one("phone.storage_low", "", "bool", "The system's own low-storage flag."),
    _one("phone.airplane_mode", "", "bool", "Airplane mode."),
    _one("phone.location", "", "bool", "Location service on; scanning needs it before Android 12."),
    _kind(
        "network.default",
        "",
        "The default network; none = offline.",
        present="bool",
        validated="bool: None where unknown",
        transport="str",
    ),
    _one("network.data_saver", "", "bool", "Data saver (restrict background)."),
    _one("network.app_rejected_metered", "package", "bool", "Background data on metered networks refused to the app."),
    _one("network.restrict_power", "", "bool", "Network restricted by battery saver."),
    _one("network.switched", "", "bool", "Connectivity went on (true) or off (false)."),
    _one("phone.airplane_switched", "", "bool", "Airplane mode went on or off."),
    _kind("ble.scan", "package", "BLE scanning by the app as batterystats counts it.", realtime_s="float", times="int"),
    _one("ble.scanning", "", "bool", "Some app began or stopped scanning, in the battery history."),
    _one("ble.link_wakeup", "", "bool", "The system reported that some link came up (ACL_CONNECTED)."),
    _kind("bluetooth.history", "", "Bluetooth on or off in the battery history.", on="bool"),
)

_TRACKER = (
    _kind(
        "tracker.radio_day",
        "",
        "Hours a day in each radio mode, by the tracker's own log; may exceed 24 h, features are counted apart.",
        date="str: ISO date, UTC",
        advertise_h="float: no phone connected",
        fast_h="float: data moving at speed",
        slow_gg_h="float: app link open",
        idle_gg_h="float: link up, app silent",
        slow_none_h="float: a phone is connected, no feature uses it",
        reports="int",
    ),
    _kind("tracker.battery", "", "State of charge.", percent="float", voltage_mv="int", charging="bool"),
    _kind("tracker.wear_day", "", "Hours on and off the wrist.", date="str", on_h="float", off_h="float"),
    _kind("tracker.charger_day", "", "Hours on and off the charger.", date="str", on_h="float", off_h="float"),
    _one("tracker.charger", "", "bool", "Put on (true) or taken off (false) the charger."),
    _kind(
        "tracker.device",
        "tracker id or address",
        "A paired tracker (the phone as a pseudo-tracker is left out).",
        name="str",
        type="str",
        firmware="str",
        address="str",
        bonded="bool",
    ),
    _one("tracker.last_sync", "tracker id or address", "str: ISO time", "Last sync as the vendor recorded it."),
    _one("tracker.rebooted", "tracker id or address", "bool", "The tracker restarted at this time."),
    _one(
        "tracker.log_gap",
        "",
        "float: hours",
        "Rows of the tracker's own regular log are missing for this long from this time.",
    ),
)

_SERVER = (
    _kind(
        "server.series",
        "series",
        "A minute series at the server and its newest row of a first-party source.",
        newest="str: ISO time",
        oldest="str",
        rows="int",
        zeros="int: explicit zeros: worn and still",
        origin="str: data source as named in the export, may be empty",
    ),
    _kind(
        "server.day",
        "series",
        "One day of a series, first-party source only.",
        date="str",
        minutes="int",
        zeros="int",
        total="float",
    ),
    _one(
        "server.other_source",
        "series",
        "str",
        "Another source feeds the same series; adding them up would double the total.",
    ),
    _one("server.future_rows", "series", "int", "Rows dated after the export itself."),
)

_CHAIN = (
    _kind(
        "agent.attempts",
        "tracker id",
        "Attempts of our agent at one boundary, one after another, that ended alike; the time is the last one's end.",
        side="str: drain (tracker to phone) | upload (phone to server)",
        outcome="str: the agent's code",
        says="str: the outcome in words",
        through="bool: what there was got over this boundary",
        person="bool: nothing changes before somebody acts",
        count="int",
        records="int: records moved by all of them",
        first="str: ISO time of the first one's begin",
        hop="str: hop at which the outcome shows data standing still",
        way="str: link | drain | upload | any: the way that is closed",
        sign="str: silent (the tracker was called and not heard) | wrong (it answered wrongly)"
        " | failed (the phone's Bluetooth did) | empty",
        waits_s="float: longest the agent waits after it before it tries again",
    ),
    _kind(
        "agent.journal",
        "tracker id",
        "What the agent's journal holds.",
        sound="bool: whole and without contradiction",
        only_on_tracker="int: records that the tracker last told of and the journal does not hold",
        waiting="int: records held here and not confirmed by the server",
        rejected="int: ranges the server would not take",
    ),
    _kind(
        "server.asked",
        "",
        "What came of asking the server for its ledger just now, with the agent's login.",
        outcome="str: the agent's code, or answered",
        says="str: in words",
        through="bool: it answered",
    ),
    _kind(
        "server.status",
        "",
        "Our server's public status document.",
        state="str: up | maintenance",
        message="str: of the person who runs it",
        minimum_agent="str: oldest version it takes",
    ),
    _kind(
        "ledger.hole",
        "tracker id",
        "A span missing at the server with its one reason; the time is its end.",
        start="str: ISO time",
        end="str: ISO time",
        reason="str: not_worn | not_recorded | not_drained | not_uploaded | not_shown | lost",
        records="int: None where no record is known to exist",
        latest="bool: it reaches to the end of the ledger",
        lost_at="str: ISO time at which the last of it was overwritten, empty where not known or not lost",
    ),
    _kind(
        "ledger.at_risk",
        "tracker id",
        "What was recorded since then is on the tracker alone, and when the oldest of it is overwritten.",
        since="str: ISO time",
        lost_at="str: ISO time",
    ),
    _kind(
        "ledger.watermark",
        "tracker id",
        "The newest record of a hop, as the server knows it.",
        hop="str: tracker | phone | server",
        newest="str: ISO time, empty where not known",
        boot="int",
        sequence="int",
    ),
    _one("tracker.firmware", "tracker id", "str", "The version of the tracker's own software, as it tells."),
    _one(
        "tracker.clock_offset",
        "tracker id",
        "float: seconds, the tracker's clock less the phone's",
        "By how much the tracker's clock was off before the phone set it.",
    ),
    _one(
        "tracker.overwritten", "tracker id", "int: records", "Records that the tracker overwrote before any phone came."
    ),
)

_PERSON = (
    _one("reported.symptom", "", "str: symptom id of the catalogue", "What the person notices."),
    _kind("reported.answer", "question id", "An answer of the person.", answer="str"),
)

KINDS: Mapping[str, FactKind] = {kind.name: kind for kind in (*_HCI, *_PHONE, *_TRACKER, *_SERVER, *_CHAIN, *_PERSON)}
"""Every fact kind by its name."""


def violations(fact: Fact) -> list[str]:
    """What is wrong with a fact against the vocabulary; empty when all is well. For tests."""
    kind = KINDS.get(fact.name)
    if kind is None:
        return [f"{fact.name}: not in the vocabulary"]
    wrong = []
    if isinstance(fact.value, Mapping):
        wrong += [f"{fact.name}: unknown part {key!r}" for key in fact.value if key not in kind.fields]
        wrong += [f"{fact.name}: part {key!r} is missing" for key in kind.fields if key not in fact.value]
    elif SCALAR not in kind.fields:
        wrong.append(f"{fact.name}: needs named parts")
    if not fact.source or not fact.locator:
        wrong.append(f"{fact.name}: no source or locator")
    if fact.time is not None and fact.time.tzinfo is None:
        wrong.append(f"{fact.name}: time without zone")
    if len(fact.excerpt) > 200:
        wrong.append(f"{fact.name}: excerpt longer than 200 characters")
    return wrong
