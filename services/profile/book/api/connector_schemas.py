"""What goes over the wire of connectors."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import TextSchema

MOST_TITLES = 300
TITLE = validate.Length(1, 200)
WORDS = validate.Length(max=1000)
FEW = validate.Length(max=MOST_TITLES)


def _texts(**more: Any) -> fields.Dict:
    """Return a field of texts by text."""
    return fields.Dict(keys=fields.String(validate=TITLE), values=fields.String(validate=TITLE), validate=FEW, **more)


class NamedSchema(Schema):
    """What a source is called; both may be empty."""

    zh = fields.String(load_default="", validate=WORDS)
    en = fields.String(load_default="", validate=WORDS)


class Titles(fields.List[str]):
    """A list of titles, those preferred first; one alone may be given as it is."""

    def __init__(self, **more: Any) -> None:
        super().__init__(fields.String(validate=TITLE), validate=FEW, **more)

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any] | None:
        return super()._serialize([value] if isinstance(value, str) else value, *args, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        return super()._deserialize([value] if isinstance(value, str) else value, *args, **kwargs)


def _titles(**more: Any) -> fields.Dict:
    """Return a field of titles by what stands under them."""
    return fields.Dict(keys=fields.String(validate=TITLE), values=Titles(), validate=FEW, **more)


class SplitSchema(Schema):
    """One amount in several columns, or in one with a sign: where it stands tells a value of `by`.

    As debit and credit do. A title or a list of titles, those preferred first.
    """

    by = fields.String(required=True, validate=TITLE)
    amount = fields.String(required=True, validate=TITLE)
    titles = _titles(metadata={"description": "Columns of the amount, by the value that a filled one stands for"})
    signed = Titles(metadata={"description": "Columns whose sign tells"})
    above = fields.String(validate=TITLE, metadata={"description": "What a sum above zero in them stands for; in"})
    below = fields.String(validate=TITLE, metadata={"description": "What a sum below zero in them stands for; out"})
    sides = fields.Dict(
        keys=fields.String(validate=TITLE),
        values=_titles(),
        validate=FEW,
        metadata={"description": "Another column of ours that stands elsewhere by the value: payer and payee"},
    )


class DeclarationSchema(Schema):
    """A connector as it is declared: the same words as in the files that come with the service."""

    kind = fields.String(required=True, validate=TITLE, metadata={"description": "Kind of import that it is for"})
    title = fields.Nested(NamedSchema())
    about = fields.String(validate=WORDS)
    reference = fields.String(validate=WORDS)
    columns = _texts(required=True, metadata={"description": "Our column for each of the source's titles"})
    ignored = fields.List(fields.String(validate=TITLE), validate=FEW)
    units = _texts(metadata={"description": "yuan, wan or fen, by our column"})
    dates = _texts(metadata={"description": "Form of a date, as %d.%m.%Y, by our column"})
    values = fields.Dict(keys=fields.String(validate=TITLE), values=_texts(), validate=FEW)
    constants = _texts(metadata={"description": "What is the same in every row, by our column"})
    split = fields.Nested(SplitSchema())
    open = fields.Boolean(
        metadata={"description": "Leave out columns that are not known, instead of refusing the file"}
    )
    made = fields.List(
        fields.String(validate=TITLE),
        validate=FEW,
        metadata={"description": "Columns that are made up where a file has none: the serial of a statement's line"},
    )


class ConnectorSchema(Schema):
    """A source's own layout: what it calls our columns, in which units and values, and what is left out."""

    name = fields.String()
    kind = fields.String()
    title = fields.Nested(TextSchema())
    about = fields.String()
    reference = fields.String()
    columns = fields.Dict(keys=fields.String(), values=fields.String())
    units = fields.Dict(keys=fields.String(), values=fields.String())
    values = fields.Dict(keys=fields.String(), values=fields.Dict(values=fields.String()))
    split = fields.Nested(SplitSchema(), allow_none=True)
    constants = fields.Dict(keys=fields.String(), values=fields.String())
    ignored = fields.List(fields.String())
    open = fields.Boolean(metadata={"description": "Columns that are not known are left out, and told"})
    made = fields.List(fields.String(), metadata={"description": "Columns that are made up where a file has none"})
    owner = fields.String(allow_none=True, metadata={"description": "Who saved it; null: it comes with the service"})
    version = fields.Integer(allow_none=True)
    saved_at = fields.AwareDateTime(allow_none=True)
    retired_at = fields.AwareDateTime(allow_none=True)


class ConnectorDetailSchema(ConnectorSchema):
    """A connector with its declaration, to be changed and saved under a name of one's own."""

    declaration = fields.Nested(DeclarationSchema())


class ConnectorListSchema(Schema):
    """The shipped connectors, and those of the caller."""

    items = fields.List(fields.Nested(ConnectorSchema()))
    next = fields.String(allow_none=True)


class ConnectorVersionsSchema(Schema):
    """All versions of one connector, newest first."""

    items = fields.List(fields.Nested(ConnectorDetailSchema()))


class OwnerSchema(Schema):
    """Whose connector is meant: the caller's, unless the operator names another client."""

    owner = fields.String(load_default=None, validate=TITLE)
