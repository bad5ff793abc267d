"""When peer figures are made: by workers and commands, never by a web process (an import contract holds `app` to that).

Peers of a month's end are brought forward to a moment, published once, and tidied away when nobody reads them; how
their tables are written says `write_peers`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import structlog
from sqlalchemy.orm import Session

from chassis.data.jobs import Job
from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Moment, usual_day
from services.profile.book.usecases.gather import Known, known_at
from services.profile.portrait import peer_store
from services.profile.portrait.peer_store import Finished
from services.profile.portrait.usecases.baseline import CATALOGUE, LAST, live_day, peer_files, readable
from services.profile.portrait.usecases.figure_parts import PEERS
from services.profile.portrait.usecases.order_peers import Ordering
from services.profile.portrait.usecases.write_peers import Made, same_firms, what_changed, write_tables

# A book of fewer invoices is one part: each part costs a quarter of a CPU second (226,000 invoices: 3.3 in one, 7.1 in
# sixteen), and one of so many is made in some seconds.
ONE_PART = 400_000

log = structlog.get_logger()


class AtOnce:
    """Peers as of the very moment, made by whoever asks for them: for tests and for measurements."""

    def changed(self, session: Session, within: float | None = None) -> None:
        """Do nothing: whoever asks will see."""

    def see_to(self, context: Context, day: date, known_at: datetime) -> None:
        """Bring the peers of a day forward to a moment."""
        bring_forward(context, day, known_at, moves=False)


class InWorker(Ordering):
    """What a worker needs: finished peers where there are any, else it makes them itself."""

    def see_to(self, context: Context, day: date, known_at: datetime) -> None:
        """Make the peers of a day where none that may be read at the moment are finished."""
        with context.database.read() as session:
            found = peer_store.newest(session, day, known_at, CATALOGUE)
        if not readable(context, found):
            bring_forward(context, day, known_at, moves=False)


def work_off(context: Context, job: Job) -> None:
    """Make what was ordered and bring the book's own day forward; may be repeated after a crash."""
    with context.database.read() as session:
        live = live_day(context, session)
    for written, at in job.payload["orders"]:
        moment = datetime.fromisoformat(at) if at else None
        bring_forward(context, date.fromisoformat(written), moment, moves=moment is None)
    bring_forward(context, live, None, moves=True)
    with context.database.read() as session:
        found = peer_store.newest(session, live, None, CATALOGUE)
        day = usual_day(state_store.book(session).date, context.today())
    if found is not None and not found.traded and day != live:
        bring_forward(context, day, None, moves=True)  # nothing is known of closed months: the day itself must do
    tidy(context)


def tidy(context: Context, *, unnamed: float | None = None) -> int:
    """Remove files of peers that are no longer kept, and what broken work left; return how many."""
    with context.database.begin() as session:
        kept = peer_store.forget_files(session, live_day(context, session), context.now())
    files = peer_files(context)
    return files.sweep(kept) if unnamed is None else files.sweep(kept, unnamed=unnamed)


def tend_peers(context: Context) -> None:
    """Order the peers of the book's own day where there are none: a month has ended, or the suite is a newer one."""
    with context.database.begin() as session:
        found = peer_store.newest(session, live_day(context, session), None, CATALOGUE)
        if not readable(context, found) and state_store.book(session) != state_store.EMPTY_BOOK:
            peer_store.order(session, [])


def bring_forward(context: Context, day: date, at: datetime | None, *, moves: bool, again: bool = True) -> None:
    """See to it that the peers of a day are those of a moment (None: now), made of what is there where that is less.

    With `moves` new ones are published by moving the book on, so that every moment up to then is answered as it was;
    without, they are read from the moment itself on.
    """
    with context.database.read() as session:
        state = state_store.book(session)
        wanted = state.known_at if at is None else min(at, state.known_at)
        found = peer_store.newest(session, day, wanted if not moves else None, CATALOGUE)
    try:
        if found is not None and not readable(context, found):
            found = _again(context, found, state)
        if found is None or found.current_to < wanted or (moves and _cut_otherwise(context, found, state)):
            _onward(context, day, wanted, found, state, moves=moves)
    except FileNotFoundError:
        if not again:
            raise
        # Another machine has finished the same, and what of its work is nobody's is no longer in their store.
        bring_forward(context, day, at, moves=moves, again=False)


def _cut_otherwise(context: Context, found: Finished, state: state_store.BookState) -> bool:
    """Tell whether peers are of another number of parts than the book is now: the same figures, and none to go on."""
    return len(found.parts or ()) != parts_of(context, state)


def _again(context: Context, found: Finished, state: state_store.BookState) -> Finished:
    """Make the files of peers anew, without what has left every moment since; what they are of stays."""
    known = _known(context, found.day, found.known_at, state)
    there = found.stamp is not None and peer_files(context).has(found.stamp, LAST)
    changed = what_changed(context, known, found, None, parts_of(context, state)) if there else None
    made = write_tables(context, known, found, changed, parts_of(context, state))
    again = _finished(context, made, found.day, found.known_at, found.published_at, state)
    with context.database.begin() as session:
        peer_store.publish(session, again)
    return again


def _onward(
    context: Context, day: date, wanted: datetime, found: Finished | None, state: state_store.BookState, *, moves: bool
) -> None:
    known = _known(context, day, wanted, state)
    changed = None if found is None else what_changed(context, known, found, wanted, parts_of(context, state))
    if found is not None and changed is not None and not changed.firms and same_firms(context, known, found):
        with context.database.begin() as session:
            peer_store.note_current(session, day, found.published_at, wanted)
        return
    made = write_tables(context, known, found, changed, parts_of(context, state))
    with context.database.begin() as session:
        now = state_store.book(session, lock=True)
        latest = peer_store.newest(session, day, wanted if not moves else None, CATALOGUE)
        if (latest and latest.published_at) != (found and found.published_at):
            return  # another worker was quicker; its job does what is left
        published_at = max(context.now(), now.known_at + state_store.TICK) if moves else wanted
        finished = _finished(context, made, day, wanted, published_at, state)
        if moves and now.known_at == wanted:
            finished = replace(finished, current_to=published_at)  # but for these peers nothing became known since
        peer_store.publish(session, finished)
        if moves:
            state_store.move_book(session, replace(now, known_at=published_at))
    log.info(
        "peers made", day=day.isoformat(), firms=made.figured, changed=None if changed is None else len(changed.firms)
    )


def _finished(
    context: Context, made: Made, day: date, at: datetime, published_at: datetime, state: state_store.BookState
) -> Finished:
    return Finished(
        day=day,
        published_at=published_at,
        known_at=at,
        made_at=context.now(),
        current_to=at,
        heard_at=state.known_at,
        catalogue=CATALOGUE,
        figured=made.figured,
        traded=made.traded,
        stamp=made.stamp,
        parts=made.parts,
        sound=True,
    )


def parts_of(context: Context, state: state_store.BookState) -> int:
    """Return into how many parts a book is divided: one for each bucket of the lake. What comes of it is the same."""
    return 1 if state.invoices < ONE_PART else context.lake.buckets(state.lake_version)


def _known(context: Context, day: date, at: datetime, state: state_store.BookState) -> Known:
    return known_at(context, Moment(state.lake_version, day, at, state.departures), PEERS)
