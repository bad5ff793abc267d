"""`/v1/clients`: the operator brings clients in and gives and ends their keys."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import fields, validate
from werkzeug.exceptions import BadRequest

from chassis.web import paging
from chassis.web.answers import json_answer
from chassis.web.caller import requires
from chassis.web.openapi import Blueprint, Shows, shows
from chassis.web.schemas import Schema
from gateway.identity.api.current import identity
from gateway.identity.registry import ID, LONGEST_NAME
from gateway.identity.roles import DEFAULT_SCOPES, MADE_BY_COMMAND_ONLY
from gateway.identity.store import Client

blueprint = Blueprint(
    "clients", __name__, url_prefix="/v1/clients", description="Clients of the suite, their roles and their API keys."
)
AT_ONCE = 10_000


class NewClientSchema(Schema):
    """A client to bring in."""

    id = fields.String(required=True, validate=validate.Regexp(rf"^{ID.pattern}\Z"), metadata={"example": "bank-1"})
    role = fields.String(required=True, validate=validate.OneOf(sorted(DEFAULT_SCOPES.keys() - MADE_BY_COMMAND_ONLY)))
    enterprise = fields.String(
        load_default=None,
        validate=validate.Length(1, 128),
        metadata={"description": "The enterprise that a client of role enterprise is", "example": "local:E17"},
    )
    name = fields.String(
        load_default=None,
        validate=validate.Length(max=LONGEST_NAME),
        metadata={"description": "A bank's products bear it", "example": "青禾示例银行 Qinghe Example Bank"},
    )


class IssuedKeySchema(Schema):
    """A key, shown this once."""

    id = fields.String(metadata={"description": "The client"})
    key_id = fields.String(metadata={"description": "The key's public part, by which it is disabled"})
    key = fields.String(metadata={"description": "The API key. It is not stored and cannot be shown again."})


class ClientSchema(Schema):
    """A client."""

    id = fields.String()
    role = fields.String()
    enterprise = fields.String(allow_none=True)
    name = fields.String(allow_none=True)
    disabled = fields.Boolean()
    keys = fields.List(fields.String(), metadata={"description": "Public ids of its live keys, the oldest first"})


class ClientPageSchema(Schema):
    """A page of clients in the order of their ids."""

    items = fields.List(fields.Nested(ClientSchema))
    next = fields.String(allow_none=True, metadata={"description": "`cursor` of the next page, null on the last"})


@blueprint.post("")
@requires("clients:write")
@blueprint.arguments(NewClientSchema(many=True))
@blueprint.response(201, IssuedKeySchema(many=True))
def add_clients(clients: list[dict[str, Any]]) -> Response:
    """Bring clients in and show a key for each.

    All of them are added, or none. The keys are shown this once; a lost answer is mended with a new key for the
    client. Because the answer holds secrets it is not kept for an Idempotency-Key: a repetition finds the clients
    existing and answers 409.
    """
    if not 0 < len(clients) <= AT_ONCE:
        raise BadRequest(f"Send a list of 1 to {AT_ONCE} clients.")
    added = [Client(each["id"], each["role"], each["enterprise"], each["name"]) for each in clients]
    issued = identity().clients.add(added)
    return _secret(
        [{"id": client.id, "key_id": key.id, "key": key.text} for client, key in zip(added, issued, strict=True)]
    )


@blueprint.get("")
@requires("clients:write")
@blueprint.doc(parameters=paging.PARAMETERS)
@blueprint.response(200, ClientPageSchema())
@shows(Shows.OWN_WORDS)
def list_clients() -> Response:
    """List clients and the public ids of their live keys."""
    items, cursor = identity().clients.page(request.args.get("cursor", ""), paging.limit())
    return json_answer({"items": items, "next": cursor})


@blueprint.post("/<client>/keys")
@requires("clients:write")
@blueprint.response(201, IssuedKeySchema())
def add_key(client: str) -> Response:
    """Give a client its second live key, shown this once."""
    issued = identity().clients.add_key(client)
    return _secret({"id": client, "key_id": issued.id, "key": issued.text})


@blueprint.delete("/<client>/keys/<key>")
@requires("clients:write")
@blueprint.response(204)
def disable_key(client: str, key: str) -> Response:
    """End a key at once, with every token that came from it."""
    identity().clients.disable_key(client, key)
    return Response(status=204)


@blueprint.post("/<client>/disable")
@requires("clients:write")
@blueprint.response(204)
def disable_client(client: str) -> Response:
    """End a client at once, with all its keys and tokens."""
    identity().clients.disable(client)
    return Response(status=204)


def _secret(value: Any) -> Response:
    answer = json_answer(value, 201)
    answer.headers["Cache-Control"] = "no-store"
    return answer
