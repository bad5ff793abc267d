"""What goes over the wire, as marshmallow knows it: it refuses what it does not know and documents the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import marshmallow
from marshmallow import EXCLUDE, ValidationError, fields, validate, validates_schema

from chassis.web import Schema
from services.profile import store
from services.profile.domain.channel import Channel
from services.profile.domain.columns import SIZES, TAXPAYERS
from services.profile.domain.consent import Field, Purpose
from services.profile.domain.departure import DIGITS
from services.profile.domain.dispute import DESCRIPTION, KINDS, Reason
from services.profile.domain.enterprise import enterprise_id
from services.profile.domain.validation import LARGEST_COUNT

# Beyond these a moment cannot be brought to UTC.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
MOMENT = validate.Range(EARLIEST, LATEST)
NO_NUL = validate.ContainsNoneOf("\0", error="must not hold a NUL character")
# A revenue or balance sheet of any firm there is, in fen, and within 64 bits.
FEN = validate.Range(0, 10**17)
RECORD = validate.Regexp(rf"^rec_[0-9a-f]{{{DIGITS}}}$", error="must be the name of a record: rec_…")
SHA256 = validate.Regexp(r"^[0-9a-f]{64}$", error="must be 64 hexadecimal digits")


class EnterpriseId(fields.String):
    """An enterprise id, brought to its one form."""

    def _deserialize(self, value: object, *args: object, **kwargs: object) -> str:
        text = super()._deserialize(value, *args, **kwargs)
        return enterprise_id(str(text))


class MomentSchema(marshmallow.Schema):
    """Which facts count: dated up to `as_of`, known at `known_at`."""

    class Meta:
        """Leave other query parameters alone."""

        unknown = EXCLUDE

    as_of = fields.Date(load_default=None, metadata={"description": "The book's date unless given"})
    known_at = fields.AwareDateTime(
        load_default=None, validate=MOMENT, metadata={"description": "All that is known unless given"}
    )


class ItemSchema(Schema):
    """What is disputed: a record of a kind, or a field of the description."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    record = fields.String(load_default=None, allow_none=True, validate=RECORD)
    field = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(store.DESCRIBED))

    @validates_schema
    def one_of_both(self, data: dict[str, str | None], **_: object) -> None:
        """A record has a name, a description has a field."""
        wanted, other = ("field", "record") if data["kind"] == DESCRIPTION else ("record", "field")
        if data.get(wanted) is None or data.get(other) is not None:
            raise ValidationError(f"An item of the kind {data['kind']} is named by its {wanted} alone.", wanted)


class MarkSchema(Schema):
    """What every read tells of a dispute: which item, since when, and what the enterprise says of it."""

    dispute = fields.String()
    state = fields.String(validate=validate.OneOf(["open", "unresolved"]))
    item = fields.Nested(ItemSchema())
    reason = fields.String(validate=validate.OneOf(list(Reason)))
    statement = fields.String()
    opened_at = fields.AwareDateTime()
    due_at = fields.AwareDateTime(metadata={"description": "By when it must be decided: twenty days"})


def marks() -> fields.List[Any]:
    """Return the field that every read of a file has."""
    return fields.List(
        fields.Nested(MarkSchema()), metadata={"description": "What the enterprise disputes in its file now"}
    )


class EnterpriseBodySchema(Schema):
    """What a source says of an enterprise; what is left out stays as it was."""

    id = EnterpriseId()
    name = fields.String(validate=[validate.Length(1, 128), NO_NUL], allow_none=True)
    rating = fields.String(validate=validate.OneOf("ABCD"), allow_none=True)
    industry = fields.String(validate=[validate.Length(1, 32), NO_NUL], allow_none=True)
    region = fields.String(validate=[validate.Length(1, 32), NO_NUL], allow_none=True)
    size_class = fields.String(validate=validate.OneOf(sorted(set(SIZES.values()))), allow_none=True)
    established_on = fields.Date(allow_none=True)
    employees = fields.Integer(strict=True, validate=validate.Range(0, LARGEST_COUNT), allow_none=True)
    revenue_fen = fields.Integer(strict=True, validate=FEN, allow_none=True)
    assets_fen = fields.Integer(strict=True, validate=FEN, allow_none=True)
    scope = fields.String(validate=[validate.Length(1, 4000), NO_NUL], allow_none=True)
    taxpayer = fields.String(validate=validate.OneOf(sorted(set(TAXPAYERS.values()))), allow_none=True)
    synthetic = fields.Boolean(load_default=False)


class EnterpriseSchema(EnterpriseBodySchema):
    """An enterprise of the book."""

    warnings = fields.List(
        fields.String(), metadata={"description": "What the standards do not know; nothing is refused"}
    )
    disputes = marks()


class EnterprisePageSchema(Schema):
    """A page of enterprises."""

    items = fields.List(fields.Nested(EnterpriseSchema()))
    next = fields.String(allow_none=True)


class CountsSchema(Schema):
    """received = accepted + duplicate + rejected."""

    sheet = fields.String()
    kind = fields.String()
    received = fields.Integer()
    accepted = fields.Integer()
    duplicate = fields.Integer()
    rejected = fields.Integer()


class ProgressSchema(Schema):
    """How far the work is."""

    done = fields.Integer()
    total = fields.Integer(allow_none=True)


class ImportSchema(CountsSchema):
    """An import: what was received and what became of it."""

    id = fields.String()
    file = fields.String()
    client = fields.String()
    channel = fields.String(validate=validate.OneOf(list(Channel)))
    connector = fields.String(allow_none=True)
    enterprise = fields.String(allow_none=True, metadata={"description": "The one that all rows are about"})
    sha256 = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed"]))
    progress = fields.Nested(ProgressSchema())
    parts = fields.List(fields.Nested(CountsSchema()), allow_none=True)
    ignored_columns = fields.List(fields.String())
    warnings = fields.List(fields.String(), metadata={"description": "At most twenty, each once"})
    problem = fields.Dict(allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


class ImportPageSchema(Schema):
    """A page of imports, newest first."""

    items = fields.List(fields.Nested(ImportSchema()))
    next = fields.String(allow_none=True)


class GrantSchema(Schema):
    """A consent that an enterprise gives about itself."""

    grantee = fields.String(required=True, validate=[validate.Length(1, 128), NO_NUL])
    purposes = fields.List(
        fields.Enum(Purpose, by_value=True), required=True, validate=validate.Length(1, len(Purpose))
    )
    fields_ = fields.List(
        fields.Enum(Field, by_value=True),
        required=True,
        validate=validate.Length(1, len(Field)),
        data_key="fields",
        attribute="fields",
    )
    valid_until = fields.Date(required=True)
    document_sha256 = fields.String(load_default=None, allow_none=True, validate=SHA256)
    as_of_from = fields.Date(
        load_default=None,
        allow_none=True,
        metadata={"description": "The first day as of which the file may be read; none leaves it open"},
    )
    as_of_until = fields.Date(load_default=None, allow_none=True, metadata={"description": "The last such day"})
    most_reads_a_day = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 1_000_000),
        metadata={"description": "How often the grantee may read on one day (UTC)"},
    )
    most_reads_a_month = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, 1_000_000),
        metadata={"description": "How often it may in one calendar month (UTC)"},
    )


class ConsentSchema(Schema):
    """A consent as it stands."""

    id = fields.String()
    enterprise = fields.String()
    grantee = fields.String()
    purposes = fields.List(fields.String())
    fields_ = fields.List(fields.String(), data_key="fields")
    valid_from = fields.Date()
    valid_until = fields.Date()
    document_sha256 = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    revoked_at = fields.AwareDateTime(allow_none=True)
    as_of_from = fields.Date(allow_none=True)
    as_of_until = fields.Date(allow_none=True)
    most_reads_a_day = fields.Integer(allow_none=True)
    most_reads_a_month = fields.Integer(allow_none=True)
    signed_by = fields.String(allow_none=True, metadata={"description": "The client that gave it"})
    signed_session = fields.String(
        allow_none=True, metadata={"description": "The session of the person who gave it; none for a program's key"}
    )
    signed_person = fields.String(allow_none=True, metadata={"description": "The person, by a pseudonym"})
    terms_sha256 = fields.String(
        allow_none=True, metadata={"description": "SHA-256 of the terms as canonical JSON, which is in the ledger"}
    )


class TextSchema(Schema):
    """The same words in two languages."""

    zh = fields.String()
    en = fields.String()


class KeptSchema(Schema):
    """Something that stays on file when a consent ends."""

    what = fields.String()
    title = fields.Nested(TextSchema())
    basis = fields.Nested(TextSchema())


class ConsentDetailSchema(ConsentSchema):
    """A consent, and what stays on file when it ends."""

    kept = fields.List(fields.Nested(KeptSchema()))


class ConsentPageSchema(Schema):
    """A page of consents, newest first."""

    items = fields.List(fields.Nested(ConsentSchema()))
    next = fields.String(allow_none=True)


class AccessSchema(Schema):
    """One read of an enterprise's file by somebody else."""

    at = fields.AwareDateTime()
    client = fields.String()
    actor = fields.String(allow_none=True, metadata={"description": "The service that acted for the client"})
    purpose = fields.String()
    consent = fields.String()
    what = fields.String()
    request_id = fields.String(allow_none=True)
    ledger_entry = fields.Integer(
        allow_none=True, metadata={"description": "Its number in the ledger; null for a read from before there was one"}
    )


class AccessPageSchema(Schema):
    """A page of reads, newest first."""

    items = fields.List(fields.Nested(AccessSchema()))
    next = fields.String(allow_none=True)


class UndisputedSchema(Schema):
    """The features without the disputed records."""

    depth = fields.String(validate=validate.OneOf("ABCDE"))
    values = fields.Dict(keys=fields.String(), values=fields.Float(allow_none=True))
    features_sha256 = fields.String()


class FeaturesSchema(Schema):
    """An enterprise's features; null is unknown."""

    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    depth = fields.String(validate=validate.OneOf("ABCDE"))
    catalogue = fields.String()
    values = fields.Dict(keys=fields.String(), values=fields.Float(allow_none=True))
    features_sha256 = fields.String()
    disputes = marks()
    undisputed = fields.Nested(
        UndisputedSchema(),
        allow_none=True,
        metadata={"description": "The same without the disputed records, where any of these counts in a feature"},
    )


class FeatureSetSchema(Schema):
    """Which enterprises' features to return as a table; null is every one with consent."""

    enterprises = fields.List(EnterpriseId(), allow_none=True, load_default=None)
    as_of = fields.Date(allow_none=True, load_default=None)
    known_at = fields.AwareDateTime(allow_none=True, load_default=None, validate=MOMENT)
    outcomes = fields.Boolean(load_default=False)


class FigureReasonSchema(Schema):
    """What is said of a figure that counts against a firm, and of one that speaks for it."""

    worse = fields.Nested(TextSchema())
    better = fields.Nested(TextSchema())


class CatalogueFigureSchema(Schema):
    """A feature or an indicator as declared; `source` is an indicator's kind of data, `pace_per_month` how fast a firm
    can change it.
    """

    name = fields.String()
    title = fields.Nested(TextSchema())
    unit = fields.String()
    dimension = fields.String()
    direction = fields.Integer(metadata={"description": "1: more is more risk, -1: less, 0: neither"})
    model = fields.Boolean()
    actionable = fields.String()
    pace_per_month = fields.Float(allow_none=True)
    reason = fields.Nested(FigureReasonSchema())
    source = fields.String()


class CatalogueSchema(Schema):
    """All features: what they are called, mean, and how they can be changed."""

    version = fields.String()
    features = fields.List(fields.Nested(CatalogueFigureSchema()))
    indicators = fields.List(fields.Nested(CatalogueFigureSchema()))


class PeersSchema(Schema):
    """The firms that it is compared with: which they are, and how many."""

    group = fields.Nested(TextSchema())
    count = fields.Integer()


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
    source = fields.String(allow_none=True)
    channel = fields.String(allow_none=True)
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
    dimensions = fields.List(fields.Nested(PortraitDimensionSchema()))
    months = fields.List(fields.Nested(PortraitMonthSchema()))
    partners = fields.Nested(PortraitPartnersSchema())


class BookSchema(Schema):
    """The state of the book."""

    date = fields.Date(allow_none=True)
    synthetic = fields.Boolean(allow_none=True)
    enterprises = fields.Integer()
    invoices = fields.Integer()
    known_at = fields.AwareDateTime(allow_none=True)


class CrossCheckSchema(Schema):
    """One rule of cross-comparison: what is held against what, how far they may differ, and what was found."""

    rule = fields.String()
    title = fields.Nested(TextSchema())
    left = fields.Nested(TextSchema())
    right = fields.Nested(TextSchema())
    sources = fields.List(fields.String())
    unit = fields.String(validate=validate.OneOf(["fen", "ratio", "count", "day"]))
    side = fields.String(validate=validate.OneOf(["above", "below", "both"]))
    absolute = fields.Float()
    relative = fields.Float()
    since = fields.Date()
    basis = fields.String(allow_none=True)
    compared = fields.Integer()
    contradictions = fields.Integer()
    verdict = fields.String(validate=validate.OneOf(["agrees", "contradicts", "not-compared"]))


class CrossChecksSchema(Schema):
    """All rules over one enterprise; `pass_rate` is the mean over rules of the share of pairs that agree."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    pass_rate = fields.Float(allow_none=True)
    rules = fields.List(fields.Nested(CrossCheckSchema()))


class ComparedPairSchema(Schema):
    """Two values of one matter, in the rule's unit; null where a source is silent that should have spoken."""

    subject = fields.String()
    counterparty = fields.String(allow_none=True)
    on = fields.Date(allow_none=True)
    left = fields.Float(allow_none=True)
    right = fields.Float(allow_none=True)
    verdict = fields.String(validate=validate.OneOf(["agrees", "contradicts"]))


class CrossCheckPageSchema(Schema):
    """A page of what one rule compared."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    rule = fields.String()
    items = fields.List(fields.Nested(ComparedPairSchema()))
    next = fields.String(allow_none=True)


class SplitSchema(Schema):
    """One amount in several columns: which of them is filled tells a value of `by`."""

    by = fields.String()
    amount = fields.String()
    titles = fields.Dict(keys=fields.String(), values=fields.String())


class ConnectorSchema(Schema):
    """A source's own layout: what it calls our columns, in which units and values, and what is left out."""

    name = fields.String()
    kind = fields.String()
    title = fields.Nested(TextSchema())
    about = fields.String()
    reference = fields.String()
    columns = fields.Dict(keys=fields.String(), values=fields.String())
    units = fields.Dict(keys=fields.String(), values=fields.String())
    values = fields.Dict(keys=fields.String(), values=fields.Dict())
    split = fields.Nested(SplitSchema(), allow_none=True)
    constants = fields.Dict(keys=fields.String(), values=fields.String())
    ignored = fields.List(fields.String())


class ConnectorListSchema(Schema):
    """All connectors, by name."""

    items = fields.List(fields.Nested(ConnectorSchema()))
