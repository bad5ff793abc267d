"""What goes over the wire of rings of invoices."""

from __future__ import annotations

from marshmallow import fields

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import TextSchema
from services.profile.rights.api.schemas import marks


class RingHopSchema(Schema):
    """One hop of a ring: what one firm sold another on a day, as `times` invoices alike.

    It is `shown` where the file of its seller or buyer is open to the reader; of another hop nothing is told but its
    place in the chain.
    """

    shown = fields.Boolean()
    seller = fields.String(allow_none=True)
    buyer = fields.String(allow_none=True)
    number = fields.String(allow_none=True)
    date = fields.Date(allow_none=True)
    amount_fen = fields.Integer(allow_none=True)
    times = fields.Integer(allow_none=True)


class RingSchema(Schema):
    """A ring as its chain of invoices, from the earliest hop to the one that closed it on `last_on`."""

    length = fields.Integer()
    last_on = fields.Date()
    chain = fields.List(fields.Nested(RingHopSchema()))


class RingLimitsSchema(Schema):
    """What counts as a ring on the day: since when, and who says so.

    At most so many `hops` within so many `days`, each amount within the `tolerance` of the first one's and not below
    `least_fen`, closed within `recent_days`.
    """

    valid_from = fields.Date()
    source = fields.String()
    hops = fields.Integer()
    days = fields.Integer()
    tolerance = fields.Float()
    least_fen = fields.Integer()
    recent_days = fields.Integer()


class UnsearchedSchema(Schema):
    """Days on which a ring may begin that was not looked for."""

    first_on = fields.Date()
    last_on = fields.Date()


class RingAnswerSchema(Schema):
    """What both answers have: the moment, what counts, the latest rings, and what they leave out."""

    as_of = fields.Date()
    known_at = fields.AwareDateTime()
    limits = fields.Nested(RingLimitsSchema())
    count = fields.Integer(metadata={"description": "How many rings there are; the latest are listed"})
    rings = fields.List(fields.Nested(RingSchema()))
    left_out = fields.Integer()
    unsearched = fields.List(
        fields.Nested(UnsearchedSchema()),
        metadata={"description": "Where the search was too large: empty when every ring was looked for"},
    )
    not_shown = fields.Nested(TextSchema())


class RingsSchema(RingAnswerSchema):
    """The rings that an enterprise is on."""

    disputes = marks()
    enterprise = fields.String()


class FirmRingsSchema(Schema):
    """One firm's rings: how many, the fewest hops of one, what the firm sold in them, and when the last one closed."""

    enterprise = fields.String()
    rings = fields.Integer()
    hops = fields.Integer()
    amount_fen = fields.Integer()
    last_on = fields.Date()


class RingListSchema(RingAnswerSchema):
    """The rings with any firm whose file is open to the reader, and these firms' figures of the listed rings."""

    disputed = fields.List(
        fields.String(), metadata={"description": "Firms whose files were read and that dispute some of it"}
    )
    files = fields.Integer(metadata={"description": "How many files are open and were looked at"})
    firms = fields.List(fields.Nested(FirmRingsSchema()))
