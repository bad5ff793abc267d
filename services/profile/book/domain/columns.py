"""What a file may call its columns and values, in Chinese and English: data, so that a new export is a line here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from services.profile.book.domain import invoice, invoice_form, payment, tax_filing
from services.profile.book.domain.dataset import ENTERPRISE, Column, Dataset
from services.profile.book.domain.evidence import DATASETS
from services.profile.book.domain.form import CURRENCY, Form
from services.profile.book.domain.sides import own_accounts, partner_is_another

STATUSES = invoice.STATUSES
RATINGS = MappingProxyType({grade: grade.upper() for grade in "ABCDabcd"})
SIZES = MappingProxyType(
    {size: size for size in ("large", "medium", "small", "micro")}
    | {"大型": "large", "中型": "medium", "小型": "small", "微型": "micro"}
)
TAXPAYERS = MappingProxyType(
    {"general": "general", "一般纳税人": "general", "增值税一般纳税人": "general"}
    | {"small": "small", "小规模纳税人": "small", "小规模": "small"}
)
FLAGS = MappingProxyType(
    dict.fromkeys(("是", "true", "True", "TRUE", "1", "yes", "Y", "违约"), "true")
    | dict.fromkeys(("否", "false", "False", "FALSE", "0", "no", "N", "未违约"), "false")
)

SYNTHETIC = Column("synthetic", "flag", ("合成数据", "synthetic"), required=False, choices=FLAGS)
# What every kind of records may say beside its own columns.
ALWAYS = (CURRENCY, SYNTHETIC)
DEFAULTED_TITLES = ("是否违约", "defaulted", "default")
WORKBOOK = "workbook"
# What a file may say beside what is held of its kind.
BESIDE: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {payment.DATASET.name: payment.STATEMENT, tax_filing.DATASET.name: tax_filing.STATED}
)


def _form(dataset: Dataset, beside: tuple[Column, ...] = ()) -> Form:
    stated = [column for column in dataset.columns if not column.derived]
    step = own_accounts if dataset.name == payment.DATASET.name else partner_is_another
    steps = (step,) if any(column.name == "counterparty" for column in stated) else ()
    form = Form(dataset.name, (*stated, *beside, *ALWAYS), dataset, rules=dataset.rules, steps=steps)
    if dataset.name == tax_filing.DATASET.name:
        return replace(form, instead=tax_filing.INSTEAD, steps=(tax_filing.paid_as_said,))
    return form


def _invoices(direction: str | None = None) -> Form:
    """Return the form of invoices: of one direction, or of both with the codes that tell them apart."""
    kind = f"invoices.{direction}" if direction else "invoices"
    columns = invoice_form.one_side(direction) if direction else invoice_form.both_sides()
    return replace(
        _form(invoice.DATASET),
        kind=kind,
        columns=(*columns, *ALWAYS),
        constants={"direction": direction} if direction else {},
        either=invoice_form.EITHER,
        instead=invoice_form.instead(kind),
        steps=invoice_form.STEPS,
    )


ENTERPRISES = Form(
    "enterprises",
    (
        ENTERPRISE,
        Column("name", "text", ("企业名称", "名称", "name"), filled=False),
        Column("rating", "choice", ("信誉评级", "rating"), required=False, filled=False, choices=RATINGS),
        Column("defaulted", "flag", DEFAULTED_TITLES, required=False, filled=False, choices=FLAGS),
        Column("industry", "text", ("行业", "行业代码", "industry"), required=False, filled=False),
        Column("region", "text", ("地区", "行政区划", "region"), required=False, filled=False),
        Column("size_class", "choice", ("企业规模", "size_class"), required=False, filled=False, choices=SIZES),
        Column("established_on", "date", ("成立日期", "established_on"), required=False, filled=False),
        Column("employees", "count", ("从业人员", "从业人数", "employees"), required=False, filled=False),
        Column("revenue_fen", "money", ("营业收入", "revenue"), required=False, filled=False),
        Column("assets_fen", "money", ("资产总额", "assets"), required=False, filled=False),
        Column("scope", "text", ("经营范围", "scope"), required=False, filled=False, longest=4000),
        CURRENCY,
        Column("taxpayer", "choice", ("纳税人类型", "taxpayer"), required=False, filled=False, choices=TAXPAYERS),
        SYNTHETIC,
    ),
)
OUTCOMES = Form(
    "outcomes",
    (
        ENTERPRISE,
        Column("defaulted", "flag", DEFAULTED_TITLES, choices=FLAGS),
        Column("observed_on", "date", ("认定日期", "观察日期", "observed_on"), required=False, filled=False),
        SYNTHETIC,
    ),
)
KINDS: Mapping[str, Form] = MappingProxyType(
    {
        form.kind: form
        for form in (
            ENTERPRISES,
            _invoices("purchase"),
            _invoices("sale"),
            _invoices(),
            *(_form(dataset, BESIDE.get(name, ())) for name, dataset in DATASETS.items()),
            OUTCOMES,
            Form(WORKBOOK, ()),
        )
    }
)
# The official workbook: each sheet is a file of its kind.
SHEETS: Mapping[str, str] = MappingProxyType(
    {"企业信息": "enterprises", "进项发票信息": "invoices.purchase", "销项发票信息": "invoices.sale"}
)
