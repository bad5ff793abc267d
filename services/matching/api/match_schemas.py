"""The shapes of matches."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import fields, post_load, validate

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.api.product_schemas import PaperSchema, SecuritySchema
from services.matching.api.schemas import FeeChargedSchema, NeedSchema, RateLineSchema, SentenceSchema, TitleSchema
from services.matching.domain.all_in import CONVENTION
from services.matching.usecases.match import MatchOrder


class MatchOrderSchema(Schema):
    """An enterprise and its need; `as_of` is the book's date unless given."""

    enterprise = EnterpriseId(required=True, metadata={"example": "local:E17"})
    need = fields.Nested(NeedSchema(), required=True)
    as_of = fields.Date(load_default=None, allow_none=True)

    @post_load
    def as_order(self, data: dict[str, Any], **_: Any) -> MatchOrder:
        """Return the value that the use case knows."""
        return MatchOrder(**data)


class CheckSchema(Outgoing):
    """One condition as it was answered; `found` null means that a fact is unknown, which never passes.

    What a loan would cost that is refused for it (`terms.cost`) is null for readers who are not told how its rate is
    made.
    """

    rule = fields.String(metadata={"example": "sales_active_months_36m >= 18"})
    rule_id = fields.String()
    title = fields.Nested(TitleSchema())
    source = fields.String()
    since = fields.Date()
    found = fields.Raw(allow_none=True, metadata={"example": 14})
    needed = fields.Raw(allow_none=True, metadata={"example": 18})
    passed = fields.Boolean()
    not_known = fields.List(fields.String(), data_key="unknown", metadata={"description": "Facts that are not known"})


class OfferSchema(Outgoing):
    """A product that fits, with its terms; ranked by all-in rate, then probability of approval, then fit, then id."""

    rank = fields.Integer()
    product = fields.String()
    version = fields.Integer()
    title = fields.Nested(TitleSchema())
    bank = fields.String()
    kind = fields.String()
    sandbox = fields.Boolean()
    counts = fields.String(metadata={"description": "What counted: what is confirmed, or everything"})
    amount_fen = fields.Integer()
    months = fields.Integer()
    repayment = fields.String()
    rate = fields.Float(metadata={"description": "Indicative, a year"})
    rate_lines = fields.List(
        fields.Nested(RateLineSchema()),
        metadata={"description": "Told to the product's bank and the operator; empty for others"},
    )
    all_in_rate = fields.Float(
        metadata={"description": "A year, interest and every fee that the firm pays: internal rate of return, compound"}
    )
    all_in_simple_rate = fields.Float(metadata={"description": "The same by simple interest: what the law's cap binds"})
    all_in_convention = fields.String(metadata={"description": "How both are counted", "example": CONVENTION})
    interest_fen = fields.Integer()
    fees_fen = fields.Integer(metadata={"description": "What the firm pays of the fees"})
    total_cost_fen = fields.Integer(metadata={"description": "Interest, and fees that the firm pays"})
    fees = fields.List(fields.Nested(FeeChargedSchema()))
    monthly_payment_fen = fields.Integer()
    last_payment_fen = fields.Integer()
    security = fields.List(fields.Nested(SecuritySchema()))
    documents = fields.List(fields.Nested(PaperSchema()), metadata={"description": "Papers asked for"})
    approval_probability = fields.Float(
        allow_none=True,
        metadata={"description": "From the bank's own past decisions; null is unknown, or not told to a rival"},
    )
    approval_decisions = fields.Integer(
        allow_none=True, metadata={"description": "Decisions that it was learnt from; null: not told"}
    )
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
    """What would open a product within twelve months, certified by its own rules with all else as it is.

    Changes of the need alone come first, the nearest before the others. A reason in `blocked` says that there is no way
    only where that is proved, else that none was found.
    """

    possible = fields.Boolean()
    plans = fields.List(fields.Nested(WaySchema()))
    blocked = fields.List(fields.Nested(BarSchema()))


class RefusalSchema(Outgoing):
    """A product that does not fit: the first rule that stands against it, and all of them in `failed`."""

    product = fields.String()
    version = fields.Integer()
    title = fields.Nested(TitleSchema())
    bank = fields.String()
    kind = fields.String()
    sandbox = fields.Boolean()
    counts = fields.String(metadata={"description": "What counted: what is confirmed, or everything"})
    eligible = fields.Boolean()
    rule = fields.String()
    rule_title = fields.Nested(TitleSchema())
    found = fields.Raw(allow_none=True)
    needed = fields.Raw(allow_none=True)
    since = fields.Date()
    failed = fields.List(fields.Nested(CheckSchema()))
    if_confirmed = fields.Boolean(
        metadata={"description": "What only the enterprise states would meet all rules, were it confirmed"}
    )
    recourse = fields.Nested(ProductRecourseSchema())


class WithEverythingSchema(Outgoing):
    """The score with everything, that products use which count everything."""

    score = fields.Float(allow_none=True)
    grade = fields.String(allow_none=True)
    pd = fields.Float(allow_none=True)


class RuleMetSchema(Outgoing):
    """An expert rule that the firm meets: it caps the grade, and says how to end it."""

    rule = fields.String()
    version = fields.String()
    title = fields.Nested(TitleSchema())
    effect = fields.Dict(metadata={"description": "`cap`: the best grade left"})
    because = fields.Nested(TitleSchema())
    ends = fields.Nested(TitleSchema())


class ScoreUsedSchema(Outgoing):
    """The score that the match used, of what is confirmed; `problem` says why there is none."""

    score = fields.Float(allow_none=True)
    grade = fields.String(allow_none=True)
    pd = fields.Float(allow_none=True)
    depth = fields.String(allow_none=True)
    model = fields.String(allow_none=True)
    features_sha256 = fields.String(allow_none=True)
    problem = fields.String(allow_none=True)
    with_everything = fields.Nested(
        WithEverythingSchema(),
        allow_none=True,
        metadata={"description": "Where the enterprise states anything that nobody confirms"},
    )
    evidence = fields.Dict(allow_none=True, metadata={"description": "What its money rests on, as the profile tells"})
    counted = fields.Nested(
        SentenceSchema(), allow_none=True, metadata={"description": "What was not counted, and what would confirm it"}
    )
    overlay = fields.List(
        fields.Nested(RuleMetSchema()),
        metadata={"description": "Expert rules that cap the grade: score, grade and PD are under them"},
    )


class MatchSchema(Outgoing):
    """Every product answered for one enterprise and need."""

    id = fields.String()
    enterprise = fields.String()
    need = fields.Dict()
    as_of = fields.Date()
    known_at = fields.DateTime()
    score = fields.Nested(ScoreUsedSchema())
    ranking = fields.List(
        fields.String(), metadata={"description": "By what offers are ranked, in this order; `-` is from high to low"}
    )
    offers = fields.List(fields.Nested(OfferSchema()))
    refusals = fields.List(fields.Nested(RefusalSchema()))
    disputes = fields.List(
        fields.Dict(), metadata={"description": "What the enterprise disputes in its file now, as its file tells it"}
    )
    own_view = fields.Nested(
        TitleSchema(),
        metadata={"description": "Told to a firm that speaks for itself of another's match: it is by its own file"},
    )
    created_at = fields.DateTime()


class TraceSchema(Outgoing):
    """What a match was made from."""

    facts = fields.Dict()
    products = fields.Dict(metadata={"description": "Version of each product asked"})
    model = fields.String(allow_none=True)
    catalogue = fields.String()
