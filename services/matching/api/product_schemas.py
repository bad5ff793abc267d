"""The shapes of products."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import fields, post_load, validate

from chassis.web.schemas import Schema
from services.matching.api.schemas import TitleSchema, fen, share, short, term
from services.matching.domain.counting import Counts
from services.matching.domain.expression import LONGEST
from services.matching.domain.fee import Due, Every, FeeKind, FeePayer
from services.matching.domain.product import KINDS, REPAYMENTS, SECURITIES, SIZE_CLASSES

MOST_RULES = 100
MOST_PAPERS = 20
MOST_FEES = 20
MOST_CODES = 80  # so that the condition they make stays a rule that a person can read


class RuleSchema(Schema):
    """One condition: `expression` compares facts, joined by and, or, not; an unknown fact never passes."""

    id = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9._-]{0,63}$"))
    expression = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST),
        metadata={"example": 'sales_active_months_36m >= 18 and grade >= "BB"'},
    )
    title = fields.Nested(TitleSchema(), required=True)
    source = fields.String(required=True, validate=short, metadata={"description": "Policy or law it comes from"})
    since = fields.Date(required=True, metadata={"description": "The day from which it is asked"})


class RateSchema(Schema):
    """The parts of a rate, each a year; `lgd` is the share lost in a default."""

    funding = fields.Float(required=True, metadata={"example": 0.02})
    lgd = fields.Float(required=True, metadata={"example": 0.45})
    operating = fields.Float(required=True, metadata={"example": 0.008})
    margin = fields.Float(required=True, metadata={"example": 0.01})
    subsidy = fields.Float(load_default=0.0, metadata={"example": 0.0})
    floor = fields.Float(required=True, metadata={"example": 0.0345})
    cap = fields.Float(required=True, metadata={"example": 0.12})
    capital_ratio = fields.Float(
        metadata={"example": 0.105, "description": "Capital held for risk-weighted assets; absent: no capital charge"}
    )
    hurdle = fields.Float(metadata={"example": 0.11, "description": "Return asked for on that capital, above funding"})


class SecuritySchema(Schema):
    """What secures the loan."""

    kind = fields.String(required=True, validate=validate.OneOf(SECURITIES))
    title = fields.Nested(TitleSchema(), required=True)


class PaperSchema(Schema):
    """A paper that the bank asks for with an application."""

    id = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9._-]{0,63}$"))
    title = fields.Nested(TitleSchema(), required=True)


class FeeSchema(Schema):
    """A fee beside the interest: either `amount_fen` or `rate`, of the amount lent; a yearly one is that of a year."""

    kind = fields.String(required=True, validate=validate.OneOf(list(FeeKind)))
    payee = fields.String(required=True, validate=short, metadata={"description": "Who takes it"})
    paid_by = fields.String(
        required=True,
        validate=validate.OneOf(list(FeePayer)),
        metadata={"description": "Only what the firm pays is in its all-in rate"},
    )
    every = fields.String(
        load_default=Every.ONCE.value,
        validate=validate.OneOf(list(Every)),
        metadata={"description": "Yearly: a part of a year counts by its months"},
    )
    due = fields.String(
        load_default=Due.START.value,
        validate=validate.OneOf(list(Due)),
        metadata={"description": "At the start or the end: of the loan, or of each year of it"},
    )
    amount_fen = fields.Integer(strict=True, validate=fen)
    rate = fields.Float(validate=share, metadata={"example": 0.008})


class ProductSchema(Schema):
    """A bank's product. Amounts in fen and terms in months are [least, most], both included."""

    id = fields.String(validate=validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"))
    version = fields.Integer(dump_only=True)
    bank = fields.String(
        validate=short, metadata={"description": "Your name by the register of clients; it may be left out"}
    )
    title = fields.Nested(TitleSchema(), required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    amount_fen = fields.List(
        fields.Integer(strict=True, validate=fen), required=True, validate=validate.Length(equal=2)
    )
    months = fields.List(fields.Integer(strict=True, validate=term), required=True, validate=validate.Length(equal=2))
    rate = fields.Nested(RateSchema(), required=True)
    repayment = fields.String(required=True, validate=validate.OneOf(REPAYMENTS))
    rules = fields.List(fields.Nested(RuleSchema()), required=True, validate=validate.Length(max=MOST_RULES))
    security = fields.List(
        fields.Nested(SecuritySchema()),
        validate=validate.Length(1, MOST_PAPERS),
        metadata={"description": "Collateral, pledge or guarantee; absent: unsecured"},
    )
    regions = fields.List(
        fields.String(validate=validate.Regexp(r"^\d{2}(\d{2}){0,2}$")),
        validate=validate.Length(1, MOST_CODES),
        metadata={"description": "GB/T 2260, each covers what begins with it; absent: everywhere", "example": ["33"]},
    )
    industries = fields.List(
        fields.String(validate=validate.Regexp(r"^[A-T](\d{2,4})?$")),
        validate=validate.Length(1, MOST_CODES),
        metadata={"description": "GB/T 4754, each covers what begins with it; absent: all", "example": ["C", "F51"]},
    )
    size_classes = fields.List(
        fields.String(validate=validate.OneOf(SIZE_CLASSES)),
        validate=validate.Length(1, len(SIZE_CLASSES)),
        metadata={"description": "Absent: all"},
    )
    documents = fields.List(fields.Nested(PaperSchema()), validate=validate.Length(1, MOST_PAPERS))
    quota = fields.Integer(
        strict=True, validate=validate.Range(1, 10**9), metadata={"description": "Firms in all; absent: no bound"}
    )
    budget_fen = fields.Integer(strict=True, validate=fen, metadata={"description": "Lent in all; absent: no bound"})
    fees = fields.List(
        fields.Nested(FeeSchema()),
        validate=validate.Length(1, MOST_FEES),
        metadata={"description": "Guarantee, appraisal, registration, agency; absent: none"},
    )
    lend_below_cost = fields.Boolean(
        metadata={
            "description": "Offer at the cap where the parts of the rate come to more; absent: refuse (`terms.cost`)"
        }
    )
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(load_default=None, allow_none=True, metadata={"description": "Last day; null is open"})
    counts = fields.String(
        validate=validate.OneOf(list(Counts)),
        metadata={"description": "What counts of a firm: what is confirmed, or everything; absent: as you have set"},
    )
    sandbox = fields.Boolean(load_default=False, metadata={"description": "A made-up product, not for real business"})

    @post_load
    def as_document(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Keep dates as text: a product is stored as the JSON it is shown as."""
        for rule in data["rules"]:
            rule["since"] = rule["since"].isoformat()
        data["valid_from"] = data["valid_from"].isoformat()
        data["valid_until"] = data["valid_until"].isoformat() if data["valid_until"] else None
        return data


class ShownRateSchema(Outgoing):
    """How a rate is made, to the product's bank and the operator; others are told `subsidy`, `floor` and `cap`."""

    funding = fields.Float()
    lgd = fields.Float()
    operating = fields.Float()
    margin = fields.Float()
    subsidy = fields.Float()
    floor = fields.Float(required=True)
    cap = fields.Float(required=True)
    capital_ratio = fields.Float()
    hurdle = fields.Float()


class ShownProductSchema(ProductSchema):
    """A product as its reader is told it."""

    rate = fields.Nested(ShownRateSchema(), required=True)


class ProductPageSchema(Outgoing):
    """Products by id; `next` is the cursor of the following page."""

    items = fields.List(fields.Nested(ShownProductSchema()))
    next = fields.String(allow_none=True)
