"""Ordering peer figures from a worker, and waiting for them a little: the most that a web process does for them."""

from __future__ import annotations

import time
from datetime import date, datetime

from sqlalchemy.orm import Session

from chassis.core.errors import Refused
from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.portrait import peer_store
from services.profile.portrait.usecases.baseline import CATALOGUE, live_day, readable

# A request waits so long, and looks so often; then it says when to ask again.
WAIT_SECONDS, LOOK_SECONDS, AGAIN_SECONDS = 8.0, 0.1, 5


class PeersUnderWay(Refused):
    """Nothing is finished yet that the portrait could be held against."""


class Ordering:
    """Whoever reads peers orders them where there are none, from a worker, once for all that wait for them."""

    def __init__(self, wait: float = WAIT_SECONDS) -> None:
        self._wait = wait

    def changed(self, session: Session, within: float | None = None) -> None:
        """Order the peers of the book's own day, in the transaction that moves the book on."""
        peer_store.order(session, [], within)

    def see_to(self, context: Context, day: date, known_at: datetime) -> None:
        """Order peers where none are finished, and wait for them; raise `PeersUnderWay` where that takes long.

        Finished ones that more has become known since are good; those of another day than the book's own, which nobody
        else would order, are ordered anew for the next reader.
        """
        with context.database.read() as session:
            found = peer_store.newest(session, day, known_at, CATALOGUE)
            now, live = state_store.book(session).known_at, live_day(context, session)
        ready = readable(context, found)
        if ready and found is not None and not (found.current_to < known_at == now and day != live):
            return
        wanted = None if ready else known_at if found is None else found.known_at
        with context.database.begin() as session:
            peer_store.order(session, [(day, wanted)])
        if not ready:
            self._await(context, day, known_at)

    def _await(self, context: Context, day: date, known_at: datetime) -> None:
        until = time.monotonic() + self._wait
        while time.monotonic() < until:
            with context.database.read() as session:
                found = peer_store.newest(session, day, known_at, CATALOGUE)
            if readable(context, found):
                return
            time.sleep(LOOK_SECONDS)
        raise PeersUnderWay(
            f"The figures of peers as of {day} are being computed; ask again in {AGAIN_SECONDS} seconds. "
            f"/ 截至 {day} 的同业比较基准正在计算，请 {AGAIN_SECONDS} 秒后重试。",
            day=day.isoformat(),
            retry_after=AGAIN_SECONDS,
        )
