"""Answers and orders as the JSON that is stored, and shown again as it is.

A match, a batch's lines and a plan keep what was first shown: the worker writes it, and the api reads it back.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import orjson

from chassis.core.moments import rfc3339
from services.matching.domain.all_in import CONVENTION, Loan
from services.matching.domain.allocation.order import AllocationOrder, OrderedGroup
from services.matching.domain.allocation.report import AllocationReport
from services.matching.domain.allocation.terms import Selector
from services.matching.domain.application import Paper
from services.matching.domain.assignment.order import AssignmentOrder
from services.matching.domain.assignment.report import AssignmentReport
from services.matching.domain.dry_run import ChangedFirm, DryRunOrder, DryRunReport
from services.matching.domain.eligibility import Check
from services.matching.domain.facts import Facts, Need
from services.matching.domain.fee import TITLES as FEE_TITLES
from services.matching.domain.fee import Charged
from services.matching.domain.loan_offer import LoanTerms
from services.matching.domain.match import RANKING, Match, Offer, Refusal
from services.matching.domain.price import TITLES, RateLine
from services.matching.domain.product import Product
from services.matching.domain.recourse import OpeningPlan, Recourse

Document = dict[str, Any]
PlanOrder = AllocationOrder | AssignmentOrder | DryRunOrder

LEARNT = {"zh": "根据该银行以往的审批决定估计", "en": "Estimated from the bank's own past decisions"}
NOT_KNOWN = {
    "zh": "未知：该银行提供的以往审批决定不足，或企业暂无评分",
    "en": "Unknown: too few past decisions of the bank are at hand, or the firm has no score",
}


def need(value: Need) -> Document:
    """Return a need; without a kind of financing where none was asked for."""
    return {"amount_fen": value.amount_fen, "months": value.months, **({"kind": value.kind} if value.kind else {})}


def match(facts: Facts, answered: Match, wanted: Need) -> Document:
    """Return the answer for one enterprise, in one form for one or many."""
    known, whole = answered.facts, answered.whole
    scored = known.get("score") is not None
    unconfirmed = not scored and whole.get("score") is not None
    return {
        "enterprise": answered.enterprise,
        "need": need(wanted),
        "as_of": facts.as_of.isoformat(),
        "known_at": rfc3339(facts.known_at),
        "score": {
            **{name: known.get(name) for name in ("score", "grade", "pd", "depth")},
            "model": facts.model if scored else None,
            "features_sha256": known.get("features_sha256"),
            "problem": None if scored else "nothing-confirmed" if unconfirmed else facts.problem or "not-enough-data",
            **_counted(facts, answered),
            "overlay": _overlay(facts, answered.enterprise),
        },
        "ranking": list(RANKING),
        "offers": [_offer(offer) for offer in answered.offers],
        "refusals": [refusal(refused) for refused in answered.refusals],
    }


def _counted(facts: Facts, answered: Match) -> Document:
    """Return the score with everything, where something is set aside, and what is said of that."""
    evidence, counted = (said.get(answered.enterprise) for said in (facts.evidence, facts.counted))
    whole = {name: answered.whole.get(name) for name in ("score", "grade", "pd")}
    return {
        "with_everything": None if counted is None else whole,
        "evidence": None if evidence is None else orjson.loads(evidence),
        "counted": None if counted is None else orjson.loads(counted),
    }


TOLD = ("rule", "version", "title", "effect", "because", "ends")


def _overlay(facts: Facts, enterprise: str) -> list[Document]:
    """Return the expert rules that cap the grade of the score used, without the records that they rest on."""
    said = facts.overlay.get(enterprise)
    return [] if said is None else [{name: each[name] for name in TOLD} for each in orjson.loads(said)["rules"]]


def refusal(refused: Refusal) -> Document:
    """Return a product that does not fit: the first rule that stands against it, and all of them."""
    first = refused.failed[0]
    return {
        **_product(refused.product),
        "eligible": False,
        "rule": first.rule.expression,
        "rule_title": dict(first.rule.title),
        "found": first.found,
        "needed": first.needed,
        "since": first.rule.since.isoformat(),
        "failed": [_check(check) for check in refused.failed],
        "if_confirmed": refused.if_confirmed,
        "recourse": _recourse(refused.recourse),
    }


def loan_terms(terms: LoanTerms) -> Document:
    """Return what a bank offers."""
    return {"amount_fen": terms.amount_fen, "months": terms.months, "rate": float(terms.rate)}


def paper(given: Paper) -> Document:
    """Return a paper by reference; without an address where none was given."""
    return _given(asdict(given))


def rate_line(line: RateLine) -> Document:
    """Return one part of a rate with its titles."""
    zh, en = TITLES[line.line]
    return {"line": line.line, "title": {"zh": zh, "en": en}, "rate": float(line.rate)}


def dry_run(report: DryRunReport) -> Document:
    """Return who gains and who loses by a version."""
    lines = [_changed(line) for line in report.lines]
    return {**_members(report), "need": need(report.need), "lines": lines}


def plan(report: AllocationReport | AssignmentReport) -> Document:
    """Return a plan; its members are named as the report's."""
    return _members(report)


def plan_order(order: PlanOrder) -> Document:
    """Return an order as it came, without its date, which is a column of its own."""
    document = _plan_order(order)
    del document["as_of"]
    return document


def _plan_order(order: PlanOrder) -> Document:
    if isinstance(order, AllocationOrder):
        return _allocation_order(order)
    if isinstance(order, AssignmentOrder):
        return asdict(order)
    wanted = need(order.need) if order.need else None
    return {**_members(order), "product": dict(order.product.document), "need": wanted}


def _offer(offer: Offer) -> Document:
    return {
        "rank": offer.rank,
        **_product(offer.product),
        "amount_fen": offer.loan.schedule.amount_fen,
        "months": len(offer.loan.schedule.payments),
        "repayment": offer.product.repayment,
        "rate": float(offer.price.rate),
        "rate_lines": [rate_line(line) for line in offer.price.lines],
        **_cost(offer.loan),
        "monthly_payment_fen": offer.loan.schedule.payments[0],
        "last_payment_fen": offer.loan.schedule.payments[-1],
        "security": list(offer.product.security),
        "documents": list(offer.product.documents),
        "approval_probability": offer.approval,
        "approval_decisions": offer.decisions,
        "approval_note": dict(LEARNT if offer.approval is not None else NOT_KNOWN),
        "fit": offer.fit,
        "reasons": [_check(check) for check in offer.reasons],
    }


def _cost(loan: Loan) -> Document:
    """Return what a loan costs the firm, by the year and in fen, and every fee with its payee."""
    return {
        "all_in_rate": float(loan.all_in.rate),
        "all_in_simple_rate": float(loan.all_in.simple_rate),
        "all_in_convention": CONVENTION,
        "interest_fen": loan.all_in.interest_fen,
        "fees_fen": loan.all_in.fees_fen,
        "total_cost_fen": loan.all_in.cost_fen,
        "fees": [_fee(each) for each in loan.fees],
    }


def _fee(each: Charged) -> Document:
    fee = each.fee
    return {
        "kind": fee.kind,
        "title": dict(FEE_TITLES[fee.kind]),
        "payee": fee.payee,
        "paid_by": fee.paid_by,
        "fen": each.fen,
        "charges": [asdict(charge) for charge in each.charges],
    }


def _product(product: Product) -> Document:
    return {
        "product": product.id,
        "version": product.version,
        "title": dict(product.title),
        "bank": product.bank,
        "kind": product.kind,
        "sandbox": product.sandbox,
        "counts": product.counts,
    }


def _check(check: Check) -> Document:
    return {
        "rule": check.rule.expression,
        "rule_id": check.rule.id,
        "title": dict(check.rule.title),
        "source": check.rule.source,
        "since": check.rule.since.isoformat(),
        "found": check.found,
        "needed": check.needed,
        "passed": check.passed,
        "unknown": list(check.unknown),
    }


def _recourse(recourse: Recourse) -> Document:
    return {
        "possible": bool(recourse.plans),
        "plans": [_opening_plan(plan) for plan in recourse.plans],
        "blocked": [
            {"rule_id": rule.id, "title": dict(rule.title), "reason": dict(reason)} for rule, reason in recourse.blocked
        ],
    }


def _opening_plan(plan: OpeningPlan) -> Document:
    changes = [_members(change) for change in plan.changes]
    return {"kind": plan.kind, "within_months": plan.within_months, "changes": changes}


def _changed(line: ChangedFirm) -> Document:
    rule = line.failed.rule if line.failed else None
    return {
        "enterprise": line.enterprise,
        "change": line.change,
        "rule_id": rule.id if rule else None,
        "rule": rule.expression if rule else None,
        "title": dict(rule.title) if rule else None,
        "found": line.failed.found if line.failed else None,
        "needed": line.failed.needed if line.failed else None,
    }


def _allocation_order(order: AllocationOrder) -> Document:
    document = asdict(order)
    if order.counts is None:
        del document["counts"]
    return document | {
        "paid": order.paid.value,
        "bounds": [_given(asdict(bounds)) for bounds in order.bounds],
        "limits": [_ordered_group(group) for group in order.limits],
        "floors": [_ordered_group(group) for group in order.floors],
        "stress": [
            {
                "name": scenario.name,
                "shocks": [{"of": _selector(shock.of), "factor": shock.factor} for shock in scenario.shocks],
            }
            for scenario in order.stress
        ],
    }


def _ordered_group(group: OrderedGroup) -> Document:
    return _given({"name": group.name, "of": _selector(group.of), "fen": group.fen, "share": group.share})


def _selector(selector: Selector) -> Document:
    return {selector.by: list(selector.value) if isinstance(selector.value, tuple) else selector.value}


def _given(document: Document) -> Document:
    """Return only what was given: what may be left out is not stored as null."""
    return {name: value for name, value in document.items() if value is not None}


def _members(value: Any) -> Document:
    """Return a dataclass's members by name; those below it are written by orjson as they are."""
    return {member.name: getattr(value, member.name) for member in fields(value)}
