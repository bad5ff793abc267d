"""The shapes of match batches."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema as Outgoing
from marshmallow import fields, post_load, validate

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.api.job_schemas import JobSchema
from services.matching.api.schemas import MOST_ENTERPRISES, NeedSchema
from services.matching.usecases.match_many import BatchOrder


class BatchOrderSchema(Schema):
    """Many enterprises, null for every one that may be read, and one need."""

    enterprises = fields.List(
        EnterpriseId(),
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, MOST_ENTERPRISES),
    )
    need = fields.Nested(NeedSchema(), required=True)
    as_of = fields.Date(load_default=None, allow_none=True)

    @post_load
    def as_order(self, data: dict[str, Any], **_: Any) -> BatchOrder:
        """Return the value that the use case knows."""
        enterprises = data["enterprises"]
        return BatchOrder(None if enterprises is None else tuple(enterprises), data["need"], data["as_of"])


class BatchSchema(JobSchema):
    """An order to match many enterprises."""

    need = fields.Dict()
    as_of = fields.Date(allow_none=True)
    created_at = fields.DateTime()


class BatchPageSchema(Outgoing):
    """Orders, newest first; `next` is the cursor of the following page."""

    items = fields.List(fields.Nested(BatchSchema()))
    next = fields.String(allow_none=True)
