"""Company names (企业名称): what a name is made of, whether two are the same firm's, and finding a list in a book.

A name is region, brand core (字号), trade (行业) and legal form (组织形式), by 企业名称登记管理规定 Art. 6. Two names
agree where no part contradicts and enough is said; each part's comparison is told. A credit code always beats a name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from services.profile.standards.regions import by_name, contains, regions, short

Verdict = Literal["same", "different", "unsure"]
Agreement = Literal["agree", "differ", "partial", "missing", "absent"]
# Written form: what the law calls it. Longest first decides; a bare 公司 may be any of the companies.
FORMS: Mapping[str, str] = {
    **dict.fromkeys(("有限责任公司", "有限公司", "责任有限公司", "有限", "有限责任"), "limited"),
    **dict.fromkeys(("股份有限公司", "股份公司"), "joint-stock"),
    **dict.fromkeys(("合伙企业(有限合伙)", "合伙企业(普通合伙)", "合伙企业(特殊普通合伙)", "合伙企业"), "partnership"),
    **dict.fromkeys(("(有限合伙)", "(普通合伙)", "(特殊普通合伙)"), "partnership"),
    **dict.fromkeys(("农民专业合作社", "专业合作社", "合作社"), "co-operative"),
    **dict.fromkeys(("个体工商户", "(个体工商户)"), "sole-trader"),
    "公司": "company",
    **{word: word for word in ("事务所", "经营部", "商行", "工作室", "服务部", "加工厂", "中心", "厂", "店")},
}
COMPANIES = frozenset({"company", "limited", "joint-stock"})
FORM = re.compile(f"({'|'.join(re.escape(form) for form in sorted(FORMS, key=len, reverse=True))})$")
BRANCH = re.compile(
    r"^(?P<firm>.+?(?:公司|合作社|合伙企业|事务所|银行|集团|厂))"
    r"(?P<branch>.*?(?:分公司|分店|支行|分行|分厂|分部|分社|分所|营业部|办事处|门市部|项目部|分中心))$"
)
# How the names of those end that are no company and yet no person.
BODY = re.compile(
    r".(?:医院|卫生院|诊所|大学|学院|学校|中学|小学|幼儿园|政府|委员会|法院|检察院|管理局|公安局|财政局|税务局"
    r"|办公室|办事处|协会|学会|商会|基金会|研究院|研究所|银行|集团|超市|酒店|饭店|餐厅|农场|村民小组|大队|部队)$"
)
BRACKETS = re.compile(r"\(([^()]*)\)")
BRANCHES = ("公司", "店", "行", "厂", "部", "社", "所", "处", "中心")  # how a branch ends
DROPPED = re.compile(r"[\s·.,，。、;；:：'\"“”‘’\-—_/&＆*]+")
ENGLISH_FORM = re.compile(r"(CO\.?\s*,?\s*LTD\.?|LIMITED|LTD\.?)$")
ENGLISH = ("LTD", "LTD.", "LIMITED")
GROUP = "集团"
SHORTEST_BRAND = 2
WEIGHTS: Mapping[str, float] = {"brand": 0.5, "trade": 0.2, "region": 0.2, "form": 0.1}
WORTH: Mapping[Agreement, float] = {"agree": 1, "absent": 1, "missing": 0.6, "partial": 0.4, "differ": 0}


@dataclass(frozen=True, slots=True)
class Name:
    """A company name in its parts; `plain` is the whole in one spelling, `region` holds the codes that it can mean."""

    plain: str
    brand: str
    trade: str
    form: str
    region: tuple[str, ...]
    region_word: str
    group: bool
    branch: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys under which the name is found: its brand, also with the region's everyday name in front."""
        return (self.brand, self.region_word + self.brand) if self.region_word else (self.brand,)


@dataclass(frozen=True, slots=True)
class NameMatch:
    """Whether two names are one firm's, with the comparison of every part and a score of 0 to 1."""

    verdict: Verdict
    score: float
    parts: Mapping[str, Agreement]
    reason: str

    @property
    def fits(self) -> bool:
        """Whether nothing that both names say contradicts."""
        return self.verdict != "different" and not {"differ", "partial"} & set(self.parts.values())


@lru_cache(1)
def _trades() -> tuple[frozenset[str], int]:
    words = files(__package__).joinpath("trades.txt").read_text(encoding="utf-8").split()
    return frozenset(words), max(map(len, words))


@lru_cache(1)
def _written_as() -> dict[int, str]:
    """Return what single signs are written as: simplified, and round brackets."""
    pairs = files(__package__).joinpath("traditional.txt").read_text(encoding="utf-8").split()
    brackets = zip("〔【[{〕】]}", "(((())))", strict=True)
    return {ord(pair[0]): pair[1] for pair in pairs} | {ord(sign): plain for sign, plain in brackets}


@lru_cache(1)
def _region_words() -> tuple[dict[str, tuple[str, ...]], int]:
    """Return the names that may open a company's name, and the longest; a county only under its full name."""
    full = {region.name for region in regions()}
    high = {code for name in full for code in by_name()[name] if code.endswith("00")}
    found = {
        name: tuple(code for code in codes if name in full or code in high)
        for name, codes in by_name().items()
        if name in full or any(code in high for code in codes)
    }
    return found, max(map(len, found))


def plain(written: str) -> str:
    """Return a name in one spelling: half width, simplified, upper case, round brackets, no spaces or dots."""
    text = unicodedata.normalize("NFKC", written).translate(_written_as()).upper().strip()
    if text.endswith(ENGLISH):
        text = ENGLISH_FORM.sub("有限公司", text)
    return DROPPED.sub("", text)


@lru_cache(1 << 16)
def parse(written: str) -> Name:
    """Take a name apart; what cannot be told apart stays in the brand core."""
    whole = plain(written)
    firm, branch = whole, ""
    if whole.endswith(BRANCHES) and (parts := BRANCH.match(whole)):
        firm, branch = parts["firm"], parts["branch"]
    firm, form = _form(firm)
    firm, bracketed, extra = _brackets(firm)
    group = firm.endswith(GROUP) or GROUP in extra
    firm = firm.removesuffix(GROUP)
    (brand, trade), codes, word = _region(firm, bracketed)
    return Name(whole, brand, trade, form, codes, word, group, branch + extra.replace(GROUP, ""))


def match(one: str | Name, other: str | Name) -> NameMatch:
    """Tell whether two names are the same firm's, and why."""
    a, b = (parse(each) if isinstance(each, str) else each for each in (one, other))
    if a.plain == b.plain:
        return NameMatch("same", 1.0, dict.fromkeys(WEIGHTS, "agree"), "the whole name agrees / 名称一致")
    parts: dict[str, Agreement] = {
        "brand": "agree" if set(a.keys) & set(b.keys) else "differ",
        "trade": _trade_agreement(a.trade, b.trade),
        "region": _region_agreement(a.region, b.region),
        "form": _form_agreement(a.form, b.form),
    }
    score = round(sum(weight * WORTH[parts[name]] for name, weight in WEIGHTS.items()), 4)
    verdict, reason = _judge(a, b, parts)
    return NameMatch(verdict, score if verdict != "different" else min(score, 0.5), parts, reason)


def is_organisation(written: str) -> bool:
    """Tell whether a name is that of a firm or a body, and not of a person.

    >>> is_organisation("杭州某某商贸有限公司"), is_organisation("杭州市第一人民医院"), is_organisation("张三")
    (True, True, False)
    """
    name = parse(written)
    return bool(name.form or name.branch or name.group or BODY.search(name.plain))


def _judge(a: Name, b: Name, parts: Mapping[str, Agreement]) -> tuple[Verdict, str]:
    if against := _against(a, b, parts):
        return "different", against
    doubtful = next((name for name in WEIGHTS if parts[name] in {"differ", "partial"}), None)
    if doubtful:
        return "unsure", f"the {doubtful} agrees in part only / {TITLES[doubtful]}不完全一致"
    if not a.brand or not b.brand:
        return "unsure", "no brand core is said / 未写明字号"
    if parts["region"] == parts["trade"] == "missing":
        return "unsure", "region and trade are each said by one only / 地区与行业均有缺失"
    return "same", "no part contradicts / 各组成部分均不矛盾"


def _against(a: Name, b: Name, parts: Mapping[str, Agreement]) -> str | None:
    if a.branch != b.branch:
        return "a branch is not its head office, nor another branch / 分支机构不同"
    for name in ("brand", "region", "trade"):
        if parts[name] == "differ":
            return f"the {name} differs / {TITLES[name]}不同"
    if a.group != b.group and a.form and b.form and "company" not in {a.form, b.form}:
        return "a group is not its member / 集团与成员企业不同"
    return None


TITLES: Mapping[str, str] = {"brand": "字号", "trade": "行业", "region": "地区", "form": "组织形式"}


def _form(firm: str) -> tuple[str, str]:
    found = FORM.search(firm)
    return (firm[: found.start()], FORMS[found[1]]) if found and found.start() >= SHORTEST_BRAND else (firm, "")


def _brackets(firm: str) -> tuple[str, str, str]:
    """Return the name without brackets, the regions in them, and what else they hold."""
    if "(" not in firm:
        return firm, "", ""
    inner = BRACKETS.findall(firm)
    known, _ = _region_words()
    places = [each for each in inner if each in known or each in by_name()]
    return BRACKETS.sub("", firm), "".join(places), "".join(each for each in inner if each not in places)


def _region(firm: str, bracketed: str) -> tuple[tuple[str, str], tuple[str, ...], str]:
    """Return brand and trade of a name after the region that opens it, its possible codes, its last everyday name."""
    known, longest = _region_words()
    rest, codes, word = firm, tuple(by_name().get(bracketed, ())), ""
    split: tuple[str, str] | None = None
    while step := _opening(rest, known, min(longest, len(rest) - SHORTEST_BRAND)):
        inner = _narrowed(codes, known[rest[:step]])
        left = _trade(rest[step:])
        if not inner or not left[0]:
            break
        codes, word, rest, split = inner, short(rest[:step]), rest[step:], left
    return split or _trade(rest), codes, word


def _opening(text: str, words: Container[str], longest: int) -> int:
    """Return how long the longest word is, of two signs at least, that opens a text; 0 where none does."""
    for length in range(longest, 1, -1):
        if text[:length] in words:
            return length
    return 0


def _narrowed(outer: tuple[str, ...], inner: tuple[str, ...]) -> tuple[str, ...]:
    """Return the narrower codes of two statements of a region; none where they contradict."""
    if not outer:
        return inner
    return tuple(dict.fromkeys(max(o, i, key=_depth) for o in outer for i in inner if contains(o, i) or contains(i, o)))


def _depth(code: str) -> int:
    return len(code.rstrip("0"))


def _trade(rest: str) -> tuple[str, str]:
    """Return brand core and trade: the longest run of trade words at the end that leaves a brand."""
    words, longest = _trades()
    brand, trade = rest, ""
    while step := _ending(brand, words, min(longest, len(brand))):
        if len(brand) - step < SHORTEST_BRAND:
            return (brand, trade) if trade or len(brand) > step else ("", brand)
        brand, trade = brand[:-step], brand[-step:] + trade
    return brand, trade


def _ending(text: str, words: Container[str], longest: int) -> int:
    """Return how long the longest word is, of two signs at least, that ends a text; 0 where none does."""
    for length in range(longest, 1, -1):
        if text[-length:] in words:
            return length
    return 0


def _trade_agreement(a: str, b: str) -> Agreement:
    if a == b:
        return "agree" if a else "absent"
    if not (a and b):
        return "missing"
    return "partial" if a in b or b in a else "differ"


def _region_agreement(a: Sequence[str], b: Sequence[str]) -> Agreement:
    if not (a or b):
        return "absent"
    if not (a and b):
        return "missing"
    return "agree" if any(contains(x, y) or contains(y, x) for x in a for y in b) else "differ"


def _form_agreement(a: str, b: str) -> Agreement:
    if a == b:
        return "agree" if a else "absent"
    if not (a and b) or ({a, b} <= COMPANIES and "company" in {a, b}):
        return "missing"
    return "differ"


@dataclass(frozen=True, slots=True)
class Resolved:
    """Which firm of a book a counterparty is, by `code` or `name`; None with the reason where it is not clear."""

    enterprise: str | None
    by: Literal["code", "name"] | None
    match: NameMatch | None = None
    candidates: tuple[str, ...] = ()


class Book:
    """The firms of a book by code and by brand core, so that a list is looked up and never compared pair by pair."""

    def __init__(self, firms: Iterable[tuple[str, str | None]]) -> None:
        self._codes: set[str] = set()
        self._brands: dict[str, list[tuple[str, Name]]] = {}
        for enterprise, written in firms:
            self._codes.add(enterprise)
            if written:
                name = parse(written)
                for key in name.keys:
                    self._brands.setdefault(key, []).append((enterprise, name))

    def resolve(self, enterprise: str | None, written: str | None) -> Resolved:
        """Return the firm of a code, whatever the name says; without a code, the one firm of the same name."""
        if enterprise:
            return Resolved(enterprise, "code") if enterprise in self._codes else Resolved(None, None)
        return self.find(written) if written else Resolved(None, None)

    def find(self, written: str) -> Resolved:
        """Return the one firm that a name fits, or that bears it as a whole; else the candidates, and none is chosen.

        What a name leaves out may be anything, so that a short one fits more than one firm however the scores stand.
        """
        name = parse(written)
        near = {firm: other for key in name.keys for firm, other in self._brands.get(key, ())}
        found = {firm: match(name, other) for firm, other in near.items()}
        fitting = {firm: each for firm, each in found.items() if each.fits}
        whole = [firm for firm in fitting if near[firm].plain == name.plain]
        chosen = whole or [firm for firm, each in fitting.items() if len(fitting) == 1 and each.verdict == "same"]
        if len(chosen) == 1:
            return Resolved(chosen[0], "name", found[chosen[0]])
        return Resolved(
            None, None, candidates=tuple(sorted(f for f, each in found.items() if each.verdict != "different"))
        )

    def find_all(self, names: Sequence[str]) -> list[Resolved]:
        """Return what each name of a list means; a name that comes again is looked up once."""
        found = {written: self.find(written) for written in dict.fromkeys(names)}
        return [found[written] for written in names]
