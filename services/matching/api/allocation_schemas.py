"""The shapes of allocations."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.api.job_schemas import BookPlanSchema, PlannedSchema
from services.matching.api.schemas import MOST_ENTERPRISES, MOST_FEN, TitleSchema, counts_field, fen, share
from services.matching.domain.allocation.order import AllocationOrder, read_allocation_order
from services.matching.domain.churn import Paid

named = validate.Regexp(r"^[\w \-.]{1,64}$")


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
        """Refuse more or less than exactly one."""
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
        """Refuse more or less than exactly one."""
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

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a range without a rate in it."""
        if data["low"] > data["high"]:
            raise ValidationError("low lies above high: no rate is from the one to the other.", "low")


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
    counts = counts_field()
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
            "description": "offered: the whole line is funded; drawn: only what customers take up costs anything, and "
            "the budget counts offers; drawn-budget: so, and budget, limits and floors count what is expected to be "
            "taken up, so that a firm's rate depends on the others"
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
        metadata={"description": "The most expected loss a year, as a share of what the budget counts"},
    )
    stress = fields.List(fields.Nested(StressSchema()), load_default=list, validate=validate.Length(max=10))

    @validates_schema
    def check(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse what a plan could never keep to."""
        if data["least_fen"] > data["most_fen"]:
            raise ValidationError("least_fen lies above most_fen.", "least_fen")
        for key in ("limits", "floors", "stress"):
            names = [item["name"] for item in data[key]]
            if len(set(names)) < len(names):
                raise ValidationError("Two have the same name; each needs one of its own.", key)

    @post_load
    def as_order(self, data: dict[str, Any], **_: Any) -> AllocationOrder:
        """Return the value that the use case knows."""
        return read_allocation_order(data, data.pop("as_of"))


class PlannedLineSchema(Outgoing):
    """What one firm is offered (0: nothing) at which rate; `value` and `loss` a year and yuan; or `problem`."""

    enterprise = fields.String()
    amount_fen = fields.Integer()
    rate = fields.Float()
    grade = fields.String()
    pd = fields.Float()
    least_fen = fields.Integer()
    most_fen = fields.Integer()
    value = fields.Float(metadata={"description": "Expected profit a year and yuan offered"})
    loss = fields.Float(metadata={"description": "Expected loss a year and yuan offered"})
    drawn = fields.Float(metadata={"description": "Share of it that is expected to be taken up"})
    own_most_fen = fields.Integer(
        allow_none=True,
        metadata={
            "description": "Its own most of the order, where above the order's most_fen, which counts; else null"
        },
    )
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
    """A limit or floor, how far it is used by what the budget counts, and its shadow price per fen.

    A limit that `sector_share` makes is called `sector:` and the letter of its section.
    """

    kind = fields.String()
    name = fields.String()
    firms = fields.Integer()
    fen = fields.Integer()
    used_fen = fields.Integer()
    price = fields.Float()


class FairnessSchema(Outgoing):
    """What the floors cost: how much more the best plan without them earns."""

    objective_without_floors_fen = fields.Integer()
    price_fen = fields.Integer()
    price_share = fields.Float()


class AllocatedGroupSchema(Outgoing):
    """What the firms of a sector, grade, size class or region get together."""

    by = fields.String()
    key = fields.String()
    firms = fields.Integer()
    offered_fen = fields.Integer()
    expected_drawn_fen = fields.Integer()
    expected_loss_fen = fields.Integer()


class AllocatedSchema(PlannedSchema):
    """A plan. `status` is optimal, bounded (time ran out; the gap is what is open) or floors-lowered."""

    status = fields.String(validate=validate.OneOf(["optimal", "bounded", "floors-lowered"]))
    objective_fen = fields.Integer(metadata={"description": "Expected profit a year"})
    bound_fen = fields.Integer(metadata={"description": "No plan whatever earns more"})
    gap_fen = fields.Integer()
    firms = fields.Integer()
    offered_fen = fields.Integer(metadata={"description": "What is offered to all firms"})
    expected_drawn_fen = fields.Integer(metadata={"description": "What of it is expected to be taken up"})
    expected_loss_fen = fields.Integer(
        metadata={"description": "A year; of what is offered, with drawn-budget of what is taken up"}
    )
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
    counts = fields.String(metadata={"description": "What counted: what is confirmed, or everything"})
    as_of = fields.Date()


class AllocationSchema(BookPlanSchema):
    """An allocation; `result` is there when it is done."""

    result = fields.Nested(AllocatedSchema(), allow_none=True)
