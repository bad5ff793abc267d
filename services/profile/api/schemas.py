"""What goes over the wire, as marshmallow knows it: it refuses what it does not know and documents the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import marshmallow
from marshmallow import EXCLUDE, ValidationError, fields, validate, validates_schema

from chassis.web.schemas import Schema
from services.profile import store
from services.profile.domain.columns import SIZES, TAXPAYERS
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


class TextSchema(Schema):
    """The same words in two languages."""

    zh = fields.String()
    en = fields.String()
