"""What the suite answers about models and evaluations."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from smecredit.answers.basics import Job, Progress, Text

Block: TypeAlias = Literal["graph"]


class ModelEvent(TypedDict):
    """A decision about a model: who took it, when and why."""

    event: Literal["approved", "exception", "promoted", "rolled-back", "restored", "shadow", "shadow-ended"]
    client: str
    note: str | None
    at: str


class Model(TypedDict):
    """A model version, where it stands, and enough to train it again; `events` come with a single model only.

    `exception` is why it was approved although `card["gate"]` had not passed; `terms` what its order declared of
    default and of the level of PDs, `told` what to know of its default and its labels.
    """

    version: str
    state: Literal["training", "candidate", "approved", "shadow", "serving", "retired", "failed"]
    progress: NotRequired[Progress | None]
    seed: int
    as_of: str | None
    known_at: str | None
    artefact_sha256: str | None
    card: dict[str, Any] | None
    lineage: dict[str, Any] | None
    problem: NotRequired[dict[str, Any] | None]
    created_at: str
    trained_by: str
    trained_at: str | None
    approved_by: NotRequired[str | None]
    approved_at: NotRequired[str | None]
    terms: NotRequired[dict[str, Any] | None]
    told: NotRequired[list[Text]]
    exception: NotRequired[str | None]
    promoted_at: str | None
    events: NotRequired[list[ModelEvent]]


class Evaluation(Job):
    """An evaluation; `result` is there when it is done."""

    result: dict[str, Any] | None
    created_at: str
