"""Where a table stands among what people write around it: its header row, and the rows that are no records.

Title lines stand above a header, totals and remarks below the rows, and a printed list repeats its header on each page.
What is left out is told; nothing is left out that could be a record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from services.profile.book.domain.dataset import Column
from services.profile.book.domain.form import Matched
from services.profile.book.domain.titles import LINE, plain, shown
from services.profile.book.readers.sheets import UnreadableFile

# Nobody writes more lines than this above a table.
SEARCHED = 64
MOST_TOLD = 10
# Of a row that names as many known titles, only the next can be a better header.
SURE = 4
# A header of a source that nobody knows is nearly as wide as its rows, and holds no numbers.
WIDE = 0.8
NUMBER = re.compile(r"\s*[-+]?[\d,]*\.?\d+\s*")
# What a total or a printer's remark begins with. Without classes of letters, which Python and Rust write differently.
FOOTER = (
    r"(?i)^\s*(?:"
    r".{0,8}?(?:合\s*计|总\s*计|小\s*计|共\s*计|累\s*计)(?:$|[\W\d_]|金额|笔数|人民币|支出|收入|借|贷)"
    r"|.{0,4}?(?:笔数|总金额|发生额)\s*[:：]"
    r"|总?共\s*\d+\s*[笔条行页张]|第\s*\d+\s*页|page\s*\d+"
    r"|(?:制表|复核|打印|经办|审核|导出|下载|生成|查询|填表|会计|出纳).{0,4}?\s*[:：]"
    r"|(?:备注|说明|注|提示|温馨提示|重要提示|声明|(?:金额|货币)?单位|货币|币\s*[种别])\s*[:：]"
    r"|以下(?:空白|无正文|为空)|(?:grand\s*|sub)?total\b"
    r"|[-—=_*#~]{3,}"
    r")"
)
IS_FOOTER = re.compile(FOOTER)
# A cell that says of its row that it is a sum or a balance carried, whatever else stands in the row.
SUMMARY = (
    r"(?i)^\s*[\[【(（]?(?:[0-9]{4}年?)?(?:[0-9]{1,2}月份?)?(?:本|当|前|上|截[至止]本)?[日周月季年期页次]?(?:度|份)?\s*"
    r"(?:(?:合\s*计|总\s*计|小\s*计|共\s*计|累\s*计)(?:金额|余额|数|发生额)?|(?:期|月|年|日)?[初末](?:余额|结余)"
    r"|结转(?:[上下本][期月年页])?|(?:承|接|转)[前上次下]页|过[次下]页|余额(?:承前|结转)|余额|结余"
    r"|(?:grand |sub)?total|(?:opening|closing) balance|balance (?:brought|carried) forward)"
    r"\s*[\]】)）]?\s*[:：]?\s*$"
)
IN_WORDS = frozenset({"text", "party", "counterparty"})
# A sentence in a cell of its own: four Chinese characters at least.
SENTENCE = r"[\x{4e00}-\x{9fff}].*[\x{4e00}-\x{9fff}].*[\x{4e00}-\x{9fff}].*[\x{4e00}-\x{9fff}]"
WORDS = ("text", "party", "counterparty", "identifier")
LARGE = "百万元|十万元|万元|千元|百元|亿元"
# What a title line says of all amounts: 单位：万元, 金额（千元）, 以万元计, or (万元) at the end of a title.
THOUSANDS = re.compile(
    rf"(?:单位|金额)\s*[:：(（]?\s*(?:为|是)?\s*(?:人民币)?\s*({LARGE})"
    rf"|以\s*(?:人民币)?\s*({LARGE})\s*[为计]|[(（]\s*(?:人民币)?\s*({LARGE})\s*[)）](?:\s|$)"
)
MONEYS = (
    "(?:美|欧|日|港|澳|加|韩|新|新加坡|加拿大|澳大利亚|新西兰|澳门|台|新台|香港)(?:元|币|圆)"
    "|英镑|瑞士法郎|瑞郎|卢布|泰铢|外币"
)
FOREIGN = re.compile(
    r"(?:币\s*[种别]|货币|currency|ccy|外币)[^\s:：()（）]{0,4}\s*[:：(（]?\s*"
    rf"({MONEYS}|(?!RMB|CNY|CNH|ALL)[A-Z]{{3}}(?![A-Z]))|单位\s*[:：(（]?\s*({MONEYS})",
    re.IGNORECASE,
)

Row = tuple[int, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a table: the line on which it ends, its titles, how many of them are known, what stands above."""

    line: int
    titles: tuple[str, ...]
    score: int
    above: tuple[tuple[int, str], ...] = ()

    @property
    def width(self) -> int:
        """How many columns there are up to the last that has a title."""
        return max((place for place, title in enumerate(self.titles, 1) if shown(title)), default=0)

    @property
    def notes(self) -> tuple[str, ...]:
        """Tell what stands above the header."""
        if not self.above:
            return ()
        lines = "; ".join(f"{line}: {text[:60]}" for line, text in self.above[:MOST_TOLD])
        return (f"the header is line {self.line}; above it ({lines}) / 表头在第 {self.line} 行，其上的说明行未读入",)


def find_header(rows: Iterable[Row], known: frozenset[str]) -> Header | None:
    """Return the row that names most of the known titles, the first of equals.

    A heading over several columns, in the row above, is taken with the row below it where that names more. Where no row
    names two, the first is taken that is nearly as wide as any and has no numbers, else the first of all.
    """
    best: Header | None = None
    seen: list[tuple[int, Sequence[str], str]] = []
    for line, cells in rows:
        words = " ".join(filter(None, map(shown, cells)))
        if not words:
            continue
        sure = best is not None and best.score >= SURE
        for titles in (cells, _under(seen[-1][1], cells)) if seen else (cells,):
            score = len({plain(title) for title in titles if title} & known)
            if score > max(best.score if best else 0, 1):
                best = Header(line, tuple(titles), score, _told(seen))
        if sure:
            break
        seen.append((line, cells, words))
    return best or _likeliest(seen, known)


def _likeliest(seen: Sequence[tuple[int, Sequence[str], str]], known: frozenset[str]) -> Header | None:
    widths = [sum(bool(cell.strip()) for cell in cells) for _, cells, _ in seen]
    places = [
        place
        for place, (_, cells, _) in enumerate(seen)
        if widths[place] > 1 and widths[place] >= WIDE * max(widths) and not any(map(NUMBER.fullmatch, cells))
    ]
    if not seen:
        return None
    place = places[0] if places else 0
    line, cells, _ = seen[place]
    return Header(line, tuple(cells), len({plain(cell) for cell in cells if cell} & known), _told(seen[:place]))


def _told(seen: Sequence[tuple[int, Sequence[str], str]]) -> tuple[tuple[int, str], ...]:
    return tuple((line, words) for line, _, words in seen)


def _under(above: Sequence[str], below: Sequence[str]) -> list[str]:
    width = max(len(above), len(below))
    upper, lower = [*above, *[""] * (width - len(above))], [*below, *[""] * (width - len(below))]
    return [low if shown(low) else up for up, low in zip(upper, lower, strict=True)]


def must_mean_yuan(remarks: Iterable[tuple[int, str]], matched: Matched) -> None:
    """Refuse a table where lines above or below it state a unit or a currency that its columns do not have."""
    money = [column for column in matched.found.values() if column.reads == "money"]
    for line, text in remarks:
        thousands = THOUSANDS.search(text)
        if thousands and any(column.unit == "yuan" for column in money):
            stated = next(filter(None, thousands.groups()))
            raise UnreadableFile(
                f"Line {line} says that amounts are in {stated}; write the unit into the titles, as in "
                f"金额(万元), or convert them to yuan / 第 {line} 行注明单位为{stated}，请写入列名或换算为元。",
                line=line,
            )
        if (foreign := FOREIGN.search(text)) and money:
            stated = foreign[1] or foreign[2]
            raise UnreadableFile(
                f"Line {line} says that the currency is {stated}; send amounts in yuan "
                f"/ 第 {line} 行注明币种为{stated}，请报送人民币金额。",
                line=line,
            )


@dataclass(frozen=True, slots=True)
class Left:
    """What was left out of a table: totals and remarks, and how often its header came again.

    `wide` are the columns of codes in which something else than ASCII stands: only of those it is asked whether a cell
    calls itself a sum.
    """

    footers: tuple[tuple[int, str], ...] = ()
    headers: int = 0
    wide: frozenset[str] = frozenset()

    @property
    def notes(self) -> tuple[str, ...]:
        """Tell it."""
        return (*told_footers(self.footers), *_told_repeats(self.headers))


def swept(frame: pl.DataFrame, titles: Sequence[str], matched: Matched) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return a table without blank rows, totals, remarks and repeated headers, and what to tell of them."""
    kept, left = sweep(frame, titles, matched)
    return kept, left.notes


def sweep(
    frame: pl.DataFrame, titles: Sequence[str], matched: Matched, wide: frozenset[str] = frozenset()
) -> tuple[pl.DataFrame, Left]:
    """Return a table, or a part of one, as `swept`; `wide` are columns of codes known to hold more than ASCII."""
    if frame.width == 1:
        return frame, Left()
    gaps = frame.select(_hollow(frame.columns[1]).any()).item()
    if gaps:
        frame = _without_blanks(frame)
    if frame.is_empty():
        return frame, Left()
    again = _repeated(frame, titles, matched)
    frame = frame.filter(~again) if again.any() else frame
    starts = _first_cells(frame) if gaps else frame[frame.columns[1]]
    wide |= frozenset(name for name in matched.found if _is_wide(frame, name, matched))
    footers = sorted(
        {
            **dict(_summaries(frame, matched, wide)),
            **dict(_totals(frame, starts, matched)),
            **dict(_sentences(frame, matched)),
        }.items()
    )
    if footers:
        must_mean_yuan(footers, matched)
        frame = frame.filter(~pl.col(LINE).is_in([line for line, _ in footers]))
    return frame, Left(tuple(footers), int(again.sum()), wide)


def told_footers(footers: Sequence[tuple[int, str]]) -> Iterator[str]:
    """Tell which lines are totals or remarks."""
    if footers:
        lines = "; ".join(f"{line}: {text[:40]}" for line, text in footers[:MOST_TOLD])
        more = f" and {len(footers) - MOST_TOLD} more" if len(footers) > MOST_TOLD else ""
        yield f"left out as totals or remarks, no records ({lines}{more}) / 合计或说明行（{lines}{more}），未计入"


def is_footer(cells: Sequence[str]) -> bool:
    """Tell whether a row that does not fit the header is a total or a remark."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and IS_FOOTER.match(filled[0]) is not None


def _totals(frame: pl.DataFrame, starts: pl.Series, matched: Matched) -> Iterator[tuple[int, str]]:
    """Give the rows that start as totals do and lack what a record has, or have it where no record can have it."""
    needed = _needed(matched)
    for row in frame.filter(starts.str.contains(FOOTER).fill_null(value=False)).iter_rows(named=True):
        line = row.pop(LINE)
        filled = {name: text.strip() for name, text in row.items() if text and text.strip()}
        name, text = next(iter(filled.items()))
        incomplete = not needed or any(filled.keys().isdisjoint(names) for names in needed)
        if incomplete or not _is_wordy(name, matched):
            yield line, text


def _is_wide(frame: pl.DataFrame, name: str, matched: Matched) -> bool:
    if not _holds_words(matched.found[name]):
        return False
    return bool((frame[name].str.len_bytes() != frame[name].str.len_chars()).any())


def _summaries(frame: pl.DataFrame, matched: Matched, wide: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Give the rows that call themselves a sum or a balance carried in a column of words, full though they may be."""
    # Codes are plain ASCII, and half a million of them need no second look.
    asked = [
        name
        for name in frame.columns[1:]
        if _holds_words(matched.found.get(name)) and (name not in matched.found or name in wide)
    ]
    if not asked:
        return
    # To make the pattern ready takes as long as twenty thousand cells: once for all columns, and nothing is copied.
    said = pl.concat([frame[name] for name in asked], rechunk=False).str.contains(SUMMARY).fill_null(value=False)
    for place, name in enumerate(asked if said.any() else ()):
        rows = frame.filter(said.slice(place * frame.height, frame.height)).select(LINE, name)
        yield from ((line, text.strip()) for line, text in rows.iter_rows())


def _holds_words(column: Column | None) -> bool:
    """Tell whether a column may hold words of the writer's own: one that nobody knows, a name, a text, a purpose."""
    return column is None or column.reads in IN_WORDS or column.words is not None


def _sentences(frame: pl.DataFrame, matched: Matched) -> Iterator[tuple[int, str]]:
    """Give the rows that are a sentence in the first cell and nothing else."""
    first, *others = frame.columns[1:]
    needed = [names for names in _needed(matched) if first not in names]
    if not needed or (first in matched.found and _is_wordy(first, matched)):
        return
    hollow = frame.filter(pl.all_horizontal(_hollow(name) for name in needed[0]))
    alone = hollow.filter(pl.all_horizontal(_hollow(name) for name in others))
    for line, text in alone.filter(pl.col(first).str.contains(SENTENCE)).select(LINE, first).iter_rows():
        yield line, text.strip()


def _needed(matched: Matched) -> list[list[str]]:
    """Return the columns that no record lacks: for each of ours those of the file that may state it."""
    ours = {column.name for column in matched.found.values() if column.required and column.filled}
    return [[name for name, column in matched.found.items() if column.name == own] for own in sorted(ours)]


def _is_wordy(name: str, matched: Matched) -> bool:
    column = matched.found.get(name)
    return column is None or column.reads in WORDS


def _without_blanks(frame: pl.DataFrame) -> pl.DataFrame:
    """Leave out rows without any text."""
    return frame.filter(~pl.all_horizontal(_hollow(name) for name in frame.columns[1:]))


def _hollow(name: str) -> pl.Expr:
    return pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")


def _first_cells(frame: pl.DataFrame) -> pl.Series:
    """Return the first text of each row, from left to right."""
    filled = (pl.when(~_hollow(name)).then(pl.col(name)) for name in frame.columns[1:])
    return frame.select(pl.coalesce(filled)).to_series()


def _repeated(frame: pl.DataFrame, titles: Sequence[str], matched: Matched) -> pl.Series:
    """Return the rows that say the header again."""
    if not matched.found:  # of a table whose kind is not known yet
        return pl.Series([False]).new_from_index(0, frame.height)
    named = {name: title.strip() for name, title in zip(frame.columns[1:], titles, strict=False)}
    first = next(iter(matched.found), frame.columns[1])
    there = frame.select(pl.col(first).str.strip_chars().eq_missing(named[first])).to_series()
    if there.any():
        same = pl.all_horizontal(pl.col(name).str.strip_chars().eq_missing(named[name]) for name in matched.found)
        there = frame.select(same).to_series()
    return there


def _told_repeats(times: int) -> Iterator[str]:
    if times:
        yield f"the header comes again {times} times, left out / 重复的表头行未计入"
