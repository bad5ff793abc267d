"""Relations as statements of the Beneficial Ownership Data Standard (BODS) 0.4: JSON, a list or one a line."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from services.profile.book.domain.bods.inward import COLUMNS, inward
from services.profile.book.domain.form import Form
from services.profile.book.domain.titles import LINE
from services.profile.book.domain.validation import REPORT
from services.profile.book.readers.sheets import RawSheet, UnreadableFile

KIND = "relations"
# Of which a look at a file begins, before its kind is known.
ANY = "any"
OLD = "statementID"


def statements(
    form: Form, found: Sequence[tuple[int, object]], unread: Sequence[tuple[int, str, str, str]]
) -> RawSheet:
    """Read statements as relations; `line` is the place of a statement, what cannot be used is reported by its id."""
    if form.kind not in (KIND, ANY):
        raise UnreadableFile(
            f"These are statements of beneficial ownership (BODS); send them as the kind {KIND}. "
            f"/ 这是受益所有权声明（BODS），请按 {KIND} 报送。"
        )
    if any(isinstance(record, dict) and OLD in record for _, record in found):
        raise UnreadableFile(
            "These are statements of BODS before 0.4; convert them to 0.4 and send that. "
            "/ 这是 0.4 版以前的 BODS 声明，请转换为 0.4 版后报送。"
        )
    read = inward(found)
    rows = [(line, *(row[name] for name in COLUMNS)) for line, row in read.rows]
    schema = {LINE: pl.Int64, **dict.fromkeys(COLUMNS, pl.String)}
    report = pl.DataFrame(sorted([*unread, *read.refused]), schema=REPORT, orient="row")
    frame = pl.DataFrame(rows, schema=schema, orient="row").sort(LINE)
    return RawSheet(form.kind, frame, report, titles=COLUMNS, notes=tuple(read.notes))
