"""A tiny knowledge folder that is consistent; tests break one thing at a time in it. Synthetic."""

from pathlib import Path

FILES = {
    "makers.toml": """
[[maker]]
id = "acme"
aliases = ["acme corp"]
""",
    "causes.toml": """
[[cause]]
id = "bluetooth.off"
hop = "bluetooth"
title = "Off"
says = "It is off"
explanation = "Nothing leaves."
prior = 0.01
prior_source = "judgement: test"
how_to_check = "Look"

[[cause]]
id = "tracker.hung"
hop = "tracker"
title = "Hung"
says = "It hangs"
explanation = "It does not answer."
prior = 0.02
prior_source = "judgement: test"
how_to_check = "Look"
""",
    "findings/bluetooth.toml": """
[[finding]]
id = "adapter_off"
hop = "bluetooth"
says = "Bluetooth is off"
explanation = "The adapter says so."
seen_in = ["bugreport"]
leak = 0.01
leak_source = "judgement: test"
links = [
  { cause = "bluetooth.off", strength = 0.9, source = "judgement: test" },
  { cause = "tracker.hung", strength = 0.1, source = "judgement: test" },
]
""",
    "symptoms.toml": """
[[symptom]]
id = "silent"
says = "Nothing updates"
leak = 0.1
links = [{ cause = "bluetooth.off", strength = 0.5, source = "judgement: test" }]
""",
    "questions.toml": """
[[question]]
id = "is_it_on"
text = "Is Bluetooth on?"
minutes = 0.5
answers = [
  { id = "yes", text = "Yes", findings = { adapter_off = false } },
  { id = "no", text = "No", findings = { adapter_off = true, "symptom.silent" = true } },
]
look_up = { iphone = "Settings > Bluetooth" }
""",
    "fixes.toml": """
[[fix]]
id = "turn_on"
title = "Turn it on"
explanation = "It was off."
minutes = 1
effort = 0
mends = [
  { cause = "bluetooth.off", chance = 0.9, source = "judgement: test" },
  { cause = "tracker.hung", chance = 0.1, source = "judgement: test" },
]
guards = ["undrained"]
harm = "None."
worked_when = "It is on."
undo = "Turn it off."
""",
    "steps/turn_on.toml": """
[[steps]]
platform = "any"
lines = ["Turn it on."]
worked_when = "It is on."

[[steps]]
platform = ["iphone", "acme"]
tracker = ["", "band 2"]
lines = ["Turn it on there."]
worked_when = "It is on."
credit = "Somebody"
""",
}


def write(folder: Path) -> Path:
    """Write the folder and return it."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def change(folder: Path, name: str, old: str, new: str) -> None:
    """Replace every ``old`` in a file; it must be there."""
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
