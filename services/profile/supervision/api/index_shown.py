"""The index as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from chassis.data.jobs import JobState
from services.profile.standards import industries, regions
from services.profile.standards.text import Text
from services.profile.supervision import index_store
from services.profile.supervision.domain.cells import ANYWHERE, EVERY, NATION, UNKNOWN
from services.profile.supervision.domain.index_rules import components, declared, rules_on, title
from services.profile.supervision.domain.pack import Pack
from services.profile.supervision.domain.panel import LEAST
from services.profile.supervision.tables import IndexCell, IndexMonth

NAMED = {
    NATION: Text("全国", "the whole country"),
    ANYWHERE: Text("地区未知或合并", "region unknown, or of few firms"),
    EVERY: Text("全部行业", "all industries"),
    UNKNOWN: Text("行业未知或合并", "industry unknown, or of few firms"),
}
HUNDREDTHS = 100


def head(months: Sequence[IndexMonth]) -> dict[str, Any]:
    """Show what the months have in common: the components of the latest one, and what the figures are of."""
    pack = _rules(months)
    return {
        "synthetic": months[-1].synthetic if months else None,
        "least_firms": LEAST,
        "components": [
            {"key": name, "title": title(name), "most": most / HUNDREDTHS} for name, most in components(pack).items()
        ],
        "sources": list(pack.sources),
        "months": [
            {name: getattr(each, name) for name in ("month", "known_at", "rules", "synthetic", "published_at")}
            for each in months
        ],
    }


def cell(row: IndexCell) -> dict[str, Any]:
    """Show one cell."""
    found = index_store.figures(row)
    shown = {
        "month": row.month,
        "level": row.level,
        "region": {"code": row.region, "name": _region(row.region)},
        "industry": {"code": row.industry, "name": _industry(row.industry)},
        "hidden": found is None,
    }
    if found is None:
        return shown | dict.fromkeys(("firms", "index", "components", "known_share", "change"))
    change = found.change
    return shown | {
        "firms": found.firms,
        "index": found.index / HUNDREDTHS,
        "components": {name: points / HUNDREDTHS for name, points in found.components.items()},
        "known_share": found.known / HUNDREDTHS / HUNDREDTHS,
        "change": change
        and {
            "total": change.total / HUNDREDTHS,
            "components": {name: points / HUNDREDTHS for name, points in change.components.items()},
            "composition": change.composition / HUNDREDTHS,
        },
    }


def order(order_id: str, months: Sequence[str], state: JobState) -> dict[str, Any]:
    """Show an order of months."""
    return {"id": order_id, "state": state.state, "months": list(months), "done": state.done, "problem": state.problem}


def table(rows: Iterable[IndexCell], months: Sequence[IndexMonth]) -> Iterator[str]:
    """Give the lines of a CSV file: one a cell, hidden ones with empty figures."""
    names = list(components(_rules(months)))
    synthetic = str(bool(months and months[-1].synthetic)).lower()
    titles = ("month", "level", "region", "region_name", "industry", "industry_name", "firms", "index")
    yield _line([*titles, *names, "known_share", "change", "composition", "synthetic"])
    for row in rows:
        each = cell(row)
        points, change = each["components"] or {}, each["change"] or {}
        place = [
            each["region"]["code"],
            each["region"]["name"].zh,
            each["industry"]["code"],
            each["industry"]["name"].zh,
        ]
        told = [*(points.get(name) for name in names), each["known_share"]]
        moved = [change.get("total"), change.get("composition")]
        yield _line([row.month, row.level, *place, each["firms"], each["index"], *told, *moved, synthetic])


def _rules(months: Sequence[IndexMonth]) -> Pack:
    return rules_on(months[-1].rules) if months else declared()[-1]


def _region(code: str) -> Text:
    known = regions.by_code().get(code)
    above = regions.by_code().get(code[:2] + "0000")
    name = known.name if known else f"{above.name}（{code}）" if above else code
    return NAMED.get(code) or Text(name, code)


def _industry(code: str) -> Text:
    if code in NAMED:
        return NAMED[code]
    found = industries.find(code).title
    return Text(found.zh, found.en) if found else Text(code, code)


def _line(values: Sequence[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(["" if each is None else each for each in values])
    return buffer.getvalue()
