"""The profile service, as scoring sees it: features of one enterprise, or of many as a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from http import HTTPStatus
from io import BytesIO
from typing import Any

import orjson
import polars as pl

from chassis.core.http import Upstream
from chassis.core.problems import UpstreamProblem
from services.scoring.domain.assessment import Assessment, Features
from services.scoring.domain.fuller import SIDES
from services.scoring.domain.leave import Leave
from services.scoring.domain.order import ManyOrder
from services.scoring.domain.recourse import Continuations

# What a table of features says of each file beside the marks.
SAID = ("evidence", "confirmed", "records")
# The form of a fuller file in a table, but for its values.
FULLER: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "shown": pl.Struct(dict.fromkeys(SIDES, pl.Int64)),
    "window": pl.Int64,
    **dict.fromkeys(("registered_on", "depth", "features_sha256"), pl.String),
}
STAGE = re.compile(r"([\w-]+);dur=([\d.]+)")


class Read(StrEnum):
    """What a file is read for, by the names of the profile service's table of resources."""

    FEATURES = "features"
    FEATURE_SET = "feature-set"
    NEW_SCORE = "new-score"
    MATCH = "match"
    STORED_SCORE = "score"
    OWN_SCORES = "own-scores"


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Many enterprises' features: one row each; `withheld` counts those without consent.

    `disputes` has the marks of those that dispute something, by enterprise. `said` has, in the order of the rows, what
    their money rests on, their features without what only they state, and public records, as JSON. It stands beside the
    frame, as the marks do: neither is a feature. Nor is `fuller`, the features of the files that would be shown fully,
    as they come with a table that is read for scores.
    """

    frame: pl.DataFrame
    said: pl.DataFrame
    as_of: date
    known_at: datetime
    catalogue: str
    withheld: int
    disputes: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    fuller: pl.Series | None = None

    def confirmed(self, features: Sequence[str]) -> pl.DataFrame:
        """Return the second readings of those that have one: enterprise, depth, features_sha256 and these features."""
        told = self.said.with_columns(self.frame["enterprise"]).drop_nulls("confirmed")
        values = pl.Struct(dict.fromkeys(features, pl.Float64))
        fuller = {"fuller": pl.Struct({**FULLER, "values": values})}
        form = pl.Struct({"depth": pl.String, "features_sha256": pl.String, "values": values, **fuller})
        read = told.select("enterprise", pl.col("confirmed").str.json_decode(form))
        return read.unnest("confirmed").unnest("values")

    def heard(self) -> pl.DataFrame:
        """Return the frame without what only the firms themselves state, or firms of which nothing else is known.

        That is what a model is learned from: nobody's own word moves the scores of all.
        """
        known = [name for name in self.frame.columns if self.frame.schema[name] == pl.Float64]
        second = self.confirmed(known)
        if second.is_empty():
            return self.frame
        without = second.select(pl.col(name).cast(of) for name, of in self.frame.schema.items() if name in second)
        heard = self.frame.update(without, on="enterprise", how="left", include_nulls=True)
        nothing = second.filter(pl.all_horizontal(pl.col(known).is_null()))
        return heard.join(nothing.select("enterprise"), on="enterprise", how="anti", maintain_order="left")

    @property
    def rows(self) -> pl.DataFrame:
        """The features with what their money rests on, the public records against each firm, and its fuller file."""
        beside = [self.said["evidence"], self.said["records"]]
        return self.frame.with_columns(beside if self.fuller is None else [*beside, self.fuller])


class Profile:
    """Asks the profile service, which checks consent and records each read.

    Within a request the caller's own token and purpose are passed on; a job gives its headers itself.
    """

    def __init__(self, one: Upstream, many: Upstream) -> None:
        self._one = one
        self._many = many

    def features_each(
        self,
        reads: Sequence[tuple[str, str]],
        as_of: date | None,
        known_at: datetime | None,
        *,
        headers: Mapping[str, str],
        blocks: Sequence[str] = (),
    ) -> tuple[list[Features | UpstreamProblem], list[tuple[str, float]]]:
        """Return the features of each (enterprise, id of the request that reads it), or why not, in their order.

        Also how long the profile service's stages took, in milliseconds. One consent is checked and one record left
        for each of the reads. The figures of `blocks` stand among the features, unknown where no consent opens them.
        """
        order = {
            "reads": [{"enterprise": enterprise, "request_id": request_id} for enterprise, request_id in reads],
            "what": Read.NEW_SCORE,
            "blocks": list(blocks),
            **_moment(as_of, known_at),
        }
        answer = self._one.call("POST", "/v1/feature-reads", json=order, headers=headers, repeatable=True)
        features = [_features(one) for one in answer.json()]
        return features, _stages(answer.headers.get("Server-Timing", ""))

    def feature_set(
        self,
        order: ManyOrder,
        what: Read,
        *,
        outcomes: bool = False,
        blocks: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
    ) -> FeatureTable:
        """Return the features of the named enterprises, or of all that the caller may see.

        `what` is what they are read for: it decides which consents open them, and the enterprises' records name it.
        """
        body = {
            "enterprises": order.enterprises,
            "what": what,
            "outcomes": outcomes,
            "blocks": list(blocks),
            **_moment(order.as_of, order.known_at),
        }
        answer = self._many.call("POST", "/v1/feature-tables", json=body, headers=headers, repeatable=True)
        table = pl.read_parquet(BytesIO(answer.body))
        # A profile service of before does not say it.
        said = [table[name] if name in table.columns else _unsaid(name, table.height) for name in SAID]
        return FeatureTable(
            frame=table.drop("disputes", "fuller", *SAID, strict=False),
            fuller=table["fuller"] if "fuller" in table.columns else None,
            said=pl.DataFrame(said),
            disputes=_marks(table),
            as_of=date.fromisoformat(answer.headers["As-Of"]),
            known_at=datetime.fromisoformat(answer.headers["Known-At"]),
            catalogue=answer.headers["Catalogue"],
            withheld=int(answer.headers["Withheld"]),
        )

    def reread(
        self, enterprises: Sequence[str], what: Read, purpose: str, as_of: date | None = None
    ) -> dict[str, Leave]:
        """Return leave to show what is stored of these enterprises, as of a day, once more.

        Those whose consent has ended are left out. No consent's limited reads are used.
        """
        order = {"enterprises": list(enterprises), "what": what, **_moment(as_of, None)}
        upstream = self._one if len(enterprises) == 1 else self._many
        marks: dict[str, list[dict[str, Any]]] = upstream.call(
            "POST", "/v1/rereads", json=order, headers={"Purpose": purpose}, repeatable=True
        ).json()
        return {enterprise: Leave(each) for enterprise, each in marks.items()}

    def reread_days(self, enterprise: str, what: Read, purpose: str, days: Collection[date]) -> dict[date, Leave]:
        """Return leave to show what is stored of an enterprise, by day; days that no consent opens are left out."""
        order = {"enterprise": enterprise, "what": what, "days": [day.isoformat() for day in sorted(days)]}
        marks: dict[str, list[dict[str, Any]]] = self._one.call(
            "POST", "/v1/rereads", json=order, headers={"Purpose": purpose}, repeatable=True
        ).json()
        return {date.fromisoformat(day): Leave(each) for day, each in marks.items()}

    def features_then(
        self, enterprise: str, purpose: str, as_of: date, known_at: datetime, blocks: Sequence[str] = ()
    ) -> Features | None:
        """Return a file's features as of a day, as known at a moment: a new look, recorded and counted.

        None stands for a consent that has ended, or that has been read as often as it allows.
        """
        reads = {"reads": [{"enterprise": enterprise}], "what": Read.FEATURES, "blocks": list(blocks)}
        order = {**reads, **_moment(as_of, known_at)}
        headers = {"Purpose": purpose}
        (answer,) = self._one.call("POST", "/v1/feature-reads", json=order, headers=headers, repeatable=True).json()
        problem = answer.get("problem", {})
        if problem and problem["status"] not in {HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}:
            raise UpstreamProblem(problem)
        features = _features(answer)
        return features if isinstance(features, Features) else None

    def continuations(self, assessment: Assessment, features: Sequence[str], *, confirmed: bool) -> Continuations:
        """Return how a firm could go on from what a stored score was made of, as the caller of this request.

        The look is recorded as a read of the score, and uses up none of a consent's limited reads.
        """
        order = {
            "enterprise": assessment.enterprise,
            "what": Read.STORED_SCORE,
            "features": list(features),
            "confirmed": confirmed,
            **_moment(assessment.as_of, assessment.known_at),
        }
        headers = {"Purpose": assessment.purpose}
        answer = self._one.call("POST", "/v1/continuations", json=order, headers=headers, repeatable=True)
        return Continuations.from_json(answer.json())

    def notices_since(self, after: str | None, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return the notices of corrections after the one with this id; for None only the id of the last."""
        query = {} if after is None else {"after": after}
        notices: dict[str, Any] = self._one.call("GET", "/v1/notices-since", query=query, headers=headers).json()
        return notices

    def catalogue(self, headers: Mapping[str, str]) -> dict[str, Any]:
        """Return the feature catalogue: names, titles, directions."""
        document: dict[str, Any] = self._many.call("GET", "/v1/catalogue", headers=headers).json()
        return document


def _features(body: dict[str, Any]) -> Features | UpstreamProblem:
    if "problem" in body:
        return UpstreamProblem(body["problem"])
    return Features(
        enterprise=body["enterprise"],
        as_of=date.fromisoformat(body["as_of"]),
        known_at=datetime.fromisoformat(body["known_at"]),
        depth=body["depth"],
        catalogue=body["catalogue"],
        values=body["values"],
        sha256=body["features_sha256"],
        disputes=body["disputes"],
        undisputed=body["undisputed"],
        evidence=body.get("evidence"),
        confirmed=body.get("confirmed"),
        records=body.get("records"),
        fuller=body.get("fuller"),
    )


def _marks(table: pl.DataFrame) -> dict[str, list[dict[str, Any]]]:
    marked = table.select("enterprise", "disputes").drop_nulls("disputes")
    return {name: orjson.loads(marks) for name, marks in marked.iter_rows()}


def _unsaid(name: str, rows: int) -> pl.Series:
    return pl.repeat(None, rows, dtype=pl.String, eager=True).alias(name)


def _stages(timing: str) -> list[tuple[str, float]]:
    return [(name, float(milliseconds)) for name, milliseconds in STAGE.findall(timing)]


def _moment(as_of: date | None, known_at: datetime | None) -> dict[str, str]:
    given: dict[str, date | datetime | None] = {"as_of": as_of, "known_at": known_at}
    return {name: moment.isoformat() for name, moment in given.items() if moment is not None}
