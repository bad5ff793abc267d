"""The other services, as matching sees them: features from profile, scores from scoring, each for one firm or many."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from io import BytesIO
from typing import Any

import orjson
import polars as pl

from chassis.core.http import Answer, Upstream
from chassis.core.problems import UpstreamProblem
from services.matching.domain.counting import Counts
from services.matching.domain.facts import FROM_SCORING, Facts
from services.matching.domain.leave import Leave
from services.matching.domain.levers import Lever, levers_of
from services.matching.domain.vocabulary import Vocabulary

# A match is a soft check: it is read for this purpose, whatever the caller's own request named.
PURPOSE = "financing-match"
# A mandate is a consent for a purpose of its own: to read is not to act.
MANDATES = {"application": "financing-application", "acceptance": "financing-acceptance"}
CATALOGUE_SECONDS = 300.0
ENTERPRISE = "enterprise:"
# Scoring's answer where it has no model; it gives it before any file is read.
NO_MODEL = "no-serving-model"

# What scoring calls the score with everything, beside the one that decides.
WITH_ALL = "everything_"
READ = ("depth", "features_sha256")
Headers = Mapping[str, str]


class Read(StrEnum):
    """What a file is read for, by the names of the profile service's table of resources."""

    MATCH = "match"
    STORED_MATCH = "stored-match"
    APPLICATION = "application"
    ACCEPTANCE = "acceptance"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose facts are asked for, None for all that may be read; as of when, and as known when."""

    enterprises: Sequence[str] | None
    as_of: date | None = None
    known_at: datetime | None = None

    def moment(self) -> dict[str, str]:
        """Return the moment as an order states it."""
        given: dict[str, date | datetime | None] = {"as_of": self.as_of, "known_at": self.known_at}
        return {name: moment.isoformat() for name, moment in given.items() if moment is not None}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a client has to know of one file: the event, and the act in the file that it follows from.

    Without a `client` it is for the enterprise itself, whichever clients it comes with.
    """

    id: str
    event: str
    enterprise: str
    client: str | None
    act: str


@dataclass(frozen=True, slots=True)
class Notices:
    """Notices, oldest first; `last` is the id of the newest of all, None before the first."""

    items: tuple[Notice, ...]
    last: str | None


@dataclass(slots=True)
class Profile:
    """Asks the profile service, which checks consent and records each read.

    Within a request the caller's own token is passed on; a job gives its headers itself.
    """

    upstream: Upstream
    _vocabulary: Vocabulary | None = None
    _levers: Mapping[str, Lever] = field(default_factory=dict)
    _fetched: float = field(default=float("-inf"))

    def feature_set(self, wanted: Wanted, headers: Headers | None = None) -> Facts:
        """Return the features of the wanted enterprises for a match where no model can score them."""
        order = {"enterprises": wanted.enterprises, "outcomes": False, "what": Read.MATCH, **wanted.moment()}
        sent = {"Purpose": PURPOSE, **(headers or {})}
        return _facts(self.upstream.call("POST", "/v1/feature-tables", json=order, headers=sent, repeatable=True))

    def reread(self, wanted: Wanted, what: Read = Read.STORED_MATCH) -> dict[str, Leave]:
        """Return leave to show what is stored of these enterprises as of a day; who may not be spoken of is left out.

        Each that may finds the read in its record. No consent's limited reads are used.
        """
        if not wanted.enterprises:
            return {}
        order = {"enterprises": list(wanted.enterprises), "what": what, **wanted.moment()}
        sent = {"Purpose": MANDATES.get(what, PURPOSE)}
        answer = self.upstream.call("POST", "/v1/rereads", json=order, headers=sent, repeatable=True)
        return {enterprise: Leave(marks) for enterprise, marks in answer.json().items()}

    def notices_since(self, after: str | None, headers: Headers) -> Notices:
        """Return the notices of every client after this one, oldest first; for None only the id of the newest."""
        query = {} if after is None else {"after": after}
        body = self.upstream.call("GET", "/v1/notices-since", query=query, headers=dict(headers)).json()
        return Notices(tuple(_notice(item) for item in body["items"]), body["last"])

    def vocabulary(self, *, fresh: bool = False, headers: Headers | None = None) -> Vocabulary:
        """Return the names that rules may use; kept for five minutes unless `fresh` is asked for."""
        if self._vocabulary is None or fresh or time.monotonic() - self._fetched > CATALOGUE_SECONDS:
            body = self.upstream.call("GET", "/v1/catalogue", headers=dict(headers or {})).json()
            names = frozenset(feature["name"] for feature in body["features"])
            self._levers = levers_of(body["features"])
            codes = {fact: frozenset(listed) for fact, listed in body.get("codes", {}).items()}
            self._vocabulary, self._fetched = Vocabulary(names, str(body["version"]), codes), time.monotonic()
        return self._vocabulary

    def levers(self, headers: Headers | None = None) -> Mapping[str, Lever]:
        """Return what a firm can move, from the same catalogue."""
        self.vocabulary(headers=headers)
        return self._levers


@dataclass(frozen=True, slots=True)
class Scoring:
    """Asks the scoring service for scores that it does not store: the soft check."""

    upstream: Upstream

    def score_set(
        self, wanted: Wanted, headers: Headers | None = None, counts: Counts | None = Counts.CONFIRMED
    ) -> Facts | None:
        """Return the features of the wanted enterprises with the scores made from them: each file is read once.

        Of what only a firm states both come: with it and without. Which of them counts is each product's to say; where
        there is none, `counts`, or for None the caller's own policy. None where there is no model that could score:
        then no file has been read.
        """
        order = {"enterprises": wanted.enterprises, "features": True, **wanted.moment()}
        if counts is not None:
            order["counts"] = counts
        sent = {"Purpose": PURPOSE, **(headers or {})}
        try:
            return _facts(self.upstream.call("POST", "/v1/score-sets", json=order, headers=sent, repeatable=True))
        except UpstreamProblem as problem:
            if str(problem.document.get("type", "")).rsplit("/", 1)[-1] == NO_MODEL:
                return None
            raise

    def usual_counts(self) -> Counts:
        """Return what counts for the caller where its product does not say."""
        body = self.upstream.call("GET", "/v1/counting-policy").json()
        return Counts(body["counts"])

    def outcome(self, enterprise: str, *, defaulted: bool, observed_on: date, key: str) -> None:
        """Report what became of a borrower in the name of the bank that asks; `key` makes a repetition harmless."""
        outcome = {"enterprise": enterprise, "defaulted": defaulted, "observed_on": observed_on.isoformat()}
        self.upstream.call("POST", "/v1/outcomes", json=outcome, headers={"Idempotency-Key": key}, repeatable=True)


def _notice(item: Mapping[str, Any]) -> Notice:
    # A firm is addressed as `enterprise:<its id>`; no client's id has a colon.
    client = None if item["client"].startswith(ENTERPRISE) else item["client"]
    return Notice(item["id"], item["event"], item["enterprise"], client, item["act"])


def _facts(answer: Answer) -> Facts:
    """Return the facts of a table: one row an enterprise, what is said of them as JSON, no scores without a model."""
    table, model = pl.read_parquet(BytesIO(answer.body)), answer.headers.get("Model-Version")
    said = {name: _said(table, name) for name in ("disputes", "evidence", "counted", "overlay")}
    frame, whole = _views(table)
    return Facts(
        frame=frame,
        whole=whole,
        as_of=date.fromisoformat(answer.headers["As-Of"]),
        known_at=datetime.fromisoformat(answer.headers["Known-At"]),
        catalogue=answer.headers["Catalogue"],
        model=model,
        problem=None if model else NO_MODEL,
        disputes={name: orjson.loads(disputes) for name, disputes in said["disputes"].items()},
        evidence=said["evidence"],
        counted=said["counted"],
        overlay=said["overlay"],
        counts=Counts(answer.headers.get("Counts", Counts.CONFIRMED)),
    )


def _said(table: pl.DataFrame, what: str) -> dict[str, str]:
    return {} if what not in table.columns else dict(table.select("enterprise", what).drop_nulls(what).iter_rows())


def _views(table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Return the facts that are confirmed, and those with everything; None where nothing of anybody is set aside."""
    scored = [name for name in FROM_SCORING if WITH_ALL + name in table.columns]
    beside = ("disputes", "evidence", "counted", "confirmed", "records", "overlay")
    facts = table.drop(*beside, *(WITH_ALL + name for name in scored), strict=False)
    facts = facts.with_columns(pl.lit(None).alias(name) for name in FROM_SCORING if name not in table.columns)
    if "confirmed" not in table.columns or table["confirmed"].null_count() == len(table):
        return facts, None
    whole = facts.with_columns(table[WITH_ALL + name].alias(name) for name in scored)
    return _confirmed(facts, table["confirmed"]), whole


def _confirmed(facts: pl.DataFrame, told: pl.Series) -> pl.DataFrame:
    """Put the second reading of those that have one in the place of the first."""
    numbers = [name for name in facts.columns if facts[name].dtype == pl.Float64 and name not in FROM_SCORING]
    values = pl.Struct(dict.fromkeys(numbers, pl.Float64))
    form = pl.Struct({**dict.fromkeys(READ, pl.String), "values": values})
    second = told.str.json_decode(form).struct.unnest().unnest("values")
    mine = told.is_not_null()
    return facts.with_columns(second[name].zip_with(mine, facts[name]) for name in (*READ, *numbers))
