"""What goes over the wire of a look at a file."""

from __future__ import annotations

from marshmallow import fields

from chassis.web.schemas import Schema
from services.profile.book.api.connector_schemas import DeclarationSchema
from services.profile.book.api.schemas import TextSchema


class GuessSchema(Schema):
    """That a column of the file is one of ours: how sure that is, and why."""

    column = fields.String(metadata={"description": "Our name; amount_fen/in and /out are two columns of one amount"})
    title = fields.Nested(TextSchema())
    confidence = fields.Float(metadata={"description": "From 0 to 1"})
    reason = fields.Nested(TextSchema())


class PreviewColumnSchema(Schema):
    """A column of the file: what it is taken for, null for nothing, and what else it could be."""

    title = fields.String()
    taken = fields.Nested(GuessSchema(), allow_none=True)
    others = fields.List(fields.Nested(GuessSchema()))
    examples = fields.List(fields.String(), metadata={"description": "Of columns that name a person, none"})


class PreviewFieldSchema(Schema):
    """A column of ours."""

    column = fields.String()
    title = fields.Nested(TextSchema())


class PreviewRowSchema(Schema):
    """A row as it would be booked: our columns, dates as ISO dates, money in fen and, under `yuan`, in yuan."""

    line = fields.Integer()
    values = fields.Dict(keys=fields.String())
    yuan = fields.Dict(keys=fields.String(), values=fields.String())


class PreviewRejectSchema(Schema):
    """Why a row would be rejected: as the reject report of an import says it."""

    line = fields.Integer()
    column = fields.String()
    value = fields.String()
    reason = fields.String()


class PreviewTableSchema(Schema):
    """One table of the file and the first of its rows as they would be booked."""

    sheet = fields.String(allow_none=True)
    kind = fields.String()
    columns = fields.List(fields.Nested(PreviewColumnSchema()))
    choices = fields.List(
        fields.Nested(PreviewFieldSchema()), metadata={"description": "What a column of this kind can be taken for"}
    )
    missing = fields.List(
        fields.Nested(PreviewFieldSchema()), metadata={"description": "Without which no row can be booked"}
    )
    ignored = fields.List(fields.String())
    rows = fields.List(fields.Nested(PreviewRowSchema()))
    checked = fields.Integer(metadata={"description": "How many rows were looked at"})
    accepted = fields.Integer()
    rejected = fields.Integer()
    rejects = fields.List(fields.Nested(PreviewRejectSchema()))
    notes = fields.List(fields.String())


class PreviewKindSchema(Schema):
    """A kind that the file could be."""

    kind = fields.String()
    confidence = fields.Float()
    missing = fields.List(fields.String())


class PreviewSchema(Schema):
    """What a file is likely to be, and how to import it."""

    file = fields.String()
    form = fields.String(metadata={"description": "text, xlsx, xls, parquet, json, html, xml, ofd, zip"})
    encoding = fields.String(allow_none=True)
    whole = fields.Boolean(metadata={"description": "Whether all of the file was looked at"})
    kind = fields.String(allow_none=True)
    confidence = fields.Float(allow_none=True)
    connector = fields.String(allow_none=True, metadata={"description": "One that there is and that fits"})
    connectors = fields.List(fields.String(), metadata={"description": "All that fit"})
    declaration = fields.Nested(
        DeclarationSchema(),
        allow_none=True,
        metadata={"description": "What to save as a connector first (PUT /v1/connectors/{name}), corrected or not"},
    )
    needs_enterprise = fields.Boolean(metadata={"description": "Nothing names it: import with ?enterprise="})
    enterprise = fields.String(
        allow_none=True,
        metadata={"description": "To be named with the import: the one that was named, or that all rows are about"},
    )
    sheets = fields.List(fields.String(), metadata={"description": "Those of a workbook that are not hidden"})
    kinds = fields.List(fields.Nested(PreviewKindSchema()))
    tables = fields.List(fields.Nested(PreviewTableSchema()))
    notes = fields.List(fields.String())
