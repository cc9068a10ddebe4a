"""Our own chain as evidence: the agent's journal and what its server says. Documents enter, facts leave.

:mod:`collect` alone opens files and asks servers; everything beside it is pure. This package and the lab are the only
ones outside the chain that may import it.
"""

from unstuck.evidence.chain.collect import Account, collect

__all__ = ["Account", "collect"]
