"""What our own chain can state: the ledger, the agent's journal, the tracker."""

from unstuck.model.vocabulary.kinds import kind, one

CHAIN = (
    kind(
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
        code="str: CoAP code of a refusal (5.00), or empty",
        waits_s="float: longest the agent waits after it before it tries again",
    ),
    kind(
        "agent.journal",
        "tracker id",
        "What the agent's journal holds.",
        sound="bool: whole and without contradiction",
        only_on_tracker="int: records that the tracker last told of and the journal does not hold",
        waiting="int: records held here and not confirmed by the server",
        rejected="int: ranges the server would not take",
    ),
    kind(
        "server.asked",
        "",
        "What came of asking the server for its ledger just now, with the agent's login.",
        outcome="str: the agent's code, or answered",
        says="str: in words",
        through="bool: it answered",
    ),
    kind(
        "server.status",
        "",
        "Our server's public status document.",
        state="str: up | maintenance",
        message="str: of the person who runs it",
        minimum_agent="str: oldest version it takes",
    ),
    kind(
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
    kind(
        "ledger.at_risk",
        "tracker id",
        "What was recorded since then is on the tracker alone, and when the oldest of it is overwritten.",
        since="str: ISO time",
        lost_at="str: ISO time",
    ),
    kind(
        "ledger.watermark",
        "tracker id",
        "The newest record of a hop, as the server knows it.",
        hop="str: tracker | phone | server",
        newest="str: ISO time, empty where not known",
        boot="int",
        sequence="int",
    ),
    one("tracker.firmware", "tracker id", "str", "The version of the tracker's own software, as it tells."),
    one(
        "tracker.clock_offset",
        "tracker id",
        "float: seconds, the tracker's clock less the phone's",
        "By how much the tracker's clock was off before the phone set it.",
    ),
    one(
        "tracker.overwritten", "tracker id", "int: records", "Records that the tracker overwrote before any phone came."
    ),
)
