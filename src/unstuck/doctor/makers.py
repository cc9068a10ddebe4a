"""Makers of phones: what they call themselves, and how hard they are on background work."""

from unstuck.doctor.knowledge.loader import makers

RANKS = {"huawei": 5, "xiaomi": 5, "oneplus": 5, "samsung": 5, "meizu": 4, "asus": 4}
"""Makers of rank 4 and 5 (worst) at dontkillmyapp.com, state of May 2025 (CC BY 4.0, Urbandroid Team)."""


def maker_id(reported: str) -> str:
    """Our id of a maker from what the phone reports (ro.product.manufacturer); empty where unknown."""
    words = reported.strip().lower().split()
    return makers().get(" ".join(words), makers().get(words[0] if words else "", ""))


def strict_maker(reported: str) -> tuple[str, bool]:
    """A maker's name for a person, and whether it is known for stopping apps."""
    name = maker_id(reported) or reported.strip().lower()
    return reported.strip().title(), name in RANKS
