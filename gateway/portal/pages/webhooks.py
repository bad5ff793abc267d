"""The console of webhooks: the endpoints of a client, what was sent to them, what became of it, sending it again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from gateway.portal.visit import ask, ask_list, page, say, visitor

RECEIVERS = ("bank", "platform", "enterprise")
A_PAGE = 20


def console() -> ResponseReturnValue:
    """List the visitor's endpoints and the messages to them, newest first."""
    visitor(*RECEIVERS)
    listed = ask_list("/webhooks/deliveries", A_PAGE)
    return page(
        "webhooks.html",
        endpoints=ask("GET", "/webhooks", query={"limit": A_PAGE})["items"],
        deliveries=[_row(each) for each in listed.items],
        next=listed.next,
        cursor=listed.cursor,
        nonce=uuid4().hex,
        notice=say("webhooks.sent_again") if request.args.get("did") == "replayed" else None,
    ), 200


def replay(delivery: str) -> ResponseReturnValue:
    """Send a message again, under the id that it had."""
    visitor(*RECEIVERS)
    if not delivery.replace("_", "").isalnum():
        raise NotFound("There is no such message.")
    ask("POST", f"/webhooks/deliveries/{delivery}/replay", key=request.form.get("nonce") or uuid4().hex)
    return redirect(url_for("portal.webhooks_console", did="replayed"), 303)


def _row(delivery: dict[str, Any]) -> dict[str, Any]:
    """Return a line: what the message tells of, beside what became of it."""
    message = delivery["message"]
    return {**delivery, "kind": message["type"], "about": message["data"].get("id")}
