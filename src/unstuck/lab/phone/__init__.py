"""A model, a clock and what happens to a phone enter; what the phone forbids its apps, what it answers a cable and the
bug report that it makes leave. No phone was ever like it: its fingerprint and its name say that it is synthetic."""

from unstuck.lab.phone.models import MODELS, Model
from unstuck.lab.phone.phone import LabPhone
from unstuck.lab.phone.shell import ShellResult
from unstuck.lab.phone.state import App, Bond, LiveLink, PhoneState

__all__ = ["MODELS", "App", "Bond", "LabPhone", "LiveLink", "Model", "PhoneState", "ShellResult"]
