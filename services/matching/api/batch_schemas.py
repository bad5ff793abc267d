"""The shapes of match batches."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import EnterpriseId, Schema
from services.matching.api.job_schemas import JobSchema
from services.matching.api.schemas import MOST_ENTERPRISES, NeedSchema


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


class BatchSchema(JobSchema):
    """An order to match many enterprises."""

    need = fields.Dict()
    as_of = fields.Date(allow_none=True)
    created_at = fields.DateTime()
