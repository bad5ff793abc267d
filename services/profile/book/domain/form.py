"""How a file of a kind is read: which of its columns is which of ours, and what comes of its rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import polars as pl

from chassis.core.errors import Invalid
from services.profile.book.domain.amounts import PERCENT
from services.profile.book.domain.dataset import Column, Dataset, RowRule, Settled
from services.profile.book.domain.source_grant import Bounds
from services.profile.book.domain.split import BOTH_FILLED, Split, in_our_words, without_dashes
from services.profile.book.domain.titles import OF_CURRENCY, REASONS, names, plain, shown, unit

# A money column may also come in whole fen, as our own exports write it.
FEN_SUFFIX = "_fen"
# Checked and not stored: all money of the book is in yuan. 156, 142, 001, 01 and 10 are its numbers (ISO 4217,
# the customs, Chinese banks).
YUAN = MappingProxyType(
    dict.fromkeys(
        ("人民币", "人民币元", "人民币(元)", "人民币CNY", "CNY人民币", "元", "CNY", "RMB", "CNY元", "RMB元"), "CNY"
    )
    | dict.fromkeys(
        ("RMB人民币", "人民币RMB", "人民币账户", "人民币户", "本币", "CNH", "ChineseYuan", "001", "10", "142"), "CNY"
    )
    | dict.fromkeys(("yuan", "renminbi", "¥", "CN¥", "156", "01", "本位币", "-", "--", "/"), "CNY")
)
CURRENCY = Column(
    "currency",
    "currency",
    ("记账币种", "币种", "货币", "货币种类", "币别", "交易币种", "交易货币", "结算币种", "currency"),
    required=False,
    filled=False,
    choices=YUAN,
    english="Currency",
)
# What rejected rows come back with; a corrected file may still have it.
OURS = frozenset(plain(title) for title in REASONS)


@dataclass(frozen=True, slots=True)
class Matched:
    """The columns found in a file: ours by the name of the table's column, and the titles that nothing is known about.

    `parts` are the table's columns of a split amount, by the value that each stands for.
    """

    found: Mapping[str, Column]
    ignored: tuple[str, ...]
    parts: Mapping[str, str] = field(default_factory=dict)


# So many of our columns are found in a header, and not by chance in a line of values.
CLEARLY_A_HEADER = 2
# What need not stand in a file, since its sender can name it beside: in English, in Chinese.
NAMED_BESIDE = (
    "; the enterprise may be named beside the file (?enterprise=, --enterprise)",
    "；企业也可在导入时用 enterprise 注明",
)

NOT_GRANTED = "not an enterprise of this source's grant / 不在该来源获授权的企业之内"
NO_OUTCOMES = (
    "outcomes of it are not granted to this source: leave the column empty / 该来源未获授权报送其违约结果，请将该列留空"
)


class WrongColumns(Invalid):
    """The file lacks columns that its kind needs, or names one twice."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a file of a kind is read: its columns, and what is the same in all of its rows (`constants`, our names).

    `ignored` names the columns of the source that are not needed; None ignores whatever is not known. `either` are our
    columns that several titles of a file may state: the first that says something, in the order of the titles. `made`
    are those that are made up where the file has none; `instead` gives the others from which a column that is needed
    can be told. `steps` work out what follows from several columns of a row, one after another.
    """

    kind: str
    columns: tuple[Column, ...]
    dataset: Dataset | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] | None = None
    split: Split | None = None
    rules: tuple[RowRule, ...] = ()
    either: frozenset[str] = frozenset()
    made: frozenset[str] = frozenset()
    instead: Mapping[str, Sequence[frozenset[str]]] = field(default_factory=dict)
    steps: tuple[Callable[[pl.DataFrame], Settled], ...] = ()

    def match(self, titles: Sequence[str], where: str = "The file") -> Matched:
        """Find the columns among a file's titles, in their order; raise `WrongColumns` on what is missing or twice.

        The names in what is found are those of `titles.names`, as every reader gives them to its table.
        """
        known = {plain(title): column for column in self._read for title in (*column.titles, column.name)}
        named = {name: plain(title) for name, title in zip(names(titles), titles, strict=True)}
        parts = self.split.parts({title: name for name, title in reversed(named.items())}) if self.split else {}
        found: dict[str, Column] = {}
        ignored = []
        for (name, title), written in zip(named.items(), titles, strict=True):
            column = known.get(title) or self._currency(title)
            if column is not None:
                self._only_once(column, [n for n, one in found.items() if one.name == column.name], name, title, where)
                found[name] = _in_unit(column, written)
            elif name not in parts.values() and title not in OURS and shown(written):
                ignored.append(shown(written)[:64])
        self._none_missing(found, parts, titles, where)
        self._none_unknown(ignored, where)
        return Matched(found, tuple(ignored), parts)

    def arranged(self, raw: pl.DataFrame, matched: Matched) -> tuple[pl.DataFrame, Mapping[str, Column]]:
        """Return the file's columns of text and what they are: one for each of ours, a split amount joined."""
        raw, found = _one_each(raw, matched.found)
        return (raw, found) if self.split is None else self._divided(self.split, raw, found, matched.parts)

    def _divided(
        self, split: Split, raw: pl.DataFrame, found: Mapping[str, Column], parts: Mapping[str, str]
    ) -> tuple[pl.DataFrame, Mapping[str, Column]]:
        own = {column.name: column for column in self.columns}
        written = next((name for name, column in found.items() if column.name == split.by), None)
        said = None if written is None else in_our_words(written, own[split.by].choices or {})
        raw = raw.with_columns(without_dashes([*found, *parts.values()]))
        raw = raw.with_columns(split.joined(raw, parts, said))
        amount = replace(own[split.amount], mistaken=BOTH_FILLED)
        words = dict(own[split.by].choices or {})
        by = replace(own[split.by], choices=words | {ours: ours for ours in words.values()})
        joined = {split.title(parts): _in_unit(amount, next(iter(parts.values()))), split.by: by}
        sides = {name: own[ours] for name, ours in split.side_titles(parts).items()}
        others = {name: column for name, column in found.items() if column.name != split.by}
        return raw, others | joined | sides

    def of(self, enterprise: str) -> Form:
        """Return this form for the data of one enterprise: named where the file does not, and no other's."""
        stranger = RowRule(
            "enterprise", pl.col("enterprise") != enterprise, "not the enterprise of this import / 不是本次导入的企业"
        )
        return replace(self, constants={**self.constants, "enterprise": enterprise}, rules=(*self.rules, stranger))

    def within(self, limits: Bounds) -> Form:
        """Return this form for what a source is granted: rows of other firms are rejected, and outcomes of others."""
        rules = []
        if limits.enterprises is not None:
            rules.append(RowRule("enterprise", _beyond(limits.enterprises), NOT_GRANTED))
        if limits.outcomes is not None and any(column.name == "defaulted" for column in self.columns):
            stated = pl.col("defaulted").is_not_null() & _beyond(limits.outcomes)
            rules.append(RowRule("defaulted", stated, NO_OUTCOMES))
        return replace(self, rules=(*self.rules, *rules)) if rules else self

    @property
    def titles(self) -> frozenset[str]:
        """Every title that this form knows, as titles are compared."""
        split = (title for some in self.split.roles.values() for title in some) if self.split else ()
        own = (title for column in self.columns for title in (*column.titles, column.name))
        return frozenset(plain(title) for title in (*own, *split, *(self.ignored or ()))) | OURS

    @property
    def _read(self) -> list[Column]:
        """The columns that stand in a file under a title of their own."""
        joined = {self.split.amount, *(() if self.split.signed else (self.split.by,))} if self.split else set()
        return [column for column in self.columns if column.name not in joined]

    def lacking(self, there: Collection[str]) -> list[Column]:
        """Return the columns that are needed and neither among these of ours nor to be told from them."""
        known = {*there, *self.constants, *self.made, *((self.split.by, *self.split.sides) if self.split else ())}
        return [
            column
            for column in self._read
            if column.required
            and column.name not in known
            and not any(others <= known for others in self.instead.get(column.name, ()))
        ]

    def _currency(self, title: str) -> Column | None:
        """Return our column of currencies where a title that nobody listed is of one: no amount is booked unasked."""
        here = any(column.name == CURRENCY.name for column in self.columns)
        return CURRENCY if here and OF_CURRENCY.fullmatch(title) else None

    def _title(self, column: Column) -> str:
        """Return what a column is called first; where several may state it, what its kind calls it."""
        own = {each.name: each.titles[0] for each in self.dataset.columns if each.titles} if self.dataset else {}
        usual = own.get(column.name, "")
        return usual if usual in column.titles else column.titles[0]

    def _called(self, column: Column) -> str:
        """Return what people call a column of ours, in both languages."""
        english = column.english or column.name.removesuffix(FEN_SUFFIX)
        return f"{self._title(column)} ({english})" if column.titles else english

    def _only_once(self, column: Column, before: Sequence[str], name: str, title: str, where: str) -> None:
        """Refuse another column for one of ours, unless either may state it under its own title, or it is a hint."""
        again = title in map(plain, before)
        if before and (column.name not in {*self.either, CURRENCY.name} or (again and column.required)):
            raise WrongColumns(
                f"{where} has more than one column for {self._called(column)}: {before[0]}, {name}; keep one. "
                "/ 同一字段有多列，请只保留一列。",
                column=column.name,
            )

    def _none_missing(
        self, found: Mapping[str, Column], parts: Mapping[str, str], titles: Sequence[str], where: str
    ) -> None:
        missing = {
            column.name: self._called(column) for column in self.lacking({column.name for column in found.values()})
        } | (self.split.missing(parts) if self.split else {})
        if missing:
            # A file without a header has a person where a title should be, if persons are what it is about.
            named = any(column.reads == "party" for column in self.columns) and len(found) < CLEARLY_A_HEADER
            beside = NAMED_BESIDE if "enterprise" in missing else ("", "")
            has = [] if named else [shown(title)[:64] for title in titles]
            raise WrongColumns(
                f"{where} lacks {', '.join(missing.values())} for the kind {self.kind}; "
                f"it has: {', '.join(has[:20]) or f'{len(titles)} other columns'}{beside[0]}. "
                f"/ 缺少 {'、'.join(missing.values())}，请补充，或将对应列改为上述列名{beside[1]}。",
                kind=self.kind,
                missing=list(missing),
                found=has[:50],
            )

    def _none_unknown(self, others: Sequence[str], where: str) -> None:
        if self.ignored is None:
            return
        known = {plain(title) for title in self.ignored}
        unknown = [title for title in others if plain(title) not in known]
        if unknown:
            raise WrongColumns(
                f"{where} has columns that the connector does not know: {', '.join(unknown[:20])}. "
                "Is it another layout? Add them to the connector, as a column or among those left out. "
                "/ 有数据源映射未知的列，请确认版式，或将其补入映射。",
                unknown=unknown[:50],
            )


def _beyond(enterprises: frozenset[str]) -> pl.Expr:
    return ~pl.col("enterprise").is_in(pl.Series(sorted(enterprises), dtype=pl.String).implode())


def _in_unit(column: Column, title: str) -> Column:
    """Return the column in the unit that its title states in brackets."""
    stated = unit(title)
    fits = (
        stated is not None and (stated == PERCENT) == (column.reads == "share") and column.reads in {"money", "share"}
    )
    return replace(column, unit=stated) if stated and fits else column


def _one_each(raw: pl.DataFrame, found: Mapping[str, Column]) -> tuple[pl.DataFrame, dict[str, Column]]:
    """Join the columns that state one thing into the one whose title comes first in ours."""
    kept: dict[str, Column] = {}
    for column in {column.name: column for column in found.values()}.values():
        place = {plain(title): place for place, title in enumerate((*column.titles, column.name))}
        same = [name for name, one in found.items() if one.name == column.name]
        stated = sorted(same, key=lambda name: place.get(plain(name), len(place)))
        if len(stated) > 1:
            raw = raw.with_columns(pl.coalesce(without_dashes(stated)).alias(stated[0]))
        kept[stated[0]] = found[stated[0]]
    return raw, kept
