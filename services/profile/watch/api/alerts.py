"""Early warning: a firm's signals, a bank's feed of alerts, acknowledging, subscribing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest

from chassis.web import idempotency, paging
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, Shows, refuses, shows
from chassis.web.reading import whole
from services.profile.book.api import shown
from services.profile.book.api.current import context
from services.profile.book.api.schemas import MomentSchema
from services.profile.book.domain.moment import Asked
from services.profile.book.domain.party import named
from services.profile.book.domain.permit import Permit
from services.profile.rights.api.reading import PURPOSE, marked, marks, reading
from services.profile.rights.domain.resource import Resource
from services.profile.standards.codes import enterprise_id
from services.profile.watch import alert_store, tables
from services.profile.watch.api.signal_schemas import (
    AlertPageSchema,
    AlertSchema,
    NoteSchema,
    SignalRecordPageSchema,
    SignalsSchema,
    SubscriptionOrderSchema,
    SubscriptionPageSchema,
    SubscriptionSchema,
)
from services.profile.watch.domain.signals import BY_KEY, SEVERITIES
from services.profile.watch.domain.signals.contagion import KEY as CONTAGION
from services.profile.watch.usecases.read_alerts import (
    acknowledge,
    open_alert,
    read_alert_records,
    read_feed,
    told_fallen,
    withheld,
)
from services.profile.watch.usecases.read_signals import Happening, Signals, Standing, read_signals
from services.profile.watch.usecases.subscribe import Wish, end_subscription, subscribe
from services.profile.watch.usecases.view import DEFAULT

signals = Blueprint("signals", __name__, url_prefix="/v1/enterprises", description="Early warning of a firm")
feed = Blueprint("alerts", __name__, url_prefix="/v1/alerts", description="Alerts of the firms that you watch")
subscriptions = Blueprint("subscriptions", __name__, url_prefix="/v1/subscriptions", description="Whom you watch")
STATES = ("open", "cleared")
# Beyond what any alert rests on.
MOST_RECORDS = 10**9
FILTERS = [
    {"in": "query", "name": "severity", "schema": {"type": "string", "enum": list(SEVERITIES)}},
    {"in": "query", "name": "signal", "schema": {"type": "string", "enum": sorted(BY_KEY)}},
    {"in": "query", "name": "state", "schema": {"type": "string", "enum": list(STATES)}},
    {"in": "query", "name": "enterprise", "schema": {"type": "string"}},
]


@signals.get("/<enterprise>/signals")
@refuses(signals, 404, 422)
@requires("enterprises:read")
@signals.arguments(MomentSchema(), location="query")
@signals.response(200, SignalsSchema())
@signals.doc(parameters=[PURPOSE])
def get_signals(moment: dict[str, Any], enterprise: str) -> Response:
    """Read an enterprise's early-warning signals, and the log of its alerts.

    With `as_of` or `known_at` the moment is evaluated by the thresholds of its day, and `alerts` is empty.
    """
    asked = reading(Resource.SIGNALS, moment.get("as_of"))
    found = read_signals(context(), asked, enterprise_id(enterprise), Asked(**moment))
    return json_answer(marked(found.file.permit, _signals(found)))


@feed.get("")
@refuses(feed, 400, 422)
@requires("enterprises:read")
@feed.response(200, AlertPageSchema())
@feed.doc(parameters=[PURPOSE, *FILTERS, *paging.PARAMETERS])
def list_alerts() -> Response:
    """List the alerts that you subscribed to, newest first, of firms whose consent to monitoring is live.

    Each firm on the page finds the read in its access record. Subscribe with POST /v1/subscriptions first.
    """
    asked, filters = reading(Resource.ALERTS), _filters()
    with context().database.begin() as session:
        paged = partial(paging.page, session, key=[tables.Alert.id], show=lambda alert: alert, newest_first=True)
        found = read_feed(context(), session, asked, filters, paged)
        if found is None:
            return json_answer({"items": [], "next": None})
        noted = alert_store.acknowledgements(session, [alert.id for alert in found.alerts], asked.caller.client)
        items = [_alert(alert, noted, found.permit, found.ties) for alert in found.alerts]
    disputed = marks(found.permit)
    items = [{**item, "disputes": disputed.get(item["enterprise"], [])} for item in items]
    return json_answer({"items": items, "next": found.next})


@feed.get("/<alert_id>/records")
@refuses(feed, 400, 404, 422)
@requires("enterprises:read")
@feed.response(200, SignalRecordPageSchema())
@feed.doc(parameters=[PURPOSE, *paging.PARAMETERS])
def list_alert_records(alert_id: str) -> Response:
    """List every record that made an alert fire, by evaluating its moment again."""
    start, limit = whole(request.args.get("cursor", "0")), paging.limit()
    if start is None or start >= MOST_RECORDS:
        raise BadRequest("The cursor is not one of ours; take `next` of the page before, as it is.")
    found = read_alert_records(context(), reading(Resource.ALERT), alert_id, start, limit)
    following = str(start + limit) if start + limit < found.count else None
    page = {"items": found.rows.to_dicts(), "records_count": found.count, "next": following}
    return json_answer(marked(found.permit, page))


@feed.post("/<alert_id>/acknowledge")
@refuses(feed, 400, 404, 422)
@requires("alerts:write")
@feed.arguments(NoteSchema())
@feed.response(200, AlertSchema())
@idempotency.documented
@feed.doc(parameters=[PURPOSE])
def post_acknowledgement(said: dict[str, Any], alert_id: str) -> Response:
    """Acknowledge an alert for your own house, with a note; others' acknowledgements are their own."""
    asked = reading(Resource.ALERT)

    def effect() -> dict[str, str]:
        acknowledge(context(), session, opened, asked.caller.client, said["note"])
        return {"alert": alert_id}

    with context().database.begin() as session:
        # Also where the key is repeated: the consent may have ended, and a record may have left the book.
        opened = open_alert(context(), session, asked, alert_id)
        idempotency.once(session, effect)
        noted = alert_store.acknowledgements(session, [alert_id], asked.caller.client)
        shown_alert = _alert(opened.alert, noted, opened.permit, opened.ties)
    return json_answer(marked(opened.permit, shown_alert))


@subscriptions.post("")
@refuses(subscriptions, 400, 422)
@requires("alerts:write")
@subscriptions.arguments(SubscriptionOrderSchema())
@subscriptions.response(201, SubscriptionSchema())
@idempotency.documented
@shows(Shows.OWN_WORDS)
def post_subscription(order: dict[str, Any]) -> Response:
    """Subscribe to alerts: of these firms or of all that consent to monitoring, of these signals and severities."""
    wish = Wish(**{name: None if order[name] is None else tuple(order[name]) for name in order})
    with context().database.begin() as session:
        answer = idempotency.once(
            session, lambda: shown.plain(_subscription(subscribe(context(), session, caller(), wish)))
        )
    return json_answer(answer, 201)


@subscriptions.get("")
@refuses(subscriptions, 400)
@requires("enterprises:read")
@subscriptions.response(200, SubscriptionPageSchema())
@subscriptions.doc(parameters=paging.PARAMETERS)
@shows(Shows.OWN_WORDS)
def list_subscriptions() -> Response:
    """List your subscriptions that have not ended, newest first."""
    table = tables.Subscription
    query = select(table).where(table.client == caller().client, table.ended_at.is_(None))
    with context().database.read() as session:
        return json_answer(paging.page(session, query, [table.id], _subscription, newest_first=True))


@subscriptions.post("/<subscription_id>/end")
@refuses(subscriptions, 404)
@requires("alerts:write")
@subscriptions.response(200, SubscriptionSchema())
@idempotency.repeatable
@shows(Shows.OWN_WORDS)
def post_subscription_end(session: Session, subscription_id: str) -> dict[str, Any]:
    """End a subscription."""
    return shown.plain(_subscription(end_subscription(context(), session, caller(), subscription_id)))


def _filters() -> dict[str, Any]:
    allowed = {"severity": SEVERITIES, "signal": tuple(BY_KEY), "state": STATES}
    found: dict[str, Any] = {}
    for name, values in allowed.items():
        given = request.args.get(name)
        if given and given not in values:
            raise BadRequest(f"{name} must be one of: {', '.join(sorted(values))}.")
        found[name] = given
    if given := request.args.get("enterprise"):
        found["enterprise"] = enterprise_id(given)
    return found


def _signals(found: Signals) -> dict[str, Any]:
    return {
        "enterprise": found.file.enterprise,
        "as_of": found.facts.moment.as_of,
        "known_at": found.facts.known_at,
        "version": found.version,
        "signals": [_standing(standing) for standing in found.standings],
        "alerts": [_alert(alert, found.acknowledged, found.file.permit) for alert in found.alerts],
    }


def _standing(standing: Standing) -> dict[str, Any]:
    signal, threshold = standing.signal, standing.threshold
    return {
        "key": signal.key,
        "number": signal.number,
        "title": asdict(signal.title),
        "explains": asdict(signal.explains),
        "severity": signal.severity,
        "unit": signal.unit,
        "state": standing.state,
        "value": standing.value,
        "reference": standing.reference,
        "threshold": {"valid_from": threshold.valid_from, "source": threshold.source, "values": threshold.values},
        "happenings": [_happening(happening) for happening in standing.happenings],
    }


def _happening(happening: Happening) -> dict[str, Any]:
    said = {name: happening.reading[name] for name in ("subject", "value", "reference", "occurred_on")}
    return {**said, "records": happening.records, "records_count": happening.records_count}


def _alert(alert: tables.Alert, noted: Mapping[str, Any], permit: Permit, ties: Permit | None = None) -> dict[str, Any]:
    """Show an alert as far as the permit goes: what became of it is told as of the day on which it did."""
    signal, hidden, mine = BY_KEY[alert.signal], withheld(alert), noted.get(alert.id)
    shows = partial(permit.shows, alert.enterprise)
    path = [] if hidden else _path(alert, ties)
    # Who fell beyond a book's firms is told with the way to them, while that is open, or not at all.
    apart = hidden or (alert.signal == CONTAGION and not path)
    cleared_on = alert.cleared_on if alert.cleared_on and shows(alert.cleared_on) else None
    return {
        "id": alert.id,
        "enterprise": alert.enterprise,
        "signal": alert.signal,
        "title": asdict(signal.title),
        "explains": asdict(signal.explains),
        "severity": alert.severity,
        "unit": signal.unit,
        "state": "cleared" if cleared_on else "open",
        "subject": None if apart else alert.subject,
        "value": None if hidden else alert.value,
        "occurred_on": None if hidden else alert.occurred_on,
        **{name: getattr(alert, name) for name in ("reference", "opened_on", "opened_at")},
        "latest": alert.latest if alert.latest_on and shows(alert.latest_on) and not hidden else None,
        "calm_since": alert.calm_since if alert.calm_since and shows(alert.calm_since) else None,
        "cleared_on": cleared_on,
        "version": alert.version,
        "known_at": alert.known_at,
        "path": path,
        "records": [] if apart else alert.records,
        "records_count": 0 if apart else alert.records_count,
        "withheld": hidden,
        "acknowledged": {"client": mine.client, "note": mine.note, "at": mine.at} if mine else None,
    }


def _path(alert: tables.Alert, ties: Permit | None) -> list[dict[str, Any]]:
    """Show the debts along which trouble came, as far as the files of those on the way are open.

    Of signal 14 it is one hop, whose start its subject is; amounts are behind it, in its records.
    """
    if alert.signal == DEFAULT and alert.subject:
        return [{"debtor": named(alert.subject), "tie": "trade", "amount_fen": None, "told": None}]
    if not alert.path or ties is None or not ties.shows(alert.enterprise, alert.opened_on):
        return []
    public = told_fallen(alert)
    return [
        {**hop, "debtor": hop["debtor"] if hop["debtor"] in public or _open(ties, hop["debtor"], alert) else None}
        for hop in alert.path
    ]


def _open(ties: Permit, firm: str | None, alert: tables.Alert) -> bool:
    return firm is not None and ties.shows(firm, alert.opened_on)


def _subscription(row: tables.Subscription) -> dict[str, Any]:
    names = ("id", "enterprises", "signals", "severities", "created_at", "ended_at")
    return {name: getattr(row, name) for name in names}
