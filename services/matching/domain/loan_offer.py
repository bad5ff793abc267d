"""What a bank offers a firm: terms within bounds, payments, fees and a last day, under a number; one is agreed.

An offer never changes. The firm accepts it by its number, and the digest of its document is what the ledger keeps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import rfc8785

from chassis.core.errors import Conflict, Invalid
from services.matching.domain.all_in import CONVENTION, Loan
from services.matching.domain.cost import lawful_interest, loan_of, simple_rate
from services.matching.domain.errors import ProductInvalid
from services.matching.domain.facts import Need
from services.matching.domain.fee import Charged
from services.matching.domain.halving import first_that_holds
from services.matching.domain.price import STEP, written
from services.matching.domain.product import Product
from services.matching.domain.statute import Statute, statute

USUAL_DAYS = 14  # that an offer stands where the bank names no day
MOST_DAYS = 90


class OfferState(StrEnum):
    """What became of an offer; one that is `open` past its last day has expired."""

    OPEN = "open"
    VOIDED = "voided"  # by a newer one
    LAPSED = "lapsed"  # with the application; one from before offers had numbers, at the upgrade
    ACCEPTED = "accepted"


class TermsBeyond(Invalid):
    """Terms lie outside what the product's version, the need and the law allow."""


class ExpiryBeyond(Invalid):
    """The last day of an offer is past, or too far ahead."""


class OfferPassed(Conflict):
    """Another offer stands than the one that was named."""


class OfferExpired(Conflict):
    """The last day of the offer is over."""


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """How much, for how many months, at which rate a year."""

    amount_fen: int
    months: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Wish:
    """What an offer answers: whose application at which bank, the version of the product, and the need."""

    application: str
    enterprise: str
    bank: str
    product: Product
    need: Need


@dataclass(frozen=True, slots=True)
class LoanOffer:
    """Terms under a number, with the payments and fees that they mean; it stands up to and with `expires_on`."""

    wish: Wish
    number: int
    terms: LoanTerms
    loan: Loan
    expires_on: date

    @property
    def document(self) -> dict[str, Any]:
        """Return all that is agreed by accepting it: JSON without fractions, so that it has one canonical form."""
        product, terms, all_in = self.wish.product, self.terms, self.loan.all_in
        return {
            "application": self.wish.application,
            "offer": self.number,
            "enterprise": self.wish.enterprise,
            "bank": self.wish.bank,
            "product": product.id,
            "product_version": product.version,
            "amount_fen": terms.amount_fen,
            "months": terms.months,
            "rate": written(terms.rate),
            "repayment": product.repayment,
            "payments_fen": list(self.loan.schedule.payments),
            "fees": [_fee(each) for each in self.loan.fees],
            "all_in_rate": written(all_in.rate),
            "all_in_simple_rate": written(all_in.simple_rate),
            "all_in_convention": CONVENTION,
            "interest_fen": all_in.interest_fen,
            "fees_fen": all_in.fees_fen,
            "total_cost_fen": all_in.cost_fen,
            "expires_on": self.expires_on.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Bound:
    """From where to where one of the terms may lie, both ends included."""

    field: str
    least: int | Decimal
    most: int | Decimal


def bounds(product: Product, need: Need, on: date) -> tuple[Bound, ...]:
    """Return what a bank may offer: within its product's version, never more than is needed, nor dearer than the law.

    Where a floor lies above the law the law binds, and the bank offers less than its floor or nothing.
    """
    law = statute(on)
    dearest = min(product.rate.cap, law.rate) if law else product.rate.cap
    return (
        Bound("amount_fen", product.amount_fen[0], min(product.amount_fen[1], need.amount_fen)),
        Bound("months", product.months[0], min(product.months[1], need.months)),
        Bound("rate", min(product.rate.floor, dearest), dearest),
    )


def make_offer(wish: Wish, number: int, terms: LoanTerms, expires_on: date | None, on: date) -> LoanOffer:
    """Return the offer that a bank makes on a day; raise `TermsBeyond` or `ExpiryBeyond` with found and needed."""
    for bound in bounds(wish.product, wish.need, on):
        _require_within(bound, getattr(terms, bound.field))
    _require_lawful(wish.product, terms, on)
    if terms.rate != terms.rate.quantize(STEP):
        raise TermsBeyond("rate has at most six decimals.", field="rate", found=float(terms.rate), needed=float(STEP))
    last, latest = expires_on or on + timedelta(days=USUAL_DAYS), on + timedelta(days=MOST_DAYS)
    if not on <= last <= latest:
        raise ExpiryBeyond(
            f"expires_on is {last}; an offer stands until today at least and {MOST_DAYS} days at most.",
            field="expires_on",
            found=last.isoformat(),
            needed={"least": on.isoformat(), "most": latest.isoformat()},
        )
    loan = loan_of(wish.product, terms.amount_fen, terms.months, terms.rate)
    return LoanOffer(wish, number, terms, loan, last)


def _require_lawful(product: Product, terms: LoanTerms, on: date) -> None:
    """Refuse interest that with every fee is dearer than the law bears."""
    law = statute(on)
    found = simple_rate(product, terms.amount_fen, terms.months, terms.rate)
    if law is None or found <= law.rate:
        return
    most = lawful_interest(product, terms.amount_fen, terms.months, law)
    raise TermsBeyond(
        f"With every fee of the product, interest of {terms.rate} a year comes to {found} (simple interest); the law "
        f"bears {law.rate}. "
        + ("The fees alone are dearer." if most is None else f"With these fees the interest may be {most} at most."),
        field="rate",
        found=float(terms.rate),
        needed={"least": 0.0, "most": None if most is None else float(most)},
        all_in_simple_rate=float(found),
        statute=float(law.rate),
    )


def require_standing(named: int, standing: int | None, expires_on: date | None, on: date) -> None:
    """Refuse to accept another offer than the one that stands, or one that is over."""
    if named != standing:
        raise OfferPassed(
            f"You accept offer {named}, but offer {standing} stands; read it first, then name it.",
            found=named,
            needed=standing,
        )
    if expired(expires_on, on):
        raise OfferExpired(
            f"Offer {named} stood until {expires_on}; ask the bank for a new one.",
            offer=named,
            expires_on=str(expires_on),
        )


def require_drawable(product: Product, drawn_fen: int, agreed: LoanTerms, on: date) -> None:
    """Refuse to pay out more than was agreed, nothing, or so little that with fees it is dearer than the law bears."""
    _require_within(Bound("drawn_fen", 1, agreed.amount_fen), drawn_fen)
    law = statute(on)
    found = _yearly(product, drawn_fen, agreed)
    if law is None or (found is not None and found <= law.rate):
        return
    least = _least_drawable(product, drawn_fen, agreed, law)
    cost = "leave nothing" if found is None else f"come to {found} (simple interest)"
    raise TermsBeyond(
        f"Of {drawn_fen} fen the product's fees and interest of {agreed.rate} a year {cost}; the law bears {law.rate}. "
        + ("Agree on other terms." if least is None else f"Pay out {least} fen or more, or agree on other terms."),
        field="drawn_fen",
        found=drawn_fen,
        needed={"least": least, "most": agreed.amount_fen},
        all_in_simple_rate=None if found is None else float(found),
        statute=float(law.rate),
    )


def _least_drawable(product: Product, refused_fen: int, agreed: LoanTerms, law: Statute) -> int | None:
    """Return the amount, above one that was refused, from which on the law bears it; None: not even all of it.

    Fees of so many fen weigh less on more, but for the rounding of payments to the fen, so that halving finds it.
    """

    def bears(amount_fen: int) -> bool:
        found = _yearly(product, amount_fen, agreed)
        return found is not None and found <= law.rate

    return first_that_holds(bears, refused_fen, agreed.amount_fen) if bears(agreed.amount_fen) else None


def _yearly(product: Product, amount_fen: int, agreed: LoanTerms) -> Decimal | None:
    """Return what the law looks at, of so much at the agreed rate and term; None where fees leave nothing of it."""
    try:
        return simple_rate(product, amount_fen, agreed.months, agreed.rate)
    except ProductInvalid:
        return None


def expired(expires_on: date | None, on: date) -> bool:
    """Tell whether the last day of an offer is over."""
    return expires_on is not None and expires_on < on


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of an offer's document in canonical JSON (RFC 8785): what both sides can work out."""
    return hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


def _require_within(bound: Bound, found: int | Decimal) -> None:
    if not bound.least <= found <= bound.most:
        raise TermsBeyond(
            f"{bound.field} is {found}; it must lie from {bound.least} to {bound.most}: within the product's version "
            "that the application came from, the need, and the law's cap.",
            field=bound.field,
            found=_plain(found),
            needed={"least": _plain(bound.least), "most": _plain(bound.most)},
        )


def _fee(each: Charged) -> dict[str, Any]:
    return {
        "kind": str(each.fee.kind),
        "payee": each.fee.payee,
        "paid_by": str(each.fee.paid_by),
        "fen": each.fen,
        "charges": [{"month": charge.month, "fen": charge.fen} for charge in each.charges],
    }


def _plain(value: int | Decimal) -> int | float:
    return value if isinstance(value, int) else float(value)
