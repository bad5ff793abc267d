"""The states of a book's invoices, as the tax office would tell them: what red letters cancel, worked out from these.

The masked book tells valid and void only. Each red letter, by its day, cancels the same partner's latest earlier
invoice of its very amount; where there is none, the latest earlier invoices, one after the other. What is cancelled
down to nothing is told as `whole`, else as `part`. A red letter of more than its partner was invoiced until then
cancels something that the book does not hold, of which nobody tells the state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

c = pl.col
PARTNER = ("enterprise", "direction", "counterparty")
RED = (c("status") == "valid") & (c("total_fen") < 0)


def with_states(invoices: pl.DataFrame) -> pl.DataFrame:
    """Return invoices with `reversal` as their red letters make it, and for red letters whether it is `told` of."""
    placed = invoices.drop("reversal", strict=False).with_row_index("row")
    partners = placed.filter(RED).select(PARTNER).unique()
    moved = placed.filter(c("status") == "valid", c("total_fen") != 0).join(
        partners, on=PARTNER, how="semi", nulls_equal=True
    )
    parts = moved.sort(*PARTNER, "date", "row").partition_by(PARTNER, maintain_order=True)
    told = [each for part in parts for each in _told(part.select("row", "total_fen").iter_rows())]
    schema = pl.Schema({"row": placed.schema["row"], "reversal": pl.String(), "told": pl.Boolean()})
    states = pl.DataFrame(told, schema=schema, orient="row")
    return placed.join(states, on="row", how="left", maintain_order="left").drop("row")


def _told(rows: Iterable[tuple[int, int]]) -> Iterator[tuple[int, str | None, bool | None]]:
    """Yield a partner's rows with what is cancelled of them, or whether they cancel what is there; totals by day."""
    whole: dict[int, int] = {}
    left: dict[int, int] = {}
    for row, total in rows:
        if total > 0:
            whole[row] = left[row] = total
            continue
        owed = -total
        same = (place for place in reversed(left) if left[place] == whole[place] == owed)
        for place in [exact] if (exact := next(same, None)) is not None else list(reversed(left)):
            taken = min(left[place], owed)
            left[place] -= taken
            owed -= taken
            if not owed:
                break
        yield row, None, owed == 0
    yield from ((row, "part" if left[row] else "whole", None) for row in whole if left[row] < whole[row])
