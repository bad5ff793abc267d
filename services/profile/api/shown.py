"""Rows and values as the JSON that clients see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from chassis.core.dictionary import Term
from chassis.data.jobs import JobState
from services.profile import tables
from services.profile.domain import invoice
from services.profile.domain.connector import Connector
from services.profile.domain.consent import Kept
from services.profile.domain.dataset import Column
from services.profile.domain.dispute import State
from services.profile.domain.enterprise import Enterprise
from services.profile.domain.evidence import DATASETS
from services.profile.domain.features import CATALOGUE, VERSION, Feature
from services.profile.domain.indicators import INDICATORS, Indicator
from services.profile.domain.late import Account, whole_fen
from services.profile.domain.notice import TITLES, Event
from services.profile.domain.peers import Group
from services.profile.domain.portrait import Aspect, Line, Partner, starts_at
from services.profile.domain.retention import Policy
from services.profile.usecases.dun import Claimed
from services.profile.usecases.portray import Detail, Drawn

NOTHING: dict[str, Any] = {
    "received": 0,
    "accepted": 0,
    "duplicate": 0,
    "rejected": 0,
    "parts": None,
    "ignored_columns": [],
    "warnings": [],
}
# The unit of a column by how it is read.
RECORD_UNITS = {"money": "fen", "date": "ISO date", "day": "ISO date", "share": "ratio", "count": "count"}
LISTED = ("id", "name", "industry", "region", "size_class", "synthetic")


def enterprise(firm: Enterprise) -> dict[str, Any]:
    """Show an enterprise."""
    return asdict(firm)


def listed(firm: Enterprise | tables.Enterprise) -> dict[str, Any]:
    """Show who an enterprise is to those who may list it."""
    return {name: getattr(firm, name) for name in LISTED}


def stated(firm: Enterprise, said: Mapping[str, Any]) -> dict[str, Any]:
    """Show a source who the enterprise is, and what it said of it itself."""
    return {name: getattr(firm, name) for name in (*LISTED, *said)}


def imported(row: tables.Import, job: JobState) -> dict[str, Any]:
    """Show an import and how far its job is."""
    state = "done" if row.finished_at else job.state
    return {
        "id": row.id,
        "kind": row.kind,
        "file": row.file,
        "client": row.client,
        "channel": row.channel,
        "connector": row.connector,
        "enterprise": row.enterprise,
        "sha256": row.sha256,
        "state": state,
        **(row.counts or NOTHING),
        "progress": {"done": job.total if state == "done" else job.done, "total": job.total},
        "problem": job.problem,
        "created_at": row.created_at,
        "finished_at": row.finished_at or job.finished_at,
    }


def connector(one: Connector) -> dict[str, Any]:
    """Show a connector: what a source calls its columns, and how they are read."""
    form = one.form
    return {
        "name": one.name,
        "kind": form.kind,
        "title": dict(one.title),
        "about": one.about,
        "reference": one.reference,
        "columns": dict(one.columns),
        "units": dict(one.units),
        "values": {column.name: dict(column.choices) for column in form.columns if column.choices and column.titles},
        "split": {"by": form.split.by, "amount": form.split.amount, "titles": dict(form.split.titles)}
        if form.split
        else None,
        "constants": dict(form.constants),
        "ignored": sorted(form.ignored or ()),
    }


def consent(row: tables.Consent) -> dict[str, Any]:
    """Show a consent."""
    same = ("id", "enterprise", "grantee", "purposes", "fields", "document_sha256")
    limits = ("most_reads_a_day", "most_reads_a_month")
    signature = ("signed_by", "signed_session", "signed_person", "terms_sha256")
    times = ("valid_from", "valid_until", "as_of_from", "as_of_until", "created_at", "revoked_at")
    told = {name: getattr(row, name) for name in (*same, *limits, *signature)}
    return told | {name: moment and moment.isoformat() for name in times for moment in (getattr(row, name),)}


def kept(one: Kept) -> dict[str, Any]:
    """Show what stays on file when a consent ends."""
    return {"what": one.what, "title": words(one.title), "basis": words(one.basis)}


def access(row: tables.Access) -> dict[str, Any]:
    """Show one read of a file."""
    names = ("at", "client", "actor", "purpose", "consent", "what", "request_id", "ledger_entry")
    return {name: getattr(row, name) for name in names}


def dispute(row: tables.Dispute, now: datetime) -> dict[str, Any]:
    """Show a dispute; `overdue` where its term is over and it is still open."""
    names = ("id", "enterprise", "before", "reason", "statement", "state", "reply", "correction")
    times = ("opened_at", "due_at", "decided_at")
    item = {"kind": row.kind, "record": row.record, "field": row.field}
    told = {name: getattr(row, name) for name in (*names, *times)}
    return {**told, "item": item, "overdue": row.state == State.OPEN and now > row.due_at}


def repair(row: tables.Repair) -> dict[str, Any]:
    """Show a repair."""
    names = ("id", "enterprise", "record", "tier", "published_on", "decided_on", "authority", "document", "created_at")
    return {name: getattr(row, name) for name in names}


def policy(one: Policy) -> dict[str, Any]:
    """Show a policy of retention."""
    return {**asdict(one), "title": words(one.title), "basis": words(one.basis)}


def notice(row: tables.Notice) -> dict[str, Any]:
    """Show a notice with what its event means in words."""
    names = ("id", "event", "enterprise", "act", "facts", "created_at", "acknowledged_at")
    return {**{name: getattr(row, name) for name in names}, "title": words(TITLES[Event(row.event)])}


def words(texts: tuple[str, str]) -> dict[str, str]:
    """Show words that are declared as (Chinese, English)."""
    return dict(zip(("zh", "en"), texts, strict=True))


def plain(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document as JSON gives it back, for the store of answers."""
    told: dict[str, Any] = orjson.loads(orjson.dumps(document, option=orjson.OPT_UTC_Z))
    return told


def catalogue() -> dict[str, Any]:
    """Show the feature catalogue, and the indicators that stand beside it in the portrait."""
    return {
        "version": VERSION,
        "features": [_feature(feature) for feature in CATALOGUE],
        "indicators": [_feature(indicator) | {"source": indicator.source} for indicator in INDICATORS],
    }


def catalogue_terms() -> dict[str, Term]:
    """Return what the data dictionary says of each feature, and of what a record behind a figure holds."""
    source = "the invoices known at the moment / 当时已知的发票"
    features = {f"Features.values.{f.name}": Term(f.title.zh, f.title.en, f.unit, source) for f in CATALOGUE}
    columns: dict[str, list[Column]] = {}
    for kind in (invoice.DATASET, *DATASETS.values()):
        for column in kind.columns:
            columns.setdefault(column.name, []).append(column)
    return features | {f"TracedRecord.record.{name}": _column_term(alike) for name, alike in columns.items()}


def _column_term(alike: Sequence[Column]) -> Term:
    """Return the words of a column of records; kinds that call it differently are all named."""
    zh, en = (dict.fromkeys(words) for words in zip(*((each.titles[0], each.english) for each in alike), strict=True))
    source = "the record as its source told it / 来源方报送的记录"
    return Term("、".join(zh), ", ".join(en), RECORD_UNITS.get(alike[0].reads, ""), source)


def portrait(drawn: Drawn) -> dict[str, Any]:
    """Show a portrait."""
    peers = _peers(drawn.portrait.group)
    return {
        "enterprise": enterprise(drawn.enterprise),
        "as_of": drawn.facts.moment.as_of,
        "known_at": drawn.facts.known_at,
        "depth": drawn.depth,
        "trend_months": list(drawn.portrait.trend_months),
        "dimensions": [_aspect(aspect, peers) for aspect in drawn.portrait.dimensions],
        "months": [asdict(month) for month in drawn.portrait.months],
        "partners": {
            "customers": [_partner(partner) for partner in drawn.portrait.customers],
            "suppliers": [_partner(partner) for partner in drawn.portrait.suppliers],
        },
    }


def dimension(detail: Detail) -> dict[str, Any]:
    """Show one dimension with every figure's value, peers' median, standing and contribution."""
    drawn = detail.drawn
    [aspect] = [each for each in drawn.portrait.dimensions if each.key == detail.key]
    shown = _aspect(aspect, _peers(drawn.portrait.group))
    return {
        **shown,
        "enterprise": drawn.enterprise.id,
        "as_of": drawn.facts.moment.as_of,
        "known_at": drawn.facts.known_at,
        "depth": drawn.depth,
        "trend_months": list(drawn.portrait.trend_months),
        "features": [_line(line) for line in detail.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    figure = line.figure
    said = figure.worse if line.contribution is not None and line.contribution < 0 else figure.better
    return {
        "name": figure.name,
        "title": asdict(figure.title),
        "unit": figure.unit,
        "source": figure.source if isinstance(figure, Indicator) else "invoices",
        "value": line.value,
        "median": line.median,
        "standing": line.standing,
        "contribution": line.contribution,
        "reading": asdict(said) if line.contribution else None,
    }


def late_payments(claimed: Claimed) -> dict[str, Any]:
    """Show what is paid late, by whom, and the interest accrued."""
    rows = claimed.accounts
    return {
        "enterprise": claimed.enterprise,
        "as_of": claimed.facts.moment.as_of,
        "known_at": claimed.facts.known_at,
        "side": claimed.side,
        "payments_since": claimed.since,
        "open_fen": sum(row.open_fen for row in rows),
        "overdue_fen": sum(row.overdue_fen for row in rows),
        "interest_fen": whole_fen(sum((row.interest for row in rows), Decimal(0))),
        "items": [account(row) for row in rows],
    }


def account(row: Account) -> dict[str, Any]:
    """Show one counterparty's account; interest as whole fen and exactly."""
    told = asdict(row)
    exact = told.pop("interest")
    return {**told, "interest_fen": whole_fen(exact), "interest_exact_fen": f"{exact:f}"}


def _peers(group: Group | None) -> dict[str, Any] | None:
    return {"group": asdict(group.title), "count": group.count} if group else None


def known_at(moment: datetime) -> datetime | None:
    """Show when the book last grew, None before it first did."""
    return moment if moment.year > 1970 else None


def _aspect(aspect: Aspect, peers: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "key": aspect.key,
        "title": asdict(aspect.title),
        "score": aspect.score,
        "percentile": aspect.percentile,
        "base": starts_at(aspect.key),
        "missing": asdict(aspect.missing) if aspect.missing else None,
        "confidence": asdict(aspect.confidence) if aspect.confidence else None,
        "trend": list(aspect.trend),
        "peers": peers,
        "features": [
            {"name": feature.name, "title": asdict(feature.title), "value": value, "unit": feature.unit}
            for feature, value in aspect.features
        ],
    }


def _partner(partner: Partner) -> dict[str, Any]:
    return asdict(partner)


def _feature(feature: Feature) -> dict[str, Any]:
    return {
        "name": feature.name,
        "title": asdict(feature.title),
        "unit": feature.unit,
        "dimension": feature.dimension,
        "direction": feature.direction,
        "model": feature.model,
        "actionable": feature.actionable,
        "pace_per_month": feature.pace_per_month,
        "reason": {"worse": asdict(feature.worse), "better": asdict(feature.better)},
    }
