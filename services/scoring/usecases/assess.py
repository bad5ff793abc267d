"""Score one enterprise now, with reasons, and store what was said. Requests that wait together share one turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from itertools import groupby
from operator import attrgetter, itemgetter
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from sqlalchemy.exc import OperationalError

from chassis.core.call import add_timing
from chassis.core.errors import Refused
from chassis.core.problems import INTERNAL, UpstreamProblem
from chassis.data import keys
from services.scoring.domain.assessment import Assessment, Features
from services.scoring.domain.contest import Contest
from services.scoring.domain.counting import Counts
from services.scoring.ml.making import Asker, assessments_of
from services.scoring.store import counting, models, overlays, scores
from services.scoring.usecases.contest import contest
from services.scoring.usecases.read_score import ask_leave
from services.scoring.usecases.shadow import Shadow, shadow_of
from services.scoring.usecases.turn import Turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from services.scoring.context import Context
    from services.scoring.domain.overlay import RuleSet
    from services.scoring.ml.scorer import Scorer

Stages: TypeAlias = list[tuple[str, float]]
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Order:
    """Who wants which enterprise scored, as of when and as known when; by default today's book.

    The rest is what the request says besides, since its turn may be another request's work.
    """

    claim: keys.Claim
    authorization: str
    purpose: str
    request_id: str
    enterprise: str
    as_of: date | None = None
    known_at: datetime | None = None
    counts: Counts | None = None

    @property
    def company(self) -> tuple[str, ...]:
        """What orders have in common that may be asked for in one question."""
        return (self.claim.client, self.authorization, self.purpose, str(self.as_of), str(self.known_at))


@dataclass(frozen=True, slots=True)
class Made:
    """A new assessment, stored, and what the enterprise disputes beside it."""

    assessment: Assessment
    contest: Contest
    stages: Stages


@dataclass(frozen=True, slots=True)
class Earlier:
    """The key of this order has an answer already: the stored fingerprint and score."""

    stored: tuple[str, dict[str, Any]]
    stages: Stages


Outcome: TypeAlias = Made | Earlier


@dataclass(slots=True)
class _Seat:
    """An order in a turn, and what has become of it so far."""

    order: Order
    outcome: Outcome | BaseException | None = None
    # What counts where the order does not say.
    usual: Counts = Counts.CONFIRMED

    @property
    def asker(self) -> Asker:
        """Who asks, for which purpose, and what counts for them."""
        return self.order.claim.client, self.order.purpose, self.order.counts or self.usual

    @property
    def key(self) -> str:
        """The idempotency key of the order."""
        return self.order.claim.key


@dataclass(frozen=True, slots=True)
class _Draft:
    """A new assessment that is not stored yet, and what is kept with it."""

    seat: _Seat
    assessment: Assessment
    contest: Contest
    shadow: Sequence[dict[str, Any]]

    @property
    def answer(self) -> dict[str, Any]:
        """What is kept under the key of its order."""
        return {"score": self.assessment.id, "undisputed": self.contest.undisputed}


@dataclass(frozen=True, slots=True)
class _Turn:
    """Seats whose orders may be asked for in one question, and how long the stages took."""

    seats: Sequence[_Seat]
    stages: Stages = field(default_factory=list)

    @property
    def client(self) -> str:
        """The client of all its orders."""
        return self.seats[0].order.claim.client

    @property
    def moment(self) -> datetime:
        """The moment whose expert rules hold: as known when the orders say, else now."""
        return self.seats[0].order.known_at or datetime.now(UTC)

    def open(self) -> list[_Seat]:
        """Return the seats of the orders that nothing has become of yet."""
        return [seat for seat in self.seats if seat.outcome is None]

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = perf_counter()
        yield
        self.stages.append((stage, (perf_counter() - start) * 1000))


def assess(context: Context, turns: Turns[Order, Outcome], order: Order) -> tuple[Assessment, Contest]:
    """Return the stored score; a repeated request gets the one of the first, as long as the consent lasts."""
    outcome = turns(order)
    add_timing(*outcome.stages)
    if isinstance(outcome, Made):
        return outcome.assessment, outcome.contest
    kept = keys.replay(order.claim, outcome.stored)
    with context.database.read() as session:
        assessment = scores.score(session, kept["score"])
    # The same question as for a score that is read again: what the key was sent for then may be closed now.
    leave = ask_leave(context, assessment)
    return assessment, Contest(leave, kept.get("undisputed") if leave.disputes else None)


def assess_each(context: Context, orders: Sequence[Order]) -> list[Outcome | BaseException]:
    """Do what `assess` needs for all orders of a turn; what fails for one fails for it alone."""
    seats = [_Seat(order) for order in orders]
    for _, group in groupby(sorted(seats, key=_company), key=_company):
        turn = _Turn(list(group))
        try:
            _take(context, turn)
        except Exception as error:
            for seat in turn.open():
                seat.outcome = error
    return [seat.outcome for seat in seats if seat.outcome is not None]


def _company(seat: _Seat) -> tuple[str, ...]:
    return seat.order.company


def _take(context: Context, turn: _Turn) -> None:
    """Take a turn: no transaction is open while the profile service is asked, which checks consents and records reads.

    The scores and the requests' idempotency keys commit together.
    """
    with turn.timed("lookup"), context.database.connection() as connection:
        _note_earlier(turn, keys.stored_among(connection, turn.client, {seat.key for seat in turn.seats}))
        if not turn.open():
            return
        version, shadow = models.versions_at_work(connection)
        rules = overlays.in_force(connection, turn.moment)
        _settle_counts(context, turn, connection)
    challenger, scorer = shadow_of(context, shadow), context.shelf[version]
    files = _apart(partial(_ask_profile, context, turn, scorer.blocks), turn.open(), _itself, concerns_all=_said_to_all)
    with turn.timed("model"):
        drafts = _apart(partial(_drafts, scorer, challenger, rules), files, itemgetter(0))
    with turn.timed("commit"):
        _apart(partial(_commit, context, turn), drafts, attrgetter("seat"), concerns_all=_said_to_all)


def _settle_counts(context: Context, turn: _Turn, connection: Connection) -> None:
    """Note what counts where orders do not say: as their client has set it, else as is usual here."""
    silent = [seat for seat in turn.open() if seat.order.counts is None]
    if silent:
        usual = counting.usual(connection, turn.client, turn.moment, context.settings.counts)
        for seat in silent:
            seat.usual = usual


def _apart(
    work: Callable[[Sequence[T]], list[R]],
    items: Sequence[T],
    seat_of: Callable[[T], _Seat],
    *,
    concerns_all: Callable[[Exception], bool] = lambda _: False,
) -> list[R]:
    """Do some work for all items at once; where it fails, for each by itself, to tell for whose order it does."""
    if not items:
        return []
    try:
        return work(items)
    except Exception as error:
        if len(items) > 1 and not concerns_all(error):
            return [made for item in items for made in _apart(work, [item], seat_of, concerns_all=concerns_all)]
        for item in items:
            seat_of(item).outcome = error
        return []


def _itself(seat: _Seat) -> _Seat:
    return seat


def _said_to_all(error: Exception) -> bool:
    """Tell whether asking again for each order would meet with the same: a refusal, or a database out of reach.

    A service that broke off did nothing, and may have done so over one of the orders.
    """
    broke_off = isinstance(error, UpstreamProblem) and error.document.get("status") == INTERNAL.status
    return isinstance(error, Refused | OperationalError) and not broke_off


def _note_earlier(turn: _Turn, earlier: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    for seat in turn.seats:
        stored = earlier.get(seat.key)
        if stored is not None:
            seat.outcome = Earlier(stored, turn.stages)


def _ask_profile(
    context: Context, turn: _Turn, blocks: Sequence[str], seats: Sequence[_Seat]
) -> list[tuple[_Seat, Features]]:
    """Return the seats with their enterprises' features; a refusal becomes the outcome of its order."""
    first = seats[0].order
    headers = {"Authorization": first.authorization, "Purpose": first.purpose}
    reads = [(seat.order.enterprise, seat.order.request_id) for seat in seats]
    with turn.timed("profile"):
        answers, stages = context.profile.features_each(
            reads, first.as_of, first.known_at, headers=headers, blocks=blocks
        )
    turn.stages.extend((f"profile-{name}", milliseconds) for name, milliseconds in stages)
    files: list[tuple[_Seat, Features]] = []
    for seat, answer in zip(seats, answers, strict=True):
        if isinstance(answer, Features):
            files.append((seat, answer))
        else:
            seat.outcome = answer
    return files


def _drafts(
    scorer: Scorer, challenger: Shadow, rules: RuleSet | None, files: Sequence[tuple[_Seat, Features]]
) -> list[_Draft]:
    """Return the drafts of some orders, scored together."""
    askers = [seat.asker for seat, _ in files]
    made = assessments_of(scorer, [features for _, features in files], askers, datetime.now(UTC), rules)
    return [
        _Draft(
            seat,
            assessment,
            contest(scorer, features, assessment.score, seat.asker[2]),
            challenger.beside(assessment, features),
        )
        for (seat, features), assessment in zip(files, made, strict=True)
    ]


def _commit(context: Context, turn: _Turn, drafts: Sequence[_Draft]) -> list[_Draft]:
    """Store the scores under their keys; where another process was first with a key, its score is the answer."""
    with context.database.connection(writes=True) as connection:
        kept = _kept(connection, turn.client, drafts)
        mine = [draft for draft in drafts if kept[draft.seat.key][1]["score"] == draft.assessment.id]
        if mine:
            scores.add_scores(connection, [draft.assessment for draft in mine])
            scores.add_shadow_scores(connection, [row for draft in mine for row in draft.shadow])
    for draft in drafts:
        draft.seat.outcome = Earlier(kept[draft.seat.key], turn.stages)
    for draft in mine:
        draft.seat.outcome = Made(draft.assessment, draft.contest, turn.stages)
    return mine


def _kept(connection: Connection, client: str, drafts: Sequence[_Draft]) -> Mapping[str, tuple[str, dict[str, Any]]]:
    """Keep the drafts' answers under the keys of their orders, and return what is kept there now, by key."""
    answers: dict[keys.Claim, dict[str, Any]] = {}
    for draft in drafts:
        answers.setdefault(draft.seat.order.claim, draft.answer)
    if keys.keep_each(connection, answers):
        return {claim.key: (claim.fingerprint, answer) for claim, answer in answers.items()}
    return keys.stored_among(connection, client, {claim.key for claim in answers})
