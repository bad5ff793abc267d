"""A big flat file on its way into the book, within bounded memory: looked at in slices, brought together in parts.

A slice is some rows in the file's order: they are read and checked each for itself. A part is all rows of some records
(`book.spill`): what rows say of each other, and beside what is held, is told there. What the file says, is refused and
told is what it would be if it were looked at whole (`load`), whatever the slices and the parts are.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from services.profile.book.domain import delivery, invoice, order, payment
from services.profile.book.domain.dataset import Column
from services.profile.book.domain.form import Form, Matched
from services.profile.book.domain.invoice_form import ADDED_UP
from services.profile.book.domain.lines import WHOLE, has_goods, summed
from services.profile.book.domain.red_letters import AT_RISK, UNCANCELLED, red_letters
from services.profile.book.domain.reds_in_slices import Reds
from services.profile.book.domain.sheet import Sheet
from services.profile.book.domain.sides import BY_NAME, PERSONS
from services.profile.book.domain.split import SIGNED
from services.profile.book.domain.titles import LINE, plain
from services.profile.book.domain.told import added
from services.profile.book.domain.validation import REPORT, Checked, check, one_nature
from services.profile.book.overlap import ahead, behind
from services.profile.book.readers.layout import Left
from services.profile.book.readers.sheets import EmptyFile
from services.profile.book.readers.slices import Flat, Known, Learnt, Slice, Step, sent
from services.profile.book.spill import Part, Spill
from services.profile.book.usecases.recognise import coded
from services.profile.standards.spelling import mostly

# Kinds of which a row says nothing of another row but where both are of one record.
KINDS = frozenset({each.DATASET.name for each in (invoice, order, delivery, payment)})
# Columns of a bank's statement: what its lines are is told by all of them, and whom they name is looked up.
STATEMENT = frozenset({"party", "account", "own_account", "balance_fen"})
# What a list of payments has whose rows need no other row: the bank's own serial, and which way money went.
NAMED = frozenset({"reference", "direction"})
# What is held of names beside the rows until an import is concluded.
NAMES = ("seller_name", "buyer_name")
IN_ORDER = (ADDED_UP, UNCANCELLED, AT_RISK, BY_NAME, PERSONS)
SPELLED = "spelled"


class NeedsAll(Exception):
    """What a row of the file means is told by rows that may stand anywhere in it."""


class Rounding:
    """Whether a spreadsheet has rounded the long numbers of a column, by its slices: `rounded` is what is believed."""

    def __init__(self, *, rounded: bool, distinct: bool) -> None:
        self._rounded, self._distinct = rounded, distinct
        self._long = self._zeros = pl.Series(dtype=pl.String)
        self._counts = [0, 0]

    def __call__(self, long: pl.Series, zeros: pl.Series) -> bool:
        """Count the long numbers of a slice, and those that end in zeros; return what is believed."""
        if self._distinct:
            self._long = pl.concat([self._long, long.rename("")]).unique()
            self._zeros = pl.concat([self._zeros, zeros.rename("")]).unique()
        self._counts = [self._counts[0] + long.len(), self._counts[1] + zeros.len()]
        return self._rounded

    @property
    def holds(self) -> bool:
        """Whether what was believed is what the whole column tells."""
        long, zeros = (self._long.len(), self._zeros.len()) if self._distinct else self._counts
        return mostly(zeros, long) == self._rounded


@dataclass(slots=True)
class Seen:
    """What was seen of a file in one reading of its slices."""

    titles: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    received: int = 0
    rejected: int = 0
    warnings: list[tuple[str, ...]] = field(default_factory=list)
    natures: set[bool | None] = field(default_factory=set)
    digital: bool = False  # a number is one of those that are given once in the country
    left: list[Left] = field(default_factory=list)
    footers: list[tuple[int, str]] = field(default_factory=list)
    cut: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REPORT))
    # The last line of each slice, and where its report and its rejected rows lie, where there are any.
    ends: list[int] = field(default_factory=list)
    reports: dict[int, tuple[Path, Path]] = field(default_factory=dict)


@dataclass(slots=True)
class Sliced:
    """A file that was looked at in slices: the sheet that it is, without its rows, and the parts that have them."""

    sheet: Sheet
    seen: Seen
    parts: list[Part]
    known: Known
    folded: dict[int, pl.DataFrame] = field(default_factory=dict)
    refused: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REPORT))

    def rows(self, asked: Collection[str]) -> Iterator[pl.DataFrame]:
        """Give of the rows that are taken into the book these columns, part by part; nothing where they have none."""
        gone = self.refused[LINE].implode()
        for part in self.parts:
            if part.columns.isdisjoint(asked):
                return
            yield part.rows().filter(~pl.col(LINE).is_in(gone))

    def counted(self, place: int, new: pl.DataFrame) -> int:
        """Return how many rows of the file these new rows of a part are."""
        folded = self.folded.get(place)
        return replace(self.sheet, folded=folded if folded is not None else self.sheet.folded).counted(new["line"])

    def without(self, refused: Sequence[tuple[str, Sequence[int]]]) -> Sliced:
        """Return the file without these lines and those that were summed into them, which its report then gives."""
        found = [self.refused]
        for reason, lines in refused:
            into = pl.col("into").is_in(lines)
            every = sorted({*lines, *(line for each in self.folded.values() for line in each.filter(into)["line"])})
            found.append(_report(every, reason))
        more = sum(each.height for each in found[1:])
        checked = replace(self.sheet.checked, rejected=self.sheet.checked.rejected + more)
        return replace(self, sheet=replace(self.sheet, checked=checked), refused=pl.concat(found))


def can_be_sliced(form: Form, table: Flat) -> bool:
    """Tell whether a table can be looked at in slices, by its kind and its titles."""
    if form.dataset is None or form.dataset.name not in KINDS:
        return False
    titles = table.titles(Known())
    if form.dataset is payment.DATASET:
        matched = form.match(titles)
        found = {column.name for column in matched.found.values()}
        return found >= NAMED and STATEMENT.isdisjoint(found) and matched.parts.keys() <= {SIGNED}
    return not has_goods(Sheet(form, None, NOTHING, (), titles=titles))


NOTHING = Checked(pl.DataFrame(), pl.DataFrame(schema=REPORT), 0, 0)


@contextmanager
def workplace(path: Path) -> Iterator[Path]:
    """Make a folder beside a file received, without what killed attempts have left, and remove it afterwards."""
    for left in path.parent.glob(f"{path.name}.*.slices"):
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{path.name}.", suffix=".slices", dir=path.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def looked_at(form: Form, table: Flat, step: Step, today: date, folder: Path, most: int, buckets: int) -> Sliced:
    """Look at a file in slices and bring its rows together in parts of so many buckets, or of fewer rows.

    Raise `NeedsAll` where that cannot be.
    """
    known, rounded = Known(), frozenset[str]()
    reds = Reds.first({column.name for column in form.match(table.titles(known)).found.values()})
    while True:
        roundings: dict[str, Rounding] = {}
        steps = tuple(reds if one is red_letters else one for one in form.steps)
        made = form.made - NAMED
        reading = _Reading(replace(form, steps=steps, made=made), step, today, folder, buckets, rounded, roundings)
        try:
            spill, seen = reading.through(table, known)
        except Learnt as learnt:
            known, reds = learnt.known, reds.again()
            continue
        wrong = {name for name, one in roundings.items() if not one.holds}
        if not wrong and reds.holds:
            break
        rounded, reds = rounded ^ wrong, Reds(reds.learnt())
    if seen.received == 0:
        raise EmptyFile(
            "The file has a header and no rows; send it again with rows. / 文件只有表头没有数据，请补充数据后报送。"
        )
    assert form.dataset is not None
    left = Left(tuple(footer for one in seen.left for footer in one.footers), sum(one.headers for one in seen.left))
    warnings = tuple(added([*seen.warnings, reds.told], IN_ORDER))
    checked = Checked(NOTHING.rows, NOTHING.report, seen.received, seen.rejected, warnings)
    notes = table.notes(left, tuple(seen.footers), seen.cut)
    sheet = Sheet(form, None, checked, seen.ignored, notes, titles=seen.titles)
    return _summed(Sliced(sheet, seen, spill.parts(form.dataset, most), known))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One reading of a file in slices, believing what is `rounded`."""

    form: Form
    step: Step
    today: date
    folder: Path
    buckets: int
    rounded: frozenset[str]
    roundings: dict[str, Rounding]

    def through(self, table: Flat, known: Known) -> tuple[Spill, Seen]:
        """Check every slice; put the rows of what is accepted by, and of what is rejected the report beside them."""
        spill = Spill(self.folder / "rows", self.buckets)
        with ahead(table.slices(self.step, known)) as slices, behind() as do:
            seen = self._looked_through(slices, table.titles(known), lambda rows: do(partial(spill.put, rows)))
        return spill, seen

    def _looked_through(
        self, slices: Iterable[Slice], titles: tuple[str, ...], put: Callable[[pl.DataFrame], None]
    ) -> Seen:
        seen = Seen()
        reports = self.folder / "reports"
        reports.mkdir(exist_ok=True)
        for place, one in enumerate(slices):
            frame, seen.titles = sent(one.frame, titles)
            seen.left.append(one.left)
            seen.footers += one.footers
            seen.cut = one.unread if one.unread.height else seen.cut
            if frame.is_empty() and one.unread.is_empty():
                seen.ends.append(seen.ends[-1] if seen.ends else 0)
                continue
            matched = self._judging(self.form.match(seen.titles))
            seen.ignored = matched.ignored
            checked = check(self.form, frame, matched, one.unread, today=self.today)
            seen.received, seen.rejected = seen.received + checked.received, seen.rejected + checked.rejected
            seen.warnings.append(checked.warnings)
            lines = pl.concat([frame[LINE], one.unread[LINE], pl.Series([0])])
            seen.ends.append(int(lines.max()))  # type: ignore[arg-type]
            if checked.report.height:
                seen.reports[place] = reports / f"{place}.arrow", reports / f"{place}.raw.arrow"
                _write_reported(checked, frame, *seen.reports[place])
            if not checked.rows.is_empty():
                seen.natures.add(one_nature(checked.rows))
                carried = self._carried(self._coded(checked.rows), frame, matched, seen.titles)
                seen.digital |= SPELLED in carried.columns and carried[SPELLED].null_count() < carried.height
                put(carried)
        return seen

    def _judging(self, matched: Matched) -> Matched:
        """Return the columns found, each with what is believed of its long numbers."""

        def judged(column: Column) -> Column:
            if column.name not in self.roundings:
                one = Rounding(rounded=column.name in self.rounded, distinct=column.reads == "enterprise")
                self.roundings[column.name] = one
            return replace(column, rounding=self.roundings[column.name])

        return replace(matched, found={title: judged(column) for title, column in matched.found.items()})

    def _coded(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return payments with their parties by code; other kinds as they are."""
        if self.form.dataset is not payment.DATASET:
            return rows
        # A serial is made up by all lines that say the same, a name is looked up.
        if rows["reference"].null_count() or (found := coded(rows)) is None:
            raise NeedsAll
        return found

    def _carried(
        self, rows: pl.DataFrame, frame: pl.DataFrame, matched: Matched, titles: tuple[str, ...]
    ) -> pl.DataFrame:
        """Return rows as they are held, with what else is asked of them before they are."""
        dataset = self.form.dataset
        assert dataset is not None
        carried = dataset.conform(rows).hstack(rows.select(name for name in NAMES if name in rows.columns))
        written = [name for name, column in matched.found.items() if column.name == "number"]
        if dataset is not invoice.DATASET or not WHOLE.isdisjoint(map(plain, titles)):
            return carried
        assert dataset.alone is not None
        if not dataset.alone.anywhere(rows):
            return carried.with_columns(pl.lit(None, dtype=pl.String).alias(SPELLED))
        spelled = pl.concat_str([pl.col(name).str.strip_chars() for name in written], ignore_nulls=True)
        said = frame.select(LINE, spelled.alias(SPELLED))
        digital = pl.when(dataset.alone.where).then(SPELLED).alias(SPELLED)
        return carried.join(said, on=LINE, how="left", maintain_order="left").with_columns(digital)


def _write_reported(checked: Checked, frame: pl.DataFrame, report: Path, rows: Path) -> None:
    checked.report.write_ipc(report, compression="lz4")
    named = pl.col(LINE).is_in(checked.report[LINE].unique().implode())
    frame.filter(named).write_ipc(rows, compression="lz4")


def _summed(file: Sliced) -> Sliced:
    """Return a file with the lines of each of its invoices summed, part by part."""
    told, found = [], list[tuple[str, list[int]]]()
    for place, part in enumerate(file.parts):
        if not file.seen.digital or SPELLED not in part.columns:
            break
        rows = part.rows()
        if rows[SPELLED].null_count() == rows.height:
            continue
        raw = rows.select(LINE, SPELLED)
        checked = Checked(rows.drop(SPELLED), NOTHING.report, rows.height, 0)
        sheet = summed(replace(file.sheet, checked=checked, raw=raw), [SPELLED])
        if sheet.checked.rows.height == rows.height:
            continue
        part.become(sheet.checked.rows.with_columns(pl.lit(None, dtype=pl.String).alias(SPELLED)))
        told.append(sheet.told)
        if sheet.folded.height:
            file.folded[place] = sheet.folded
        for (reason,), lines in sheet.checked.report.group_by("reason", maintain_order=True):
            found.append((str(reason), lines[LINE].to_list()))
    file = file.without(found)
    return replace(file, sheet=replace(file.sheet, told=tuple(added(told, ()))))


def _report(lines: Sequence[int], reason: str) -> pl.DataFrame:
    found = pl.DataFrame({LINE: list(lines)}, schema={LINE: pl.Int64})
    said = found.with_columns(column=pl.lit(""), value=pl.lit(""), reason=pl.lit(reason))
    return said.cast(pl.Schema(REPORT))


def reported(file: Sliced) -> Iterator[tuple[int, pl.DataFrame]]:
    """Give the report of rejected rows slice by slice, in the order of their lines, with the place of the slice."""
    start = -1
    for place, end in enumerate(file.seen.ends):
        own = pl.read_ipc(file.seen.reports[place][0]) if place in file.seen.reports else NOTHING.report
        more = file.refused.filter(pl.col(LINE) > start, pl.col(LINE) <= end)
        yield place, pl.concat([own, more]).sort(LINE, maintain_order=True)
        start = max(start, end)
