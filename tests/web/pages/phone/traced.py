"""Our Python machines with everything written down that goes in and comes out, to be played to the page's."""

import copy
import random
from dataclasses import fields
from typing import Any

from unstuck.chain.link import Role, Settings, Stack, StackKind, Step
from unstuck.chain.link.coap import Answered, CoapStep, Endpoint, Failed, Request
from unstuck.chain.link.gattlink import Gattlink


class TracedStack(Stack):
    """One end of a link. ``made`` keeps all of them."""

    made: list["TracedStack"]

    def __init__(self, role: Role, kind: StackKind = StackKind.SNG, settings: Settings | None = None) -> None:
        super().__init__(role, kind, settings)
        self.calls: list[list[Any]] = []
        self._inside = False
        outer = self

        class Beneath(Gattlink):
            def send(self, data: bytes, now_ms: float) -> Step:
                step = super().send(data, now_ms)
                if not outer._inside:
                    outer._note("gattlink.send", data, now_ms, step)
                return step

        self.gattlink.__class__ = Beneath
        type(self).made.append(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Stack:
        """Somebody looks ahead: that is not part of the history."""
        plain = Stack(self.role, self.kind, self.gattlink.settings)
        for name, value in vars(self).items():
            if name not in ("calls", "_inside", "gattlink"):
                setattr(plain, name, copy.deepcopy(value, memo))
        gattlink = Gattlink(self.gattlink.settings)
        gattlink.__dict__.update(copy.deepcopy(vars(self.gattlink), memo))
        plain.gattlink = gattlink
        return plain

    @property
    def history(self) -> dict[str, Any]:
        """As machines.js takes it."""
        chosen = self.gattlink.settings
        settings = {
            "packetBytes": chosen.packet_bytes,
            "sendWindow": chosen.send_window,
            "receiveWindow": chosen.receive_window,
            "retransmitMs": chosen.retransmit_ms,
            "noProgressMs": chosen.no_progress_ms,
            "ride": chosen.ride,
            "compress": chosen.compress,
        }
        return {"role": self.role.value, "kind": self.kind.value, "settings": settings, "calls": self.calls}

    def start(self, now_ms: float) -> Step:
        return self._traced("start", None, now_ms)

    def stop(self, now_ms: float) -> Step:
        return self._traced("stop", None, now_ms)

    def reset(self, now_ms: float) -> Step:
        return self._traced("reset", None, now_ms)

    def tick(self, now_ms: float) -> Step:
        return self._traced("tick", None, now_ms)

    def send(self, datagram: bytes, now_ms: float) -> Step:
        return self._traced("send", datagram, now_ms)

    def receive(self, packet: bytes, now_ms: float) -> Step:
        return self._traced("receive", packet, now_ms)

    def _traced(self, call: str, data: bytes | None, now_ms: float) -> Step:
        act = getattr(super(), call)
        self._inside = True
        try:
            step: Step = act(now_ms) if data is None else act(data, now_ms)
        finally:
            self._inside = False
        self._note(call, data, now_ms, step)
        return step

    def _note(self, call: str, data: bytes | None, now_ms: float, step: Step) -> None:
        wanted = {
            "packets": [packet.hex() for packet in step.packets],
            "events": [
                [type(event).__name__, *(_plain(getattr(event, one.name)) for one in fields(event))]
                for event in step.events
            ],
            "refused": step.refused,
            "deadline": self.deadline_ms,
            "open": self.open,
            "held": self.gattlink.held_bytes,
        }
        self.calls.append([call, None if data is None else data.hex(), now_ms, wanted])


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


class TracedDice(random.Random):
    """Every draw of a CoAP client is remembered."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.numbers: list[int] = []
        self.tokens: list[str] = []
        self.factors: list[float] = []

    def randrange(self, *given: Any) -> int:
        self.numbers.append(super().randrange(*given))
        return self.numbers[-1]

    def randbytes(self, n: int) -> bytes:
        drawn = super().randbytes(n)
        self.tokens.append(drawn.hex())
        return drawn

    def uniform(self, a: float, b: float) -> float:
        self.factors.append(super().uniform(a, b))
        return self.factors[-1]


class TracedEndpoint:
    """The asking end of CoAP, without seals as over GATT."""

    def __init__(self, seed: int) -> None:
        self._dice = TracedDice(seed)
        self._endpoint = Endpoint(self._dice, seals=False)
        self._calls: list[list[Any]] = []

    @property
    def history(self) -> dict[str, Any]:
        """As machines.js takes it."""
        dice = self._dice
        return {"numbers": dice.numbers, "tokens": dice.tokens, "factors": dice.factors, "calls": self._calls}

    @property
    def deadline_ms(self) -> float | None:
        return self._endpoint.deadline_ms

    def request(self, request: Request, now_ms: float) -> tuple[int, CoapStep]:
        handle, step = self._endpoint.request(request, now_ms)
        given = [int(request.method), list(request.path), request.payload.hex(), list(request.query)]
        return handle, self._note("request", given, now_ms, step)

    def receive(self, datagram: bytes, now_ms: float) -> CoapStep:
        return self._note("receive", datagram.hex(), now_ms, self._endpoint.receive(datagram, now_ms))

    def cancel(self, handle: int, now_ms: float) -> CoapStep:
        return self._note("cancel", handle, now_ms, self._endpoint.cancel(handle, now_ms))

    def tick(self, now_ms: float) -> CoapStep:
        return self._note("tick", None, now_ms, self._endpoint.tick(now_ms))

    def _note(self, call: str, given: Any, now_ms: float, step: CoapStep) -> CoapStep:
        outcomes = [_outcome(one) for one in step.events if isinstance(one, Answered | Failed)]
        wanted = {
            "datagrams": [one.hex() for one in step.datagrams],
            "outcomes": outcomes,
            "deadline": self.deadline_ms,
        }
        self._calls.append([call, given, now_ms, wanted])
        return step


def _outcome(one: Answered | Failed) -> list[Any]:
    if isinstance(one, Failed):
        return [one.handle, one.failure.value]
    return [one.handle, int(one.response.code), one.response.payload.hex()]
