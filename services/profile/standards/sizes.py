"""Size classes (统计上大中小微型企业划分办法, 2017): bounds as data, one rule.

A class needs every bound that its industry lists, each bound included; micro is what misses any bound of small.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.profile.standards.industries import find

CLASSES = ("micro", "small", "medium", "large")
MICRO, LARGE = 0, 3
WAN_FEN = 1_000_000  # 万元 in fen
Bounds = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Row:
    """Lower bounds of large, medium and small: employees, revenue and assets (both 万元); None is no criterion."""

    title: str
    codes: tuple[str, ...]
    employees: Bounds | None = None
    revenue: Bounds | None = None
    assets: Bounds | None = None


# 国统字〔2017〕213号. Codes of GB/T 4754-2017; the longest code that an industry begins with decides.
ROWS: tuple[Row, ...] = (
    Row("农林牧渔", ("A",), None, (20000, 500, 50)),
    Row("工业", ("B", "C", "D"), (1000, 300, 20), (40000, 2000, 300)),
    Row("建筑", ("E",), None, (80000, 6000, 300), (80000, 5000, 300)),
    Row("批发", ("F51",), (200, 20, 5), (40000, 5000, 1000)),
    Row("零售", ("F52",), (300, 50, 10), (20000, 500, 100)),
    Row("交通运输", ("G54", "G55", "G56", "G57", "G58"), (1000, 300, 20), (30000, 3000, 200)),
    Row("仓储", ("G59",), (200, 100, 20), (30000, 1000, 100)),
    Row("邮政", ("G60",), (1000, 300, 20), (30000, 2000, 100)),
    Row("住宿、餐饮", ("H",), (300, 100, 10), (10000, 2000, 100)),
    Row("信息传输", ("I63", "I64"), (2000, 100, 10), (100000, 1000, 100)),
    Row("软件和信息", ("I65",), (300, 100, 10), (10000, 1000, 50)),
    Row("房地产开发", ("K701",), None, (200000, 1000, 100), (10000, 5000, 2000)),
    Row("物业", ("K702",), (1000, 300, 100), (5000, 1000, 500)),
    Row("租赁商务", ("L",), (300, 100, 10), None, (120000, 8000, 100)),
    # Not covered: railways (53), finance (J), own real estate (704), education (P), health (84), S and T.
    Row("其他", ("M", "N", "O", "Q85", "R", "K703", "K709"), (300, 100, 10)),
)
_ROW_OF = {code: row for row in ROWS for code in row.codes}


def row_of(industry: str) -> Row | None:
    """Return the bounds of an industry; None where the rules do not cover it or its code does not tell which row."""
    found = find(industry)
    if found.code is None or found.section is None:
        return None
    digits = re.sub(r"\D", "", found.code)
    for length in range(min(len(digits), 3), 1, -1):
        if row := _ROW_OF.get(found.section + digits[:length]):
            return row
    return _ROW_OF.get(found.section)


def size_class(
    industry: str | None, *, employees: int | None = None, revenue_fen: int | None = None, assets_fen: int | None = None
) -> str | None:
    """Return `large`, `medium`, `small` or `micro`; None where it is not covered or the figures do not decide it.

    An unknown figure is tried as zero and as infinite; if both give one class, that is the answer.
    """
    row = row_of(industry) if industry else None
    if row is None:
        return None
    listed = (
        (row.employees, employees, 1),
        (row.revenue, revenue_fen, WAN_FEN),
        (row.assets, assets_fen, WAN_FEN),
    )
    reached = [_reached(bounds, figure, scale) for bounds, figure, scale in listed if bounds]
    least = min(MICRO if rank is None else rank for rank in reached)
    most = min(LARGE if rank is None else rank for rank in reached)
    return CLASSES[least] if least == most else None


def _reached(bounds: Bounds, figure: int | None, scale: int) -> int | None:
    return None if figure is None else sum(figure >= bound * scale for bound in bounds)
