"""A seeded book of invented company names, the ways in which sources write them, and names that only look alike.

Words and habits are those of the register; the firms are invented. Every pair carries the truth: one firm, or two.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

REGIONS = (
    *(
        ("北京市", "北京"),
        ("上海市", "上海"),
        ("江苏省苏州市", "苏州"),
        ("浙江省杭州市", "杭州"),
        ("广东省深圳市", "深圳"),
    ),
    *(
        ("四川省成都市", "成都"),
        ("湖北省武汉市", "武汉"),
        ("山东省青岛市", "青岛"),
        ("福建省厦门市", "厦门"),
        ("重庆市", "重庆"),
    ),
    *(
        ("陕西省西安市", "西安"),
        ("湖南省长沙市", "长沙"),
        ("天津市", "天津"),
        ("河南省郑州市", "郑州"),
        ("江苏省南京市", "南京"),
    ),
)
# The last eight are not in the shipped list of trade words: a list is never whole.
TRADES = (
    *(
        "科技",
        "信息技术",
        "商贸",
        "国际贸易",
        "建筑工程",
        "装饰工程",
        "机械设备",
        "电子科技",
        "食品",
        "餐饮管理",
        "物流",
        "化工",
    ),
    *(
        "服装",
        "医疗器械",
        "文化传媒",
        "物业管理",
        "汽车销售",
        "新能源科技",
        "农业科技",
        "企业管理咨询",
        "供应链管理",
        "包装制品",
    ),
    *("精密铸造", "激光切割", "标识标牌", "宠物用品", "无人机", "烘焙", "石墨烯", "紧固件"),
)
SIGNS = "恒达宏图瑞丰盛泰华信博远金诺嘉诚德力鑫源顺通佳宁正阳中创安康永利天成万和东升凯旋明辉润泽同创海纳百川国泰民丰"
WIDE = {ord(sign): ord(sign) + 0xFEE0 for sign in "()0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
TRADITIONAL = str.maketrans("国业东华贸电机车长广备务术网达诚远丰创宁顺", "國業東華貿電機車長廣備務術網達誠遠豐創寧順")
SHORT_OF = {"信息技术": "信息", "国际贸易": "国贸"}


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm as the register writes it."""

    region: tuple[str, str]
    brand: str
    trade: str
    form: str = "有限公司"
    branch: str = ""
    group: bool = False

    def name(self) -> str:
        return f"{self.region[1]}{self.brand}{self.trade}{'集团' if self.group else ''}{self.form}{self.branch}"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two written names, whether they are one firm's, and how the second came about."""

    one: str
    other: str
    same: bool
    how: str


def firms(count: int, seed: int) -> list[Firm]:
    """Return firms of different names; brands come again in other regions and trades, as they do."""
    rng, found = random.Random(seed), dict[str, Firm]()
    while len(found) < count:
        brand = "".join(rng.sample(SIGNS, rng.choice((2, 2, 2, 3, 4))))
        form = rng.choices(("有限公司", "有限责任公司", "股份有限公司"), (80, 12, 8))[0]
        firm = Firm(rng.choice(REGIONS), brand, rng.choice(TRADES), form)
        found[firm.name()] = firm
    return list(found.values())


def _limited(firm: Firm) -> str:
    other = {"有限公司": "有限责任公司", "有限责任公司": "有限公司"}.get(firm.form, "股份公司")
    return replace(firm, form=other).name()


def _spaced(firm: Firm) -> str:
    return f" {firm.region[1]} {firm.brand}{firm.trade} {firm.form}"


WRITTEN: dict[str, Callable[[Firm], str]] = {
    "as registered": Firm.name,
    "full region": lambda firm: f"{firm.region[0]}{firm.brand}{firm.trade}{firm.form}",
    "region in brackets": lambda firm: f"{firm.brand}({firm.region[1]}){firm.trade}{firm.form}",
    "region in wide brackets at the end": lambda firm: f"{firm.brand}{firm.trade}（{firm.region[1]}）{firm.form}",
    "no region": lambda firm: f"{firm.brand}{firm.trade}{firm.form}",
    "other limited form": _limited,
    "bare company": lambda firm: f"{firm.region[1]}{firm.brand}{firm.trade}公司",
    "no form": lambda firm: f"{firm.region[1]}{firm.brand}{firm.trade}",
    "full width": lambda firm: f"{firm.brand}({firm.region[1]}){firm.trade}{firm.form}".translate(WIDE),
    "traditional": lambda firm: firm.name().translate(TRADITIONAL),
    "spaces": _spaced,
}


def _slip(firm: Firm, rng: random.Random) -> Firm:
    place = rng.randrange(len(firm.brand))
    sign = rng.choice([sign for sign in SIGNS if sign not in firm.brand])
    return replace(firm, brand=firm.brand[:place] + sign + firm.brand[place + 1 :])


LOOKALIKES: dict[str, Callable[[Firm, random.Random], Firm]] = {
    "near-miss brand": _slip,
    "brand with a sign more": lambda firm, rng: replace(firm, brand=firm.brand + rng.choice("隆祥福")),
    "other region": lambda firm, rng: replace(firm, region=rng.choice([r for r in REGIONS if r != firm.region])),
    "other trade": lambda firm, rng: replace(
        firm, trade=rng.choice([t for t in TRADES if t not in firm.trade and firm.trade not in t])
    ),
    "branch": lambda firm, rng: replace(firm, branch=rng.choice(("上海分公司", "第三分公司", "高新区营业部"))),
    "group": lambda firm, rng: replace(firm, group=True),
}
# A slip of the pen in the brand: one firm, though no name alone can tell it from a near miss.
SLIPS = 0.02


def pairs(count: int, seed: int) -> Iterator[Pair]:
    """Give labelled pairs, two of one firm and two of different firms a firm, written in all ways."""
    rng = random.Random(seed + 1)
    for firm in firms(count, seed):
        for how in rng.sample(sorted(WRITTEN), 2):
            slip = rng.random() < SLIPS
            yield Pair(firm.name(), WRITTEN[how](_slip(firm, rng) if slip else firm), True, "slip" if slip else how)
        for how in rng.sample(sorted(LOOKALIKES), 2):
            yield Pair(firm.name(), LOOKALIKES[how](firm, rng).name(), False, how)


def f1(truth: list[bool], said: list[bool]) -> float:
    """Return the harmonic mean of precision and recall."""
    hits = sum(t and s for t, s in zip(truth, said, strict=True))
    return 2 * hits / (sum(truth) + sum(said)) if hits else 0.0
