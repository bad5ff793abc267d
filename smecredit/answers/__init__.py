"""The shapes of what the suite answers: each is the JSON object itself, typed, and named as its OpenAPI schema is."""

from __future__ import annotations

from smecredit.answers.basics import Depth, Job, JobStateName, Progress, Text
from smecredit.answers.corrections import Dispute, Item, Mark, Notice, Repair
from smecredit.answers.enterprises import (
    Book,
    Enterprise,
    Peers,
    Portrait,
    PortraitDimension,
    PortraitFigure,
    PortraitMonth,
    PortraitPartner,
    PortraitPartners,
    Reliability,
)
from smecredit.answers.imports import (
    Channel,
    Connector,
    ConnectorDetail,
    Counts,
    Import,
    ImportKind,
    RecordKind,
    Withdrawal,
)
from smecredit.answers.matches import Check, Match, Offer, Paper, RateLine, Refusal, ScoreUsed, Security
from smecredit.answers.measures import ListName, Measure, MeasureBasis, MeasureCode, MeasureTerms
from smecredit.answers.models import Evaluation, Model, ModelEvent
from smecredit.answers.rights import Consent, Purpose
from smecredit.answers.scores import (
    Against,
    Contribution,
    Log,
    ModelName,
    Override,
    Reason,
    Score,
    UndisputedScore,
)

__all__ = [
    "Against",
    "Book",
    "Channel",
    "Check",
    "Connector",
    "ConnectorDetail",
    "Consent",
    "Contribution",
    "Counts",
    "Depth",
    "Dispute",
    "Enterprise",
    "Evaluation",
    "Import",
    "ImportKind",
    "Item",
    "Job",
    "JobStateName",
    "ListName",
    "Log",
    "Mark",
    "Match",
    "Measure",
    "MeasureBasis",
    "MeasureCode",
    "MeasureTerms",
    "Model",
    "ModelEvent",
    "ModelName",
    "Notice",
    "Offer",
    "Override",
    "Paper",
    "Peers",
    "Portrait",
    "PortraitDimension",
    "PortraitFigure",
    "PortraitMonth",
    "PortraitPartner",
    "PortraitPartners",
    "Progress",
    "Purpose",
    "RateLine",
    "Reason",
    "RecordKind",
    "Refusal",
    "Reliability",
    "Repair",
    "Score",
    "ScoreUsed",
    "Security",
    "Text",
    "UndisputedScore",
    "Withdrawal",
]
