"""What goes over the wire of imports."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.domain.channel import Channel


class CountsSchema(Schema):
    """received = accepted + duplicate + rejected."""

    sheet = fields.String()
    kind = fields.String()
    received = fields.Integer()
    accepted = fields.Integer()
    duplicate = fields.Integer()
    rejected = fields.Integer()


class UsedSchema(Schema):
    """Bytes of files: what is used, what is left, and what there may be."""

    used_bytes = fields.Integer()
    left_bytes = fields.Integer()
    limit_bytes = fields.Integer()


class UsageSchema(Schema):
    """What a client has sent since midnight in China, and what of its files is kept; when the next day begins."""

    today = fields.Nested(UsedSchema())
    kept = fields.Nested(UsedSchema())
    next_day = fields.AwareDateTime()


class ProgressSchema(Schema):
    """How far the work is."""

    done = fields.Integer()
    total = fields.Integer(allow_none=True)


class WithdrawalSchema(Schema):
    """An import that was taken back: by whom, since when, and what became of its rows.

    A later import that had repeated rows of it stands in for it where its file is still kept.
    """

    by = fields.String()
    asked_at = fields.AwareDateTime()
    at = fields.AwareDateTime(allow_none=True, metadata={"description": "Null while the work is under way"})
    rows = fields.Integer(allow_none=True)
    enterprises = fields.Integer(allow_none=True)
    stand_ins = fields.List(
        fields.String(),
        metadata={"description": "Imports that now hold rows which both stated, or a firm's own word against them"},
    )
    send_again = fields.List(
        fields.String(),
        metadata={"description": "Imports that had repeated it and whose files are gone, or that state outcomes"},
    )


class ImportSchema(CountsSchema):
    """An import: what was received and what became of it."""

    id = fields.String()
    file = fields.String()
    client = fields.String()
    channel = fields.String(validate=validate.OneOf(list(Channel)))
    connector = fields.String(allow_none=True)
    enterprise = fields.String(allow_none=True, metadata={"description": "The one that all rows are about"})
    stated_on = fields.Date(
        allow_none=True, metadata={"description": "The day on which the source made the file, where its sender said so"}
    )
    granted = fields.List(
        fields.String(), allow_none=True, metadata={"description": "The grants under which a source sent it"}
    )
    sha256 = fields.String()
    state = fields.String(validate=validate.OneOf(["queued", "running", "done", "failed", "withdrawing", "withdrawn"]))
    withdrawal = fields.Nested(WithdrawalSchema(), allow_none=True)
    progress = fields.Nested(ProgressSchema())
    parts = fields.List(fields.Nested(CountsSchema()), allow_none=True)
    ignored_columns = fields.List(fields.String())
    notes = fields.List(
        fields.String(),
        metadata={"description": "What was left out, such as totals; at most twenty"},
    )
    warnings = fields.List(fields.String(), metadata={"description": "At most twenty, each once"})
    problem = fields.Dict(allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


class ImportPageSchema(Schema):
    """A page of imports, newest first."""

    items = fields.List(fields.Nested(ImportSchema()))
    next = fields.String(allow_none=True)
