"""What a product costs one enterprise for its need, and whether it may cost that: rule `terms.cost`.

A loan that costs its bank more than the product's cap, or with every fee more than the law bears, is none that the bank
would make: it is refused, with what its parts come to (found) and the cap (needed). A product that says
`lend_below_cost` is offered at the cap instead, and an enterprise without a score at the cap that the law leaves of it;
fees alone that are dearer than the law bears are refused in every case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from services.matching.domain.all_in import Loan, make_loan
from services.matching.domain.eligibility import Check, check
from services.matching.domain.facts import Fact
from services.matching.domain.fee import of_firm
from services.matching.domain.halving import first_that_holds
from services.matching.domain.price import STEP, ZERO, Price, written
from services.matching.domain.pricing_budget import Budget
from services.matching.domain.product import Product, Rule, make_rule
from services.matching.domain.statute import Statute, statute
from services.matching.domain.trade_secret import COST as RULE

# The yearly sales that lighten the capital charge of a small firm, in fen.
SALES = "sales_12m"
# The facts of a need, or of a firm's own, that a cost follows from and that can be moved.
MOVABLE = frozenset({"amount_fen", "months", SALES})
CAPPED = {
    "zh": "按风险与成本所需利率不超过产品上限",
    "en": "The rate that risk and cost ask is within the product's cap",
}
LAWFUL = {
    "zh": "综合年化成本（含费用，单利）不超过法定上限",
    "en": "All-in yearly cost, fees included, is within the law's cap",
}


@dataclass(frozen=True, slots=True)
class Costed:
    """The price of a product for one need, and the loan that it makes."""

    price: Price
    loan: Loan


def costed(product: Product, facts: Mapping[str, Fact], on: date) -> Costed:
    """Return price and loan for the need among these facts, which the product lends; no dearer than the law bears."""
    amount, months, law = *_need(facts), statute(on)
    rate = _pricer(product, facts)
    price = rate(law.rate if law else None)
    if law and simple_rate(product, amount, months, price.rate) > law.rate:
        lawful = lawful_interest(product, amount, months, law)
        price = rate(ZERO if lawful is None else lawful)
    return Costed(price, loan_of(product, amount, months, price.rate))


def cost_refused(product: Product, facts: Mapping[str, Fact], on: date) -> Check | None:
    """Return what stands against the cost of a product for the need among these facts, None where nothing does.

    A need that the product does not lend is refused for that alone.
    """
    amount, months = _need(facts)
    if not product.lends(amount, months):
        return None
    law = statute(on)
    if _far_below(product, facts, law):
        return None
    asked = _pricer(product, facts)(None).asked
    if asked is not None and not product.lend_below_cost and asked > product.rate.cap:
        rule = _rule(f"rate <= {written(product.rate.cap)}", CAPPED, "product terms", product.valid_from)
        return _failed(rule, "rate", asked, facts)
    if law is None:
        return None
    least = ZERO if asked is None or product.lend_below_cost else asked
    found = simple_rate(product, amount, months, least)
    if found <= law.rate:
        return None
    rule = _rule(f"all_in_simple_rate <= {written(law.rate)}", LAWFUL, law.source, law.since)
    return _failed(rule, "all_in_simple_rate", found, facts)


@dataclass(frozen=True, slots=True)
class Costing:
    """A product on a day, of which is asked what need and firm have to do with its cost, within a budget."""

    product: Product
    on: date
    budget: Budget

    @property
    def by_amount(self) -> bool:
        """Tell whether a larger amount may cost less a year: by fees of so many fen, not by rates of the amount."""
        return any(fee.rate is None for fee in of_firm(self.product.fees))

    def bears(self, facts: Mapping[str, Fact]) -> bool:
        """Tell whether nothing stands against the cost for the need among these facts."""
        self.budget.spend(_need(facts)[1])
        return cost_refused(self.product, facts, self.on) is None

    def turns_on_need(self, facts: Mapping[str, Fact]) -> bool:
        """Tell whether amount and term decide on the cost: by fees of the firm, at an interest that cap and law bear.

        The interest that is asked follows from the firm alone, and without fees it is all that the law looks at.
        """
        law = statute(self.on)
        if law is None or not of_firm(self.product.fees):
            return False
        asked = _pricer(self.product, facts)(None).asked
        return asked is None or self.product.lend_below_cost or asked <= min(self.product.rate.cap, law.rate)

    def bears_fees(self, amount: int, months: int) -> bool:
        """Tell whether the law bears the fees for so much over so many months, at no interest at all."""
        law = statute(self.on)
        self.budget.spend(months)
        return law is None or simple_rate(self.product, amount, months, ZERO) <= law.rate


def _far_below(product: Product, facts: Mapping[str, Fact], law: Statute | None) -> bool:
    """Tell whether a product without fees is cheaper than cap and law by more than floats can err."""
    pd = facts.get("pd")
    if of_firm(product.fees):
        return False
    about = 0.0 if pd is None else product.rate.about(float(pd))
    most = product.rate.cap if law is None else min(product.rate.cap, law.rate)
    return about is not None and about < float(most - 10 * STEP)


def lawful_interest(product: Product, amount: int, months: int, law: Statute) -> Decimal | None:
    """Return the highest interest, in steps of a rate, at which interest and fees are within the law; None: not even 0.

    A higher interest never costs less but for the rounding of payments to the fen, so that halving finds it.
    """
    if not of_firm(product.fees):
        return law.rate

    def bears(steps: int) -> bool:
        return simple_rate(product, amount, months, steps * STEP) <= law.rate

    if not bears(0):
        return None
    beyond = first_that_holds(lambda steps: not bears(steps), 0, int(law.rate / STEP) + 1)
    return (beyond - 1) * STEP


def loan_of(product: Product, amount: int, months: int, interest: Decimal) -> Loan:
    """Return the loan that a product makes at an interest rate a year."""
    return make_loan(amount, months, interest, product.repayment, product.fees)


def simple_rate(product: Product, amount: int, months: int, interest: Decimal) -> Decimal:
    """Return the yearly rate that the law looks at: without fees the contract's, whatever payments are rounded to."""
    return loan_of(product, amount, months, interest).all_in.simple_rate if of_firm(product.fees) else interest


def _pricer(product: Product, facts: Mapping[str, Fact]) -> Callable[[Decimal | None], Price]:
    pd, sales = facts.get("pd"), facts.get(SALES)
    return lambda cap: product.rate.price(
        None if pd is None else float(pd), sales_fen=None if sales is None else int(sales), legal_cap=cap
    )


def _need(facts: Mapping[str, Fact]) -> tuple[int, int]:
    return int(facts.get("amount_fen") or 0), int(facts.get("months") or 0)


def _rule(expression: str, title: Mapping[str, str], source: str, since: date) -> Rule:
    return make_rule(RULE, expression, title, source, since)


def _failed(rule: Rule, name: str, found: Decimal, facts: Mapping[str, Fact]) -> Check:
    return check(replace(rule, known={name: float(found)}), passed=False, facts=facts)
