"""A product and an allocation as a bank writes them, for tests to change."""

from __future__ import annotations

from typing import Any

CURVES = {"curves": [{"grades": ["A"], "points": [{"rate": 0.04, "churn": 0.0}, {"rate": 0.08, "churn": 0.1}]}]}
ALLOCATION = {
    "budget_fen": 1_000_000_000,
    "least_fen": 10_000_000,
    "most_fen": 80_000_000,
    "rates": {"low": 0.04, "high": 0.15},
    "lgd": 0.5,
    "funding": 0.02,
}


def a_product(**changes: Any) -> dict[str, Any]:
    """Return a credit line whose rules ask for sales, turnover and a grade; `changes` replace its members."""
    title = {"zh": "信用贷", "en": "Credit line"}
    rules = [
        ("months", "sales_active_months_12m >= 9"),
        ("turnover", "amount_fen <= 0.3 * sales_12m"),
        ("grade", 'grade >= "BB"'),
    ]
    return {
        "id": "credit",
        "bank": "Example Bank",
        "title": title,
        "kind": "credit-line",
        "amount_fen": [1_000_000, 500_000_000],
        "months": [3, 24],
        "rate": {
            "funding": 0.02,
            "lgd": 0.45,
            "operating": 0.008,
            "margin": 0.01,
            "subsidy": 0.0,
            "floor": 0.035,
            "cap": 0.09,
        },
        "repayment": "equal-instalments",
        "rules": [
            {"id": name, "expression": text, "title": title, "source": "policy", "since": "2025-01-01"}
            for name, text in rules
        ],
        "valid_from": "2025-01-01",
        "valid_until": None,
        "sandbox": True,
        **changes,
    }
