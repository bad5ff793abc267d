"""Classes as the JSON that clients see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from services.profile.supervision.domain.classified import Share, Step
from services.profile.supervision.domain.counted import Met
from services.profile.supervision.domain.inspection import Inspection
from services.profile.supervision.domain.pack import FULL, Cap, Class, Pack
from services.profile.supervision.usecases.classify import Explained
from services.profile.supervision.usecases.list_classes import Listed

STEPS = 6


def explained(found: Explained) -> dict[str, Any]:
    """Show one firm's class with its reasons."""
    standing, facts = found.standing, found.file.facts
    return {
        "enterprise": found.file.enterprise,
        "as_of": facts.moment.as_of,
        "known_at": facts.known_at,
        "sector": _sector(standing.pack),
        "class": standing.grade,
        "by_points": standing.by_points,
        "points": standing.points / FULL,
        "known_weight": standing.known,
        "thresholds": {str(name): least / FULL for name, least in standing.pack.least.items()},
        "indicators": [_indicator(each) for each in found.shares],
        "caps": [_cap(cap, records) for cap, records in found.caps],
        "steps": [_step(each) for each in found.steps[:STEPS]],
        "inspection": _inspection(found.inspection, standing.grade),
    }


def listed(found: Listed, marks: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Show a page of classes."""
    treatments = found.inspection.classes
    return {
        "as_of": found.as_of,
        "known_at": found.known_at,
        "counts": [
            {"class": each, "count": found.counts.get(each, 0), "rate": treatments[each].rate} for each in Class
        ],
        "withheld": found.permit.withheld,
        "items": [
            {
                "enterprise": each.enterprise,
                "sector": each.pack.sector,
                "class": each.grade,
                "points": each.points / FULL,
                "known_weight": each.known,
                "rate": treatments[each.grade].rate,
                "disputes": marks.get(each.enterprise, []),
            }
            for each in found.standings
        ],
    }


def _sector(pack: Pack) -> dict[str, Any]:
    return {"key": pack.sector, "title": pack.title, "valid_from": pack.valid_from, "sources": list(pack.sources)}


def _indicator(share: Share) -> dict[str, Any]:
    rule = share.rule
    return {
        "key": rule.key,
        "title": rule.title,
        "dimension": rule.dimension,
        "unit": rule.unit,
        "known": share.value is not None,
        "value": share.value,
        "weight": rule.weight,
        "points": share.points / FULL,
        "most": share.most / FULL,
    }


def _cap(cap: Cap, records: Sequence[Met]) -> dict[str, Any]:
    shown = [{"type": (said := asdict(each)).pop("sort"), **said} for each in records]
    return {"at_most": cap.at_most, "title": cap.title, "source": cap.source, "records": shown}


def _step(step: Step) -> dict[str, Any]:
    return {
        "key": step.rule.key,
        "title": step.rule.title,
        "how": step.how,
        "found": step.found,
        "needed": step.needed,
        "points": step.points / FULL,
        "enough": step.enough,
    }


def _inspection(inspection: Inspection, grade: Class) -> dict[str, Any]:
    treatment = inspection.classes[grade]
    return {
        **{name: getattr(treatment, name) for name in ("title", "treatment", "rate", "factor")},
        "base": inspection.base,
        "valid_from": inspection.valid_from,
        "sources": list(inspection.sources),
    }
