"""Rules about the Bluetooth leg: the adapter, the link, the bond and the air."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from statistics import median

from unstuck.doctor.agent import DRAIN, FAILED, SILENT, side
from unstuck.doctor.boundaries import QUIET_OK
from unstuck.doctor.case import Case
from unstuck.doctor.links import LinkSpan
from unstuck.doctor.rules.outcome import UNKNOWN, Outcome, Rule, either, lasting, no, numbers, times, yes
from unstuck.model.evidence import Fact
from unstuck.model.worded import Number, worded

SAME_MINUTES = timedelta(minutes=10)
"""Losses this near each other count as one event. In the real case two other links died within 5 minutes."""

FRESH = timedelta(minutes=30)
"""A trace that ended longer ago than two expected sync rhythms does not speak of now."""

AROUND_LOSS = timedelta(minutes=10)
"""Signal readings this near a loss describe it."""

WEAK_DBM = -85
"""At or below this an LE link is at its edge (dBm): receivers must reach -70 and reach about -95
(Core specification, Vol 6, Part A, section 4)."""

GOOD_DBM = -70
"""At or above this every LE receiver must work (Core specification, Vol 6, Part A, section 4: -70 dBm)."""

STORM_133 = 3
"""This many 133 in an hour with no success between: a single one is often followed by success."""

STORM_WINDOW = timedelta(hours=1)
"""The hour of STORM_133."""

CRASHES = 1
"""Crashes of the Bluetooth service that count."""

MANY_REPEATS = 100
"""Repeated packets between two reports of the controller that are remarkable. Judgement: a link with an
interval of 30 ms sends some thousand packets a minute, so this is several in a hundred."""

MANY_LINKS = 5
"""Links at once from which air time runs short; the healthy real phone had four."""

FEW_CHANNELS = 20
"""Of 37 data channels: with fewer than this in use the phone hears strong traffic on the rest."""

LISTENED = timedelta(minutes=10)
"""A phone that heard others this long and not the tracker would have heard it."""

UNENCRYPTED_HELD_S = 5.0
"""Seconds a link stays open unencrypted before it is remarkable: bonded trackers encrypt within one."""

JUST_AFTER = timedelta(minutes=1)
"""A tracker heard for this much longer than its link has faded away, not come back."""

FAILS_NEAR = 3
"""As many as one round of a usual app: it tries three times before it rests."""

YOUNG_S = 30.0
"""A link that was encrypted and then dies this soon was not carried away: nobody walks out of reach in seconds."""

DIES_YOUNG = 2
"""Once is chance."""

KEY_CODES = frozenset({0x05, 0x06, 0x3D})
"""HCI codes that mean that the key is missing or wrong (Core specification, Vol 1, Part F)."""

ATT_KEY_CODES = frozenset({0x05, 0x0C, 0x0F})
"""ATT errors that mean that the link is not encrypted as asked (Core specification, Vol 3, Part F, 3.4.1.1):
insufficient authentication, key size, encryption."""

GATT_TIMEOUT = 8
GATT_NOT_ESTABLISHED = 62
GATT_ERROR = 133


def adapter_off(case: Case) -> Outcome:
    """State of the adapter in a report; BLE_ON means that the person switched it off."""
    fact = case.latest("bluetooth.adapter")
    if fact is None:
        return _by_enable_log(case)
    if fact.text() == "absent":
        return UNKNOWN
    if fact.text() in ("turning_on", "turning_off"):
        return UNKNOWN
    off = fact.text() in ("off", "ble_on")
    return either(off, _adapter_words(fact), "Bluetooth was on", [fact])


def _by_enable_log(case: Case) -> Outcome:
    """The newest line of the enable log, where the state itself was not read."""
    switched = [fact for fact in case.facts.all("bluetooth.switched") if fact.time is not None]
    if switched and switched[-1].flag("on") is False:
        return yes("Bluetooth was switched off", switched[-1:])
    return _on_by_trace(case)


def _on_by_trace(case: Case) -> Outcome:
    """A trace with links shows Bluetooth working, unless it ends with the phone closing every link."""
    seen = [fact for fact in case.facts.all("hci.coverage") if fact.flag("link_events")]
    closed = case.latest("hci.all_links_closed")
    opened = case.latest("link.opened", "hci.reset")
    ended = max((ends for _, ends in case.traces.values()), default=case.judged_at)
    if (
        not seen
        or case.judged_at - ended > FRESH
        or (closed is not None and (opened is None or not _later(opened, closed)))
    ):
        return UNKNOWN
    return no("Bluetooth was on: the trace shows it at work", seen)


def _adapter_words(fact: Fact) -> str:
    if fact.text() == "off":
        return worded("Bluetooth was off")
    return worded("Bluetooth was switched off by the person (only scanning was left on)")


def airplane_mode_on(case: Case) -> Outcome:
    """Airplane mode in settings or services."""
    fact = case.latest("phone.airplane_mode", "phone.airplane_switched")
    if fact is None or fact.flag() is None:
        return UNKNOWN
    return either(fact.flag() is True, "airplane mode was on", "airplane mode was off", [fact])


def adapter_stuck_turning(case: Case) -> Outcome:
    """The adapter caught between two states."""
    fact = case.latest("bluetooth.adapter")
    if fact is None or fact.text() == "absent":
        return UNKNOWN
    stuck = fact.text() in ("turning_on", "turning_off")
    return either(
        stuck,
        worded("the adapter hung while turning on")
        if fact.text() == "turning_on"
        else worded("the adapter hung while turning off"),
        "the adapter's state was settled",
        [fact],
    )


def bluetooth_crashed(case: Case) -> Outcome:
    """Crash count of the adapter, or a restart with the reason CRASH."""
    count = case.latest("bluetooth.crashes")
    crashed = case.facts.all("bluetooth.crashed")
    crashed += [fact for fact in case.facts.all("bluetooth.switched") if fact.text("reason") == "CRASH"]
    number = int(count.number() or 0) if count is not None else 0
    crashed = case.recent(crashed)
    if crashed or (number >= CRASHES and not _dated_crashes(case)):
        proof = [*crashed, *([count] if count else [])]
        return yes(
            worded("the phone's Bluetooth service crashed {times}", times=times(max(number, len(crashed)), "time")),
            proof,
        )
    return no("the phone's Bluetooth service never crashed", [count]) if count is not None else UNKNOWN


def _dated_crashes(case: Case) -> bool:
    """Whether the crashes behind the count are known by their times, so that old ones need not count."""
    return case.facts.has("bluetooth.crashed")


def gatt_133_storm(case: Case) -> Outcome:
    """Three errors 133 within an hour with no success between them."""
    lines = [fact for fact in case.recent(case.facts.all("gatt.status")) if fact.time is not None]
    if case.subjects and any(fact.subject in case.subjects for fact in lines):
        lines = [fact for fact in lines if fact.subject in case.subjects]
    run: list[Fact] = []
    for fact in lines:
        if fact.number("status") == 0:
            run = []
        elif fact.number("status") == GATT_ERROR:
            run = [earlier for earlier in run if len(run) >= STORM_133 or _near(earlier, fact, STORM_WINDOW)]
            run.append(fact)
    if len(run) >= STORM_133:
        return yes(worded("{attempts} in an hour failed with 133", attempts=times(len(run), "connection attempt")), run)
    return no("connections did not fail with 133 again and again", lines[-1:]) if lines else UNKNOWN


def gatt_slots_full(case: Case) -> Outcome:
    """The phone ran out of GATT client slots."""
    full = case.recent(case.facts.all("gatt.slots_exhausted"))
    if full:
        return yes("no slot was left for another Bluetooth client", full)
    seen = case.facts.all("gatt.status")
    return no("Bluetooth clients were given slots", seen[-1:]) if seen else UNKNOWN


def controller_unanswered(case: Case) -> Outcome:
    """Commands the controller never answered, or a hardware error."""
    silent = case.recent(case.facts.all("hci.command_timeout", "hci.hardware_error"), hours=1.0)
    if silent:
        return yes(
            worded(
                "the Bluetooth chip failed to answer or reported an error ({times})", times=times(len(silent), "time")
            ),
            silent,
        )
    covered = [fact for fact in case.facts.all("hci.coverage") if fact.flag("commands")]
    return no("every command to the Bluetooth chip was answered", covered) if covered else UNKNOWN


def link_lost_silently(case: Case) -> Outcome:
    """Supervision time-outs of the tracker's link in the current run of trouble."""
    lost = [fact for fact in case.of_tracker("link.lost") if _in_episode(case, fact)]
    if lost:
        first = lost[0]
        held = first.number("held_s")
        after = worded(" after {lasting}", lasting=lasting(timedelta(seconds=held))) if held else ""
        again = worded(", {count} times in all", count=len(lost)) if len(lost) > 1 else ""
        return yes(
            worded(
                "link lost without a word (0x{number}){after}{again}",
                number=f"{int(first.number('reason') or 8):02x}",
                after=after,
                again=again,
            ),
            lost,
        )
    status = [fact for fact in case.recent(case.of_tracker("gatt.status")) if fact.number("status") == GATT_TIMEOUT]
    if status and not _connected_since(case, status[-1]):
        return yes(worded("link lost without a word (status 8), {times}", times=times(len(status), "time")), status)
    calm = [fact for span in case.links.of(case.subjects) for fact in (span.opened, span.closed) if fact is not None]
    return no("no link to the tracker was lost", calm[-1:]) if calm else UNKNOWN


def _connected_since(case: Case, loss: Fact) -> bool:
    good = [fact for fact in case.of_tracker("gatt.status") if fact.number("status") == 0]
    return any(_later(fact, loss) and fact.text("new_state") == "connected" for fact in good)


def others_lost_too(case: Case) -> Outcome:
    """Whether other devices' links died in the same minutes as the tracker's."""
    losses = [fact for fact in case.links.trouble_of(case.subjects) if _in_episode(case, fact)]
    if not losses:
        return UNKNOWN
    others = [
        fact
        for fact in case.links.trouble
        if fact.subject not in case.subjects and any(_near(fact, loss, SAME_MINUTES) for loss in losses)
    ]
    if others:
        devices = len({fact.subject for fact in others})
        return yes(worded("{devices} dropped in the same minutes", devices=times(devices, "other device")), others)
    company = [
        span.opened
        for loss in losses
        if loss.time is not None
        for span in case.links.open_at(loss.time, case.subjects)
        if span.opened is not None and _held_on(case, span, loss.time + SAME_MINUTES)
    ]
    if company:
        held = len({fact.subject for fact in company})
        return no(worded("{links} held when the tracker's was lost", links=times(held, "other link")), company)
    return UNKNOWN


def _held_on(case: Case, span: LinkSpan, until: datetime) -> bool:
    """Whether a link was watched holding until then; what nobody has seen yet is not a no."""
    return until <= case.judged_at and span.covers(until)


def signal_weak(case: Case) -> Outcome:
    """Strength of what was heard of the tracker around its losses, the last reading before each included."""
    losses = [fact for fact in case.links.trouble_of(case.subjects) if _in_episode(case, fact)]
    heard = [
        (level, fact)
        for fact in case.of_tracker("advert.seen", "rssi.read")
        if (level := fact.number("rssi")) is not None and any(_near(fact, loss, AROUND_LOSS) for loss in losses)
    ]
    heard += [(level, fact) for fact in losses if (level := fact.number("last_rssi")) is not None]
    if not heard:
        return UNKNOWN
    weak = [fact for level, fact in heard if level <= WEAK_DBM]
    middle = median(level for level, _ in heard)
    if len(weak) * 2 >= len(heard):
        amount = worded(
            "{count} of {readings} around the losses", count=len(weak), readings=times(len(heard), "reading")
        )
        return yes(
            worded(
                "{amount} at {weak_dbm} dBm or weaker (median {middle})",
                amount=amount,
                weak_dbm=WEAK_DBM,
                middle=Number(middle),
            ),
            weak,
        )
    return no(
        worded("signal around the losses was fair (median {middle} dBm)", middle=Number(middle)),
        [fact for _, fact in heard],
    )


def lost_at_good_signal(case: Case) -> Outcome:
    """The last thing heard before a loss was strong. A called tracker that did not answer counts too."""
    losses = [fact for fact in case.links.trouble_of(case.subjects) if _in_episode(case, fact)]
    known = [(level, fact) for fact in losses if (level := fact.number("last_rssi")) is not None]
    if not known:
        return UNKNOWN
    good = [(level, fact) for level, fact in known if level >= GOOD_DBM]
    if len(good) * 2 >= len(known):
        return yes(
            worded("the link was lost at {value} dBm, a good signal", value=Number(good[0][0])),
            [fact for _, fact in good],
        )
    return no(
        worded("the signal was weak before the loss ({value} dBm)", value=Number(known[0][0])),
        [fact for _, fact in known],
    )


def packets_repeated(case: Case) -> Outcome:
    """Repeats counted by the controller while the signal was fair."""
    reports = [fact for fact in case.recent(case.of_tracker("link.quality")) if fact.number("rssi") is not None]
    fair = [fact for fact in reports if (fact.number("rssi") or -127) > WEAK_DBM]
    many = [fact for fact in fair if (fact.number("retransmissions") or 0) >= MANY_REPEATS]
    if many:
        most = max(numbers(many, "retransmissions"))
        return yes(
            worded(
                "{most} packets had to be sent again at {rssi} dBm",
                most=Number(most),
                rssi=Number(many[0].number("rssi") or 0.0),
            ),
            many,
        )
    return no("few packets had to be sent again", fair[-1:]) if fair else UNKNOWN


def connect_not_heard(case: Case) -> Outcome:
    """0x3e: the tracker never answered the connection."""
    failed = [fact for fact in case.of_tracker("link.not_established") if _in_episode(case, fact)]
    if failed:
        opened = len([fact for fact in case.of_tracker("link.opened") if _in_episode(case, fact)])
        return yes(
            worded(
                "{count} of {connections} failed to establish (0x3e)",
                count=len(failed),
                connections=times(len(failed) + opened, "connection"),
            ),
            failed,
        )
    status = [fact for fact in case.of_tracker("gatt.status") if fact.number("status") == GATT_NOT_ESTABLISHED]
    if status:
        return yes(
            worded("{connections} failed to establish (status 62)", connections=times(len(status), "connection")),
            status,
        )
    opened_facts = case.of_tracker("link.opened")
    return no("every connection to the tracker was established", opened_facts[-1:]) if opened_facts else UNKNOWN


def connects_fail_near(case: Case) -> Outcome:
    """Every call fails although the tracker is heard well: three or more, and not one that came about."""
    failed = [fact for fact in case.of_tracker("link.not_established") if _in_episode(case, fact)]
    near = [fact for fact in failed if (fact.number("last_rssi") or -127) >= GOOD_DBM]
    opened = [fact for fact in case.of_tracker("link.opened") if _in_episode(case, fact)]
    if len(near) >= FAILS_NEAR and len(near) * 2 > len(failed) and not opened:
        return yes(
            worded(
                "{count} calls failed while the tracker was heard at {good_dbm} dBm or better",
                count=len(near),
                good_dbm=GOOD_DBM,
            ),
            near,
        )
    return no("a connection to the tracker came about", opened[-1:]) if opened else UNKNOWN


def link_dies_young(case: Case) -> Outcome:
    """Links that came about at a good signal and were lost within seconds, several times."""
    lost = [fact for fact in case.of_tracker("link.lost") if _in_episode(case, fact)]
    young = [
        fact
        for fact in lost
        if (fact.number("held_s") or YOUNG_S) < YOUNG_S and (fact.number("last_rssi") or -127) >= GOOD_DBM
    ]
    if len(young) >= DIES_YOUNG:
        return yes(
            worded(
                "{links} at a good signal lost within {young_s} s",
                links=times(len(young), "link"),
                young_s=Number(YOUNG_S),
            ),
            young,
        )
    return no("the link held for longer than seconds", lost[-1:]) if lost and not young else UNKNOWN


def channels_shrunk(case: Case) -> Outcome:
    """Few data channels left in the map."""
    maps = case.recent(case.facts.all("link.channels"), hours=1.0)
    few = [fact for fact in maps if (fact.number("channels") or 37) < FEW_CHANNELS]
    if few:
        return yes(
            worded("only {number} of 37 radio channels were in use", number=Number(min(numbers(few, "channels")))), few
        )
    return no("most radio channels were in use", maps[-1:]) if maps else UNKNOWN


def many_links(case: Case) -> Outcome:
    """Links open at once, from the trace or from the report's connected devices."""
    parallel = case.latest("links.parallel")
    most = int(parallel.number("le_max") or 0) if parallel is not None else 0
    if parallel is not None and most >= MANY_LINKS:
        return yes(worded("{most} Bluetooth links were open at once", most=most), [parallel])
    connected = case.facts.all("bluetooth.profile_link")
    connected += [fact for fact in case.facts.all("bluetooth.device") if fact.flag("connected")]
    clients = case.facts.all("bluetooth.gatt_client")
    total = len({fact.subject for fact in connected}) + int(sum(numbers(clients, "connections")))
    if total >= MANY_LINKS:
        return yes(worded("{total} Bluetooth connections were open at once", total=total), [*connected, *clients])
    if connected or clients:
        return no(
            worded("{connections} open", connections=times(total, "Bluetooth connection")), [*connected, *clients]
        )
    return (
        no(worded("at most {links} at once", links=times(most, "link")), [parallel])
        if parallel is not None
        else UNKNOWN
    )


def link_refused(case: Case) -> Outcome:
    """Connections refused for want of room."""
    refused = [
        fact
        for fact in case.recent(case.facts.all("link.refused"))
        if fact.number("status") in (0x09, 0x0D) and fact.text("transport") != "br"
    ]
    if refused:
        return yes(
            worded("{connections} refused for want of room", connections=times(len(refused), "connection")), refused
        )
    opened = case.of_tracker("link.opened")
    return no("no connection was refused", opened[-1:]) if opened else UNKNOWN


def key_refused(case: Case) -> Outcome:
    """Encryption or pairing that failed on the tracker's link."""
    failed = case.of_tracker("link.encryption_failed", "pairing.failed")
    failed += [fact for fact in case.of_tracker("link.ended") if fact.number("reason") in KEY_CODES]
    failed += [fact for fact in case.of_tracker("gatt.status") if fact.number("status") in (5, 6)]
    failed += [fact for fact in case.of_tracker("att.errors") if fact.number("code") in ATT_KEY_CODES]
    failed = case.recent(failed)
    good = case.of_tracker("link.encrypted", "pairing.completed")
    # All of them: several kinds lie here one after another, and the first read before pairing is refused as a rule.
    if failed and not (good and all(_later(good[-1], fact) for fact in failed)):
        return yes(
            worded("encryption with the tracker failed ({times}): a key is missing", times=times(len(failed), "time")),
            failed,
        )
    return no("encryption with the tracker came on", good[-1:]) if good else UNKNOWN


def link_never_encrypted(case: Case) -> Outcome:
    """Links that stayed open without encryption."""
    spans = [span for span in case.links.of(case.subjects) if span.start is not None]
    encrypted = case.of_tracker("link.encrypted")
    if encrypted:
        return no("the link to the tracker was encrypted", encrypted[-1:])
    both_ways = [fact for fact in case.of_tracker("link.traffic") if (fact.number("received_packets") or 0) > 1]
    if both_ways:
        return no("the tracker talks without encryption, as some do", both_ways[-1:])
    long = [
        span.opened
        for span in spans
        if span.opened is not None
        and ((span.end or case.judged_at) - (span.start or case.judged_at)).total_seconds() >= UNENCRYPTED_HELD_S
    ]
    return yes("the link to the tracker stayed open and was never encrypted", long) if long else UNKNOWN


def bond_absent(case: Case) -> Outcome:
    """The phone's list of bonds, against the tracker."""
    listed = case.latest("bluetooth.bond_count")
    if listed is None:
        return UNKNOWN
    bonds = case.facts.all("bluetooth.bond")
    mine = [fact for fact in bonds if fact.subject in case.subjects or _masked_match(fact.subject, case.subjects)]
    if not mine and case.tracker and case.tracker.name:
        mine = [fact for fact in bonds if fact.text("name").casefold() == case.tracker.name.casefold()]
    if mine:
        return no("the tracker is in the phone's Bluetooth list", mine)
    if case.tracker is None:
        return UNKNOWN
    return yes("the tracker is not in the phone's Bluetooth list", [listed, *bonds])


def never_heard(case: Case) -> Outcome:
    """A tracker that should be there and was not on the air while others were; where data stopped, since then."""
    if case.tracker is None:
        return UNKNOWN
    heard = case.of_tracker(*_ON_THE_AIR)
    heard += [fact for fact in case.of_tracker("bluetooth.device") if fact.flag("connected")]
    since = max((one for one in (_last_heard(case), case.stopped_at) if one is not None), default=None)
    if heard and (case.stopped_at is None or case.linked or any(_heard_after(case, fact) for fact in heard)):
        return no("the tracker was on the air", heard[-1:])
    others = [
        fact
        for fact in case.facts.all("advert.summary", "link.opened")
        if fact.subject not in case.subjects and (since is None or _is_after(case.last_moment(fact), since))
    ]
    trace = [fact for fact in case.facts.all("hci.coverage") if fact.flag("adverts")]
    spans = [case.traces[fact.source] for fact in trace if fact.source in case.traces]
    listened = sum((max(ends - max(begins, since or begins), timedelta()) for begins, ends in spans), timedelta())
    if not others or listened < LISTENED:
        return UNKNOWN
    when = worded(" in the last {lasting}", lasting=lasting(listened)) if heard else ""
    return yes(
        worded(
            "{devices} heard{when}, the tracker never",
            devices=times(len({fact.subject for fact in others}), "other device"),
            when=when,
        ),
        [*trace, *others],
    )


_ON_THE_AIR = (
    "advert.seen",
    "advert.summary",
    "link.opened",
    "link.lost",
    "link.ended",
    "link.traffic",
    "link.not_established",
)


def _last_heard(case: Case) -> datetime | None:
    """When the tracker itself was last on the air: a link that was lost or that we closed is no word of its own."""
    heard = [case.last_moment(fact) for fact in case.of_tracker("advert.seen", "link.opened")]
    return max((moment for moment in heard if moment is not None), default=None)


def _heard_after(case: Case, fact: Fact) -> bool:
    """Whether it was on the air when data had stopped already; the loss itself is not."""
    if fact.name not in ("advert.seen", "link.opened", "link.traffic", "bluetooth.device") or case.stopped_at is None:
        return False
    return fact.time is None or _is_after(case.last_moment(fact), case.stopped_at + JUST_AFTER)


def _is_after(moment: datetime | None, other: datetime) -> bool:
    return moment is not None and moment > other


def tracker_silent_to_agent(case: Case) -> Outcome:
    """Attempts of our agent without an answer, since its last good one."""
    drain = side(case, DRAIN)
    silent = drain.of(SILENT)
    began = drain.began
    if silent and began is not None and case.judged_at - began > QUIET_OK:
        count = sum(int(fact.number("count") or 0) for fact in silent)
        words = worded(
            "{attempts} in {lasting} without an answer from the tracker",
            attempts=times(count, "attempt"),
            lasting=lasting(case.judged_at - began),
        )
        return yes(words, silent)
    return no("the tracker answered our agent", [drain.through]) if drain.through is not None else UNKNOWN


def radio_failed_for_agent(case: Case) -> Outcome:
    """Failures of the system's Bluetooth since our agent's last good drain."""
    drain = side(case, DRAIN)
    failed = drain.of(FAILED)
    if failed:
        count = sum(int(fact.number("count") or 0) for fact in failed)
        return yes(worded("the phone's Bluetooth failed our agent, {times}", times=times(count, "time")), failed)
    return no("the phone's Bluetooth served our agent", [drain.through]) if drain.through is not None else UNKNOWN


def _in_episode(case: Case, fact: Fact) -> bool:
    """Whether a failure belongs to the trouble at hand: the newest run of failures that did not settle.

    Where data moves over the link again it is over, unless dropping is what the person complains of.
    """
    if fact.time is None or fact.time > case.judged_at:
        return fact.time is None
    if case.linked:
        return any(told.text() == "keeps_dropping" for told in case.facts.all("reported.symptom"))
    runs = case.links.runs_of_trouble(case.subjects, case.judged_at)
    return bool(runs) and fact.time >= runs[-1][0]


def _near(one: Fact, other: Fact, window: timedelta) -> bool:
    return one.time is not None and other.time is not None and abs(one.time - other.time) <= window


def _later(one: Fact, other: Fact) -> bool:
    return one.time is not None and other.time is not None and one.time > other.time


def _masked_match(subject: str, subjects: frozenset[str]) -> bool:
    """Android 14 and later mask addresses as xx:xx:xx:xx:ab:cd."""
    return subject.startswith("xx:xx:xx:xx:") and any(known.endswith(subject[-6:]) for known in subjects)


def _answer_only(case: Case) -> Outcome:
    """Only the person can say; answers are joined in doctor/rules/run.py."""
    return UNKNOWN


RULES: Mapping[str, Rule] = {
    "adapter_off": adapter_off,
    "airplane_mode_on": airplane_mode_on,
    "adapter_stuck_turning": adapter_stuck_turning,
    "bluetooth_crashed": bluetooth_crashed,
    "gatt_133_storm": gatt_133_storm,
    "gatt_slots_full": gatt_slots_full,
    "controller_unanswered": controller_unanswered,
    "link_lost_silently": link_lost_silently,
    "others_lost_too": others_lost_too,
    "signal_weak": signal_weak,
    "lost_at_good_signal": lost_at_good_signal,
    "connect_not_heard": connect_not_heard,
    "channels_shrunk": channels_shrunk,
    "connects_fail_near": connects_fail_near,
    "link_dies_young": link_dies_young,
    "many_links": many_links,
    "link_refused": link_refused,
    "key_refused": key_refused,
    "link_never_encrypted": link_never_encrypted,
    "bond_absent": bond_absent,
    "never_heard": never_heard,
    "tracker_silent_to_agent": tracker_silent_to_agent,
    "radio_failed_for_agent": radio_failed_for_agent,
    "packets_repeated": packets_repeated,
    "strong_sender_near": _answer_only,
    "better_when_close": _answer_only,
    "toggling_helped_before": _answer_only,
    "other_phone_near": _answer_only,
    "sync_finds_no_tracker": _answer_only,
    "sync_breaks_off": _answer_only,
    "tracker_elsewhere": _answer_only,
    "nothing_else_connects": _answer_only,
    "pairing_message": _answer_only,
}
