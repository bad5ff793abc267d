"""What goes over the wire of the book as a whole."""

from __future__ import annotations

from marshmallow import fields

from chassis.web.schemas import Schema


class BookSchema(Schema):
    """The state of the book."""

    date = fields.Date(allow_none=True)
    synthetic = fields.Boolean(allow_none=True)
    enterprises = fields.Integer()
    invoices = fields.Integer()
    known_at = fields.AwareDateTime(allow_none=True)
