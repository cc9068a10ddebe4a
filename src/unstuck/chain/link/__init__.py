"""Gattlink and what rides on it: packets, datagrams and time enter; packets, datagrams and events leave.

``Gattlink`` is the protocol itself, ``Stack`` adds frames, IP and UDP, ``coap`` asks and answers over it. All three are
pure machines; ``driver`` gives them a clock and a transport, ``udp`` is such a transport.
"""

from unstuck.chain.link.events import Event, Refusal, Step
from unstuck.chain.link.gattlink import Gattlink, State
from unstuck.chain.link.settings import Settings
from unstuck.chain.link.stack import Role, Stack, StackKind

__all__ = ["Event", "Gattlink", "Refusal", "Role", "Settings", "Stack", "StackKind", "State", "Step"]
