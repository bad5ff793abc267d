"""Commands of the operator about sources: grant, grants, end-grant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import get_args

import click

from smecredit.answers import Channel, ImportKind, SourceGrant
from smecredit.cli.options import connected, day, printed
from smecredit.client import Client
from smecredit.rendering.sources import grants


def _show(shown: SourceGrant) -> None:
    grants([shown])


@click.command("grant")
@click.argument("source")
@click.option("--kind", "kinds", multiple=True, required=True, type=click.Choice(get_args(ImportKind)))
@click.option("--channel", "channels", multiple=True, required=True, type=click.Choice(get_args(Channel)))
@click.option("--enterprise", "enterprises", multiple=True, metavar="ID", help="Of this firm alone; may be repeated.")
@click.option("--document", required=True, help="What the grant rests on, as the number of an agreement.")
@day("--until", help="The last day, in China; until it is ended unless given.")
@printed(_show)
@connected("operator-demo")
def grant_command(
    operator: Client,
    source: str,
    kinds: Sequence[ImportKind],
    channels: Sequence[Channel],
    enterprises: Sequence[str],
    document: str,
    until: date | None,
) -> SourceGrant:
    """Let the client SOURCE send kinds of data by lawful channels, of any firm or of those named.

    Without a grant a source sends nothing.
    """
    return operator.grant_source(source, kinds, channels, document=document, enterprises=enterprises, expires_on=until)


@click.command("grants")
@click.argument("source", required=False)
@printed(grants)
@connected("operator-demo")
def grants_command(operator: Client, source: str | None) -> list[SourceGrant]:
    """List what sources may send, or one SOURCE; as a source what you may."""
    return list(operator.source_grants(source))


@click.command("end-grant")
@click.argument("grant")
@click.option("--reason", required=True)
@printed(_show)
@connected("operator-demo")
def end_grant_command(operator: Client, grant: str, reason: str) -> SourceGrant:
    """End GRANT at once: what was received under it stays."""
    return operator.end_source_grant(grant, reason)
