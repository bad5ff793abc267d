"""Commands that prove what was said and done: receipt, verify-receipt, ledger, score-proof, verify-ledger."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, get_args

import click

from smecredit.answers import Log
from smecredit.cli.options import as_json, connected, print_json, printed
from smecredit.client import Client
from smecredit.ledger import bundle as verify_bundle
from smecredit.problems import Expected
from smecredit.signature import signed_by

EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
out_file = click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write."
)


@click.command("receipt")
@click.argument("score")
@connected("bank-demo")
def receipt_command(bank: Client, score: str) -> None:
    """Print the signed receipt of the score SCORE as JSON."""
    print_json(bank.receipt(score))


@click.command("verify-receipt")
@click.argument("file", type=EXISTING)
@click.option(
    "--keys",
    type=EXISTING,
    help="Public keys that you kept (the answer of GET /v1/receipt-keys), instead of those published now.",
)
@as_json
@connected("bank-demo")
def verify_receipt_command(service: Client, file: Path, keys: Path | None, as_json: bool) -> None:
    """Prove the receipt in FILE: who signed it is checked here, its score is made again by the service.

    Exit code 1 where anything differs.
    """
    document = _receipt(file)
    known = _key_set(keys)["keys"] if keys else service.receipt_keys()
    signer = signed_by(document, known)
    verdict = {**service.verify_receipt(document), "key": signer}
    verdict["valid"] = verdict["valid"] and signer is not None
    print_json(verdict) if as_json else _show_verdict(verdict)
    if not verdict["valid"]:
        sys.exit(1)


@click.command("ledger")
@out_file
@click.option("--log", type=click.Choice(get_args(Log)), default="ledger", show_default=True)
@click.option("--kept", type=EXISTING, help="A file written before: the new one proves that the ledger continues it.")
@connected("bank-demo")
def ledger_command(service: Client, out: Path, log: Log, kept: Path | None) -> None:
    """Write every entry of the ledger that concerns you or that you made, each with its proof.

    Read the ledger's public key once, keep it, and verify such files with `smecredit verify-ledger` for ever.
    """
    before = _bundle(kept)["checkpoint"] if kept else None
    bundle = service.ledger_bundle(log, kept=before)
    (key, *_) = service.ledger_keys(log)["keys"]
    _write(out, bundle, key, f"{len(bundle['entries'])} entries")


@click.command("score-proof")
@click.argument("score")
@out_file
@connected("bank-demo")
def score_proof_command(service: Client, score: str, out: Path) -> None:
    """Write the proof that the score ledger holds the score SCORE, also where a batch made it.

    Verify it with `smecredit verify-ledger`.
    """
    bundle = service.score_proof(score)
    (key, *_) = service.ledger_keys("score-ledger")["keys"]
    _write(out, bundle, key, "1 score")


def _show_proved(proved: dict[str, Any]) -> None:
    forgotten = f", {proved['forgotten']} forgotten" if proved["forgotten"] else ""
    click.echo(f"ledger     {proved['origin']}, {proved['size']} entries, signed with your key")
    click.echo(f"entries    {proved['entries']} proved{forgotten}")
    for score in proved["scores"]:
        click.echo(f"score      {score['score_id']} of {score['enterprise']}: {score['score']}, {score['grade']}")
    if proved["continues"] is not None:
        click.echo(f"continues  the ledger of {proved['continues']} entries that you kept")
    click.echo("valid")


@click.command("verify-ledger")
@click.argument("file", type=EXISTING)
@click.option("--key", required=True, help="The ledger's public key that you trust: origin+id+base64.")
@click.option("--kept", type=EXISTING, help="A file written before, whose ledger this one must continue.")
@printed(_show_proved)
def verify_ledger_command(file: Path, key: str, kept: Path | None) -> dict[str, Any]:
    """Prove what FILE says of the ledger, with its public key and nothing else: no service is asked.

    Exit code 1 with the first thing that does not follow.
    """
    before = _bundle(kept)["checkpoint"] if kept else None
    proved = verify_bundle(_bundle(file), key, before)
    return {
        "origin": proved.checkpoint.origin,
        "size": proved.checkpoint.size,
        "root": proved.checkpoint.root.hex(),
        "entries": proved.entries,
        "forgotten": proved.forgotten,
        "continues": proved.since,
        "scores": list(proved.scores),
    }


def _write(out: Path, bundle: dict[str, Any], key: str, what: str) -> None:
    out.write_text(json.dumps(bundle, ensure_ascii=False, indent=1), encoding="utf-8")
    click.echo(f"{what}, proved against {bundle['checkpoint'].splitlines()[1]} -> {out}")
    click.echo(f"verify it with: smecredit verify-ledger {out} --key '{key}'")


def _bundle(file: Path) -> dict[str, Any]:
    bundle = _document(file)
    if not isinstance(bundle.get("checkpoint"), str):
        raise Expected(f"{file} holds no ledger; write one with `smecredit ledger --out FILE`.")
    return bundle


def _receipt(file: Path) -> dict[str, Any]:
    receipt = _document(file)
    if not all(isinstance(receipt.get(part), dict) for part in ("receipt", "signature")):
        raise Expected(f"{file} holds no receipt; write one with `smecredit receipt SCORE > FILE`.")
    return receipt


def _key_set(file: Path) -> dict[str, Any]:
    keys = _document(file)
    listed = keys.get("keys")
    if not isinstance(listed, list) or not all(isinstance(key, dict) for key in listed):
        raise Expected(f"{file} holds no keys; the service gives them at GET /v1/receipt-keys.")
    return keys


def _document(file: Path) -> dict[str, Any]:
    """Read a JSON object from a file; anything else in it is an object without members."""
    try:
        document = json.loads(file.read_bytes())
    except ValueError as wrong:
        raise Expected(f"{file} is no JSON: {wrong}.") from None
    return document if isinstance(document, dict) else {}


def _show_verdict(verdict: dict[str, Any]) -> None:
    click.echo(f"signature  {'by key ' + verdict['key'] if verdict['key'] else 'NOT by a known key'}")
    click.echo(f"score      {'made again, bit for bit' if verdict['reproduced'] else 'NOT reproduced'}")
    for difference in verdict["differences"]:
        click.echo(f"differs    {difference['field']}: stated {difference['stated']}, found {difference['found']}")
    click.echo("valid" if verdict["valid"] else "NOT VALID")
