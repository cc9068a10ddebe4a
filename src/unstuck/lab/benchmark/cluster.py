"""A Dask cluster that plays cases: one of this machine's processes, or a scheduler's that is named.

Dask is an optional extra (``pip install unstuck[lab]``, docs/decisions/0018-dask.md). The workers of a cluster need the
same version of Unstuck; what they send back is the same as a plain pool of processes gives (tested).
"""

import os
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import islice

from unstuck.lab.benchmark.row import Row, crashed
from unstuck.lab.benchmark.run import DIED, IN_HAND, Job, Player
from unstuck.model.errors import ErrorCode, UsageError

DEATHS_MOST = 1
"""A case that took a worker along so often is not tried again."""


def installed() -> bool:
    """Whether Dask is there."""
    return find_spec("dask") is not None and find_spec("distributed") is not None


class Dask:
    """``address`` of a scheduler; empty: workers of this machine, as many as there are cores or ``workers``."""

    def __init__(self, address: str = "", workers: int = 0) -> None:
        self.address = address
        self.workers = workers or os.cpu_count() or 1

    def each(self, player: Player, jobs: Iterable[Job]) -> Iterator[list[Row]]:
        """As :class:`unstuck.lab.benchmark.run.Pool` says. UsageError: nobody answers at the address."""
        import dask
        from distributed import Client, LocalCluster, as_completed

        waiting = iter(jobs)
        with dask.config.set({"distributed.scheduler.allowed-failures": DEATHS_MOST}):
            if self.address:
                try:
                    client = Client(self.address, timeout="10s")
                except (OSError, ValueError) as error:
                    reason = "no scheduler answers there"
                    raise UsageError(ErrorCode.USAGE_SOURCE, given=self.address, reason=reason) from error
                cluster = None
                workers = max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
            else:
                cluster = LocalCluster(
                    n_workers=self.workers, threads_per_worker=1, processes=True, dashboard_address=None
                )
                client = Client(cluster)
                workers = self.workers
            try:
                in_hand = {}
                for job in islice(waiting, IN_HAND * workers):
                    in_hand[client.submit(player, job, pure=False)] = job
                done = as_completed(list(in_hand))
                for future in done:
                    job = in_hand.pop(future)
                    failed = future.status == "error"
                    yield [crashed(job.number, job.case, DIED, "")] if failed else future.result()
                    for job in islice(waiting, 1):
                        more = client.submit(player, job, pure=False)
                        in_hand[more] = job
                        done.add(more)
            finally:
                client.close()
                if cluster is not None:
                    cluster.close()
