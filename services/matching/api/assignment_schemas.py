"""The shapes of assignments."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.api.job_schemas import BookPlanSchema, PlannedSchema
from services.matching.api.schemas import MOST_ENTERPRISES, TitleSchema, fen, term
from services.matching.domain.assignment.order import AssignmentOrder, read_assignment_order


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
        """Refuse a firm or a product that is named twice."""
        for key, name in (("requests", "enterprise"), ("products", "product")):
            names = [item[name] for item in data[key]]
            if len(set(names)) < len(names):
                raise ValidationError(f"Two have the same {name}; name each once.", key)

    @post_load
    def as_order(self, data: dict[str, Any], **_: Any) -> AssignmentOrder:
        """Return the value that the use case knows."""
        return read_assignment_order(data, data.pop("as_of"))


class AssignedLineSchema(Outgoing):
    """What one firm gets: its `choice` (1: its best offer) of so many `offers`; null: nothing; or `problem`."""

    enterprise = fields.String()
    product = fields.String(allow_none=True)
    choice = fields.Integer(allow_none=True)
    offers = fields.Integer()
    rate = fields.Float(allow_none=True)
    all_in_rate = fields.Float(allow_none=True)
    total_cost_fen = fields.Integer(allow_none=True)
    problem = fields.Dict()


class AssignedProductSchema(Outgoing):
    """What became of a product's budget."""

    product = fields.String()
    budget_fen = fields.Integer()
    lent_fen = fields.Integer()
    firms = fields.Integer()
    quota = fields.Integer(allow_none=True)


class AssignedSchema(PlannedSchema):
    """An assignment, and the notion of stability that holds for it."""

    notion = fields.String(validate=validate.OneOf(["pairwise-stable", "in-turn"]))
    title = fields.Nested(TitleSchema())
    blocking_pairs = fields.Integer(metadata={"description": "By the notion named; 0"})
    overtaking_pairs = fields.Integer(
        metadata={"description": "Firms that would fit if they might overtake a larger one that waits before them"}
    )
    violations = fields.List(fields.String())
    assigned = fields.Integer()
    ranking = fields.List(fields.String(), metadata={"description": "By what the offers of a firm are ranked"})
    products = fields.List(fields.Nested(AssignedProductSchema()))
    lines = fields.List(fields.Nested(AssignedLineSchema()))
    model = fields.String(allow_none=True)
    as_of = fields.Date()


class AssignmentSchema(BookPlanSchema):
    """An assignment; `result` is there when it is done."""

    result = fields.Nested(AssignedSchema(), allow_none=True)
