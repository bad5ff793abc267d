"""A bank's product: what it lends, to whom, for how long and at what price. A published version never changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from chassis.core.errors import Invalid
from services.matching.domain.contradiction import core
from services.matching.domain.counting import Counts
from services.matching.domain.errors import ProductInvalid, ProductUsedUp, RulesContradict, WordUnknown
from services.matching.domain.expression import Expression, names, parse
from services.matching.domain.fee import Fee, read_fee, require_loan_left
from services.matching.domain.price import RateRule
from services.matching.domain.vocabulary import LISTED, Vocabulary

KINDS = LISTED["kind"]
REPAYMENTS = ("bullet", "equal-instalments")
SECURITIES = ("collateral", "pledge", "guarantee")
SIZE_CLASSES = LISTED["size_class"]
Title = Mapping[str, str]
Known = int | float | str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition for a product: the expression, what it means, where it comes from and since when it is asked."""

    id: str
    expression: str
    title: Title
    source: str
    since: date
    parsed: Expression
    names: tuple[str, ...]
    # What the rule itself knows beside the facts of the enterprise: how many places of a product are left.
    known: Mapping[str, Known] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Used:
    """What applications have taken of a product, or reserve by an offer that stands: firms and fen."""

    firms: int = 0
    fen: int = 0


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a product is for and how much of it there is; what is empty or None sets no bound.

    `regions` are codes of GB/T 2260 and `industries` of GB/T 4754, each covering what begins with it; `quota` counts
    firms and `budget_fen` money over the whole life of the product.
    """

    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    size_classes: tuple[str, ...] = ()
    quota: int | None = None
    budget_fen: int | None = None

    def check(self, vocabulary: Vocabulary) -> None:
        """Raise WordUnknown for a code or a size that is on no list, naming the member of the product."""
        listed = (
            ("regions", "region", self.regions),
            ("industries", "industry", self.industries),
            ("size_classes", "size_class", self.size_classes),
        )
        for member, name, words in listed:
            for word in words:
                try:
                    vocabulary.check_word(name, word)
                except WordUnknown as refusal:
                    raise WordUnknown(f"{member}: {refusal.detail}", field=member, **refusal.members) from None

    @property
    def limited(self) -> bool:
        """Whether the product can be used up."""
        return self.quota is not None or self.budget_fen is not None

    def left(self, used: Used) -> tuple[int | None, int | None]:
        """Return how many firms and how many fen are left; None where there is no bound."""
        firms = None if self.quota is None else max(self.quota - used.firms, 0)
        return firms, None if self.budget_fen is None else max(self.budget_fen - used.fen, 0)

    def terms(self, used: Used) -> list[tuple[str, str, str, str]]:
        """Return the declared conditions as `(key, expression, zh, en)`."""
        places = (
            ("region", self.regions, "所在地区在服务范围内", "In a region that is served"),
            ("industry", self.industries, "所属行业在服务范围内", "In an industry that is served"),
            ("size_class", self.size_classes, "企业规模在服务范围内", "Of a size that is served"),
        )
        found = [(name, f"{name} in {list(codes)}", zh, en) for name, codes, zh, en in places if codes]
        if (left := self.left(used)[1]) is not None:
            found.append(("budget", f"amount_fen <= {left}", "不超过产品剩余额度", "Within what is left of its budget"))
        return found


def make_rule(
    rule: str, expression: str, title: Title, source: str, since: date, vocabulary: Vocabulary | None = None
) -> Rule:
    """Read a rule's expression, and check its names where a vocabulary is given; a refusal names the rule."""
    try:
        parsed = parse(expression)
        if vocabulary is not None:
            vocabulary.check(parsed)
    except Invalid as refusal:
        raise type(refusal)(f"Rule {rule}: {refusal.detail}", rule=rule, **refusal.members) from None
    used = tuple(dict.fromkeys(name.name for name in names(parsed)))
    return Rule(rule, expression, title, source, since, parsed, used)


@dataclass(frozen=True, slots=True)
class Product:
    """One version of a product. Amounts in fen, terms in months, both ends included; `valid_until` None is open.

    Where its parts come to more than its cap or the law's it is refused (`terms.cost`), or, with `lend_below_cost`,
    offered at the cap.
    """

    id: str
    version: int
    bank: str
    title: Title
    kind: str
    amount_fen: tuple[int, int]
    months: tuple[int, int]
    rate: RateRule
    repayment: str
    rules: tuple[Rule, ...]
    valid_from: date
    valid_until: date | None
    sandbox: bool
    scope: Scope = Scope()
    security: tuple[Mapping[str, Any], ...] = ()
    documents: tuple[Mapping[str, Any], ...] = ()
    owner: str = ""
    counts: Counts = Counts.CONFIRMED
    fees: tuple[Fee, ...] = ()
    lend_below_cost: bool = False

    def __post_init__(self) -> None:
        """Refuse a product that contradicts itself."""
        for name in ("amount_fen", "months"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise ProductInvalid(
                    f"{name} runs from {low} to {high}; write [least, most], both above 0.", field=name
                )
        if self.valid_until is not None and self.valid_until < self.valid_from:
            raise ProductInvalid(
                f"valid_until {self.valid_until} lies before valid_from {self.valid_from}.", field="valid_until"
            )
        require_loan_left(self.fees, self.amount_fen[0], self.months[1])
        ids = [rule.id for rule in self.rules]
        if any(rule.startswith("terms.") for rule in ids):
            raise ProductInvalid(
                "A rule's id cannot begin with `terms.`: amount, term, kind and cost have these.", field="rules"
            )
        twice = sorted({rule for rule in ids if ids.count(rule) > 1})
        if twice:
            raise ProductInvalid(f"Two rules are called {twice[0]}; each needs an id of its own.", field="rules")

    def lends(self, amount_fen: int, months: int) -> bool:
        """Tell whether amount and term lie within the product's."""
        return self.amount_fen[0] <= amount_fen <= self.amount_fen[1] and self.months[0] <= months <= self.months[1]

    def in_force(self, on: date) -> bool:
        """Tell whether the version is offered on this day."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)

    def conditions(self, on: date, *, kind_matters: bool, used: Used | None = None) -> tuple[Rule, ...]:
        """Return every condition asked on this day: what the terms imply, then the bank's own rules already in force.

        `used` is what is gone of quota and budget.
        """
        used = used or Used()
        terms = self._terms(used) if kind_matters else self._terms(used)[1:]
        return (*terms, *self._places(used), *(rule for rule in self.rules if rule.since <= on))

    def require_passable(self) -> None:
        """Raise `RulesContradict` where it is proved that no firm with any need ever passes, on any day of the product.

        All rules that are ever in force are read together, as they are on its last day.
        """
        last = self.valid_until or date.max
        asked = self.conditions(last, kind_matters=True)
        against = [asked[place] for place in core([rule.parsed for rule in asked])]
        if against:
            told = "; ".join(f"{rule.id}: {rule.expression}" for rule in against)
            raise RulesContradict(
                f"No firm could ever pass this together: {told}. Change or leave out one of them.",
                rules=[rule.id for rule in against],
            )

    def require_left(self, used: Used, amount_fen: int) -> None:
        """Raise `ProductUsedUp` where no place is left for one firm more, or not so much money."""
        for bound, left, needed in zip(("quota", "budget_fen"), self.scope.left(used), (1, amount_fen), strict=True):
            if left is not None and left < needed:
                raise ProductUsedUp(
                    f"Of the {bound} of product {self.id} {left} is left and {needed} needed: the rest is agreed, or "
                    "reserved by offers that stand.",
                    product=self.id,
                    field=bound,
                    found=left,
                    needed=needed,
                )

    def _places(self, used: Used) -> tuple[Rule, ...]:
        if self.scope.quota is None or used.firms < self.scope.quota:
            return ()
        title = {"zh": "产品名额尚有剩余", "en": "Places of the product are left"}
        full = make_rule("terms.quota", "quota_left >= 1", title, "product terms", self.valid_from)
        return (replace(full, known={"quota_left": 0}),)

    def _terms(self, used: Used) -> tuple[Rule, ...]:
        terms = (
            ("kind", f'kind == "{self.kind}"', "所需融资类型相符", "The kind of financing that is asked for"),
            ("amount-least", f"amount_fen >= {self.amount_fen[0]}", "达到最低金额", "At least the smallest amount"),
            ("amount-most", f"amount_fen <= {self.amount_fen[1]}", "不超过最高金额", "At most the largest amount"),
            ("months-least", f"months >= {self.months[0]}", "达到最短期限", "At least the shortest term"),
            ("months-most", f"months <= {self.months[1]}", "不超过最长期限", "At most the longest term"),
            *self.scope.terms(used),
        )
        return tuple(
            make_rule(f"terms.{key}", text, {"zh": zh, "en": en}, "product terms", self.valid_from)
            for key, text, zh, en in terms
        )


@dataclass(frozen=True, slots=True)
class ProductDraft:
    """A product as its bank wrote it, before its rules are read: the JSON that is stored and shown as it is."""

    id: str
    document: Mapping[str, Any]


def read_product(document: Mapping[str, Any], vocabulary: Vocabulary | None = None) -> Product:
    """Return a product from its JSON form (dates as ISO text).

    Where a vocabulary is given it is one that is to be published: names and words of rules and scope are checked, and
    that some firm could pass. Raises ProductInvalid or RuleUnreadable, and then NameUnknown, RuleMistyped, WordUnknown
    or RulesContradict; those of a rule name it.
    """
    rate = RateRule(**{name: Decimal(str(value)) for name, value in document["rate"].items()})
    until = document.get("valid_until")
    product = Product(
        id=document["id"],
        version=document.get("version", 1),
        bank=document["bank"],
        title=document["title"],
        kind=document["kind"],
        amount_fen=_pair(document["amount_fen"]),
        months=_pair(document["months"]),
        rate=rate,
        repayment=document["repayment"],
        rules=tuple(_rule(rule, vocabulary) for rule in document["rules"]),
        valid_from=date.fromisoformat(document["valid_from"]),
        valid_until=date.fromisoformat(until) if until else None,
        sandbox=document.get("sandbox", False),
        scope=_scope(document),
        security=tuple(document.get("security", ())),
        documents=tuple(document.get("documents", ())),
        owner=document.get("owner", ""),
        counts=Counts(document.get("counts", Counts.CONFIRMED)),
        fees=tuple(map(read_fee, document.get("fees", ()))),
        lend_below_cost=document.get("lend_below_cost", False),
    )
    if vocabulary is not None:
        product.scope.check(vocabulary)
        product.require_passable()
    return product


def _scope(document: Mapping[str, Any]) -> Scope:
    listed = {name: tuple(document.get(name, ())) for name in ("regions", "industries", "size_classes")}
    return Scope(**listed, quota=document.get("quota"), budget_fen=document.get("budget_fen"))


def _pair(values: Any) -> tuple[int, int]:
    least, most = values
    return least, most


def _rule(document: Mapping[str, Any], vocabulary: Vocabulary | None) -> Rule:
    since = date.fromisoformat(document["since"])
    return make_rule(document["id"], document["expression"], document["title"], document["source"], since, vocabulary)
