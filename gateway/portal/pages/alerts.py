"""Early warning: a bank's feed of alerts with what it noted, and a firm's own signals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from gateway.portal.visit import ask, ask_list, firm_path, named_firms, own_firm, page, say, visitor

WATCHERS = ("bank", "platform")
SEVERITIES = ("serious", "warning", "notice")
STATES = ("open", "cleared")
ALERTS_A_PAGE = 20
PURPOSE = "credit-monitoring"
RECORDS_SHOWN = 8


def feed() -> ResponseReturnValue:
    """List the alerts of the firms that a bank watches, newest first."""
    visitor(*WATCHERS)
    subscriptions = ask("GET", "/subscriptions", query={"limit": 1})["items"]
    chosen = _chosen(request.args)
    listed = ask_list("/alerts", ALERTS_A_PAGE, purpose=PURPOSE, **chosen)
    notices = {"noted": say("alerts.noted"), "subscribed": say("alerts.subscribed")}
    return page(
        "alerts.html",
        alerts=listed.items,
        firms=named_firms(each["enterprise"] for each in listed.items),
        next=listed.next,
        cursor=listed.cursor,
        chosen=chosen,
        severities=SEVERITIES,
        states=STATES,
        subscribed=bool(subscriptions),
        shown=RECORDS_SHOWN,
        notice=notices.get(request.args.get("did", "")),
        nonce=uuid4().hex,
    )


def acknowledge(alert: str) -> ResponseReturnValue:
    """Note that an alert has been seen, and show the page of the feed that it stood on again."""
    visitor(*WATCHERS)
    if not alert.replace("_", "").isalnum():
        raise NotFound("There is no such alert.")
    note = request.form.get("note", "").strip()[:500] or None
    key = request.form.get("nonce") or uuid4().hex
    ask("POST", f"/alerts/{alert}/acknowledge", json={"note": note}, purpose=PURPOSE, key=key)
    place: dict[str, Any] = {**_chosen(request.form)}
    if cursor := request.form.get("cursor"):
        place["cursor"] = cursor
    return redirect(url_for("portal.alerts_feed", did="noted", **place), 303)


def subscribe() -> ResponseReturnValue:
    """Watch every firm that consents to monitoring, or will."""
    visitor(*WATCHERS)
    ask("POST", "/subscriptions", json={}, key=request.form.get("nonce") or uuid4().hex)
    return redirect(url_for("portal.alerts_feed", did="subscribed"), 303)


def own() -> ResponseReturnValue:
    """Show a firm its own sixteen signals and alerts."""
    answer = ask("GET", firm_path(own_firm(), "signals"))
    return page("signals.html", found=answer, groups=_groups(answer["signals"]), shown=RECORDS_SHOWN)


def _chosen(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the filters that are asked for, as far as they are known."""
    allowed = {"severity": SEVERITIES, "state": STATES}
    return {name: fields[name] for name, values in allowed.items() if fields.get(name) in values}


def _groups(signals: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the signals by state, what fires first."""
    states = ("fires", "near", "calm", "unknown", "no-source")
    grouped = [(state, [each for each in signals if each["state"] == state]) for state in states]
    return [(state, rows) for state, rows in grouped if rows]
