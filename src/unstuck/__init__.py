"""Unstuck finds where a tracker's data is stuck, proves it, and gets it moving.

Evidence enters through :mod:`unstuck.evidence`, becomes a diagnosis in :mod:`unstuck.doctor`
and leaves through :mod:`unstuck.cli` or :mod:`unstuck.web`.
"""

__version__ = "0.1.0"
