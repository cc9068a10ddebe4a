"""How much of uploads is taken, and for how long. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """For a household's server on a small computer; a bug report has 10 to 100 MB, a Takeout's parts at most 2 GB."""

    file_bytes: int = 512 * 2**20
    """Largest file."""
    files: int = 8
    """Files given at once."""
    account_bytes: int = 1024 * 2**20
    """On the disk at a time, of one account."""
    all_bytes: int = 4096 * 2**20
    """On the disk at a time, of all."""
    silence_s: float = 30.0
    """Longest pause in an upload."""
    at_once: int = 2
    """Analyses at once; the others wait."""
    analysis_s: float = 180.0
    """Longest analysis: a Takeout of 500 MB takes a minute on a small computer."""
    analysis_cpu_s: int = 170
    """Of the processor."""
    analysis_memory_bytes: int = 1536 * 2**20
    """Address space of an analysis: readers keep below 300 MB, numpy reserves more than it uses."""
    analysis_inflated_bytes: int = 8 * 2**30
    """Unpacked from archives in one analysis."""
    read_bytes: int = 64 * 2**20
    """What was read, as JSON: 20,000 facts have about 6 MB."""
    forget_s: float = 3600.0
    """What was read and is not kept is forgotten after so long."""
    memory_bytes: int = 256 * 2**20
    """Packed readings in memory, of all accounts."""
    account_readings: int = 8
    """Uploads of one account whose readings are held."""
    keep_s: float = 30 * 86_400.0
    """What is kept because the person says so is forgotten after so long."""
    kept_bytes: int = 64 * 2**20
    """Of one account, packed."""
