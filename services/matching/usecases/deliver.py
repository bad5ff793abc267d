"""Delivering webhooks: endpoints that have something to send are shared out to senders, each of which sends in order.

An endpoint has one sender at a time (`send_next.py`), so a silent receiver holds up its own messages. What it takes
from the others is a place, and those are shared out so that none of the others waits for one: half of them are for
endpoints whose last attempt was taken, and of those that wait, clients with the fewest under way come first.

Senders only send. One thread takes what is due and writes down what came, all that came meanwhile in one transaction:
SQLite has one writer, and a transaction a message would be what everybody waits for.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from chassis.core import webhooks
from chassis.core.sealing import Sealer
from chassis.core.webhooks import Outcome
from chassis.data.database import Database
from chassis.data.storage import passes
from services.matching.usecases import send_next
from services.matching.usecases.send_next import Attempt, Due, Parcel

# Places in all, and how many of them endpoints may hold that have not yet taken anything, or not the last message.
PLACES, FOR_UNPROVEN = 128, 64
# As many as a client has endpoints: its silent ones do not hold up its others either.
PLACES_OF_A_CLIENT = 10
# How often is looked for what is due.
POLL_SECONDS = 0.2
# So long a sender stays with an endpoint that takes what it is sent; then others come first.
STRETCH_SECONDS = 5.0
# How often is looked for endpoints that a process of this machine held which is no more.
LOOK_SECONDS = 10.0
# What is under way when we are stopped may end; what takes longer is sent again.
LAST_SECONDS = 2.0
log = structlog.get_logger()
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Errand:
    """A message on its way to an endpoint, to which its sender stays until a moment (`time.monotonic`)."""

    to: Due
    parcel: Parcel
    until: float


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an errand, and when it began."""

    errand: Errand
    outcome: Outcome
    at: datetime


UnderWay = dict[Future[Came], Errand]


class Unavailable(Exception):
    """The database cannot be written just now."""


class Postman:
    """Delivers what is due, beside the workers of the queues."""

    def __init__(self, database: Database, sealer: Sealer, *, private: bool) -> None:
        self._database = database
        self._sealer = sealer
        self._private = private
        self._holder = "postman"
        self._stopping = threading.Event()
        # What came and could not yet be written down: it is, before anything else, as soon as that can be done.
        self._came: list[Came] = []
        self._took = float("-inf")

    def run(self, name: str) -> None:
        """Deliver until SIGTERM (`SystemExit`); a message that is under way then may end, and is written down."""
        self._holder = name
        under_way: UnderWay = {}
        senders = ThreadPoolExecutor(PLACES, thread_name_prefix="sender")
        looked = float("-inf")
        try:
            while True:
                if time.monotonic() - looked > LOOK_SECONDS:
                    looked = time.monotonic()
                    self._free_the_dead()
                self._round(senders, under_way)
        finally:
            self._stopping.set()
            senders.shutdown(wait=False, cancel_futures=True)
            done, _ = wait(under_way, LAST_SECONDS)
            self._came += [future.result() for future in done if not future.cancelled() and future.exception() is None]
            self._write_down()

    def hand_back(self, name: str) -> None:
        """Free what a postman that is dead held."""
        with self._database.begin() as session:
            send_next.give_back(session, name)

    def deliver_due(self, at: datetime | None = None) -> int:
        """Send what is due, at a moment or now, until nothing is, and return how many attempts that were."""
        attempts, under_way = 0, UnderWay()
        with ThreadPoolExecutor(PLACES) as senders:
            errands = self._take((), at)
            while errands or under_way:
                attempts += len(errands)
                self._send_out(senders, under_way, errands)
                self._gather(under_way)
                errands = self._write_down()
        return attempts

    def _round(self, senders: ThreadPoolExecutor, under_way: UnderWay) -> None:
        """Write down what came, take what is due, send it out, and wait a little for what comes.

        What a sender did not catch ends the process, which the crew replaces.
        """
        self._send_out(senders, under_way, self._write_down())
        if time.monotonic() - self._took >= POLL_SECONDS:
            busy = [each.to for each in (*under_way.values(), *(came.errand for came in self._came))]
            self._send_out(senders, under_way, self._take(busy))
            self._took = time.monotonic()
        if not under_way:
            self._stopping.wait(POLL_SECONDS)
        self._gather(under_way)

    def _send_out(self, senders: ThreadPoolExecutor, under_way: UnderWay, errands: Iterable[Errand]) -> None:
        for errand in errands:
            under_way[senders.submit(self._send, errand)] = errand

    def _gather(self, under_way: UnderWay) -> None:
        done, _ = wait(under_way, POLL_SECONDS, FIRST_COMPLETED)
        for future in done:
            del under_way[future]
            self._came.append(future.result())

    def _take(self, busy: Sequence[Due], at: datetime | None = None) -> list[Errand]:
        """Take endpoints that have something to send; what cannot be read for one of them is tried again later."""

        def begin(session: Session, endpoints: Sequence[Due]) -> list[Parcel]:
            return send_next.begin(session, [each.id for each in endpoints], self._holder, at)

        def postpone(session: Session, endpoint: Due) -> None:
            send_next.postpone(session, endpoint.id)

        try:
            with self._database.read() as session:
                waiting = {each.id: each for each in chosen(send_next.due(session, at), busy)}
            parcels = self._each(list(waiting.values()), begin, postpone)
        except DBAPIError as error:
            if not passes(error):
                raise
            log.warning("database unavailable", error=type(error.orig).__name__)
            return []
        except Unavailable:
            log.warning("database unavailable")
            return []
        until = time.monotonic() + STRETCH_SECONDS
        return [Errand(waiting[each.endpoint], each, until) for each in parcels]

    def _write_down(self) -> list[Errand]:
        """Write down what came, and return the errands that follow. What cannot be now is kept for the next time."""

        def follow(session: Session, came: Sequence[Came]) -> list[Parcel]:
            now = float("inf") if self._stopping.is_set() else time.monotonic()
            attempts = [Attempt(each.errand.parcel, each.outcome, each.at, now < each.errand.until) for each in came]
            return send_next.follow(session, attempts, self._holder)

        errands = {came.errand.to.id: came.errand for came in self._came}
        try:
            parcels = self._each(self._came, follow, lambda _session, _came: None)
        except Unavailable:
            log.warning("database unavailable", unwritten=len(self._came))
            return []
        self._came = []
        return [replace(errands[each.endpoint], parcel=each) for each in parcels]

    def _each(
        self,
        items: Sequence[Item],
        act: Callable[[Session, Sequence[Item]], list[Parcel]],
        otherwise: Callable[[Session, Item], None],
    ) -> list[Parcel]:
        """Do something with all items in one transaction and return what is to be sent.

        Where that breaks, in a transaction each, and `otherwise` with the item over which it breaks, which is logged:
        it holds up no other. Raise `Unavailable` where the database cannot be written.
        """
        if not items:
            return []
        try:
            with self._database.begin() as session:
                return act(session, items)
        except Exception as error:
            if isinstance(error, DBAPIError) and passes(error):
                raise Unavailable from None
            if len(items) == 1:
                log.exception("delivery broke off")
                with self._database.begin() as session:
                    otherwise(session, items[0])
                return []
        return [parcel for item in items for parcel in self._each([item], act, otherwise)]

    def _free_the_dead(self) -> None:
        """Free what was held by processes of this machine that are no more, with their crew."""
        try:
            with self._database.begin() as session:
                send_next.give_back_of_the_dead(session)
        except DBAPIError as error:
            if not passes(error):
                raise

    def _send(self, errand: Errand) -> Came:
        at, parcel = datetime.now(UTC), errand.parcel
        try:
            newest, *former = parcel.secrets
            if not self._sealer.opens(newest, parcel.endpoint):
                log.error("secret not readable", endpoint=parcel.endpoint)
                return Came(errand, send_next.UNREADABLE, at)
            in_force = [newest, *(each for each in former if self._sealer.opens(each, parcel.endpoint))]
            secrets = [self._sealer.open(each, parcel.endpoint) for each in in_force]
            return Came(errand, webhooks.send(parcel.url, secrets, parcel.letter, at, private=self._private), at)
        except Exception:  # a message that cannot be sent waits longer each time, as one that nobody takes
            log.exception("message not sent", message=parcel.letter.id)
            return Came(errand, Outcome(None, "it could not be sent"), at)


def chosen(waiting: Iterable[Due], under_way: Sequence[Due]) -> list[Due]:
    """Return which of the endpoints that wait get a place, beside those that have one.

    One place an endpoint; clients with the fewest under way come first; unproven endpoints leave half the places free.
    """
    busy, held = {each.id for each in under_way}, Counter(each.client for each in under_way)
    unproven, places = sum(not each.proven for each in under_way), PLACES - len(under_way)
    queues: dict[str, deque[Due]] = {}
    for each in waiting:
        if each.id not in busy:
            queues.setdefault(each.client, deque()).append(each)
    turns = [(held[client], order, client) for order, client in enumerate(queues)]
    heapq.heapify(turns)
    taken: list[Due] = []
    while turns and len(taken) < places:
        mine, order, client = heapq.heappop(turns)
        endpoint = queues[client].popleft()
        if endpoint.proven or unproven < FOR_UNPROVEN:
            taken.append(endpoint)
            mine, unproven = mine + 1, unproven + (not endpoint.proven)
        if queues[client] and mine < PLACES_OF_A_CLIENT:
            heapq.heappush(turns, (mine, order, client))
    return taken
