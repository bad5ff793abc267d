"""What goes over the wire of the portrait: dimensions, records behind a figure, late payments."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import MomentSchema, TextSchema
from services.profile.portrait.api.feature_schemas import EvidenceSchema
from services.profile.rights.api.schemas import EnterpriseSchema, marks


class PeersSchema(Schema):
    """The firms that it is compared with: which they are, how many, as of which day, as known when."""

    group = fields.Nested(TextSchema())
    count = fields.Integer()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()


class ReliabilitySchema(Schema):
    """How far a dimension can be relied upon, 0 to 1, and the parts that make it; null is not known."""

    value = fields.Float()
    coverage = fields.Float()
    depth = fields.Float()
    freshness = fields.Float(allow_none=True)
    checks = fields.Float(allow_none=True)
    verified = fields.Float(allow_none=True)


class LineSchema(Schema):
    """One figure of a dimension: base + all contributions = score."""

    name = fields.String()
    title = fields.Nested(TextSchema())
    unit = fields.String()
    source = fields.String()
    value = fields.Float(allow_none=True)
    median = fields.Float(allow_none=True)
    standing = fields.Float(allow_none=True)
    contribution = fields.Float(allow_none=True)
    reading = fields.Nested(TextSchema(), allow_none=True)


class DimensionSchema(Schema):
    """One dimension of the portrait with every figure behind it."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    depth = fields.String()
    key = fields.String()
    title = fields.Nested(TextSchema())
    score = fields.Float(allow_none=True)
    percentile = fields.Float(allow_none=True)
    base = fields.Float()
    missing = fields.Nested(TextSchema(), allow_none=True)
    peers = fields.Nested(PeersSchema(), allow_none=True)
    confidence = fields.Nested(ReliabilitySchema(), allow_none=True)
    trend = fields.List(fields.Float(allow_none=True))
    trend_months = fields.List(fields.String())
    features = fields.List(fields.Nested(LineSchema()))


class TracedRecordSchema(Schema):
    """One record behind a figure: what it says, who brought it by which lawful channel, since when it is known."""

    name = fields.String(metadata={"description": "By which a dispute or a repair names the record"})
    dispute = fields.String(allow_none=True, metadata={"description": "The open dispute about it"})
    kind = fields.String()
    record = fields.Dict()
    recognised = fields.Nested(
        TextSchema(), allow_none=True, metadata={"description": "How the counterparty of a payment was recognised"}
    )
    source = fields.String(allow_none=True)
    channel = fields.String(allow_none=True)
    unconfirmed = fields.Boolean(
        allow_none=True,
        metadata={"description": "Whether only the enterprise says it and nothing confirms it; null of no invoice"},
    )
    file = fields.String(allow_none=True)
    import_ = fields.String(data_key="import")
    known_at = fields.AwareDateTime()
    version = fields.Integer()


class TracedPageSchema(Schema):
    """A page of the records behind a figure, newest first."""

    disputes = marks()
    enterprise = fields.String()
    feature = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    total = fields.Integer()
    items = fields.List(fields.Nested(TracedRecordSchema()))
    next = fields.String(allow_none=True)


class InvoiceLineSchema(Schema):
    """One line of an invoice; what its source left out is null."""

    goods = fields.String(allow_none=True)
    category = fields.String(allow_none=True)
    class_code = fields.String(allow_none=True)
    spec = fields.String(allow_none=True)
    unit = fields.String(allow_none=True)
    quantity = fields.String(allow_none=True)
    unit_price = fields.String(allow_none=True)
    net_fen = fields.Integer(allow_none=True)
    rate = fields.String(allow_none=True)
    tax_fen = fields.Integer(allow_none=True)


class InvoiceLinesOriginSchema(Schema):
    """Who stated the lines of an invoice by which lawful channel, in which import, since when it is known."""

    source = fields.String(allow_none=True)
    channel = fields.String(allow_none=True)
    file = fields.String(allow_none=True)
    import_ = fields.String(data_key="import")
    known_at = fields.AwareDateTime()
    version = fields.Integer()


class InvoiceLinesSchema(Schema):
    """The lines of an invoice, the largest first; none, and nobody who stated them, where no source gave them."""

    disputes = marks()
    enterprise = fields.String()
    record = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    stated = fields.Nested(InvoiceLinesOriginSchema(), allow_none=True)
    lines = fields.List(fields.Nested(InvoiceLineSchema()))


class AccountSchema(Schema):
    """What one counterparty owes and paid late; interest accrues where the law binds."""

    counterparty = fields.String()
    debtor = fields.String(validate=validate.OneOf(["public-body", "large-firm", "other"]))
    term_days = fields.Integer()
    binding = fields.Boolean()
    invoiced_fen = fields.Integer()
    open_fen = fields.Integer()
    overdue_fen = fields.Integer()
    paid_late_fen = fields.Integer()
    days_beyond_terms = fields.Float()
    most_days_late = fields.Integer()
    oldest_due_on = fields.Date(allow_none=True)
    interest_fen = fields.Integer()
    interest_exact_fen = fields.String()


class LatePaymentsSchema(Schema):
    """Accounts of all counterparties, the most interest first."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    side = fields.String(validate=validate.OneOf(["sale", "purchase"]))
    payments_since = fields.Date(allow_none=True)
    unrecognised_fen = fields.Integer(
        metadata={"description": "Money for goods whose other side is not known: what is open may be among it"}
    )
    open_fen = fields.Integer()
    overdue_fen = fields.Integer()
    interest_fen = fields.Integer()
    items = fields.List(fields.Nested(AccountSchema()))


class TraceSchema(MomentSchema):
    """Which figure's records, and at which moment."""

    feature = fields.String(required=True, validate=validate.Length(1, 64))


class LateSchema(MomentSchema):
    """Whose payments: what customers owe (sale) or what is owed to suppliers (purchase); an agreed yearly rate."""

    side = fields.String(load_default="sale", validate=validate.OneOf(["sale", "purchase"]))
    agreed_rate = fields.Decimal(
        load_default=None,
        validate=validate.Range(0, 1),
        metadata={"description": "A year, such as 0.06; 0.05 % a day unless given"},
    )


class PortraitFigureSchema(Schema):
    """A figure of a dimension, as its page lists it."""

    name = fields.String()
    title = fields.Nested(TextSchema())
    value = fields.Float(allow_none=True)
    unit = fields.String()


class PortraitDimensionSchema(Schema):
    """One of the eight dimensions: its score among peers, where it starts, its trend, how far to rely upon it."""

    key = fields.String()
    title = fields.Nested(TextSchema())
    score = fields.Float(allow_none=True)
    percentile = fields.Float(allow_none=True)
    base = fields.Float()
    missing = fields.Nested(TextSchema(), allow_none=True)
    confidence = fields.Nested(ReliabilitySchema(), allow_none=True)
    trend = fields.List(fields.Float(allow_none=True))
    peers = fields.Nested(PeersSchema(), allow_none=True)
    features = fields.List(fields.Nested(PortraitFigureSchema()))


class PortraitMonthSchema(Schema):
    """Net sales and purchases of a calendar month."""

    month = fields.String(metadata={"example": "2024-12"})
    sales_fen = fields.Integer()
    purchases_fen = fields.Integer()


class PortraitPartnerSchema(Schema):
    """A customer or supplier of 36 months."""

    id = fields.String()
    net_fen = fields.Integer()
    share = fields.Float()
    months = fields.Integer()
    first_on = fields.Date()
    last_on = fields.Date()


class PortraitPartnersSchema(Schema):
    """The largest partners on both sides."""

    customers = fields.List(fields.Nested(PortraitPartnerSchema()))
    suppliers = fields.List(fields.Nested(PortraitPartnerSchema()))


class PortraitSchema(Schema):
    """Eight dimensions with confidence and trend, months of trade, main partners."""

    disputes = marks()
    trend_months = fields.List(fields.String())

    enterprise = fields.Nested(EnterpriseSchema())
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    depth = fields.String()
    evidence = fields.Nested(EvidenceSchema(), allow_none=True)
    dimensions = fields.List(fields.Nested(PortraitDimensionSchema()))
    months = fields.List(fields.Nested(PortraitMonthSchema()))
    partners = fields.Nested(PortraitPartnersSchema())
