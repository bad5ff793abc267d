"""What is known beside the invoices that stand: who sent them, what else was said, and what may confirm them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import polars as pl

from services.profile.book.domain import invoice, payment, tax_filing
from services.profile.book.domain.channel import Channel

c = pl.col
# Who sent an import, and by which lawful channel: facts that never change.
SENDERS: dict[str, pl.DataType] = {"import_id": pl.String(), "client": pl.String(), "channel": pl.String()}


@dataclass(frozen=True, slots=True)
class Beside:
    """What may confirm invoices from outside: each thing once, in the last version known, dated up to the day.

    `mirrored` are the invoices of other enterprises' files in which one of these is the counterparty; `payments` and
    `filings` are those of their own files.
    """

    mirrored: pl.DataFrame = field(default_factory=invoice.DATASET.empty)
    payments: pl.DataFrame = field(default_factory=payment.DATASET.empty)
    filings: pl.DataFrame = field(default_factory=tax_filing.DATASET.empty)


@dataclass(frozen=True)
class Told:
    """All statements that are held of the invoices, the outside, and who sent it all (`SENDERS`)."""

    statements: pl.DataFrame
    senders: pl.DataFrame
    beside: Beside = field(default_factory=Beside)

    @cached_property
    def own_imports(self) -> list[str]:
        """The imports by which enterprises spoke of themselves."""
        return self.senders.filter(c("channel") == Channel.SUBJECT)["import_id"].to_list()

    def without_sides(self) -> Told:
        """Return what is told where nobody may learn whose files the book holds."""
        return replace(self, beside=replace(self.beside, mirrored=self.beside.mirrored.clear()))

    def own(self) -> pl.Expr:
        """Tell which rows are an enterprise's own word, by the import that brought them."""
        return c("import_id").is_in(self.own_imports)
