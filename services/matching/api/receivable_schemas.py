"""The shapes of quotes of advances on invoices."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import fields, post_load, validate

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.api.schemas import RateLineSchema, counts_field, fen, share
from services.matching.domain.receivable import ReceivableTerms, as_share
from services.matching.usecases.quote_advance import AdvanceOrder


class ReceivableTermsSchema(Schema):
    """What the bank asks, rates a year; `advance` is the most that it pays out of an invoice."""

    funding = fields.Float(required=True, validate=share, metadata={"example": 0.02})
    operating = fields.Float(required=True, validate=share, metadata={"example": 0.005})
    margin = fields.Float(required=True, validate=share, metadata={"example": 0.01})
    lgd = fields.Float(required=True, validate=share, metadata={"example": 0.4})
    advance = fields.Float(required=True, validate=share, metadata={"example": 0.9})
    recourse = fields.Boolean(required=True)

    @post_load
    def as_terms(self, data: dict[str, Any], **_: Any) -> ReceivableTerms:
        """Return the value that the domain knows."""
        shares = {name: as_share(value) for name, value in data.items() if name != "recourse"}
        return ReceivableTerms(**shares, recourse=data["recourse"])


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
    counts = counts_field()

    @post_load
    def as_order(self, data: dict[str, Any], **_: Any) -> AdvanceOrder:
        """Return the value that the use case knows."""
        return AdvanceOrder(**data)


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
    counts = fields.String(metadata={"description": "What counted: what is confirmed, or everything"})
