"""Drift and outcomes: whether a model still fits, and whether it was right."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from chassis.web.schemas import Schema
from services.scoring.api.current import context
from services.scoring.api.schemas import DAY, TitleSchema
from services.scoring.usecases.report_drift import Period, report_drift

blueprint = Blueprint("drift", __name__, url_prefix="/v1/drift", description="Whether a model still fits")


class PeriodSchema(Schema):
    """Which model and which days."""

    model = fields.String(load_default=None, metadata={"description": "A version; by default the serving model"})
    since = fields.Date(load_default=None, validate=DAY, metadata={"description": "By default a year before `until`"})
    until = fields.Date(load_default=None, validate=DAY, metadata={"description": "By default today"})


class StabilitySchema(Schema):
    """The score, a feature's values, or its points, of one month against the training firms."""

    of = fields.String(
        metadata={"description": "score, values, or points: what the feature adds to or takes from the scores (CSI)"}
    )
    subject = fields.String(metadata={"description": "A feature, or `score`"})
    title = fields.Nested(TitleSchema())
    psi = fields.Float(metadata={"description": "Population stability index"})
    limit = fields.Float(
        allow_none=True,
        metadata={"description": "Above it is an alarm: more than chance over the month's subjects, and 0.1 at least"},
    )
    p_value = fields.Float(metadata={"description": "Of no drift at all, this subject looked at alone"})
    p_adjusted = fields.Float(
        metadata={"description": "The same over all subjects of the month (Benjamini-Hochberg); 0.05 is the bound"}
    )
    moved = fields.Float(
        allow_none=True, metadata={"description": "Of points: by how many they move the mean score; else null"}
    )
    power = fields.Float(metadata={"description": "Chance that a shift of PSI 0.2 would be found at these sizes"})
    reference = fields.Integer(metadata={"description": "Training firms"})
    current = fields.Integer(metadata={"description": "Firms of the month"})
    bins = fields.Integer()
    state = fields.String(
        metadata={"description": "stable, shifted (more than chance, too little to matter), alarm, too-few"}
    )


class DriftMonthSchema(Schema):
    """One month's scores against the training firms."""

    month = fields.String()
    firms = fields.Integer()
    subjects = fields.List(fields.Nested(StabilitySchema()))


class GradeTestSchema(Schema):
    """A grade's PD against its defaults, by the exact binomial test; grades of fewer than ten firms stand together."""

    grade = fields.String()
    firms = fields.Integer()
    defaults = fields.Integer()
    mean_pd = fields.Float()
    default_rate = fields.Float()
    p_as_many = fields.Float(metadata={"description": "Chance of so many defaults or more, if the PD holds"})
    p_as_few = fields.Float(metadata={"description": "Chance of so few defaults or fewer, if the PD holds"})


class HosmerLemeshowSchema(Schema):
    """Observed against expected defaults over groups by PD."""

    statistic = fields.Float()
    groups = fields.Integer()
    p_value = fields.Float()


class BackTestSchema(Schema):
    """Whether PDs came true."""

    firms = fields.Integer(metadata={"description": "Compared: they did not train the model, and their window ended"})
    definition = fields.String(allow_none=True, metadata={"description": "The default that was looked for"})
    horizon_months = fields.Integer(metadata={"description": "How long after its score each firm was watched"})
    horizon_assumed = fields.Boolean(metadata={"description": "true: the model declares none, a year was taken"})
    training_firms = fields.Integer(
        allow_none=True, metadata={"description": "Left out since they trained the model; null where it does not know"}
    )
    left_out = fields.Dict(metadata={"description": "Firms whose outcome says nothing, by the reason"})
    grades = fields.List(fields.Nested(GradeTestSchema()))
    hosmer_lemeshow = fields.Nested(HosmerLemeshowSchema(), allow_none=True)


class VintageSchema(Schema):
    """The firms scored as of one quarter, and the share that defaulted within so many months.

    Quarters of fewer than ten firms stand together.
    """

    quarter = fields.String()
    firms = fields.Integer()
    defaulted_within = fields.Dict(metadata={"description": "By months; null where fewer than ten firms are as old"})


class VintagesSchema(Schema):
    """The firms whose horizon is over, by the quarter of their score, and how many are still in it."""

    horizon_months = fields.Integer()
    open = fields.Integer(metadata={"description": "Firms whose horizon is not over; no share counts them"})
    quarters = fields.List(fields.Nested(VintageSchema()))


class MigrationSchema(Schema):
    """First grade to last grade of firms that were scored more than once."""

    firms = fields.Integer()
    table = fields.Dict(metadata={"description": "Counts by first grade, then last; fewer than ten are `others`"})
    stayed = fields.Float(allow_none=True)
    up = fields.Float(allow_none=True)
    down = fields.Float(allow_none=True)


class OverrideRateSchema(Schema):
    """How often analysts gave another grade than the model."""

    scores = fields.Integer()
    overridden = fields.Integer()
    up = fields.Integer()
    down = fields.Integer()
    by_reason = fields.Dict()
    rate = fields.Float(allow_none=True)


class DriftAlertSchema(Schema):
    """What has passed its limit."""

    kind = fields.String(metadata={"description": "population or back-test"})
    month = fields.String(allow_none=True)
    of = fields.String(metadata={"description": "score, values or points; population only"})
    subject = fields.String()
    sentence = fields.Nested(TitleSchema())


class DriftSchema(Schema):
    """How a model fares: population, outcomes, grades, overrides, and what is alarming."""

    model = fields.String()
    since = fields.String(metadata={"format": "date"})
    until = fields.String(metadata={"format": "date"})
    scores = fields.Integer()
    complete = fields.Boolean(metadata={"description": "false: more scores than are looked at; the newest are"})
    months = fields.List(fields.Nested(DriftMonthSchema()))
    back_test = fields.Nested(BackTestSchema())
    vintages = fields.Nested(VintagesSchema())
    migrations = fields.Nested(MigrationSchema())
    overrides = fields.Nested(OverrideRateSchema())
    alerts = fields.List(fields.Nested(DriftAlertSchema()))
    limits = fields.Dict(metadata={"description": "The rates and sizes that the limits keep to"})


@blueprint.get("")
@requires("models:read")
@refuses(blueprint, 404, 409, 422)
@blueprint.arguments(PeriodSchema(), location="query")
@blueprint.response(200, DriftSchema())
@shows(Shows.COUNTS)
def get_drift(asked: dict[str, Any]) -> Response:
    """Report drift, back-tests, vintages, migrations and overrides of a model.

    A bank sees it over the scores that it ordered and the outcomes that it reported, an operator over all scores.
    Limits know the sample size and how many subjects are looked at: of a month's alarms one in twenty is false at most.
    """
    return json_answer(report_drift(context(), caller(), Period(**asked)))
