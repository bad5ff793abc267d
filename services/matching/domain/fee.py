"""Fees beside the interest: what each is for, who takes it, who pays it, how much and when.

The parts of the 贷款明白纸 (中国人民银行, since 2024): guarantee, appraisal, registration, agency, each with its payee.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from services.matching.domain.errors import ProductInvalid
from services.matching.domain.price import STEP, ZERO
from services.matching.domain.repayment import MONTHS_A_YEAR, fen

# Of what is lent at least so much is paid out: where fees take more at the start there is no loan to price.
LEAST_PAID_OUT = Decimal("0.5")


class FeeKind(StrEnum):
    """What a fee is for."""

    GUARANTEE = "guarantee"
    APPRAISAL = "appraisal"
    REGISTRATION = "registration"
    AGENCY = "agency"


class FeePayer(StrEnum):
    """Who pays a fee: only what the firm pays is a cost of its financing."""

    FIRM = "firm"
    BANK = "bank"


class Every(StrEnum):
    """How often a fee is charged."""

    ONCE = "once"
    YEARLY = "yearly"


class Due(StrEnum):
    """When a fee is paid: at the start or the end of the loan, of one charged yearly of each year of the loan."""

    START = "start"
    END = "end"


TITLES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        FeeKind.GUARANTEE: {"zh": "担保费", "en": "Guarantee fee"},
        FeeKind.APPRAISAL: {"zh": "评估费", "en": "Appraisal fee"},
        FeeKind.REGISTRATION: {"zh": "登记费", "en": "Registration fee"},
        FeeKind.AGENCY: {"zh": "中介费", "en": "Agency fee"},
    }
)


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount in fen, so many months after the loan is paid out."""

    month: int
    fen: int


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee of a product: either an amount in fen, or a rate of the amount lent; yearly ones are those of a year."""

    kind: FeeKind
    payee: str
    paid_by: FeePayer
    every: Every
    due: Due
    amount_fen: int | None = None
    rate: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what is neither an amount nor a rate, or both."""
        if (self.amount_fen is None) == (self.rate is None):
            raise ProductInvalid(
                f"The {self.kind} fee needs either amount_fen or rate, and not both.", field=f"fees.{self.kind}"
            )
        if self.rate is not None and (not ZERO < self.rate <= 1 or self.rate != self.rate.quantize(STEP)):
            raise ProductInvalid(
                f"The {self.kind} fee has the rate {self.rate}; it must lie above 0 and up to 1, with at most six "
                "decimals.",
                field=f"fees.{self.kind}",
            )

    def charges(self, amount_fen: int, months: int) -> tuple[Charge, ...]:
        """Return what is charged and when, for an amount lent over so many months.

        A yearly fee counts a part of a year by its months; each charge is rounded half up to the fen.
        """
        whole = Decimal(self.amount_fen or 0) if self.rate is None else amount_fen * self.rate
        if self.every is Every.ONCE:
            return (Charge(0 if self.due is Due.START else months, fen(whole)),)
        found = []
        for start in range(0, months, MONTHS_A_YEAR):
            end = min(start + MONTHS_A_YEAR, months)
            found.append(Charge(start if self.due is Due.START else end, fen(whole * (end - start) / MONTHS_A_YEAR)))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Charged:
    """A fee and what it comes to for one loan."""

    fee: Fee
    charges: tuple[Charge, ...]

    @property
    def fen(self) -> int:
        """What the fee comes to in total."""
        return sum(charge.fen for charge in self.charges)


def charged(fees: Sequence[Fee], amount_fen: int, months: int) -> tuple[Charged, ...]:
    """Return each fee with what it comes to."""
    return tuple(Charged(fee, fee.charges(amount_fen, months)) for fee in fees)


def of_firm(fees: Sequence[Fee]) -> tuple[Fee, ...]:
    """Return the fees that the firm pays."""
    return tuple(fee for fee in fees if fee.paid_by is FeePayer.FIRM)


def require_loan_left(fees: Sequence[Fee], amount_fen: int, months: int) -> None:
    """Refuse fees that take more than half of the least amount at its start: there is no loan left to price.

    A larger amount leaves no smaller part: a fixed fee weighs less on it, and a rate the same.
    """
    taken = sum(
        charge.fen for each in charged(of_firm(fees), amount_fen, months) for charge in each.charges if not charge.month
    )
    if taken > amount_fen * (1 - LEAST_PAID_OUT):
        raise ProductInvalid(
            f"Fees take {taken} of {amount_fen} fen before the loan begins; at most half may go.",
            field="fees",
            found=taken,
            needed=int(amount_fen * (1 - LEAST_PAID_OUT)),
        )


def read_fee(document: Mapping[str, Any]) -> Fee:
    """Return a fee from its JSON form."""
    rate = document.get("rate")
    return Fee(
        FeeKind(document["kind"]),
        document["payee"],
        FeePayer(document["paid_by"]),
        Every(document["every"]),
        Due(document["due"]),
        document.get("amount_fen"),
        None if rate is None else Decimal(str(rate)),
    )
