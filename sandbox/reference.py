"""The few industries and regions that synthetic firms live in, with the codes of the national standards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

Bounds: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Industry:
    """A division of GB/T 4754-2017 as the sandbox needs it.

    `weight` is its share of firms; `tax` its usual VAT rate; `margin` its usual share of sales not spent on
    purchases; `swing` and `peak` (month 1-12) its season. `revenue`, `heads` and `assets` are the lower bounds of
    large, medium and small: yearly revenue and assets in 万元, employees; None where the class does not look at it
    (统计上大中小微型企业划分办法 2017).
    """

    code: str
    name: str
    weight: float
    tax: float
    margin: float
    swing: float
    peak: int
    revenue: Bounds | None
    heads: Bounds | None = None
    assets: Bounds | None = None


INDUSTRIES: Final = (
    Industry("C13", "食品加工", 4, 0.13, 0.16, 0.20, 12, (40000, 2000, 300), (1000, 300, 20)),
    Industry("C17", "纺织", 5, 0.13, 0.15, 0.12, 10, (40000, 2000, 300), (1000, 300, 20)),
    Industry("C18", "服装", 5, 0.13, 0.20, 0.22, 10, (40000, 2000, 300), (1000, 300, 20)),
    Industry("C26", "化学制品", 4, 0.13, 0.18, 0.06, 5, (40000, 2000, 300), (1000, 300, 20)),
    Industry("C29", "橡胶塑料", 5, 0.13, 0.18, 0.06, 6, (40000, 2000, 300), (1000, 300, 20)),
    Industry("C33", "金属制品", 7, 0.13, 0.18, 0.05, 6, (40000, 2000, 300), (1000, 300, 20)),
    Industry("C34", "通用设备", 7, 0.13, 0.22, 0.05, 11, (40000, 2000, 300), (1000, 300, 20)),
    Industry("C38", "电气机械", 6, 0.13, 0.20, 0.08, 7, (40000, 2000, 300), (1000, 300, 20)),
    Industry("C39", "电子设备", 6, 0.13, 0.20, 0.10, 10, (40000, 2000, 300), (1000, 300, 20)),
    Industry("E47", "房屋建筑", 5, 0.09, 0.20, 0.18, 10, (80000, 6000, 300), assets=(80000, 5000, 300)),
    Industry("E50", "建筑装饰", 5, 0.09, 0.28, 0.15, 9, (80000, 6000, 300), assets=(80000, 5000, 300)),
    Industry("F51", "批发", 16, 0.13, 0.10, 0.06, 12, (40000, 5000, 1000), (200, 20, 5)),
    Industry("F52", "零售", 8, 0.13, 0.16, 0.12, 1, (20000, 500, 100), (300, 50, 10)),
    Industry("G54", "道路运输", 6, 0.09, 0.25, 0.06, 11, (30000, 3000, 200), (1000, 300, 20)),
    Industry("H62", "餐饮", 3, 0.06, 0.35, 0.10, 1, (10000, 2000, 100), (300, 100, 10)),
    Industry("I65", "软件和信息", 5, 0.06, 0.45, 0.18, 12, (10000, 1000, 50), (300, 100, 10)),
    Industry("M74", "专业技术服务", 3, 0.06, 0.42, 0.12, 12, None, (300, 100, 10)),
)

# GB/T 2260 codes of districts and counties, with the short name of the place.
REGIONS: Final = (
    ("110105", "北京朝阳"),
    ("110108", "北京海淀"),
    ("120104", "天津南开"),
    ("130102", "石家庄长安"),
    ("210202", "大连中山"),
    ("310115", "上海浦东"),
    ("310117", "上海松江"),
    ("320205", "无锡锡山"),
    ("320583", "昆山"),
    ("330106", "杭州西湖"),
    ("330282", "慈溪"),
    ("330782", "义乌"),
    ("340104", "合肥蜀山"),
    ("350203", "厦门思明"),
    ("350582", "晋江"),
    ("370102", "济南历下"),
    ("370212", "青岛崂山"),
    ("410105", "郑州金水"),
    ("420111", "武汉洪山"),
    ("430104", "长沙岳麓"),
    ("440106", "广州天河"),
    ("440305", "深圳南山"),
    ("440307", "深圳龙岗"),
    ("440606", "佛山顺德"),
    ("500112", "重庆渝北"),
    ("510107", "成都武侯"),
    ("610113", "西安雁塔"),
)
