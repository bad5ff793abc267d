"""What goes over the wire of a supplier's record."""

from __future__ import annotations

from marshmallow import fields

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import TextSchema
from services.profile.rights.api.schemas import marks


class ContractsSchema(Schema):
    """Orders of sale of 36 months and what became of them; what no delivery tells is null."""

    orders = fields.Integer()
    amount_fen = fields.Integer()
    buyers = fields.Integer()
    fulfilled = fields.Integer()
    cancelled = fields.Integer()
    cancelled_fen = fields.Integer()
    delivered_in_full = fields.Integer()
    delivered_share = fields.Float(allow_none=True)
    outstanding = fields.Integer()
    outstanding_fen = fields.Integer()
    traced = fields.Integer()
    days_median = fields.Float(allow_none=True)
    days_p90 = fields.Float(allow_none=True)


class ContractYearSchema(Schema):
    """The contracts of a calendar year, from whatever source."""

    year = fields.Integer()
    orders = fields.Integer()
    amount_fen = fields.Integer()
    cancelled = fields.Integer()
    delivered_in_full = fields.Integer()


class ReturnedSalesSchema(Schema):
    """Sales that were taken back by red letters."""

    sold_fen = fields.Integer()
    returned_fen = fields.Integer()
    share = fields.Float()


class StatedRecordSchema(Schema):
    """A public record on display; the firm disputes it by its name (POST /v1/disputes, kind public-records)."""

    record = fields.String()
    sort = fields.String()
    authority = fields.String()
    decided_on = fields.Date()
    tier = fields.String(allow_none=True)
    amount_fen = fields.Integer(allow_none=True)
    ends_on = fields.Date(allow_none=True)


class SupplierRecordSchema(Schema):
    """How a supplier has kept its contracts: as others state, and apart from it as only the firm itself does."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    since = fields.Date()
    summary = fields.List(fields.Nested(TextSchema()))
    contracts = fields.Nested(ContractsSchema(), allow_none=True)
    own_word = fields.Nested(ContractsSchema(), allow_none=True)
    years = fields.List(fields.Nested(ContractYearSchema()))
    returned = fields.Nested(ReturnedSalesSchema(), allow_none=True)
    against = fields.List(fields.Nested(StatedRecordSchema()))
    favour = fields.List(fields.Nested(StatedRecordSchema()))
    left_out = fields.Integer()
    contested = fields.Integer()
    not_held = fields.Nested(TextSchema())
