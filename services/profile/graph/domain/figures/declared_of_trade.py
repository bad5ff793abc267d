"""The figures of a firm's own trade: what each is called, which way risk goes with it, and whether it could be hidden.

Concentration, rings and what a partner's failure costs would all look better with some partner left out: they are told,
and for reading only. What partners' own files say of it counts where these are open to the reader.
"""

from __future__ import annotations

from services.profile.graph.domain.figures.declared import Figure
from services.profile.standards.text import Text

TRADE = (
    # Its partners' strength, age and trouble, in money of the last twelve months.
    Figure(
        name="trade_with_strong_12m",
        title=Text("近12个月与实力对手的交易额", "Trade with strong partners, last 12 months"),
        unit="fen",
        direction=-1,
        block="trade",
        own_file=True,
        worse=Text("与实力较强的对手交易偏少", "Little trade with strong partners"),
        better=Text("与实力较强的对手交易较多", "Much trade with strong partners"),
    ),
    Figure(
        name="trade_with_old_12m",
        title=Text("近12个月与成立五年以上对手的交易额", "Trade with partners five years old or more, last 12 months"),
        unit="fen",
        direction=-1,
        block="trade",
        own_file=True,
        worse=Text("与成立较久的对手交易偏少", "Little trade with long-established partners"),
        better=Text("与成立较久的对手交易较多", "Much trade with long-established partners"),
    ),
    Figure(
        name="trade_with_troubled_12m",
        title=Text("近12个月与有不利记录对手的交易额", "Trade with partners in trouble, last 12 months"),
        unit="fen",
        direction=1,
        block="trade",
        hideable=True,
        own_file=True,
        worse=Text("与有不利记录的对手交易较多", "Much trade with partners in trouble"),
        better=Text("未与有不利记录的对手交易", "No trade with partners in trouble"),
    ),
    # Dependence both ways: on whom the firm hangs, and who hangs on it.
    Figure(
        name="sales_to_one_12m",
        title=Text("近12个月对第一大客户的销售占比", "Part of its sales that one customer takes, last 12 months"),
        unit="ratio",
        direction=1,
        block="dependence",
        hideable=True,
        own_file=True,
        worse=Text("销售依赖单一客户", "Its sales hang on one customer"),
        better=Text("客户较为分散", "Several customers share its sales"),
    ),
    Figure(
        name="purchases_from_one_12m",
        title=Text("近12个月对第一大供应商的采购占比", "Part of its purchases that one supplier makes, last 12 months"),
        unit="ratio",
        direction=1,
        block="dependence",
        hideable=True,
        own_file=True,
        worse=Text("采购依赖单一供应商", "Its purchases hang on one supplier"),
        better=Text("供应商较为分散", "Several suppliers share its purchases"),
    ),
    Figure(
        name="customer_relies_12m",
        title=Text(
            "近12个月占客户采购额的最大比例", "Largest part of a customer's purchases that it makes, last 12 months"
        ),
        unit="ratio",
        direction=-1,
        block="dependence",
        worse=Text("没有依赖本企业供货的客户", "No customer relies on what it supplies"),
        better=Text("有客户依赖本企业供货", "A customer relies on what it supplies"),
    ),
    Figure(
        name="supplier_relies_12m",
        title=Text(
            "近12个月占供应商销售额的最大比例", "Largest part of a supplier's sales that it takes, last 12 months"
        ),
        unit="ratio",
        direction=-1,
        block="dependence",
        worse=Text("没有依赖本企业采购的供应商", "No supplier relies on its orders"),
        better=Text("有供应商依赖本企业采购", "A supplier relies on its orders"),
    ),
    # How much of its trade went round in a circle (signal 8, ADR 36).
    Figure(
        name="ring_trade_12m",
        title=Text("近12个月循环开票涉及金额", "Its trade on rings of invoices, last 12 months"),
        unit="fen",
        direction=1,
        block="rings",
        hideable=True,
        worse=Text("交易处于循环开票链条中", "Some of its trade went round in a circle"),
        better=Text("未发现循环开票", "None of its trade went round in a circle"),
    ),
    # Economic systemic risk as it reaches the firm (Diem et al. 2022, ADR 38). Its own index, what its failure would
    # cost others, says nothing of its risk in a direction that could be declared, and is told by a shock.
    Figure(
        name="systemic_exposure",
        title=Text("单一交易对手停产造成的最大产出损失", "Largest part of its production lost where one partner stops"),
        unit="ratio",
        direction=1,
        block="systemic",
        hideable=True,
        worse=Text("单一对手停产会使其产出大减", "One partner's failure would stop much of its production"),
        better=Text("单一对手停产对其产出影响有限", "No single partner's failure costs it much production"),
    ),
)
