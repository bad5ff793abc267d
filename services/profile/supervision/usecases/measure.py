"""The values that classes and indices rest on, in columns for one firm or for many.

What a firm says of itself alone is left out: by its own word nobody is inspected less (ADR 42).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from services.profile.book import import_store
from services.profile.book.context import Context
from services.profile.book.domain.evidence import Evidence, of_others
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Permit, Whole
from services.profile.book.usecases.gather import EVERY, gather
from services.profile.portrait.domain.features import NEEDS, compute
from services.profile.portrait.domain.indicators import Trust, own
from services.profile.portrait.usecases.baseline import Baseline, baseline, parties_of, trust_of
from services.profile.supervision.domain.counted import numbers
from services.profile.supervision.domain.pack import Pack


def gathered(context: Context, moment: Moment, scope: Permit | Whole) -> Evidence:
    """Return what others than the firms themselves say of the firms of a scope."""
    with context.database.read() as session:
        own = import_store.own_imports(session)
    return of_others(gather(context, moment, scope, EVERY), own)


def figures(context: Context, moment: Moment, scope: Permit | Whole, evidence: Evidence) -> pl.DataFrame:
    """Return every figure of the catalogue for the firms of a scope: one row a firm, null where it is not known."""
    held = baseline(context, moment, evidence.enterprises["enterprise"].to_list())
    trust = trust_of(context, moment, scope, evidence)
    found = own_figures(evidence, moment.as_of, parties_of(context, moment, evidence), trust)
    return (
        evidence.enterprises.select("enterprise")
        .join(found.join(_network(held, found), on="enterprise", how="left"), on="enterprise", how="left")
        .sort("enterprise")
    )


def own_figures(evidence: Evidence, day: date, parties: pl.DataFrame, trust: Trust) -> pl.DataFrame:
    """Return the figures that the firms' own records make, and `last_on`, the day of the latest of them."""
    told = own(evidence, [day], parties, trust).drop("as_of")
    features = compute(evidence.invoices.select(NEEDS), as_of=day)
    return told.join(features, on="enterprise", how="full", coalesce=True)


def valued(pack: Pack, figures: pl.DataFrame, records: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return a column for each rule of a pack (its key) beside `enterprise`, in the order of the figures."""
    counting = [rule for rule in pack.rules if rule.counting is not None]
    found = numbers(records, [rule.counting for rule in counting if rule.counting is not None], day)
    found = found.rename({str(at): rule.key for at, rule in enumerate(counting)})
    kept = figures.select("enterprise", *(rule.key for rule in pack.rules if rule.counting is None))
    return kept.join(found, on="enterprise", how="left", maintain_order="left").select(
        "enterprise", *(rule.key for rule in pack.rules)
    )


def capped(pack: Pack, enterprises: Sequence[str], records: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return how many live records of each cap (`0`, `1` …) each firm has, in the order of the firms."""
    found = numbers(records, [cap.counting for cap in pack.caps], day)
    rows = pl.DataFrame({"enterprise": list(enterprises)}, schema={"enterprise": pl.String})
    return rows.join(found, on="enterprise", how="left", maintain_order="left").fill_null(0)


def _network(baseline: Baseline, found: pl.DataFrame) -> pl.DataFrame:
    kept = [name for name in baseline.network.columns if name == "enterprise" or name not in found.columns]
    return baseline.network.select(kept)
