"""The indicative rate of a product for one enterprise, as lines that add up to it exactly.

    rate = funding + expected loss (PD · LGD) + capital charge + operating + margin − subsidy,
    then not under the floor, nor over the product's cap or the law's

The capital charge is what the bank's owners ask for the capital that the loan ties up: K · 12.5 · ratio · hurdle, K by
the formula of the internal-ratings-based approach (`capital`).

Rates are Decimals of a year in steps of a millionth (a hundredth of a basis point). Without a score the expected loss
is unknown, and the rate is the product's cap: the dearest it can become, never a guess in the enterprise's favour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from services.matching.domain.capital import RISK_WEIGHT, requirement
from services.matching.domain.errors import ProductInvalid

STEP = Decimal("0.000001")
ZERO = Decimal(0)
# Above it a very likely default would make credit cheaper, because what is expected ties up no capital: by the formula,
# PD · LGD + f · K rises in PD throughout for f up to a half, and no longer from f = 1 on. Usual is 0.1 to 0.2.
MOST_CHARGE = Decimal("0.5")
# The members of a rule of a rate.
RATES = ("funding", "lgd", "operating", "margin", "subsidy", "floor", "cap", "capital_ratio", "hurdle")
# The parts that a bank pays or loses; a subsidy comes to it.
COSTS = ("funding", "expected-loss", "capital", "operating", "subsidy")
TITLES = {
    "funding": ("资金成本", "Funding"),
    "expected-loss": ("预期损失（违约概率×违约损失率）", "Expected loss (PD × LGD)"),
    "capital": ("资本占用成本（内部评级法）", "Capital charge (IRB)"),
    "dilution": ("稀释（红字发票冲减）", "Dilution (red-letter invoices)"),
    "operating": ("运营成本", "Operating cost"),
    "margin": ("目标利润", "Margin"),
    "subsidy": ("贴息", "Subsidy"),
    "floor": ("提高至产品下限", "Raised to the product's floor"),
    "cap": ("降低至产品上限", "Lowered to the product's cap"),
    "statutory-cap": ("降低至法定上限", "Lowered to the legal cap"),
    "unscored": ("暂无评分，按产品上限计", "No score yet: priced at the product's cap"),
}


def written(rate: Decimal) -> str:
    """Write a rate without zeros at its end.

    >>> written(Decimal("0.240000"))
    '0.24'
    """
    return format(rate.normalize(), "f")


@dataclass(frozen=True, slots=True)
class RateLine:
    """One part of a rate."""

    line: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """The rate a year and the lines that sum to it.

    `asked` is what the bank's own parts come to, no less than its floor and under no cap; None without a score.
    """

    rate: Decimal
    lines: tuple[RateLine, ...]
    asked: Decimal | None = None

    @property
    def cost(self) -> Decimal | None:
        """What the loan costs the bank a year: every part but its margin; None without a score."""
        found = {line.line: line.rate for line in self.lines}
        return None if self.asked is None else sum((found.get(part, ZERO) for part in COSTS), ZERO)

    @property
    def loss(self) -> Decimal:
        """What of it is expected to be lost a year; 0 without a score."""
        return next((line.rate for line in self.lines if line.line == "expected-loss"), ZERO)


@dataclass(frozen=True, slots=True)
class RateRule:
    """How a product's rate is made; every member a year, `lgd` a share of the exposure.

    `capital_ratio` is the capital that the bank holds for its risk-weighted assets (0.105 is usual), `hurdle` the
    return that it asks for above funding; the capital charge is off where either is 0.
    """

    funding: Decimal
    lgd: Decimal
    operating: Decimal
    margin: Decimal
    subsidy: Decimal
    floor: Decimal
    cap: Decimal
    capital_ratio: Decimal = ZERO
    hurdle: Decimal = ZERO
    # Its fixed parts, LGD and floor; None where capital is charged.
    _in_floats: tuple[float, float, float] | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse rates that no product can have."""
        for name in RATES:
            value = getattr(self, name)
            if not ZERO <= value <= 1 or value != value.quantize(STEP):
                raise ProductInvalid(
                    f"rate.{name} is {value}; it must lie from 0 to 1 with at most six decimals.", field=f"rate.{name}"
                )
        if self.floor > self.cap:
            raise ProductInvalid(f"rate.floor {self.floor} lies above rate.cap {self.cap}.", field="rate.floor")
        if self._charge > MOST_CHARGE:
            raise ProductInvalid(
                f"rate.capital_ratio × rate.hurdle × 12.5 is {self._charge}; above {MOST_CHARGE} a likelier default "
                "would make credit cheaper. Lower the hurdle.",
                field="rate.hurdle",
            )
        if not self._charge:
            fixed = self.funding + self.operating + self.margin - self.subsidy
            object.__setattr__(self, "_in_floats", (float(fixed), float(self.lgd), float(self.floor)))

    @property
    def _charge(self) -> Decimal:
        return self.capital_ratio * self.hurdle * Decimal(RISK_WEIGHT)

    def price(self, pd: float | None, *, sales_fen: int | None = None, legal_cap: Decimal | None = None) -> Price:
        """Return the rate for a probability of default; never falls as `pd` or `lgd` rises.

        `pd` is for one year, from 0 to 1, or None when there is no score. `sales_fen`, of a year, lightens the capital
        charge of a small firm. `legal_cap` binds above everything else, the product's floor included.
        """
        lines = [RateLine("funding", self.funding)]
        if pd is not None:
            lines += self._risk(float(pd), sales_fen)
        lines += [
            RateLine("operating", self.operating),
            RateLine("margin", self.margin),
            RateLine("subsidy", -self.subsidy),
        ]
        total = sum((line.rate for line in lines), ZERO)
        asked = None if pd is None else max(total, self.floor)
        rate = self.cap if pd is None else min(max(total, self.floor), self.cap)
        if rate != total:
            reason = "unscored" if pd is None else "floor" if rate > total else "cap"
            lines.append(RateLine(reason, rate - total))
        if legal_cap is not None and legal_cap < rate:
            lines.append(RateLine("statutory-cap", legal_cap - rate))
            rate = legal_cap
        return Price(
            rate, tuple(line for line in lines if line.rate or line.line in ("funding", "expected-loss")), asked
        )

    def about(self, pd: float) -> float | None:
        """Return what the parts come to by floats, within a step of `asked`; None where capital is charged too.

        Most prices are far from every cap, and are told to be so without working them out in decimals.
        """
        if self._in_floats is None:
            return None
        fixed, lgd, floor = self._in_floats
        return max(fixed + pd * lgd, floor)

    def _risk(self, pd: float, sales_fen: int | None) -> list[RateLine]:
        # Through the shortest text that reads back as this float, so that 0.021 is exactly 0.021.
        exact = Decimal(repr(pd)) * self.lgd
        loss = exact.quantize(STEP, ROUND_HALF_UP)
        if not self._charge:
            return [RateLine("expected-loss", loss)]
        charge = Decimal(requirement(pd, float(self.lgd), sales_fen=sales_fen)) * self._charge
        # Only their sum is sure to rise with the PD, so it is the sum that is rounded.
        both = (exact + charge).quantize(STEP, ROUND_HALF_UP)
        return [RateLine("expected-loss", loss), RateLine("capital", both - loss)]
