"""The console of webhooks: where a client is told, what was sent, what came of it, and sending it again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from gateway.portal.visit import ask, page, say, visitor

TOLD = ("bank", "platform", "enterprise")
A_PAGE = 20


def console() -> ResponseReturnValue:
    """List the visitor's endpoints and the messages to them, newest first."""
    visitor(*TOLD)
    query: dict[str, str | int] = {"limit": A_PAGE}
    if cursor := request.args.get("cursor"):
        query["cursor"] = cursor
    found = ask("GET", "/webhooks/deliveries", query=query)
    return page(
        "webhooks.html",
        endpoints=ask("GET", "/webhooks", query={"limit": A_PAGE})["items"],
        deliveries=[_row(each) for each in found["items"]],
        next=found.get("next"),
        cursor=cursor,
        nonce=uuid4().hex,
        notice=say("webhooks.sent_again") if request.args.get("did") == "replayed" else None,
    ), 200


def replay(delivery: str) -> ResponseReturnValue:
    """Send a message again, under the id that it had."""
    visitor(*TOLD)
    if not delivery.replace("_", "").isalnum():
        raise NotFound("There is no such message.")
    ask("POST", f"/webhooks/deliveries/{delivery}/replay", key=request.form.get("nonce") or uuid4().hex)
    return redirect(url_for("portal.webhooks_console", did="replayed"), 303)


def _row(delivery: dict[str, Any]) -> dict[str, Any]:
    """Return a line: what the message tells of, beside what became of it."""
    message = delivery["message"]
    return {**delivery, "kind": message["type"], "about": message["data"].get("id")}
