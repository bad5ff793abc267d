"""The catalogue's version names its formulas: a score stored with it can be reproduced."""

from __future__ import annotations

from hashlib import sha256

from invoice_books import AS_OF, book, purchase, sale

from services.profile.portrait.domain.features import CATALOGUE, VERSION, compute

# The version, and the digest of all features of the book below. If this fails because a formula, a window, a unit or
# a direction was changed on purpose, raise REVISION in catalogue.py and write both down anew.
PINNED = ("2026.14-48bb835e", "350fb26924763b71")


def test_a_changed_formula_has_a_new_version() -> None:
    """Every feature has a value in this book, and all of them together are pinned to the version."""
    days = [f"{year}-{month:02}-{day}" for year in (2017, 2018, 2019) for month in range(1, 13) for day in (15, 27)]
    rows = [
        make(day, 1_000 + 37 * place % 991, f"P{place * place % 11}", tax=place % 7, status=status)
        for make in (sale, purchase)
        for place, day in enumerate(days)
        for status in ("valid", *(["void"] if place % 9 == 0 else []))
    ]
    reds = [sale("2019-11-11", -300, "P1"), purchase("2019-10-11", -200, "P4")]
    features = compute(book(*rows, *reds), as_of=AS_OF)
    values = features.select(feature.name for feature in CATALOGUE).row(0)
    assert None not in values
    assert (VERSION, sha256(repr(values).encode()).hexdigest()[:16]) == PINNED
