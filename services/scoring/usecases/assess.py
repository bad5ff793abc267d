"""Score one enterprise now, with reasons, and store what was said. Requests that wait together share one turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import groupby
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

from chassis.core.call import add_timing
from chassis.core.errors import Refused
from chassis.core.ids import new_id
from chassis.data import keys
from services.scoring.domain.assessment import Assessment, Features, Stamp, check_exact, check_fit, said_by, stamped
from services.scoring.domain.contest import Contest
from services.scoring.store import models, scores
from services.scoring.usecases.contest import contest
from services.scoring.usecases.read_score import disputes_now
from services.scoring.usecases.shadow import shadow_of
from services.scoring.usecases.turn import Turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.scoring.context import Context
    from services.scoring.ml.scorer import Scored, Scorer

Stages: TypeAlias = list[tuple[str, float]]


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

    @property
    def asker(self) -> tuple[str, str]:
        """Who asks, and for which purpose."""
        return self.claim.client, self.purpose

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
class _Turn:
    """Orders that share a turn, what has become of each so far, and how long the stages took."""

    orders: Sequence[Order]
    outcomes: dict[int, Outcome | BaseException] = field(default_factory=dict)
    stages: Stages = field(default_factory=list)

    def open(self) -> list[int]:
        """Return the places of the orders that nothing has become of yet."""
        return [place for place in range(len(self.orders)) if place not in self.outcomes]

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
    marks = disputes_now(context, assessment)
    return assessment, Contest(marks, kept.get("undisputed") if marks else None)


def assess_each(context: Context, orders: Sequence[Order]) -> list[Outcome | BaseException]:
    """Do what `assess` needs for all orders of a turn; what fails for one fails for it alone."""
    outcomes: dict[int, Outcome | BaseException] = {}
    by_company = sorted(range(len(orders)), key=lambda place: orders[place].company)
    for _, group in groupby(by_company, key=lambda place: orders[place].company):
        places = list(group)
        turn = _Turn([orders[place] for place in places])
        try:
            _take(context, turn)
        except Exception as error:
            turn.outcomes |= dict.fromkeys(turn.open(), error)
        outcomes |= {places[place]: outcome for place, outcome in turn.outcomes.items()}
    return [outcomes[place] for place in range(len(orders))]


def _take(context: Context, turn: _Turn) -> None:
    """No transaction is open while the profile service is asked, which checks each consent and records each read.

    The scores and the requests' idempotency keys commit together.
    """
    client = turn.orders[0].claim.client
    with turn.timed("lookup"), context.database.connection() as connection:
        earlier = keys.stored_among(connection, client, {order.claim.key for order in turn.orders})
        _note_earlier(turn, earlier)
        if not turn.open():
            return
        version, shadow = models.versions_at_work(connection)
    challenger = shadow_of(context, shadow)
    features = _ask_profile(context, turn)
    with turn.timed("model"):
        made = _made(context.shelf[version], turn, features)
        beside = {place: challenger.beside(said, features[place].values) for place, said in made.items()}
        contests = {place: contest(context.shelf[version], features[place], said.score) for place, said in made.items()}
    with turn.timed("commit"):
        _commit(context, turn, made, contests, beside)


def _note_earlier(turn: _Turn, earlier: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
    for place in turn.open():
        stored = earlier.get(turn.orders[place].claim.key)
        if stored is not None:
            turn.outcomes[place] = Earlier(stored, turn.stages)


def _ask_profile(context: Context, turn: _Turn) -> dict[int, Features]:
    """Return the features of the open orders; a refusal becomes the outcome of its order."""
    places = turn.open()
    first = turn.orders[places[0]]
    headers = {"Authorization": first.authorization, "Purpose": first.purpose}
    reads = [(turn.orders[place].enterprise, turn.orders[place].request_id) for place in places]
    with turn.timed("profile"):
        told, stages = context.profile.features_each(reads, first.as_of, first.known_at, headers=headers)
    turn.stages += [(f"profile-{name}", milliseconds) for name, milliseconds in stages]
    found: dict[int, Features] = {}
    for place, answer in zip(places, told, strict=True):
        if isinstance(answer, Features):
            found[place] = answer
        else:
            turn.outcomes[place] = answer
    return found


def _made(scorer: Scorer, turn: _Turn, features: Mapping[int, Features]) -> dict[int, Assessment]:
    """Return the assessments of a turn, made together; where one is refused, each is made by itself to tell which."""
    try:
        said = assessed(scorer, list(features.values()), [turn.orders[place].asker for place in features])
        return dict(zip(features, said, strict=True))
    except Refused:
        made: dict[int, Assessment] = {}
        for place, found in features.items():
            try:
                (made[place],) = assessed(scorer, [found], [turn.orders[place].asker])
            except Refused as refusal:
                turn.outcomes[place] = refusal
        return made


def _commit(
    context: Context,
    turn: _Turn,
    made: Mapping[int, Assessment],
    contests: Mapping[int, Contest],
    beside: Mapping[int, list[dict[str, Any]]],
) -> None:
    """Store the scores under their keys; where another process was first with a key, its score is the answer."""
    if not made:
        return
    answers: dict[keys.Claim, dict[str, Any]] = {}
    for place, assessment in made.items():
        told = {"score": assessment.id, "undisputed": contests[place].undisputed}
        answers.setdefault(turn.orders[place].claim, told)
    with context.database.connection(writes=True) as connection:
        if keys.keep_each(connection, answers):
            kept = {claim.key: (claim.fingerprint, answer) for claim, answer in answers.items()}
        else:
            client = turn.orders[0].claim.client
            kept = keys.stored_among(connection, client, {claim.key for claim in answers})
        mine = {
            place: assessment
            for place, assessment in made.items()
            if kept[turn.orders[place].claim.key][1]["score"] == assessment.id
        }
        if mine:
            scores.add_scores(connection, mine.values())
            scores.add_shadow_scores(connection, [row for place in mine for row in beside[place]])
    for place in made:
        stored = kept[turn.orders[place].claim.key]
        turn.outcomes[place] = (
            Made(mine[place], contests[place], turn.stages) if place in mine else Earlier(stored, turn.stages)
        )


def assessed(scorer: Scorer, features: Sequence[Features], askers: Sequence[tuple[str, str]]) -> list[Assessment]:
    """Return the assessments of some enterprises, each for a client and a purpose; the exactness of each is checked."""
    for each in features:
        check_fit(each, scorer.features)
    rows = [[each.values[name] for name in scorer.features] for each in features]
    said = scorer.score_few(rows, depths=[each.depth for each in features]) if rows else []
    made = []
    for found, values, scored, asker in zip(features, rows, said, askers, strict=True):
        check_exact(scored.base_points, scored.points, scored.score_exact)
        made.append(_assessment(scorer.version, found, values, scored, asker))
    return made


def _assessment(
    version: str, features: Features, values: Sequence[float | None], scored: Scored, asker: tuple[str, str]
) -> Assessment:
    client, purpose = asker
    stamp = Stamp(
        client=client,
        purpose=purpose,
        batch=None,
        model=version,
        as_of=features.as_of,
        known_at=features.known_at,
        created_at=datetime.now(UTC),
    )
    return Assessment(
        id=new_id("sco"),
        enterprise=features.enterprise,
        depth=features.depth,
        features_sha256=features.sha256,
        values=values,
        **stamped(stamp),
        **said_by(scored),
    )
