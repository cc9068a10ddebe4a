"""What whoever runs the server may set."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from unstuck.chain.server.domain.limits import Rates
from unstuck.chain.server.domain.passwords import Cost


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults fit a household. ``minimum_agent`` empty: every agent is taken. Times in seconds."""

    minimum_agent: str = ""
    minimum_firmware: Mapping[str, str] = field(default_factory=dict)
    """Least supported version by model of tracker; a model that is not named is supported in every version."""
    registration_open: bool = True
    session_s: float = 30 * 86400.0
    rates: Rates = field(default_factory=Rates)
    password_cost: Cost = field(default_factory=Cost)
    ingest_bytes: int = 8 * 1024 * 1024
    """Most bytes of one upload: four months of minutes."""
    request_bytes: int = 1024 * 1024
    """Most bytes of any other request: a ledger of thousands of holes."""
    request_arrival_s: float = 30.0
    """For the body of any other request to arrive, read before it is known who sends: 1 MiB at 280 kbit/s."""
    ingest_arriving: int = 64
    """Uploads whose body is arriving; one more is told to come back. With ingest_bytes 512 MiB at most; many,
    since one that has sent little takes little: no 15 accounts with their full share leave none for others."""
    ingest_waiting: int = 32
    """Uploads that have arrived, in work or waiting; one more is told to come back. With ingest_bytes 256 MiB at
    most, so that all bodies together are 768 MiB at most."""
    ingest_at_once: int = 4
    """Uploads in work: more would only queue at the database. Each has a second copy of its batches, 32 MiB in
    all, besides the records that they stand for."""
    ingest_of_one: int = 2
    """Uploads of one token at a time: a faulty agent must not take every place."""
    ingest_of_account: int = 4
    """Uploads of one account at a time, whatever tokens: it may have 200 of them. Two phones at full share."""
    ingest_arrival_s: float = 60.0
    """For the body of an upload to arrive: 8 MiB at 1.1 Mbit/s."""
    streams_of_one: int = 10
    """Streams of events of one account: open pages of one person."""
    hashing_waiting: int = 16
    """Passwords being hashed or waiting; one more is told to come back."""
    hashing_at_once: int = 2
    """Hashes at once: 64 MiB each."""
    heartbeat_s: float = 15.0
    """Between signs of life on the stream of events, so that no proxy cuts it; also how soon a revoked
    token's stream ends."""
