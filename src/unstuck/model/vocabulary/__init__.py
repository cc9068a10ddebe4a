"""Every fact that a reader may state: its name, what its value holds, and what it means.

This is the contract between readers and rules. A reader may state nothing else
(``tests/model/test_vocabulary.py`` and every reader's tests check it), and a rule may rely on
nothing else.
"""

from collections.abc import Mapping

from unstuck.model.evidence import Fact
from unstuck.model.vocabulary.chain import CHAIN
from unstuck.model.vocabulary.hci import HCI
from unstuck.model.vocabulary.kinds import SCALAR, FactKind
from unstuck.model.vocabulary.owner import PERSON, SERVER, TRACKER
from unstuck.model.vocabulary.phone import PHONE

__all__ = ["AGENT", "KINDS", "SCALAR", "FactKind", "violations"]

AGENT = "unstuck.agent"
"""Subject of facts about our own agent: it takes the place of a vendor's app, whose facts name its package."""

KINDS: Mapping[str, FactKind] = {kind.name: kind for kind in (*HCI, *PHONE, *TRACKER, *SERVER, *CHAIN, *PERSON)}
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
