"""What goes over the wire, as marshmallow knows it: it refuses what it does not know and documents the rest."""

from __future__ import annotations

from datetime import UTC, datetime

import marshmallow
from marshmallow import EXCLUDE, fields, validate

from chassis.web.schemas import Schema
from services.profile.book.domain.departure import DIGITS
from services.profile.standards.codes import enterprise_id

# Beyond these a moment cannot be brought to UTC.
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
MOMENT = validate.Range(EARLIEST, LATEST)
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

    as_of = fields.Date(load_default=None, metadata={"description": "The book's own day unless given: GET /v1/book"})
    known_at = fields.AwareDateTime(
        load_default=None, validate=MOMENT, metadata={"description": "All that is known unless given"}
    )


class TextSchema(Schema):
    """The same words in two languages."""

    zh = fields.String()
    en = fields.String()
