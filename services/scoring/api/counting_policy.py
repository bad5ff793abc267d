"""What counts in the scores of a client whose orders do not say; each client sets its own."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from chassis.core.moments import rfc3339
from chassis.web import preconditions
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, refuses
from chassis.web.schemas import Schema
from services.scoring.api.current import context
from services.scoring.api.schemas import moment_field
from services.scoring.domain.counting import Counts
from services.scoring.store import counting
from services.scoring.tables import CountingPolicy
from services.scoring.usecases.count import set_policy

blueprint = Blueprint(
    "counting-policy", __name__, url_prefix="/v1/counting-policy", description="What counts where an order is silent"
)


class CountingOrderSchema(Schema):
    """What shall count for the caller where an order or a product does not say."""

    counts = fields.Enum(
        Counts,
        by_value=True,
        required=True,
        allow_none=True,
        metadata={"description": "null: as is usual in this installation"},
    )
    note = fields.String(allow_none=True, load_default=None, validate=validate.Length(1, 2000))


class CountingPolicySchema(Schema):
    """What counts for the caller; `version` is 0 where it never set a policy of its own."""

    counts = fields.String(metadata={"description": "What counts: its own policy, else the installation's"})
    own = fields.String(allow_none=True, metadata={"description": "Its own policy; null is the installation's"})
    installation = fields.String(metadata={"description": "What counts for those who have set nothing"})
    version = fields.Integer()
    note = fields.String(allow_none=True)
    set_at = moment_field(allow_none=True)


@blueprint.get("")
@requires("scores:soft")
@blueprint.response(200, CountingPolicySchema())
def get_counting_policy() -> Response:
    """Read what counts in the scores of the caller, and for its products, where an order or product does not say."""
    with context().database.read() as session:
        return _tagged(counting.newest(session, caller().client))


@blueprint.put("")
@requires("scores:write")
@refuses(blueprint, 412, 422)
@blueprint.arguments(CountingOrderSchema())
@blueprint.response(200, CountingPolicySchema())
@preconditions.documented
def put_counting_policy(order: dict[str, Any]) -> Response:
    """Set what counts where the caller's orders and new products do not say; it stands in the ledger.

    Scores given and products published before stay what they are. The same again changes nothing.
    """
    meant = preconditions.version_meant()
    with context().database.begin() as session:
        return _tagged(set_policy(session, caller(), order["counts"], order["note"], meant))


def _tagged(row: CountingPolicy | None) -> Response:
    usual, own = context().settings.counts, row.counts if row else None
    answer = json_answer(
        {
            "counts": own or usual,
            "own": own,
            "installation": usual,
            "version": row.version if row else 0,
            "note": row.note if row else None,
            "set_at": rfc3339(row.set_at) if row else None,
        }
    )
    answer.set_etag(str(row.version if row else 0))
    return answer
