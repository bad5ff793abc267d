"""Commands about ties: graph, graph-features."""

from __future__ import annotations

from datetime import date
from typing import get_args

import click

from smecredit.answers import Graph, GraphFigures, Purpose
from smecredit.answers.graphs import TieKind
from smecredit.cli.options import as_of, connected, printed, purpose_of
from smecredit.client import Client
from smecredit.rendering.figures import figures
from smecredit.rendering.graphs import graph

purpose = purpose_of("credit-assessment", "credit-monitoring", "financing-match", "supervision")


@click.command("graph")
@click.argument("enterprise")
@click.option("--depth", type=click.IntRange(1, 3), default=1, show_default=True, help="How many hops to go.")
@click.option("--type", "types", type=click.Choice(get_args(TieKind)), multiple=True, help="Only these ties.")
@click.option("--most", type=click.IntRange(1, 1000), help="At most so many firms; usually 100.")
@purpose
@as_of
@printed(graph)
@connected("bank-demo")
def graph_command(
    bank: Client,
    enterprise: str,
    depth: int,
    types: tuple[TieKind, ...],
    most: int | None,
    purpose: Purpose,
    as_of: date | None,
) -> Graph:
    """Show who is tied to an enterprise: by trade, shares, persons, guarantees, addresses, phones.

    With a depth of 2 or 3 the files of the firms around it are read too, where they are open to you; each such read is
    recorded, as that of the firm's own file is.
    """
    return bank.graph(enterprise, depth=depth, types=types, most=most, purpose=purpose, as_of=as_of)


@click.command("graph-features")
@click.argument("enterprise")
@purpose
@as_of
@printed(figures)
@connected("bank-demo")
def graph_features_command(bank: Client, enterprise: str, purpose: Purpose, as_of: date | None) -> GraphFigures:
    """Show what an enterprise's ties say of its risk: each figure, which way it counts, and the neighbours behind it.

    Files of the firms around it that are open to you are read too; each such read is recorded.
    """
    return bank.graph_features(enterprise, purpose=purpose, as_of=as_of)
