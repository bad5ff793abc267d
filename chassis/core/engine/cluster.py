"""The engine of many machines: units become tasks of a Dask cluster, which only says who does which.

Nothing is kept there. The job that runs the units is a row of ours, under a lease: where the scheduler is lost the job
is tried again, and finds what is done by the names of its outputs.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING

from chassis.core.engine.code import code_version
from chassis.core.engine.dispatch import dispatched
from chassis.core.engine.parcel import done
from chassis.core.engine.ran import Ran, T, U
from chassis.core.errors import EngineUnavailable

if TYPE_CHECKING:  # an extra: imported where a cluster is used
    from distributed import Future

TICK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Cluster:
    """Does units on the workers of a scheduler that run the same code as we.

    For `patience` seconds it waits for such a worker, at the start and whenever the last of them is gone; for `connect`
    seconds for the scheduler.
    """

    address: str
    patience: float = 30.0
    connect: float = 10.0

    def run(self, work: Callable[[U], T], units: Sequence[U]) -> Iterator[Ran[U, T]]:
        """Do the units; tasks that nobody takes any more are cancelled, but for what is under way in a worker."""
        with _Crew(self) as crew:
            yield from dispatched(crew, work, units)


class _Crew:
    """What one run has on the cluster: a client, and the tasks that are out."""

    def __init__(self, engine: Cluster) -> None:
        from distributed import Client  # noqa: PLC0415 - an extra, half a second to import

        # What it loses is told by an exception of ours; its own words are a traceback for each.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        self._engine = engine
        self._out: dict[str, tuple[int, Future]] = {}
        self._ended: SimpleQueue[Future] = SimpleQueue()
        self._threads, self._told_at, self._fit_at = 0, float("-inf"), time.monotonic()
        try:
            self._client = Client(engine.address, timeout=engine.connect, set_as_default=False)
        except OSError as error:  # a timeout is one too
            raise self._lost() from error

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._out.clear()  # nobody waits for them: the scheduler drops what no client wants
        self._client.close(timeout=TICK_SECONDS)

    def room(self) -> int:
        """Return how many threads of the workers that fit are not ours yet."""
        self._look()
        return self._threads - len(self._out)

    def send(self, ticket: int, parcel: bytes) -> None:
        """Make a parcel a task for a worker that runs our code."""
        future = self._client.submit(done, parcel, pure=False, resources={code_version(): 1})
        self._out[future.key] = (ticket, future)
        future.add_done_callback(self._ended.put)

    def receive(self) -> Sequence[tuple[int, bytes | None]]:
        """Wait a moment for the next task to end."""
        from distributed import KilledWorker  # noqa: PLC0415 - an extra

        try:
            future = self._ended.get(timeout=TICK_SECONDS)
        except Empty:
            self._look()
            return []
        ticket, _ = self._out.pop(future.key)
        try:
            answer: bytes = future.result(timeout=self._engine.connect)
        except KilledWorker:
            return [(ticket, None)]
        except (OSError, CancelledError) as error:
            raise self._lost() from error
        return [(ticket, answer)]

    def _look(self) -> None:
        """Count the threads that may do our units, twice a second; raise where there are none for too long."""
        now = time.monotonic()
        if now - self._told_at < TICK_SECONDS:
            return
        try:
            workers = self._client.scheduler_info()["workers"]
        except (OSError, CancelledError) as error:
            raise self._lost() from error
        self._told_at = now
        self._threads = int(sum(worker["resources"].get(code_version(), 0) for worker in workers.values()))
        if self._threads:
            self._fit_at = now
        elif now - self._fit_at > self._engine.patience:
            raise self._unfit({address: _code_of(worker["resources"]) for address, worker in workers.items()})

    def _lost(self) -> EngineUnavailable:
        where = self._engine.address
        return EngineUnavailable(
            f"The scheduler at {where} does not answer; the work is begun again, and what is done is kept. / "
            f"调度器 {where} 无响应；任务将重新开始，已完成部分保留。",
        )

    def _unfit(self, codes: dict[str, str]) -> EngineUnavailable:
        found = ", ".join(f"{address} runs {code}" for address, code in sorted(codes.items())) or "there is none"
        ours = code_version()
        return EngineUnavailable(
            f"No worker at {self._engine.address} runs the code of this process, {ours}: {found}. Start workers of the "
            f"same release: python -m chassis.core.engine worker {self._engine.address} / "
            f"调度器 {self._engine.address} 上没有与本进程（{ours}）代码一致的工作节点：请启动同一版本的工作节点。",
            ours=ours,
            workers=codes,
        )


def _code_of(resources: dict[str, float]) -> str:
    return next((name for name in resources if "+" in name), "other code")
