"""The capital that a loan ties up: the risk-weight function of the internal-ratings-based approach (IRB).

Basel Committee, CRE31.5 to CRE31.9 (corporate, with the firm-size adjustment), the same function as in
China's 商业银行资本管理办法 (2023). A price without it does not charge for the unexpected loss.
"""

from __future__ import annotations

from math import exp, log, sqrt
from statistics import NormalDist

NORMAL = NormalDist()
QUANTILE_999 = NORMAL.inv_cdf(0.999)
# The floor of a corporate PD (CRE32.4), and the maturity that the foundation approach supposes (CRE32.46), in years.
LEAST_PD, MATURITY = 0.0005, 2.5
# Yearly sales between which a firm counts as small or medium, in fen: 30 to 300 million yuan (商业银行资本管理办法).
SME_SALES_FEN = (3_000_000_000, 30_000_000_000)
# Capital of 8 % is a risk weight of 100 %.
RISK_WEIGHT = 12.5


def requirement(pd: float, lgd: float, *, sales_fen: int | None = None, maturity: float = MATURITY) -> float:
    """Return the capital requirement K, a share of the exposure; `pd` of one year and `lgd` lie from 0 to 1.

    Without sales the firm counts as large: the relief of small firms is never granted on a guess. In default (a PD of
    1) nothing is unexpected and K is 0.

    >>> round(requirement(0.01, 0.45) * RISK_WEIGHT, 4)
    0.9232
    """
    if pd >= 1:
        return 0.0
    pd = max(pd, LEAST_PD)
    correlation = _correlation(pd, sales_fen)
    stressed = (NORMAL.inv_cdf(pd) + sqrt(correlation) * QUANTILE_999) / sqrt(1 - correlation)
    slope = (0.11852 - 0.05478 * log(pd)) ** 2
    return lgd * (NORMAL.cdf(stressed) - pd) * (1 + (maturity - MATURITY) * slope) / (1 - 1.5 * slope)


def _correlation(pd: float, sales_fen: int | None) -> float:
    weight = (1 - exp(-50 * pd)) / (1 - exp(-50))
    return 0.12 * weight + 0.24 * (1 - weight) - 0.04 * smallness(sales_fen)


def smallness(sales_fen: int | None) -> float:
    """Return how much of the relief for small firms applies: 1 up to the lower bound of sales, 0 from the upper on."""
    if sales_fen is None:
        return 0.0
    low, high = SME_SALES_FEN
    return 1 - (min(max(sales_fen, low), high) - low) / (high - low)
