"""Who measured a row: the tracker itself, or a phone or another app whose rows tell the same steps again.

Names seen in the ``data source`` column: ``Inspire 3``, ``Google Fitbit Air`` (trackers); ``MobileTrack``,
``Phone Health Kit``, ``Apple Health Health Kit``, ``Fit Health Connect`` (others).
"""

import re
from collections.abc import Collection

_OTHERS = re.compile(
    r"mobile\s?track|health\s?kit|health\s?connect|apple health|google fit\b|samsung health|\bphone\b|iphone|manual",
    re.IGNORECASE,
)
_TRACKERS = re.compile(
    r"fitbit|pixel watch|inspire|charge|versa|sense|luxe|alta|ionic|\bace\b|flex|blaze|surge|\bzip\b|\bone\b",
    re.IGNORECASE,
)
"""Product names of the vendor's trackers since 2012."""


def first_party(origins: Collection[str], own_names: Collection[str]) -> frozenset[str]:
    """Those of the sources named in one series that are the person's own trackers.

    A name that is neither known as a tracker nor as something else counts only when no other name is a tracker.
    An empty name is the older form of the files, which held the tracker's rows alone.
    """
    possible = [origin for origin in origins if not _OTHERS.search(origin)]
    known = [origin for origin in possible if not origin or origin.lower() in own_names or _TRACKERS.search(origin)]
    return frozenset(known or possible)
