"""What goes over the wire of enterprises, and of what they dispute."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from chassis.web.schemas import Name, Schema
from services.profile.book import enterprise_store
from services.profile.book.api.schemas import RECORD, EnterpriseId
from services.profile.book.domain.cells import LARGEST_COUNT
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.columns import SIZES, TAXPAYERS
from services.profile.rights.domain.dispute import DESCRIPTION, KINDS, Reason

# A revenue or balance sheet of any firm there is, in fen, and within 64 bits.
FEN = validate.Range(0, 10**17)


class ItemSchema(Schema):
    """What is disputed: a record of a kind, or a field of the description."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    record = fields.String(load_default=None, allow_none=True, validate=RECORD)
    field = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(enterprise_store.DESCRIBED))

    @validates_schema
    def one_of_both(self, data: dict[str, str | None], **_: object) -> None:
        """Refuse a record without its name, and a description without its field."""
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
    name = Name(validate=validate.Length(1, 128), allow_none=True)
    rating = fields.String(validate=validate.OneOf("ABCD"), allow_none=True)
    industry = fields.String(validate=validate.Length(1, 32), allow_none=True)
    region = fields.String(validate=validate.Length(1, 32), allow_none=True)
    size_class = fields.String(validate=validate.OneOf(sorted(set(SIZES.values()))), allow_none=True)
    established_on = fields.Date(allow_none=True)
    employees = fields.Integer(strict=True, validate=validate.Range(0, LARGEST_COUNT), allow_none=True)
    revenue_fen = fields.Integer(strict=True, validate=FEN, allow_none=True)
    assets_fen = fields.Integer(strict=True, validate=FEN, allow_none=True)
    scope = fields.String(validate=validate.Length(1, 4000), allow_none=True)
    taxpayer = fields.String(validate=validate.OneOf(sorted(set(TAXPAYERS.values()))), allow_none=True)
    synthetic = fields.Boolean(load_default=False)


class EnterpriseSchema(EnterpriseBodySchema):
    """An enterprise of the book."""

    registered_on = fields.Date(
        allow_none=True,
        metadata={"description": "`established_on` as another than the enterprise itself stated it last"},
    )
    heard_assets_fen = fields.Integer(
        allow_none=True, metadata={"description": "`assets_fen` as another than the enterprise itself stated it last"}
    )
    assets_by = fields.String(
        allow_none=True,
        metadata={"description": "By which channel that was stated"},
        validate=validate.OneOf([str(each) for each in Channel]),
    )
    warnings = fields.List(
        fields.String(), metadata={"description": "What the standards do not know; nothing is refused"}
    )
    disputes = marks()


class EnterprisePageSchema(Schema):
    """A page of enterprises."""

    items = fields.List(fields.Nested(EnterpriseSchema()))
    next = fields.String(allow_none=True)
