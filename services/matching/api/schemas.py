"""The shapes that come in and go out."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import fields, post_load, validate

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.domain.expression import LONGEST
from services.matching.domain.facts import Need
from services.matching.domain.product import KINDS, REPAYMENTS, SECURITIES, SIZE_CLASSES

MOST_FEN = 10**15  # ten trillion yuan: above it a number is a mistake, and floats stop being exact
MOST_MONTHS = 600
MOST_RULES = 100
MOST_PAPERS = 20
MOST_CODES = 80  # so that the condition they make stays a rule that a person can read
MOST_ENTERPRISES = 100_000

fen = validate.Range(1, MOST_FEN)
term = validate.Range(1, MOST_MONTHS)
short = validate.Length(1, 200)


class TitleSchema(Schema):
    """A text in both languages."""

    zh = fields.String(required=True, validate=short)
    en = fields.String(required=True, validate=short)


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


class ProductSchema(Schema):
    """A bank's product. Amounts in fen and terms in months are [least, most], both included."""

    id = fields.String(validate=validate.Regexp(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"))
    version = fields.Integer(dump_only=True)
    bank = fields.String(required=True, validate=short)
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
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(load_default=None, allow_none=True, metadata={"description": "Last day; null is open"})
    sandbox = fields.Boolean(load_default=False, metadata={"description": "A made-up product, not for real business"})

    @post_load
    def as_document(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Keep dates as text: a product is stored as the JSON it is shown as."""
        for rule in data["rules"]:
            rule["since"] = rule["since"].isoformat()
        data["valid_from"] = data["valid_from"].isoformat()
        data["valid_until"] = data["valid_until"].isoformat() if data["valid_until"] else None
        return data


class NeedSchema(Schema):
    """What the enterprise asks for; without `kind`, every kind of financing."""

    amount_fen = fields.Integer(strict=True, required=True, validate=fen, metadata={"example": 50_000_000})
    months = fields.Integer(strict=True, required=True, validate=term, metadata={"example": 12})
    kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(KINDS))

    @post_load
    def as_need(self, data: dict[str, Any], **_: Any) -> Need:
        """Give the value that the domain knows."""
        return Need(**data)


class MatchOrderSchema(Schema):
    """An enterprise and its need; `as_of` is the book's date unless given."""

    enterprise = EnterpriseId(required=True, metadata={"example": "local:E17"})
    need = fields.Nested(NeedSchema(), required=True)
    as_of = fields.Date(load_default=None, allow_none=True)


class BatchOrderSchema(Schema):
    """Many enterprises, null for every one that may be read, and one need."""

    enterprises = fields.List(
        EnterpriseId(),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MOST_ENTERPRISES),
    )
    need = fields.Nested(NeedSchema(), required=True)
    as_of = fields.Date(load_default=None, allow_none=True)


class CheckSchema(Outgoing):
    """One condition as it was answered; `found` null means that a fact is unknown, which never passes."""

    rule = fields.String(metadata={"example": "sales_active_months_36m >= 18"})
    rule_id = fields.String()
    title = fields.Nested(TitleSchema())
    source = fields.String()
    since = fields.Date()
    found = fields.Raw(allow_none=True, metadata={"example": 14})
    needed = fields.Raw(allow_none=True, metadata={"example": 18})
    passed = fields.Boolean()
    not_known = fields.List(fields.String(), data_key="unknown", metadata={"description": "Facts that are not known"})


class RateLineSchema(Outgoing):
    """One part of a rate; the lines add up to it exactly."""

    line = fields.String()
    title = fields.Nested(TitleSchema())
    rate = fields.Float()


class OfferSchema(Outgoing):
    """A product that fits, with its terms; ranked by total cost, then probability of approval, then fit."""

    rank = fields.Integer()
    product = fields.String()
    version = fields.Integer()
    title = fields.Nested(TitleSchema())
    bank = fields.String()
    kind = fields.String()
    sandbox = fields.Boolean()
    amount_fen = fields.Integer()
    months = fields.Integer()
    repayment = fields.String()
    rate = fields.Float(metadata={"description": "Indicative, a year"})
    rate_lines = fields.List(fields.Nested(RateLineSchema()))
    total_cost_fen = fields.Integer()
    monthly_payment_fen = fields.Integer()
    last_payment_fen = fields.Integer()
    security = fields.List(fields.Nested(SecuritySchema()))
    documents = fields.List(fields.Nested(PaperSchema()), metadata={"description": "Papers asked for"})
    approval_probability = fields.Float(
        allow_none=True, metadata={"description": "From the bank's own past decisions; null is unknown"}
    )
    approval_decisions = fields.Integer(metadata={"description": "Decisions that it was learnt from"})
    approval_note = fields.Nested(TitleSchema())
    fit = fields.Float(metadata={"description": "0 just on every threshold of the product, 1 far above them"})
    reasons = fields.List(fields.Nested(CheckSchema()))


class ChangeSchema(Outgoing):
    """One fact that is brought from what it is to what it must be."""

    fact = fields.String()
    title = fields.Nested(TitleSchema())
    found = fields.Raw(allow_none=True)
    needed = fields.Raw()
    within_months = fields.Integer()


class WaySchema(Outgoing):
    """Changes that together open the product: of the `need`, of the `firm`, or of `both`."""

    kind = fields.String(validate=validate.OneOf(["need", "firm", "both"]))
    within_months = fields.Integer()
    changes = fields.List(fields.Nested(ChangeSchema()))


class BarSchema(Outgoing):
    """A rule that nothing proposed here can meet, and why."""

    rule_id = fields.String()
    title = fields.Nested(TitleSchema())
    reason = fields.Nested(TitleSchema())


class ProductRecourseSchema(Outgoing):
    """What would open a product within twelve months, certified by its own rules with all else as it is."""

    possible = fields.Boolean()
    plans = fields.List(fields.Nested(WaySchema()))
    blocked = fields.List(fields.Nested(BarSchema()))


class DecisionSchema(Schema):
    """One past decision; `reference` is the bank's own mark of the case, and no enterprise is named."""

    reference = fields.String(required=True, validate=validate.Length(1, 64))
    score = fields.Integer(strict=True, required=True, validate=validate.Range(0, 2000))
    amount_fen = fields.Integer(strict=True, required=True, validate=fen)
    months = fields.Integer(strict=True, required=True, validate=term)
    approved = fields.Boolean(required=True)
    decided_on = fields.Date(required=True)


class DecisionsOrderSchema(Schema):
    """Past decisions."""

    items = fields.List(fields.Nested(DecisionSchema()), required=True, validate=validate.Length(1, 10_000))


class DecisionsSchema(Outgoing):
    """How many were new or known, and how many are held in all."""

    added = fields.Integer()
    known = fields.Integer()
    decisions = fields.Integer()
    approved = fields.Integer()


class RefusalSchema(Outgoing):
    """A product that does not fit: the first rule that stands against it, and all of them in `failed`."""

    product = fields.String()
    version = fields.Integer()
    title = fields.Nested(TitleSchema())
    bank = fields.String()
    kind = fields.String()
    sandbox = fields.Boolean()
    eligible = fields.Boolean()
    rule = fields.String()
    rule_title = fields.Nested(TitleSchema())
    found = fields.Raw(allow_none=True)
    needed = fields.Raw(allow_none=True)
    since = fields.Date()
    failed = fields.List(fields.Nested(CheckSchema()))
    recourse = fields.Nested(ProductRecourseSchema())


class ScoreUsedSchema(Outgoing):
    """The score that the match used; `problem` says why there is none."""

    score = fields.Float(allow_none=True)
    grade = fields.String(allow_none=True)
    pd = fields.Float(allow_none=True)
    depth = fields.String(allow_none=True)
    model = fields.String(allow_none=True)
    features_sha256 = fields.String(allow_none=True)
    problem = fields.String(allow_none=True)


class MatchSchema(Outgoing):
    """Every product answered for one enterprise and need."""

    id = fields.String()
    enterprise = fields.String()
    need = fields.Dict()
    as_of = fields.Date()
    known_at = fields.DateTime()
    score = fields.Nested(ScoreUsedSchema())
    offers = fields.List(fields.Nested(OfferSchema()))
    refusals = fields.List(fields.Nested(RefusalSchema()))
    disputes = fields.List(
        fields.Dict(), metadata={"description": "What the enterprise disputes in its file now, as its file tells it"}
    )
    created_at = fields.DateTime()


class TraceSchema(Outgoing):
    """What a match was made from."""

    facts = fields.Dict()
    products = fields.Dict(metadata={"description": "Version of each product asked"})
    model = fields.String(allow_none=True)
    catalogue = fields.String()


class ProgressSchema(Outgoing):
    """Enterprises answered so far."""

    done = fields.Integer()
    total = fields.Integer(allow_none=True)


class BatchSchema(Outgoing):
    """An order to match many enterprises."""

    id = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed"]))
    progress = fields.Nested(ProgressSchema())
    problem = fields.Dict(allow_none=True)
    need = fields.Dict()
    as_of = fields.Date(allow_none=True)
    created_at = fields.DateTime()


class ProductPageSchema(Outgoing):
    """Products by id; `next` is the cursor of the following page."""

    items = fields.List(fields.Nested(ProductSchema()))
    next = fields.String(allow_none=True)
