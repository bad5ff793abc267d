"""Commands that prove what was said and done: receipt, verify-receipt, ledger, score-proof, verify-ledger."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from smecredit.cli.options import as_json, client, connected, print_json
from smecredit.ledger import bundle as verify_bundle
from smecredit.problems import Expected
from smecredit.signature import signed_by

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("receipt")
@click.argument("score")
@connected("bank-demo")
def receipt_command(score: str, url: str, identity: str) -> None:
    """Print the signed receipt of the score SCORE as JSON."""
    print_json(client(url, identity).receipt(score))


@click.command("verify-receipt")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--keys",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Public keys that you kept (the answer of GET /v1/receipt-keys), instead of those published now.",
)
@as_json
@connected("bank-demo")
def verify_receipt_command(file: Path, keys: Path | None, as_json: bool, url: str, identity: str) -> None:
    """Prove the receipt in FILE: who signed it is checked here, its score is made again by the service.

    Exit code 1 where anything differs.
    """
    document = _read(file)
    with client(url, identity) as service:
        known = _read(keys)["keys"] if keys else service.receipt_keys()
        here = signed_by(document, known)
        told = {**service.verify_receipt(document), "key": here}
    told["valid"] = told["valid"] and here is not None
    print_json(told) if as_json else _tell(told)
    if not told["valid"]:
        sys.exit(1)


@click.command("ledger")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@click.option("--log", type=click.Choice(["ledger", "score-ledger"]), default="ledger", show_default=True)
@click.option("--kept", type=EXISTING, help="A file written before: the new one proves that the ledger continues it.")
@connected("bank-demo")
def ledger_command(out: Path, log: Any, kept: Path | None, url: str, identity: str) -> None:
    """Write every entry of the ledger that concerns you or that you made, each with its proof.

    Read the ledger's public key once, keep it, and verify such files with `smecredit verify-ledger` for ever.
    """
    before = _bundle(kept)["checkpoint"] if kept else None
    with client(url, identity) as service:
        found = service.ledger_bundle(log, kept=before)
        (key, *_) = service.ledger_keys(log)["keys"]
    _write(out, found, key, f"{len(found['entries'])} entries")


@click.command("score-proof")
@click.argument("score")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
@connected("bank-demo")
def score_proof_command(score: str, out: Path, url: str, identity: str) -> None:
    """Write the proof that the score ledger holds the score SCORE, also where a batch made it.

    Verify it with `smecredit verify-ledger`.
    """
    with client(url, identity) as service:
        found = service.score_proof(score)
        (key, *_) = service.ledger_keys("score-ledger")["keys"]
    _write(out, found, key, "1 score")


@click.command("verify-ledger")
@click.argument("file", type=EXISTING)
@click.option("--key", required=True, help="The ledger's public key that you trust: origin+id+base64.")
@click.option("--kept", type=EXISTING, help="A file written before, whose ledger this one must continue.")
@as_json
def verify_ledger_command(file: Path, key: str, kept: Path | None, as_json: bool) -> None:
    """Prove what FILE says of the ledger, with its public key and nothing else: no service is asked.

    Exit code 1 with the first thing that does not follow.
    """
    before = _bundle(kept)["checkpoint"] if kept else None
    proved = verify_bundle(_bundle(file), key, before)
    told = {
        "origin": proved.checkpoint.origin,
        "size": proved.checkpoint.size,
        "root": proved.checkpoint.root.hex(),
        "entries": proved.entries,
        "forgotten": proved.forgotten,
        "continues": proved.since,
        "scores": list(proved.scores),
    }
    print_json(told) if as_json else _tell_ledger(told)


def _write(out: Path, found: dict[str, Any], key: str, what: str) -> None:
    out.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    click.echo(f"{what}, proved against {found['checkpoint'].splitlines()[1]} -> {out}")
    click.echo(f"verify it with: smecredit verify-ledger {out} --key '{key}'")


def _tell_ledger(told: dict[str, Any]) -> None:
    click.echo(f"ledger     {told['origin']}, {told['size']} entries, signed with your key")
    click.echo(
        f"entries    {told['entries']} proved" + (f", {told['forgotten']} forgotten" if told["forgotten"] else "")
    )
    for score in told["scores"]:
        click.echo(f"score      {score['score_id']} of {score['enterprise']}: {score['score']}, {score['grade']}")
    if told["continues"] is not None:
        click.echo(f"continues  the ledger of {told['continues']} entries that you kept")
    click.echo("valid")


def _bundle(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except ValueError as wrong:
        raise Expected(f"{file} is no JSON: {wrong}.") from None
    if not isinstance(found, dict) or not isinstance(found.get("checkpoint"), str):
        raise Expected(f"{file} holds no ledger; write one with `smecredit ledger --out FILE`.")
    return found


def _read(file: Path) -> Any:
    try:
        found = json.loads(file.read_bytes())
    except ValueError as wrong:
        raise Expected(f"{file} is no JSON: {wrong}.") from None
    if not isinstance(found, dict) or not ({"receipt", "signature"} <= found.keys() or "keys" in found):
        raise Expected(f"{file} holds no receipt; write one with `smecredit receipt SCORE > FILE`.")
    return found


def _tell(told: dict[str, Any]) -> None:
    click.echo(f"signature  {'by key ' + told['key'] if told['key'] else 'NOT by a known key'}")
    click.echo(f"score      {'made again, bit for bit' if told['reproduced'] else 'NOT reproduced'}")
    for difference in told["differences"]:
        click.echo(f"differs    {difference['field']}: stated {difference['stated']}, found {difference['found']}")
    click.echo("valid" if told["valid"] else "NOT VALID")
