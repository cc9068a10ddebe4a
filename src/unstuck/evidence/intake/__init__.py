"""Paths enter; readings of everything in them leave. The only folder of evidence that opens files."""

from unstuck.evidence.intake.collect import collect, collect_as, renamed
from unstuck.evidence.intake.limits import Limits

__all__ = ["Limits", "collect", "collect_as", "renamed"]
