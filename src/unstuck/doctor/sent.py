"""Whether the phone holds anything that the service has not: the one thing that a new installation can lose."""

from datetime import datetime, timedelta

from unstuck.doctor import agent
from unstuck.doctor.case import Case
from unstuck.model.evidence import Fact

WITH_THE_DATA = timedelta(seconds=5)
"""An upload that was taken no longer than this before the link's last packet took what the link had brought: after an
upload the tracker is only told what it may forget."""


ONE_SITTING = timedelta(hours=1)
"""Longest from the end of the evidence to what is done: a session that began with taking it. An app that works syncs
more often, but then it also sends; evidence of yesterday says nothing of today."""


ON_THE_WAY = frozenset({"dns", "tls", "timeout"})
"""Errors of the app on the way to its service. Others, as of its files, leave what was taken taken."""


def all_sent(case: Case, now: datetime) -> bool:
    """Whether it is known that nothing waits: False means that nobody knows.

    Known from our agent's journal where that was read; else where the service took the app's last upload when the last
    data had come from the tracker, by a Bluetooth trace, and the app has done nothing since and failed at no upload: a
    second part of one may fail after the first was taken. Evidence that ends long before ``now`` shows nothing:
    what the app did after it is not known.
    """
    if case.facts.has("agent.journal"):
        return agent.all_sent(case, now)
    if not timedelta(0) <= now - case.judged_at <= ONE_SITTING:
        return False
    answers = [fact for fact in case.of_app("app.http") if fact.time is not None]
    moved = [moment for fact in case.of_tracker("link.traffic") if (moment := case.last_moment(fact)) is not None]
    if not answers or not moved or not 200 <= (answers[-1].number("status") or 0) < 300:
        return False
    taken = answers[-1].time
    assert taken is not None
    since = [fact for fact in _contacts(case) if fact.time is not None and fact.time > taken + WITH_THE_DATA]
    return max(moved) <= taken + WITH_THE_DATA and not since


def _contacts(case: Case) -> list[Fact]:
    """What the app did with the tracker, and where it did not get through to its service."""
    found = case.of_tracker("link.opened", "link.encrypted", "att.traffic")
    failed = [fact for fact in case.of_app("app.error") if fact.text("kind") in ON_THE_WAY]
    return found + case.of_app("app.beat", "app.sync") + failed
