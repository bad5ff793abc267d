"""Features and portraits as the JSON that clients see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from chassis.core.dictionary import Term
from services.profile.book.api.shown import enterprise
from services.profile.book.domain import invoice
from services.profile.book.domain.counterparty import MATCHES
from services.profile.book.domain.dataset import Column
from services.profile.book.domain.evidence import DATASETS
from services.profile.graph.domain.figures.declared import OFFERED, Figure
from services.profile.portrait.domain.features import CATALOGUE, VERSION, Feature
from services.profile.portrait.domain.indicators import INDICATORS, Indicator
from services.profile.portrait.domain.late_payment import Account, whole_fen
from services.profile.portrait.domain.portrait import Aspect, Line, Partner, starts_at
from services.profile.portrait.usecases.claim_late_payments import Claimed
from services.profile.portrait.usecases.portray import Detail, DrawnPortrait
from services.profile.portrait.usecases.read_lines import Lines
from services.profile.standards.industries import industries
from services.profile.standards.regions import by_code, place

# The unit of a column by how it is read.
RECORD_UNITS = {"money": "fen", "date": "ISO date", "day": "ISO date", "share": "ratio", "count": "count"}


def catalogue() -> dict[str, Any]:
    """Show the feature catalogue, the indicators beside it in the portrait, and the codes that rules may name."""
    return {
        "version": VERSION,
        "features": [_feature(feature) for feature in CATALOGUE],
        "indicators": [_feature(indicator) | {"source": indicator.source} for indicator in INDICATORS],
        "blocks": {"graph": [_figure(figure) for figure in OFFERED]},
        "codes": {
            "industry": [each.section + (each.division or "") for each in industries()],
            "region": list(by_code()),
            "titles": {
                "industry": {
                    each.section + (each.division or ""): {"zh": each.zh, "en": each.en} for each in industries()
                },
                "region": {code: "".join(place(code)) for code in by_code()},
            },
        },
    }


def catalogue_terms() -> dict[str, Term]:
    """Return what the data dictionary says of each feature, and of what a record behind a figure holds."""
    source = "the invoices known at the moment / 当时已知的发票"
    holders = ("Features", "Fuller", "ConfirmedFigures", "Figures", "Undisputed")
    terms = {f.name: Term(f.title.zh, f.title.en, f.unit, source) for f in CATALOGUE}
    features = {f"{holder}.values.{name}": term for holder in holders for name, term in terms.items()}
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


def recognised(match: str | None) -> dict[str, str] | None:
    """Show how the counterparty of a payment was told, in words."""
    return asdict(MATCHES[match]) if match else None


def portrait(drawn: DrawnPortrait) -> dict[str, Any]:
    """Show a portrait."""
    peers = _peers(drawn)
    return {
        "enterprise": enterprise(drawn.enterprise),
        "as_of": drawn.file.facts.moment.as_of,
        "known_at": drawn.file.facts.known_at,
        "depth": drawn.depth,
        "evidence": drawn.evidence,
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
    shown = _aspect(aspect, _peers(drawn))
    return {
        **shown,
        "enterprise": drawn.enterprise.id,
        "as_of": drawn.file.facts.moment.as_of,
        "known_at": drawn.file.facts.known_at,
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
        "enterprise": claimed.file.enterprise,
        "as_of": claimed.file.facts.moment.as_of,
        "known_at": claimed.file.facts.known_at,
        "side": claimed.side,
        "payments_since": claimed.since,
        "unrecognised_fen": claimed.unrecognised_fen,
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


def invoice_lines(found: Lines) -> dict[str, Any]:
    """Show the lines of an invoice, and who stated them."""
    return {
        "enterprise": found.file.enterprise,
        "record": found.record,
        "as_of": found.file.moment.as_of,
        "known_at": found.file.facts.known_at,
        "stated": found.stated,
        "lines": found.lines,
    }


def _peers(drawn: DrawnPortrait) -> dict[str, Any] | None:
    group, held = drawn.portrait.group, drawn.baseline
    if group is None:
        return None
    return {"group": asdict(group.title), "count": group.count, "as_of": held.day, "known_at": held.known_at}


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


def _figure(figure: Figure) -> dict[str, Any]:
    """Show a figure of ties as a feature: of each block training keeps one, and no firm changes its register."""
    return {
        "name": figure.name,
        "title": asdict(figure.title),
        "unit": figure.unit,
        "dimension": "relation",
        "direction": figure.direction,
        "model": True,
        "family": figure.block,
        "actionable": "immutable",
        "pace_per_month": None,
        "reason": {"worse": asdict(figure.worse), "better": asdict(figure.better)},
    }


def _feature(feature: Feature) -> dict[str, Any]:
    return {
        "name": feature.name,
        "title": asdict(feature.title),
        "unit": feature.unit,
        "dimension": feature.dimension,
        "direction": feature.direction,
        "model": feature.model,
        "family": feature.family,
        "actionable": feature.actionable,
        "pace_per_month": feature.pace_per_month,
        "reason": {"worse": asdict(feature.worse), "better": asdict(feature.better)},
    }
