"""Eligibility of many firms for many products: our compiled rules next to `rule-engine` on the same rules and facts.

Both sides compile their rules beforehand and answer only yes or no for each pair; where both run, the answers are
compared. The peer asks one firm at a time, in Python, so its largest case is smaller; no figure of it is extrapolated.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
import rule_engine

from services.matching.domain.all_in import make_loan
from services.matching.domain.eligibility import Shelf
from services.matching.domain.facts import Facts, Need
from services.matching.domain.levers import Lever
from services.matching.domain.match import Guide, match_all
from services.matching.domain.product import Product, read_product

DAY = date(2026, 6, 1)
NEED = Need(50_000_000, 12)
NUMBERS = {
    "sales_12m": (1e6, 5e9),
    "sales_active_months_12m": (0, 12),
    "sales_red_ratio_36m": (0, 0.4),
    "history_months": (0, 60),
    "customer_hhi_12m": (0, 1),
    "sales_growth_6m": (-1, 1),
    "score": (400, 760),
    "pd": (0.0005, 0.2),
}
UNKNOWN_SHARE = 0.05
LEVERS = {
    name: Lever(name, sign, None, unit, {"zh": name, "en": name})
    for name, sign, unit in (
        ("sales_active_months_12m", 1, "month"),
        ("sales_red_ratio_36m", -1, "ratio"),
        ("customer_hhi_12m", -1, "ratio"),
    )
}


def run() -> dict[str, Any]:
    """Measure one firm and many, and compare the answers."""
    one_firm, some_firms = facts(1), facts(50)
    shop, market = shelf(200), shelf(1_000)
    both = [
        _row("1 firm × 200 products, yes or no", shop, one_firm, rounds=9),
        _row("50 firms × 200 products, yes or no", shop, some_firms, rounds=3),
    ]
    crowd = facts(100_000)
    alone = [
        _ours("100,000 firms × 1,000 products, yes or no", lambda: market.eligible(crowd, NEED), rounds=3),
        _ours(
            "1 firm × 200 products, priced, ranked, with the whole trace",
            lambda: match_all(shop, one_firm, NEED),
            rounds=31,
        ),
        _ours(
            "the same, with what the firm can move in three features",
            lambda: match_all(shop, one_firm, NEED, Guide(LEVERS)),
            rounds=31,
        ),
        _ours(
            "1 firm × 10 products of 1 to 600 months whose fees no need bears",
            lambda: priced_anew(Shelf([_dear(n) for n in range(10)], DAY, kind_matters=False), one_firm),
            rounds=9,
        ),
    ]
    return {
        "name": "matching",
        "title": f"Eligibility by rules as data, peer: rule-engine {rule_engine.__version__}",
        "rows": [*both, *alone],
        "distinct rules": f"{len(shop.predicates)} in 200 products, {len(market.predicates)} in 1,000",
    }


def priced_anew(dear: Shelf, firms: Facts) -> object:
    """Match with no loan known from before."""
    make_loan.cache_clear()
    return match_all(dear, firms, NEED)


def facts(firms: int, seed: int = 7) -> Facts:
    """Draw facts, a twentieth of them unknown."""
    rng = np.random.default_rng(seed)
    columns = {
        name: np.where(rng.random(firms) < UNKNOWN_SHARE, np.nan, rng.uniform(low, high, firms))
        for name, (low, high) in NUMBERS.items()
    }
    frame = pl.DataFrame(
        {
            "enterprise": [f"local:F{i}" for i in range(firms)],
            "depth": rng.choice(list("ABCDE"), firms),
            "grade": rng.choice(["AAA", "AA", "A", "BBB", "BB", "B", "CCC"], firms),
            "industry": rng.choice(["C13", "C34", "F51", "F52", "I65"], firms),
            **columns,
        }
    ).with_columns(pl.col(name).fill_nan(None) for name in NUMBERS)
    return Facts(frame, DAY, datetime.now(UTC), "bench")


def shelf(products: int) -> Shelf:
    """Make products with five own rules each, nearly all of them different."""
    rng = random.Random(products)
    return Shelf([_product(i, rng) for i in range(products)], DAY, kind_matters=False)


def _dear(i: int) -> Product:
    """Make a product with a yearly fee of 30 % and one of so many fen, which has every term and amount looked at."""
    fee = {"kind": "guarantee", "payee": f"Payee {i}", "paid_by": "firm"}
    fees = [
        {**fee, "every": "yearly", "due": "start", "rate": 0.3},
        {**fee, "kind": "agency", "every": "once", "due": "end", "amount_fen": 12_001},
    ]
    return read_product({**_document(i, [], 10**9), "months": [1, 600], "fees": fees})


def _product(i: int, rng: random.Random) -> Product:
    rules = [
        f"sales_active_months_12m >= {rng.randint(1, 9)}",
        f"amount_fen <= {rng.uniform(0.1, 0.6):.4f} * sales_12m",
        f"sales_red_ratio_36m <= {rng.uniform(0.05, 0.4):.4f} or history_months >= {rng.randint(12, 48)}",
        f"score >= {rng.uniform(420, 640):.1f} and pd <= {rng.uniform(0.02, 0.2):.4f}",
        f"not (sales_growth_6m < {rng.uniform(-0.9, -0.1):.3f} or customer_hhi_12m > {rng.uniform(0.2, 1):.3f})",
    ]
    return read_product(_document(i, rules, 100_000_000 + rng.randint(0, 10**9)))


def _document(i: int, rules: Sequence[str], most: int) -> dict[str, Any]:
    title = {"zh": "产品", "en": "Product"}
    return {
        "id": f"p{i}",
        "bank": "bench",
        "title": title,
        "kind": "credit-line",
        "amount_fen": [1_000_000, most],
        "months": [1, 36],
        "rate": {
            "funding": 0.02,
            "lgd": 0.45,
            "operating": 0.01,
            "margin": 0.01,
            "subsidy": 0,
            "floor": 0.03,
            "cap": 0.12,
        },
        "repayment": "equal-instalments",
        "rules": [
            {"id": f"r{n}", "expression": text, "title": title, "source": "bench", "since": "2025-01-01"}
            for n, text in enumerate(rules)
        ],
        "valid_from": "2025-01-01",
    }


def _row(what: str, ours: Shelf, firms: Facts, rounds: int) -> dict[str, Any]:
    rules = [[rule_engine.Rule(rule.expression) for rule, _ in item.conditions] for item in ours.items]
    rows = [row | NEED.facts() for row in firms.frame.to_dicts()]
    mine, his = _seconds(lambda: ours.eligible(firms, NEED), rounds), _seconds(lambda: _peer(rules, rows), rounds)
    if not np.array_equal(ours.eligible(firms, NEED), _peer(rules, rows)):
        raise AssertionError("the two sides answer differently")
    return {"what": what, "ours": mine * 1000, "peer": his * 1000, "unit": "ms", "ratio": mine / his}


def _peer(products: Sequence[Sequence[rule_engine.Rule]], firms: Sequence[dict[str, Any]]) -> Any:
    return np.array([[all(_passes(rule, firm) for rule in rules) for rules in products] for firm in firms])


def _passes(rule: rule_engine.Rule, firm: dict[str, Any]) -> bool:
    # The peer raises where a null meets arithmetic; like ours, such a rule is not passed.
    try:
        return bool(rule.matches(firm))
    except rule_engine.errors.EvaluationError:
        return False


def _ours(what: str, measure: Callable[[], object], rounds: int) -> dict[str, Any]:
    return {"what": what, "ours": _seconds(measure, rounds) * 1000, "peer": None, "unit": "ms", "ratio": None}


def _seconds(work: Callable[[], object], rounds: int) -> float:
    work()
    times = []
    for _ in range(rounds):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times)
