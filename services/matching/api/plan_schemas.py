"""The shapes of churn curves, allocations and assignments."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import ValidationError, fields, validate, validates_schema

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.api.schemas import (
    MOST_ENTERPRISES,
    MOST_FEN,
    ProgressSchema,
    RateLineSchema,
    TitleSchema,
    fen,
    term,
)
from services.matching.domain.churn import Paid
from services.matching.domain.vocabulary import SCALES

GRADES = SCALES["grade"]
share = validate.Range(0, 1)
named = validate.Regexp(r"^[\w \-.]{1,64}$")


class ChurnPointSchema(Schema):
    """The share of customers lost at a rate."""

    rate = fields.Float(required=True, validate=share, metadata={"example": 0.0465})
    churn = fields.Float(required=True, validate=share, metadata={"example": 0.1357})


class ChurnCurveOrderSchema(Schema):
    """One curve for one or more grades."""

    grades = fields.List(
        fields.String(validate=validate.OneOf(GRADES)), required=True, validate=validate.Length(1, len(GRADES))
    )
    points = fields.List(fields.Nested(ChurnPointSchema()), required=True, validate=validate.Length(1, 1000))


class ChurnCurvesOrderSchema(Schema):
    """A bank's curves; a grade without one is not lent to by allocations."""

    curves = fields.List(fields.Nested(ChurnCurveOrderSchema()), required=True, validate=validate.Length(1, 20))


class FittedPointSchema(Outgoing):
    """A point as it came, and the share on the curve that never falls."""

    rate = fields.Float()
    churn = fields.Float()
    fitted = fields.Float()


class ChurnCurveSchema(Outgoing):
    """A curve; `best_rate` earns most before any cost."""

    grades = fields.List(fields.String())
    points = fields.List(fields.Nested(FittedPointSchema()))
    best_rate = fields.Float(allow_none=True)


class ChurnCurvesSchema(Outgoing):
    """The curves that count."""

    id = fields.String()
    curves = fields.List(fields.Nested(ChurnCurveSchema()))
    created_at = fields.DateTime()


class OfSchema(Schema):
    """Some of the firms, by exactly one of these; codes cover what begins with them."""

    industry = fields.String(validate=validate.Length(1, 8), metadata={"example": "C"})
    region = fields.String(validate=validate.Length(1, 6), metadata={"example": "33"})
    size_class = fields.String(validate=validate.OneOf(["micro", "small", "medium", "large"]))
    enterprises = fields.List(
        EnterpriseId(),
        validate=validate.Length(1, MOST_ENTERPRISES),
        metadata={"description": "Such as your first-time borrowers: only you know them"},
    )

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """Exactly one."""
        if len(data) != 1:
            raise ValidationError("Give exactly one of industry, region, size_class, enterprises.")


class WishSchema(Schema):
    """A limit or a floor on what some firms get together: `fen`, or `share` of the budget."""

    name = fields.String(required=True, validate=named, metadata={"example": "micro"})
    of = fields.Nested(OfSchema(), required=True)
    fen = fields.Integer(strict=True, validate=validate.Range(0, MOST_FEN))
    share = fields.Float(validate=share)

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """Exactly one."""
        if ("fen" in data) == ("share" in data):
            raise ValidationError("Give either fen or share.")


class BoundSchema(Schema):
    """Bounds of one firm of its own."""

    enterprise = EnterpriseId(required=True)
    least_fen = fields.Integer(strict=True, validate=fen)
    most_fen = fields.Integer(strict=True, validate=fen)


class RatesSchema(Schema):
    """From the lowest to the highest rate a year."""

    low = fields.Float(required=True, validate=share, metadata={"example": 0.04})
    high = fields.Float(required=True, validate=share, metadata={"example": 0.15})


class ShockSchema(Schema):
    """A factor on the PD of some firms."""

    of = fields.Nested(OfSchema(), required=True)
    factor = fields.Float(required=True, validate=validate.Range(0, 100), metadata={"example": 2.0})


class StressSchema(Schema):
    """A scenario: all its shocks at once."""

    name = fields.String(required=True, validate=named)
    shocks = fields.List(fields.Nested(ShockSchema()), required=True, validate=validate.Length(1, 50))


def _wishes() -> Any:
    return fields.List(fields.Nested(WishSchema()), load_default=list, validate=validate.Length(max=200))


class AllocationOrderSchema(Schema):
    """A budget, its bounds and its conditions; a firm gets nothing, or from `least_fen` to `most_fen`."""

    budget_fen = fields.Integer(strict=True, required=True, validate=fen, metadata={"example": 10_000_000_000})
    enterprises = fields.List(
        EnterpriseId(), load_default=None, allow_none=True, validate=validate.Length(1, MOST_ENTERPRISES)
    )
    as_of = fields.Date(load_default=None, allow_none=True)
    least_fen = fields.Integer(strict=True, required=True, validate=fen, metadata={"example": 10_000_000})
    most_fen = fields.Integer(strict=True, required=True, validate=fen, metadata={"example": 100_000_000})
    rates = fields.Nested(RatesSchema(), required=True)
    lgd = fields.Float(required=True, validate=share, metadata={"example": 0.5})
    funding = fields.Float(required=True, validate=share, metadata={"example": 0.03})
    operating = fields.Float(load_default=0.0, validate=share)
    paid = fields.String(
        load_default=Paid.OFFERED.value,
        validate=validate.OneOf([item.value for item in Paid]),
        metadata={
            "description": "offered: the whole line is funded; drawn: only what customers take up costs anything"
        },
    )
    bounds = fields.List(
        fields.Nested(BoundSchema()), load_default=list, validate=validate.Length(max=MOST_ENTERPRISES)
    )
    limits = _wishes()
    floors = _wishes()
    sector_share = fields.Float(
        load_default=None,
        allow_none=True,
        validate=share,
        metadata={"description": "The most of the budget for any one section of GB/T 4754"},
    )
    loss_fen = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, MOST_FEN),
        metadata={"description": "The most expected loss a year"},
    )
    loss_share = fields.Float(
        load_default=None,
        allow_none=True,
        validate=share,
        metadata={"description": "The most expected loss a year, as a share of what is lent"},
    )
    stress = fields.List(fields.Nested(StressSchema()), load_default=list, validate=validate.Length(max=10))

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """What a plan could never keep to."""
        if data["least_fen"] > data["most_fen"]:
            raise ValidationError("least_fen lies above most_fen.", "least_fen")
        for key in ("limits", "floors", "stress"):
            names = [item["name"] for item in data[key]]
            if len(set(names)) < len(names):
                raise ValidationError("Two have the same name; each needs one of its own.", key)


class PlannedLineSchema(Outgoing):
    """What one firm gets (0: nothing) at which rate; `value` and `loss` a year and yuan; or `problem`."""

    enterprise = fields.String()
    amount_fen = fields.Integer()
    rate = fields.Float()
    grade = fields.String()
    pd = fields.Float()
    least_fen = fields.Integer()
    most_fen = fields.Integer()
    value = fields.Float(metadata={"description": "Expected profit a year and yuan offered"})
    loss = fields.Float(metadata={"description": "Expected loss a year and yuan"})
    problem = fields.Dict()


class ExcludedSchema(Outgoing):
    """A firm that cannot be lent to, and why."""

    enterprise = fields.String()
    reason = fields.String()
    title = fields.Nested(TitleSchema())


class CertificateSchema(Outgoing):
    """The proof of the bound: a price for each condition; `holds` says that it was counted anew."""

    holds = fields.Boolean()
    violations = fields.List(fields.String())
    prices = fields.Dict(keys=fields.String(), values=fields.Float())


class ConditionSchema(Outgoing):
    """A limit or floor, what came of it, and what a fen of it is worth (its price)."""

    kind = fields.String()
    name = fields.String()
    firms = fields.Integer()
    fen = fields.Integer()
    used_fen = fields.Integer()
    price = fields.Float()


class FairnessSchema(Outgoing):
    """What the floors cost: the best plan without them earns so much more."""

    objective_without_floors_fen = fields.Integer()
    price_fen = fields.Integer()
    price_share = fields.Float()


class AllocatedGroupSchema(Outgoing):
    """What the firms of a sector, grade, size class or region get together."""

    by = fields.String()
    key = fields.String()
    firms = fields.Integer()
    lent_fen = fields.Integer()
    expected_loss_fen = fields.Integer()


class AllocatedSchema(Outgoing):
    """A plan. `status` is optimal, bounded (time ran out; the gap is what is open) or floors-lowered."""

    status = fields.String(validate=validate.OneOf(["optimal", "bounded", "floors-lowered"]))
    objective_fen = fields.Integer(metadata={"description": "Expected profit a year"})
    bound_fen = fields.Integer(metadata={"description": "No plan whatever earns more"})
    gap_fen = fields.Integer()
    firms = fields.Integer()
    lent_fen = fields.Integer()
    expected_loss_fen = fields.Integer()
    impossible = fields.Dict(allow_none=True, metadata={"description": "Floors out of reach, and the least relaxation"})
    certificate = fields.Nested(CertificateSchema())
    conditions = fields.List(fields.Nested(ConditionSchema()))
    fairness = fields.Nested(FairnessSchema(), allow_none=True)
    groups = fields.List(fields.Nested(AllocatedGroupSchema()))
    stress = fields.List(
        fields.Dict(), metadata={"description": "Each scenario: the plan held through it, and the plan made anew"}
    )
    lines = fields.List(fields.Nested(PlannedLineSchema()))
    excluded = fields.List(fields.Nested(ExcludedSchema()))
    churn_curves = fields.String()
    model = fields.String(allow_none=True)
    as_of = fields.Date()


class AllocationSchema(Outgoing):
    """An allocation; `result` is there when it is done."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed"]))
    progress = fields.Nested(ProgressSchema())
    problem = fields.Dict(allow_none=True)
    order = fields.Dict()
    as_of = fields.Date(allow_none=True)
    known_at = fields.DateTime()
    created_at = fields.DateTime()
    result = fields.Nested(AllocatedSchema(), allow_none=True)


class PlanListSchema(Outgoing):
    """Orders, newest first, without their results."""

    items = fields.List(fields.Dict())


class RequestSchema(Schema):
    """What one firm asks for."""

    enterprise = EnterpriseId(required=True)
    amount_fen = fields.Integer(strict=True, required=True, validate=fen)
    months = fields.Integer(strict=True, required=True, validate=term)


class SuppliedSchema(Schema):
    """What a product can give: a budget, how many firms, how much to one, and whom it takes first."""

    product = fields.String(required=True, validate=validate.Length(1, 64))
    budget_fen = fields.Integer(strict=True, required=True, validate=fen)
    quota = fields.Integer(strict=True, load_default=None, allow_none=True, validate=validate.Range(0, 10**6))
    most_fen = fields.Integer(strict=True, load_default=None, allow_none=True, validate=fen)
    priority = fields.String(
        load_default="risk",
        validate=validate.OneOf(["risk", "fit"]),
        metadata={"description": "risk: the lowest PD first; fit: the best fit to the product's rules first"},
    )


class AssignmentOrderSchema(Schema):
    """Firms with their needs, and products with what they can give."""

    requests = fields.List(fields.Nested(RequestSchema()), required=True, validate=validate.Length(1, MOST_ENTERPRISES))
    products = fields.List(fields.Nested(SuppliedSchema()), required=True, validate=validate.Length(1, 1000))
    as_of = fields.Date(load_default=None, allow_none=True)

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """Each firm and each product once."""
        for key, name in (("requests", "enterprise"), ("products", "product")):
            names = [item[name] for item in data[key]]
            if len(set(names)) < len(names):
                raise ValidationError(f"Two have the same {name}; name each once.", key)


class AssignedLineSchema(Outgoing):
    """What one firm gets: its `choice` (1: its best offer) of so many `offers`; null: nothing; or `problem`."""

    enterprise = fields.String()
    product = fields.String(allow_none=True)
    choice = fields.Integer(allow_none=True)
    offers = fields.Integer()
    rate = fields.Float(allow_none=True)
    total_cost_fen = fields.Integer(allow_none=True)
    problem = fields.Dict()


class AssignedProductSchema(Outgoing):
    """What became of a product's budget."""

    product = fields.String()
    budget_fen = fields.Integer()
    lent_fen = fields.Integer()
    firms = fields.Integer()
    quota = fields.Integer(allow_none=True)


class AssignedSchema(Outgoing):
    """An assignment, and the notion of stability that holds for it."""

    notion = fields.String(validate=validate.OneOf(["pairwise-stable", "in-turn"]))
    title = fields.Nested(TitleSchema())
    blocking_pairs = fields.Integer(metadata={"description": "By the notion named; 0"})
    overtaking_pairs = fields.Integer(
        metadata={"description": "Firms that would fit if they might overtake a larger one that waits before them"}
    )
    violations = fields.List(fields.String())
    assigned = fields.Integer()
    products = fields.List(fields.Nested(AssignedProductSchema()))
    lines = fields.List(fields.Nested(AssignedLineSchema()))
    model = fields.String(allow_none=True)
    as_of = fields.Date()


class AssignmentSchema(Outgoing):
    """An assignment; `result` is there when it is done."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed"]))
    progress = fields.Nested(ProgressSchema())
    problem = fields.Dict(allow_none=True)
    order = fields.Dict()
    as_of = fields.Date(allow_none=True)
    known_at = fields.DateTime()
    created_at = fields.DateTime()
    result = fields.Nested(AssignedSchema(), allow_none=True)


class ReceivableTermsSchema(Schema):
    """What the bank asks, rates a year; `advance` is the most that it pays out of an invoice."""

    funding = fields.Float(required=True, validate=share, metadata={"example": 0.02})
    operating = fields.Float(required=True, validate=share, metadata={"example": 0.005})
    margin = fields.Float(required=True, validate=share, metadata={"example": 0.01})
    lgd = fields.Float(required=True, validate=share, metadata={"example": 0.4})
    advance = fields.Float(required=True, validate=share, metadata={"example": 0.9})
    recourse = fields.Boolean(required=True)


class QuoteOrderSchema(Schema):
    """An invoice to be financed; the payer by its id, or by your own estimate of its PD."""

    seller = EnterpriseId(required=True)
    payer = EnterpriseId(load_default=None, allow_none=True)
    payer_pd = fields.Float(load_default=None, allow_none=True, validate=share)
    amount_fen = fields.Integer(strict=True, required=True, validate=fen)
    due_days = fields.Integer(strict=True, required=True, validate=validate.Range(1, 1800))
    dilution_deviation = fields.Float(
        load_default=None,
        allow_none=True,
        validate=share,
        metadata={"description": "Of the share cancelled, from month to month; unless given, as large as the share"},
    )
    terms = fields.Nested(ReceivableTermsSchema(), required=True)
    as_of = fields.Date(load_default=None, allow_none=True)


class QuoteSchema(Outgoing):
    """An advance with its rate a year; the lines add up to it exactly."""

    seller = fields.String()
    payer = fields.String(allow_none=True)
    advance_fen = fields.Integer()
    rate = fields.Float()
    rate_lines = fields.List(fields.Nested(RateLineSchema()))
    discount_fen = fields.Integer(metadata={"description": "What the advance costs until the invoice is due"})
    payer_pd = fields.Float()
    seller_pd = fields.Float()
    dilution = fields.Float()
    dilution_deviation = fields.Float()
    as_of = fields.Date()
