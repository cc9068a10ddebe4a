"""The combinations of causes laid out as arrays: columns and a limit enter, rows leave. Pure, once per process.

A column is a cause, or one form of a cause that has several; of one cause one form holds at a time.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

_COMBINATIONS_LIMIT = 50_000
"""Most combinations laid out (rows): about 40 MB of working memory with a hundred findings, and few
enough that the keys below fit into 64 bits."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True, eq=False, slots=True)
class Lattice:
    """Every combination of at most so many of ``n`` columns, a cause or a form of one. Row 0 is the empty one.

    ``present`` (rows, columns) bool. ``members`` (rows, most together): the numbers of its causes,
    filled up with ``n``. ``without`` (rows, columns): the row that is left when that cause is taken
    out, -1 where it is not in. ``together`` (rows,): how many columns are in it.
    """

    present: Bools
    members: Indices
    without: Indices
    together: Indices

    def holding(self, columns: Sequence[int]) -> Bools:
        """The combinations with any of these columns, (rows,)."""
        return np.asarray(self.present[:, columns].any(axis=1), dtype=np.bool_)


@lru_cache(maxsize=8)
def lattice(kinds: tuple[int, ...], max_together: int) -> Lattice:
    """Lay out the combinations once per process. ``kinds``: of each column a number; of one number only one column is
    in a combination. ValueError when they would not fit in memory."""
    columns = len(kinds)
    most = min(columns, max_together)
    rows = sum(math.comb(columns, size) for size in range(most + 1))
    if most < 0 or rows > _COMBINATIONS_LIMIT:
        raise ValueError(f"{rows} combinations of {columns} causes are more than {_COMBINATIONS_LIMIT}")
    of_kind = np.array(kinds, dtype=np.int64)
    by_size = [
        _fitting(np.array(list(combinations(range(columns), size)), dtype=np.int64), of_kind)
        for size in range(1, most + 1)
    ]
    rows = 1 + sum(len(chosen) for chosen in by_size)
    present = np.zeros((rows, columns), dtype=np.bool_)
    members = np.full((rows, most), columns, dtype=np.intp)
    without = np.full((rows, columns), -1, dtype=np.intp)
    first, first_smaller, smaller_keys = 1, 0, np.zeros(1, dtype=np.int64)
    for size, chosen in enumerate(by_size, 1):
        here = np.arange(first, first + len(chosen))
        present[here[:, None], chosen] = True
        members[here, :size] = chosen
        for place in range(size):
            keys = _keys(np.delete(chosen, place, axis=1), columns)
            without[here, chosen[:, place]] = first_smaller + np.searchsorted(smaller_keys, keys)
        first, first_smaller, smaller_keys = first + len(chosen), first, _keys(chosen, columns)
    together = present.sum(axis=1).astype(np.intp)
    for array in (present, members, without, together):
        array.setflags(write=False)
    return Lattice(present, members, without, together)


def _fitting(chosen: NDArray[np.int64], kinds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Those combinations (rows of column numbers) in which no kind is twice."""
    of_each = np.sort(kinds[chosen], axis=1)
    alone: Bools = np.logical_not((np.diff(of_each, axis=1) == 0).any(axis=1))
    return chosen[alone]


def over_members(values: Floats, members: Indices, combine: np.ufunc) -> Floats:
    """Add or multiply a value per column over the columns of each combination.

    ``values`` (k, columns), ``members`` (rows, most together) -> (k, rows). By looking up, not as a
    product of matrices: that is as fast here, exact for zeros, and does not wake other threads.
    """
    neutral = np.full((len(values), 1), combine.identity, dtype=np.float64)
    padded = np.hstack([values, neutral])
    result = np.full((len(values), len(members)), combine.identity, dtype=np.float64)
    for slot in range(members.shape[1]):
        combine(result, padded[:, members[:, slot]], out=result)
    return result


def _keys(chosen: NDArray[np.int64], causes: int) -> NDArray[np.int64]:
    """One number per combination (rows of sorted cause numbers), rising with their order."""
    keys = np.zeros(len(chosen), dtype=np.int64)
    for place in range(chosen.shape[1]):
        keys = keys * causes + chosen[:, place]
    return keys
