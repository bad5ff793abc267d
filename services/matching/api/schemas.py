"""The shapes that more than one resource shares."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import fields, post_load, validate

from chassis.web.schemas import Schema
from services.matching.domain.counting import Counts
from services.matching.domain.facts import Need
from services.matching.domain.fee import FeeKind, FeePayer
from services.matching.domain.product import KINDS

MOST_FEN = 10**15  # ten trillion yuan: above it a number is a mistake, and floats stop being exact
MOST_MONTHS = 600
MOST_ENTERPRISES = 100_000

fen = validate.Range(1, MOST_FEN)
term = validate.Range(1, MOST_MONTHS)
share = validate.Range(0, 1)
short = validate.Length(1, 200)


def counts_field() -> fields.Enum[Counts]:
    """Return the field of an order without a product for what counts of firms."""
    what = "What counts of a firm: what is confirmed, or everything it states too; by default as you have set"
    return fields.Enum(Counts, by_value=True, load_default=None, allow_none=True, metadata={"description": what})


class TitleSchema(Schema):
    """A text in both languages."""

    zh = fields.String(required=True, validate=short)
    en = fields.String(required=True, validate=short)


class SentenceSchema(Schema):
    """What an answer says in both languages, however long it is."""

    zh = fields.String(required=True)
    en = fields.String(required=True)


class NeedSchema(Schema):
    """What the enterprise asks for; without `kind`, every kind of financing."""

    amount_fen = fields.Integer(strict=True, required=True, validate=fen, metadata={"example": 50_000_000})
    months = fields.Integer(strict=True, required=True, validate=term, metadata={"example": 12})
    kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(KINDS))

    @post_load
    def as_need(self, data: dict[str, Any], **_: Any) -> Need:
        """Give the value that the domain knows."""
        return Need(**data)


class ChargeSchema(Outgoing):
    """What is paid of a fee, so many months after the loan is paid out."""

    month = fields.Integer()
    fen = fields.Integer()


class AgreedFeeSchema(Outgoing):
    """A fee and what it comes to, with its payee and who pays it."""

    kind = fields.String(validate=validate.OneOf(list(FeeKind)))
    payee = fields.String()
    paid_by = fields.String(validate=validate.OneOf(list(FeePayer)))
    fen = fields.Integer()
    charges = fields.List(fields.Nested(ChargeSchema()))


class FeeChargedSchema(AgreedFeeSchema):
    """The same with the title of its kind."""

    title = fields.Nested(TitleSchema())


class RateLineSchema(Outgoing):
    """One part of a rate; the lines add up to it exactly."""

    line = fields.String()
    title = fields.Nested(TitleSchema())
    rate = fields.Float()
