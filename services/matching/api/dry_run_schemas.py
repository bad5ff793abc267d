"""The shapes of dry runs."""

from __future__ import annotations

from marshmallow import Schema as Outgoing
from marshmallow import fields, validate

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.api.job_schemas import BookPlanSchema, PlannedSchema
from services.matching.api.product_schemas import ProductSchema
from services.matching.api.schemas import MOST_ENTERPRISES, NeedSchema, TitleSchema

MOST_LINES = 1_000


class DryRunOrderSchema(Schema):
    """A proposed version; without `need`, the least amount and shortest term that it lends."""

    product = fields.Nested(ProductSchema(), required=True)
    need = fields.Nested(NeedSchema(), load_default=None, allow_none=True)
    enterprises = fields.List(
        EnterpriseId(), load_default=None, allow_none=True, validate=validate.Length(1, MOST_ENTERPRISES)
    )
    as_of = fields.Date(load_default=None, allow_none=True)
    limit = fields.Integer(
        strict=True, load_default=100, validate=validate.Range(1, MOST_LINES), metadata={"description": "Firms listed"}
    )


class DryRunLineSchema(Outgoing):
    """One enterprise that gains or loses, and the first rule that decides; null where it was not published."""

    enterprise = fields.String()
    change = fields.String(validate=validate.OneOf(["gained", "lost"]))
    rule_id = fields.String(allow_none=True)
    rule = fields.String(allow_none=True)
    title = fields.Nested(TitleSchema(), allow_none=True)
    found = fields.Raw(allow_none=True)
    needed = fields.Raw(allow_none=True)
    problem = fields.Dict()


class DecidingRuleSchema(Outgoing):
    """How many gain or lose by one rule."""

    change = fields.String()
    rule_id = fields.String(allow_none=True)
    firms = fields.Integer()


class SpreadSchema(Outgoing):
    """How rates a year are spread over firms."""

    least = fields.Float()
    quarter = fields.Float()
    median = fields.Float()
    three_quarters = fields.Float()
    most = fields.Float()


class PricesSchema(Outgoing):
    """What a version costs those who are offered it, and what its bank may expect, were all of them to draw the need.

    `under_cost` firms pass every other rule and cost more than the cap or the law bears: refused, unless the version
    lends below cost. Firms without a score are in no sum of loss or profit.
    """

    offered = fields.Integer()
    unscored = fields.Integer()
    under_cost = fields.Integer()
    rates = fields.Nested(SpreadSchema(), allow_none=True)
    all_in_rates = fields.Nested(SpreadSchema(), allow_none=True)
    lent_fen = fields.Integer()
    expected_loss_fen = fields.Integer()
    expected_profit_fen = fields.Integer()


class PricesOfVersionsSchema(Outgoing):
    """Prices by the version in force, null where none is published, and by the proposed one."""

    before = fields.Nested(PricesSchema(), allow_none=True)
    after = fields.Nested(PricesSchema())


class DryRunResultSchema(PlannedSchema):
    """Who would have the product before and after, and the first of those who gain or lose."""

    version = fields.Integer(allow_none=True, metadata={"description": "Compared with; null: not published yet"})
    need = fields.Dict()
    enterprises = fields.Integer()
    before = fields.Integer()
    after = fields.Integer()
    gained = fields.Integer()
    lost = fields.Integer()
    prices = fields.Nested(PricesOfVersionsSchema())
    rules = fields.List(fields.Nested(DecidingRuleSchema()))
    lines = fields.List(fields.Nested(DryRunLineSchema()))
    as_of = fields.Date()
    model = fields.String(allow_none=True)


class DryRunSchema(BookPlanSchema):
    """An order to try a version."""

    result = fields.Nested(DryRunResultSchema(), allow_none=True)
