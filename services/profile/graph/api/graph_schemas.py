"""What goes over the wire of the graph around an enterprise."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import MomentSchema, TextSchema
from services.profile.book.domain.channel import Channel
from services.profile.graph.domain.ties import Kind
from services.profile.rights.api.schemas import marks

DEEPEST, MOST, MOST_FIRMS = 3, 100, 1000


class Kinds(fields.String):
    """Kinds of ties, with commas between; all where none is named."""

    def _deserialize(self, value: object, *args: object, **kwargs: object) -> frozenset[Kind]:  # type: ignore[override]
        words = {word.strip() for word in str(value).split(",")} - {""}
        if unknown := words - set(Kind):
            raise ValidationError(f"{', '.join(sorted(unknown))[:64]}: give one or more of {', '.join(Kind)}.")
        return frozenset(map(Kind, words or Kind))


class GraphQuerySchema(MomentSchema):
    """How far the graph goes, along which ties, up to how many firms."""

    depth = fields.Integer(
        load_default=1,
        validate=validate.Range(1, DEEPEST),
        metadata={"description": "1: what the firm's own file tells; 2 and 3: also what the files of the next tell"},
    )
    types = Kinds(load_default=None, metadata={"description": f"Kinds of ties, of {', '.join(Kind)}: all unless given"})
    most = fields.Integer(
        load_default=MOST,
        validate=validate.Range(1, MOST_FIRMS),
        metadata={"description": "At most so many firms; `left_out` tells what had no room"},
    )


class GraphNameSchema(Schema):
    """A name that open files write without a code: which firm it is told to be, by what; else which it may be."""

    written = fields.String()
    by = fields.String(validate=validate.OneOf(["name", "itself"]))
    score = fields.Float(allow_none=True)
    reason = fields.String(allow_none=True)
    candidates = fields.List(fields.String())


class GraphNodeSchema(Schema):
    """A firm, or what two open files share.

    `open` tells that its file was read for this answer. Of a firm whose file was not, nothing of its own is here, nor
    whether there is one. A person, an address or a phone bears a number that means nothing outside this answer.
    """

    id = fields.String()
    kind = fields.String(validate=validate.OneOf(["enterprise", "person", "address", "phone"]))
    hop = fields.Integer(allow_none=True)
    open = fields.Boolean()
    name = fields.String(allow_none=True)
    crowded = fields.Boolean(
        metadata={"description": "Ten firms of the book or more name this person, place or number"}
    )
    names = fields.List(fields.Nested(GraphNameSchema()))
    disputes = marks()


class TradeStatementSchema(Schema):
    """What one open file tells of its trade with the other, as of the day; money is net of tax, after red letters.

    `usual_gap_days` is the median of the days between two days with invoices. `own_word_fen` of the blue invoices was
    told by the firm itself, `unconfirmed_fen` is what of it nothing bears out.
    """

    told_by = fields.String()
    net_fen = fields.Integer()
    net_12m_fen = fields.Integer()
    invoices = fields.Integer()
    invoices_12m = fields.Integer()
    first_on = fields.Date(allow_none=True)
    last_on = fields.Date(allow_none=True)
    usual_gap_days = fields.Float(allow_none=True)
    share = fields.Float(allow_none=True)
    share_12m = fields.Float(allow_none=True)
    paid_fen = fields.Integer()
    paid_own_word_fen = fields.Integer()
    payments = fields.Integer()
    channels = fields.List(fields.String(validate=validate.OneOf(list(Channel))))
    own_word_fen = fields.Integer()
    unconfirmed_fen = fields.Integer()


class RegisterStatementSchema(Schema):
    """What one open file's register tells of a tie; `confirmed` unless the firm itself alone says it.

    `record` is the name by which the firm disputes it (POST /v1/disputes, kind relations); `disputed` tells that it
    does.
    """

    told_by = fields.String()
    record = fields.String()
    disputed = fields.Boolean()
    relation = fields.String()
    share = fields.Float(allow_none=True)
    amount_fen = fields.Integer(allow_none=True)
    since = fields.Date(allow_none=True)
    until = fields.Date(allow_none=True)
    channel = fields.String(allow_none=True, validate=validate.OneOf(list(Channel)))
    confirmed = fields.Boolean()


class GraphEdgeSchema(Schema):
    """A tie from one to another: who sells, owns, is in charge, guarantees or has an address or a phone is the source.

    `source_share` is its share of the source's sales of 12 months, `target_share` of the target's purchases: each null
    unless that one's file is open. Where both files tell it, the source's statement is the first.
    """

    type = fields.String(validate=validate.OneOf(list(Kind)))
    source = fields.String()
    target = fields.String()
    source_share = fields.Float(allow_none=True)
    target_share = fields.Float(allow_none=True)
    trade = fields.List(fields.Nested(TradeStatementSchema()))
    registered = fields.List(fields.Nested(RegisterStatementSchema()))


class GraphLeftOutSchema(Schema):
    """What had no room: firms that open files name, their ties, things that firms share; and what came first.

    `crowded` counts the persons, addresses and phones of open files that ten firms of the book or more name.
    """

    firms = fields.Integer()
    ties = fields.Integer()
    shared = fields.Integer()
    crowded = fields.Integer()
    order = fields.Nested(TextSchema())
    not_followed = fields.Nested(TextSchema())


class GraphSchema(Schema):
    """The graph around an enterprise."""

    disputes = marks()
    enterprise = fields.String()
    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    depth = fields.Integer()
    types = fields.List(fields.String(validate=validate.OneOf(list(Kind))))
    nodes = fields.List(fields.Nested(GraphNodeSchema()))
    edges = fields.List(fields.Nested(GraphEdgeSchema()))
    left_out = fields.Nested(GraphLeftOutSchema())
