"""Commands of those who keep a suite: back it up while it runs, bring it back."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from smecredit.cli.options import printed
from smecredit.rendering.saving import backed_up, brought_back, resealed
from smecredit.report import Reporter
from smecredit.running import backups
from smecredit.running.home import home
from smecredit.running.upkeep import module_of, told

# Whose databases hold secrets that are sealed.
SEALING = ("matching", "gateway")
MOMENTS = ["%Y-%m-%dT%H:%M:%SZ", backups.STAMP, "%Y-%m-%d"]
keys_folder = click.option(
    "--keys", type=click.Path(path_type=Path, file_okay=False), help="Where the secret keys are kept, apart."
)


@click.command("backup")
@click.argument("place", metavar="TO")
@keys_folder
@click.option("--keep", "most", type=click.IntRange(min=1), help="Keep the newest so many backups, this one included.")
@printed(backed_up)
def backup_command(place: str, keys: Path | None, most: int | None) -> dict[str, Any]:
    """Back the suite up to a folder or an object store (s3://…), while it runs or not.

    TO holds all backups; each costs what changed since the one before it. Secret keys are never in it: with --keys
    they are copied to a folder of their own, to be kept elsewhere.
    """
    return backups.back_up(place, home(), Reporter(), keys=keys, most=most)


@click.command("restore")
@click.argument("place", metavar="FROM")
@keys_folder
@click.option("--at", type=click.DateTime(MOMENTS), help="The newest backup up to this moment (UTC); else the newest.")
@printed(brought_back)
def restore_command(place: str, keys: Path | None, at: datetime | None) -> dict[str, Any]:
    """Bring a backup back into an empty home (SMECREDIT_HOME) and empty databases.

    What was done after the backup is not in it: see what the answer says of consents and keys before the suite starts.
    """
    moment = at.strftime(backups.STAMP) if at else ""
    return backups.bring_back(place, home(), Reporter(), at=moment, keys=keys)


@click.command("reseal")
@click.option("--new-key", is_flag=True, help="Make a key first; the one before stays until the next change.")
@printed(resealed)
def reseal_command(*, new_key: bool) -> dict[str, Any]:
    """Seal the secrets of webhooks and of second factors anew in the databases, while the suite runs or not.

    The keys lie in the home beside the others; where MATCHING_SECRET_KEYS or GATEWAY_SECRET_KEYS gives keys, put a new
    one before them there.
    """
    order = ["reseal", *(["new-key"] if new_key else [])]
    return {part: told(module_of(part), *order, home=home()) for part in SEALING}
