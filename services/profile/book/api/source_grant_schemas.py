"""What goes over the wire of the grants of sources."""

from __future__ import annotations

import marshmallow
from marshmallow import EXCLUDE, fields, validate

from chassis.web.schemas import Schema
from services.profile.book.api.schemas import EnterpriseId
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.source_grant import GrantState

CLIENT = validate.Length(1, 128)
MOST_FIRMS = 10_000
FIRMS = {"description": "Of these firms alone; of any unless given"}
CHANNELS, STATES = list(Channel), list(GrantState)


def _one_of(known: list[str]) -> fields.String:
    return fields.String(validate=validate.OneOf(known))


class SourceGrantOrderSchema(Schema):
    """What a client is granted to send: each of the kinds by each of the channels."""

    client = fields.String(required=True, validate=CLIENT)
    kinds = fields.List(_one_of(list(KINDS)), required=True, validate=validate.Length(1, len(KINDS)))
    channels = fields.List(_one_of(list(CHANNELS)), required=True, validate=validate.Length(1, len(CHANNELS)))
    enterprises = fields.List(
        EnterpriseId(), load_default=None, allow_none=True, validate=validate.Length(1, MOST_FIRMS), metadata=FIRMS
    )
    document = fields.String(
        required=True,
        validate=validate.Length(1, 200),
        metadata={"description": "What the grant rests on, as the number of an agreement"},
    )
    expires_on = fields.Date(load_default=None, allow_none=True, metadata={"description": "The last day, in China"})


class SourceGrantEndSchema(Schema):
    """Why a grant ends."""

    reason = fields.String(required=True, validate=validate.Length(1, 500))


class SourceGrantsAskedSchema(marshmallow.Schema):
    """Whose grants to list."""

    class Meta:
        """Leave other query parameters alone."""

        unknown = EXCLUDE

    client = fields.String(
        load_default=None, validate=CLIENT, metadata={"description": "For the operator: of this one"}
    )


class SourceGrantSchema(Schema):
    """A grant as it stands; its terms never change."""

    id = fields.String()
    client = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    kinds = fields.List(fields.String())
    channels = fields.List(fields.String())
    enterprises = fields.List(fields.String(), allow_none=True, metadata=FIRMS)
    document = fields.String()
    expires_on = fields.Date(allow_none=True)
    granted_by = fields.String()
    granted_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)
    ended_by = fields.String(allow_none=True)
    ended_reason = fields.String(allow_none=True)


class SourceGrantPageSchema(Schema):
    """Grants, newest first."""

    items = fields.List(fields.Nested(SourceGrantSchema()))
    next = fields.String(allow_none=True)
