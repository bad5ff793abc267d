"""How a backup and a restore are shown: what each service put in, and what is to be done about it."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from smecredit.rendering.tables import plain_table, terminal

MEBIBYTE = 1 << 20
SEALED = {
    "matching": ("endpoints", "have its client order another (POST /v1/webhooks/{id}/secret)"),
    "gateway": ("second factors", "have its person add another (python -m gateway.cli person reset-factors LOGIN)"),
}


def backed_up(answer: dict[str, Any]) -> None:
    """Show what was backed up, and which keys are not in it."""
    console = terminal()
    console.print(f"backup {answer['moment']} at {escape(answer['place'])}")
    console.print(_parts(answer))
    if answer["pruned"]:
        freed = answer["pruned"]["freed_bytes"] / MEBIBYTE
        console.print(f"backups kept: {len(answer['pruned']['backups'])}; {freed:,.1f} MiB given back")
    if answer["keys"]:
        names = escape(", ".join(answer["keys"]))
        if answer["keys_kept_at"]:
            console.print(f"keys {names}: copied to {escape(answer['keys_kept_at'])}; keep that folder elsewhere")
        else:
            console.print(
                f"keys {names} are not in it, and no restore works without them: keep them with --keys FOLDER"
            )


def brought_back(answer: dict[str, Any]) -> None:
    """Show what was brought back, and what was done after it."""
    console = terminal()
    console.print(f"brought back: the backup {answer['moment']} from {escape(answer['place'])}")
    console.print(_parts(answer))
    console.print(
        f"Nothing done after {answer['moment']} is in it: consents revoked, keys ended and people disabled since then "
        "hold again, and the ledgers' later checkpoints are of a log that is no more. Do those acts again, tell those "
        "who hold such checkpoints, and run smecredit verify."
    )


def resealed(answer: dict[str, Any]) -> None:
    """Show how many secrets were sealed anew, and which cannot be opened."""
    console = terminal()
    for part, (what, otherwise) in SEALED.items():
        console.print(f"{what} whose secrets were sealed anew: {answer[part]['sealed']}")
        if closed := answer[part]["unreadable"]:
            console.print(
                f"no key opens the secret of {', '.join(closed)}: bring the key back that sealed it, or {otherwise}",
                markup=False,
            )


def _parts(answer: dict[str, Any]) -> Any:
    table = plain_table("service", ">files", ">MiB")
    for service, part in answer["parts"].items():
        table.add_row(service, f"{part['files']:,}", f"{part['bytes'] / MEBIBYTE:,.1f}")
    return table
