"""Shocks on the wire."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.import_schemas import ProgressSchema
from services.profile.book.api.schemas import MOMENT, EnterpriseId
from services.profile.book.domain.channel import Channel
from services.profile.graph.domain.contagion.default import Model
from services.profile.graph.domain.contagion.network import Basis
from services.profile.rights.api.schemas import marks
from services.profile.standards import industries, regions

MOST_NAMED, MOST_EXPOSURES, LONGEST_NAME = 1_000, 100_000, 64
SHARE = validate.Range(0, 1)
FEN = validate.Range(0, 10**15)
PD = {"description": "The PD that you hold; without it neither its change nor that of the loss is told"}


class RegionCode(fields.String):
    """A region as people write it, by code or name, brought to its six digits."""

    def _deserialize(self, value: object, *args: object, **kwargs: object) -> str:
        found = regions.find(str(super()._deserialize(value, *args, **kwargs))[:LONGEST_NAME])
        if found.code is None:
            raise marshmallow.ValidationError(found.warning or "")
        return found.code


class IndustryCode(fields.String):
    """An industry as people write it, brought to its code; one that there is not would shock nobody."""

    def _deserialize(self, value: object, *args: object, **kwargs: object) -> str:
        found = industries.find(str(super()._deserialize(value, *args, **kwargs))[:LONGEST_NAME])
        if found.code is None:
            raise marshmallow.ValidationError(found.warning or "")
        return found.code


class ShockSchema(Schema):
    """Whom a shock hits, one of three: firms by name, those of an industry or of a region among the open files."""

    enterprises = fields.List(EnterpriseId(), load_default=None, validate=validate.Length(1, MOST_NAMED))
    industry = IndustryCode(load_default=None, metadata={"description": "An industry by its code or title"})
    region = RegionCode(load_default=None, metadata={"description": "A region by its code or name"})

    @marshmallow.validates_schema
    def one_of_three(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse none, and more than one."""
        said = [name for name in ("enterprises", "industry", "region") if data.get(name) is not None]
        if len(said) != 1:
            raise marshmallow.ValidationError(
                "name one of enterprises, industry, region / 须且仅须填写 enterprises、industry、region 之一"
            )


class ExposureSchema(Schema):
    """What the reader has lent to a firm, in its own figures."""

    enterprise = EnterpriseId(required=True)
    exposure_fen = fields.Integer(required=True, strict=True, validate=FEN)
    lgd = fields.Float(required=True, validate=SHARE)
    pd = fields.Float(load_default=None, allow_none=True, validate=SHARE, metadata=PD)


def each_once(exposures: list[dict[str, Any]]) -> None:
    """Refuse a book that names a firm twice."""
    names = [each["enterprise"] for each in exposures]
    if len(set(names)) != len(names):
        raise marshmallow.ValidationError("name each enterprise once / 同一企业只能出现一次")


class ShockOrderSchema(Schema):
    """A shock, how hard it is, and the book that it is worked out for.

    Without `exposures` all files are read that are open to you; with them, those of the book. More than 2,000 of them
    are a job.
    """

    shock = fields.Nested(ShockSchema(), required=True)
    severity = fields.Float(
        load_default=1.0,
        validate=SHARE,
        metadata={"description": "The share of equity and production that the firms lose at first; 1 is failure"},
    )
    kind = fields.String(load_default=str(Model.LINEAR), validate=validate.OneOf([str(each) for each in Model]))
    exposures = fields.List(
        fields.Nested(ExposureSchema()),
        load_default=list,
        validate=validate.And(validate.Length(max=MOST_EXPOSURES), each_once),
    )
    as_of = fields.Date(load_default=None)
    known_at = fields.AwareDateTime(load_default=None, validate=MOMENT)


class FenIntervalSchema(Schema):
    """An amount in fen, low and high as far as debts and equity are only estimated."""

    low = fields.Integer()
    value = fields.Integer()
    high = fields.Integer()


class IntervalSchema(Schema):
    """A figure, low and high as far as debts and equity are only estimated."""

    low = fields.Float()
    value = fields.Float()
    high = fields.Float()


class HopSchema(Schema):
    """A debt along which losses came: who owes (null: a firm whose file is not open), how, how much."""

    debtor = fields.String(allow_none=True)
    tie = fields.String(validate=validate.OneOf(["trade", "guarantee"]))
    amount_fen = fields.Nested(FenIntervalSchema())
    told = fields.Boolean(metadata={"description": "Whether payments or a guarantee tell it; else it is estimated"})


class EquitySchema(Schema):
    """What a firm's owners can lose, what that is taken from, and by which channel that was stated.

    `stated_by` is null where it is estimated from the trade that others tell, and `unknown` for what was stated before
    it was kept. The firm's own word (`subject`) counts only where it makes the equity less.
    """

    fen = fields.Integer()
    rests_on = fields.String(validate=validate.OneOf([str(each) for each in Basis]))
    stated_by = fields.String(allow_none=True, validate=validate.OneOf([*map(str, Channel), "unknown"]))


class StruckSchema(Schema):
    """What a shock does to a firm whose file is open."""

    disputes = marks()
    enterprise = fields.String()
    shocked = fields.Boolean()
    equity = fields.Nested(EquitySchema())
    equity_loss = fields.Nested(IntervalSchema(), metadata={"description": "Share of its equity that it loses"})
    delta_pd = fields.Nested(IntervalSchema(), allow_none=True)
    delta_el_fen = fields.Nested(FenIntervalSchema(), allow_none=True)
    production_loss = fields.Float(metadata={"description": "Share of its production that it loses"})
    esri_share = fields.Float(metadata={"description": "Its part in the share of all sales that is lost"})
    path = fields.List(fields.Nested(HopSchema()))


class ShockedBookSchema(Schema):
    """The reader's book under the shock, of the firms whose files are open; its figures are the reader's own."""

    stated_by = fields.String(validate=validate.Equal("reader"))
    exposures = fields.Integer()
    without_pd = fields.Integer()
    el_fen = fields.Integer()
    delta_el_fen = fields.Nested(FenIntervalSchema())


class RunSchema(Schema):
    """How losses were followed: steps of how many at most, the last one's largest change, whether it is at rest."""

    steps = fields.Integer()
    most = fields.Integer()
    change = fields.Float()
    settled = fields.Boolean()


class RunsSchema(Schema):
    """Each way in which losses were followed."""

    defaults = fields.Nested(RunSchema())
    downstream = fields.Nested(RunSchema())
    upstream = fields.Nested(RunSchema())


class EstimatesSchema(Schema):
    """How debts and equity that no record tells are estimated, since when, and who says so."""

    valid_from = fields.Date()
    source = fields.String()
    days = fields.List(fields.Integer())
    loss_given_default = fields.List(fields.Float())
    equity_of_assets = fields.Float()
    equity_of_sales = fields.Float()
    equity_bounds = fields.List(fields.Float())


class HitSchema(Schema):
    """Whom the shock hit."""

    firms = fields.List(fields.String())
    left_out = fields.Integer()
    severity = fields.Float()


class ShockAnswerSchema(Schema):
    """What a shock does, as far as the files tell that are open to you."""

    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    kind = fields.String()
    hit = fields.Nested(HitSchema())
    files = fields.Integer(metadata={"description": "How many files were open and read"})
    withheld = fields.Integer(metadata={"description": "How many of those named in `exposures` are not open"})
    book = fields.Nested(ShockedBookSchema(), allow_none=True)
    esri = fields.Float(metadata={"description": "The share of all sales that these files show which is lost"})
    enterprises = fields.List(fields.Nested(StruckSchema()))
    left_out = fields.Integer(metadata={"description": "How many more are hit, less hard than those shown"})
    runs = fields.Nested(RunsSchema())
    estimates = fields.Nested(EstimatesSchema())


class ShockOrderedSchema(Schema):
    """A shock that is worked out as a job: how far it is, and once it is done what it does."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed"]))
    progress = fields.Nested(ProgressSchema())
    problem = fields.Dict(allow_none=True)
    finished_at = fields.AwareDateTime(allow_none=True)
    result = fields.Nested(ShockAnswerSchema(), allow_none=True)
