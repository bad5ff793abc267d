"""`python -m sandbox`: write a synthetic economy to a folder."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path

import click

from sandbox.contradictions import plant
from sandbox.economy import Plan, simulate
from sandbox.files import SUFFIX, Format, write
from sandbox.labels import FOLDER, labels
from sandbox.records import records


@click.command()
@click.option("--firms", default=300, show_default=True, help="How many firms.")
@click.option("--months", default=36, show_default=True, help="Length of the book in months (6 to 120).")
@click.option("--seed", default=7, show_default=True, help="The same seed and size give the same bytes.")
@click.option("--start", default="2022-01", show_default=True, help="First month of the book, YYYY-MM.")
@click.option("--default-rate", default=0.12, show_default=True, help="Share of loans in default.")
@click.option("--large", is_flag=True, help="With the very large firms of a national register.")
@click.option("--contradictions", default=0, show_default=True, help="How many lies of each kind to plant.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write.")
@click.option("--format", "form", type=click.Choice(list(SUFFIX)), default="csv", show_default=True)
def main(  # noqa: PLR0913 - one parameter an option
    *,
    firms: int,
    months: int,
    seed: int,
    start: str,
    default_rate: float,
    large: bool,
    contradictions: int,
    out: Path,
    form: Format,
) -> None:
    """Write a synthetic economy: enterprises, their invoices, payments, orders, filings, registers, outcomes.

    Nobody in it exists. Beside what is imported stand the sealed bids of tenders (bids), and the folder labels: what
    was planted, to measure with and never to import: owners, persons, guarantees, places, rings, auctions, bidders.
    With --contradictions, records that contradict one another are planted too, and contradictions.csv tells which.
    """
    try:
        plan = Plan(firms, months, seed, _month(start), default_rate, large)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    economy = simulate(plan)
    made = records(economy)
    if contradictions:
        made, lies = plant(made, seed=seed, each=contradictions)
        out.mkdir(parents=True, exist_ok=True)
        lies.write_csv(out / "contradictions.csv")
    offered, truth = labels(economy)
    for folder, found in ((out, made | {"bids": offered}), (out / FOLDER, truth)):
        for path, (kind, table) in zip(write(found, folder, form), found.items(), strict=True):
            click.echo(f"{kind}: {len(table):,} rows -> {path}")


def _month(text: str) -> date:
    """Return the first day of a month written YYYY-MM."""
    try:
        return datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no time zone
    except ValueError as error:
        raise ValueError(f"--start must be a month such as 2022-01, not {text!r}") from error


if __name__ == "__main__":
    sys.exit(main())
