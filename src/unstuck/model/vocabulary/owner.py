"""What a Takeout export and the person can state: the tracker's own log, the series at the server, answers."""

from unstuck.model.vocabulary.kinds import kind, one

TRACKER = (
    kind(
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
    kind("tracker.battery", "", "State of charge.", percent="float", voltage_mv="int", charging="bool"),
    kind("tracker.wear_day", "", "Hours on and off the wrist.", date="str", on_h="float", off_h="float"),
    kind("tracker.charger_day", "", "Hours on and off the charger.", date="str", on_h="float", off_h="float"),
    one("tracker.charger", "", "bool", "Put on (true) or taken off (false) the charger."),
    kind(
        "tracker.device",
        "tracker id or address",
        "A paired tracker (the phone as a pseudo-tracker is left out).",
        name="str",
        type="str",
        firmware="str",
        address="str",
        bonded="bool",
    ),
    one("tracker.last_sync", "tracker id or address", "str: ISO time", "Last sync as the vendor recorded it."),
    one("tracker.rebooted", "tracker id or address", "bool", "The tracker restarted at this time."),
    one(
        "tracker.log_gap",
        "",
        "float: hours",
        "Rows of the tracker's own regular log are missing for this long from this time.",
    ),
)

SERVER = (
    kind(
        "server.series",
        "series",
        "A minute series at the server and its newest row of a first-party source.",
        newest="str: ISO time",
        oldest="str",
        rows="int",
        zeros="int: explicit zeros: worn and still",
        origin="str: data source as named in the export, may be empty",
    ),
    kind(
        "server.day",
        "series",
        "One day of a series, first-party source only.",
        date="str",
        minutes="int",
        zeros="int",
        total="float",
    ),
    one(
        "server.other_source",
        "series",
        "str",
        "Another source feeds the same series; adding them up would double the total.",
    ),
    one("server.future_rows", "series", "int", "Rows dated after the export itself."),
)

PERSON = (
    one("reported.symptom", "", "str: symptom id of the catalogue", "What the person notices."),
    kind("reported.answer", "question id", "An answer of the person.", answer="str"),
)
