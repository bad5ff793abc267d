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
# What is said after which act.
DONE = {"replayed": "webhooks.sent_again", "enabled": "webhooks.enabled", "tried": "webhooks.tried"}


def console() -> ResponseReturnValue:
    """List the visitor's endpoints and the messages to them, newest first."""
    did = DONE.get(request.args.get("did", ""))
    visitor(*RECEIVERS)
    listed = ask_list("/webhooks/deliveries", A_PAGE)
    return page(
        "webhooks.html",
        endpoints=ask("GET", "/webhooks", query={"limit": A_PAGE})["items"],
        deliveries=[_row(each) for each in listed.items],
        next=listed.next,
        cursor=listed.cursor,
        nonce=uuid4().hex,
        notice=say(did) if did else None,
    ), 200


def replay(delivery: str) -> ResponseReturnValue:
    """Send a message again, under the id that it had."""
    visitor(*RECEIVERS)
    return _do(f"/webhooks/deliveries/{_known(delivery)}/replay", "replayed")


def enable(hook: str) -> ResponseReturnValue:
    """Send to an endpoint again that was put aside."""
    visitor(*RECEIVERS)
    return _do(f"/webhooks/{_known(hook)}/enable", "enabled")


def try_out(hook: str) -> ResponseReturnValue:
    """Send a test message to an endpoint."""
    visitor(*RECEIVERS)
    return _do(f"/webhooks/{_known(hook)}/test", "tried")


def _do(path: str, did: str) -> ResponseReturnValue:
    ask("POST", path, key=request.form.get("nonce") or uuid4().hex)
    return redirect(url_for("portal.webhooks_console", did=did), 303)


def _known(name: str) -> str:
    """Return an id as a part of a path; raise `NotFound` for what is none."""
    if not name.replace("_", "").isalnum():
        raise NotFound("There is no such endpoint or message.")
    return name


def _row(delivery: dict[str, Any]) -> dict[str, Any]:
    """Return a line: what the message tells of, beside what became of it."""
    message = delivery["message"]
    return {**delivery, "kind": message["type"], "about": message["data"].get("id")}
