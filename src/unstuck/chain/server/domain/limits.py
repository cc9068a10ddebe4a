"""How often is too often: the generic cell rate algorithm, one number for each key.

Nobody can lock another out: limits on wrong logins count for one network address and name together.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` at once, then one every ``interval_s`` seconds."""

    interval_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Rates:
    """The rates of the server; each is what a person or an agent never reaches."""

    register: Rate = Rate(360.0, 10)
    """New accounts from one address: a household, not a robot."""
    address: Rate = Rate(0.2, 100)
    """Requests without a token from one address."""
    login: Rate = Rate(20.0, 5)
    """Wrong logins for one name from one address: 4,320 guesses a day against 12 characters."""
    second_factor: Rate = Rate(60.0, 5)
    """Wrong time-based codes of one account from anywhere, by who knows the password: at 1,445 tries a
    day and three codes good at a time, one in 230 days. Recovery codes pass it."""
    claim: Rate = Rate(30.0, 10)
    """Claims of one account: nobody has more trackers than that to claim at once."""
    account: Rate = Rate(0.02, 300)
    """Requests of one token: an agent with 20 trackers makes about 100 every 15 minutes."""


def decide(arrival: float | None, rate: Rate, now: float) -> tuple[float, float]:
    """The next theoretical arrival and how long to wait.

    Args:
        arrival: What the last call for this key gave, None at first.
        rate: The rate allowed.
        now: Seconds of a clock that never goes back.

    Returns:
        The arrival to keep, and the seconds to wait: 0 when allowed. What is refused does not count,
        so that who keeps knocking is not kept out for longer.
    """
    expected = max(now, arrival) if arrival is not None else now
    wait = expected - (rate.burst - 1) * rate.interval_s - now
    if wait > 1e-9:  # rounding of sums of intervals must not refuse the last of a burst
        return expected, wait
    return expected + rate.interval_s, 0.0


_MOST_KEYS = 100_000
"""Keys remembered at a time: about 20 MB; the least recently used is forgotten first."""


class Limiter:
    """Remembers arrivals by key, in this process. Safe between threads."""

    def __init__(self) -> None:
        self._arrivals: OrderedDict[tuple[str, ...], float] = OrderedDict()
        self._lock = Lock()

    def take(self, key: tuple[str, ...], rate: Rate, now: float) -> float:
        """Counts one and gives the seconds to wait; 0: allowed."""
        with self._lock:
            arrival, wait = decide(self._arrivals.pop(key, None), rate, now)
            self._arrivals[key] = arrival
            while len(self._arrivals) > _MOST_KEYS:
                self._arrivals.popitem(last=False)
        return wait

    def forget(self, key: tuple[str, ...]) -> None:
        """Begin anew: what was counted turned out to be in order."""
        with self._lock:
            self._arrivals.pop(key, None)


def neighbourhood(address: str) -> str:
    """What counts as one address: an IPv6 customer has a whole /64, RFC 6177."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped  # as a proxy that listens on both forwards it: else all of IPv4 were one /64
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
