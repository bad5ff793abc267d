"""What goes over the wire of the book as a whole."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema

LONGEST_NOTE = 500
NOTE = validate.Length(max=LONGEST_NOTE)


class BookSchema(Schema):
    """The state of the book."""

    date = fields.Date(metadata={"description": "As of which day files are read where a request names none"})
    dated = fields.Boolean(
        metadata={"description": "By the operator; else it is the end of the last month that is over"}
    )
    latest = fields.Date(
        allow_none=True, metadata={"description": "The day of the latest invoice, which decides nothing"}
    )
    synthetic = fields.Boolean(allow_none=True)
    enterprises = fields.Integer()
    invoices = fields.Integer()
    known_at = fields.AwareDateTime(allow_none=True)


class BookDateOrderSchema(Schema):
    """The day to date the book with, and why."""

    date = fields.Date(
        required=True,
        allow_none=True,
        metadata={"description": "Today or a day before; null: always the end of the last month that is over"},
    )
    note = fields.String(load_default=None, allow_none=True, validate=NOTE)


class BookDateSchema(Schema):
    """A version of the book's date."""

    version = fields.Integer(metadata={"description": "0 where no operator ever set one"})
    date = fields.Date(allow_none=True)
    set_by = fields.String(allow_none=True)
    set_at = fields.AwareDateTime(allow_none=True)
    note = fields.String(allow_none=True)


class BookDatePageSchema(Schema):
    """A page of versions, newest first."""

    items = fields.List(fields.Nested(BookDateSchema()))
    next = fields.String(allow_none=True)
