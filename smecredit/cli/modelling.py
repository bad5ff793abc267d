"""Commands about models: train, models, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from smecredit import render
from smecredit.cli.options import as_json, as_of, client, connected, day, print_json, write_json
from smecredit.report import Reporter
from smecredit.running import evaluation


@click.command("train")
@click.option("--promote/--no-promote", default=False, show_default=True, help="Let it serve once approved.")
@click.option("--seed", type=int, help="Seed of the training.")
@as_of
@as_json
@connected("bank-demo")
def train_command(promote: bool, seed: int | None, as_of: Any, as_json: bool, url: str, identity: str) -> None:
    """Train a model on all firms with outcomes that have consented to it."""
    bank = client(url, identity)
    with Reporter().stage("train") as on_progress:
        ordered = bank.train(promote=promote, as_of=day(as_of), seed=seed)
        model = bank.wait_model(ordered["version"], on_progress)
    print_json(model) if as_json else render.models([model])
    if promote and model["state"] != "serving":
        click.echo(f"It serves once somebody else has approved it: smecredit approve {model['version']}", err=True)


@click.command("models")
@as_json
@connected("bank-demo")
def models_command(as_json: bool, url: str, identity: str) -> None:
    """List the models, newest first."""
    models = list(client(url, identity).models())
    if as_json:
        print_json(models)
    elif models:
        render.models(models)
    else:
        click.echo("No model yet: import firms with outcomes, then `smecredit train --promote`, `smecredit approve`.")


@click.command("evaluate")
@click.option("--data", type=click.Path(exists=True, path_type=Path), help="Folder of invoices and outcomes.")
@click.option("--table", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A table of your own.")
@click.option("--label", help="Column of --table that says who defaulted.")
@click.option("--drop", multiple=True, help="Column of --table to leave out; may be repeated.")
@click.option("--holdout", type=click.Path(exists=True, path_type=Path), help="Folder (or table) scored in addition.")
@click.option("--folds", type=click.IntRange(2, 50), default=5, show_default=True)
@click.option("--repeats", type=click.IntRange(1, 100), default=10, show_default=True)
@click.option("--json", "json_file", type=click.Path(path_type=Path, allow_dash=True), help="Write the figures here.")
def evaluate_command(  # noqa: PLR0913, PLR0917 - one parameter an option
    data: Path | None,
    table: Path | None,
    label: str | None,
    drop: tuple[str, ...],
    holdout: Path | None,
    folds: int,
    repeats: int,
    json_file: Path | None,
) -> None:
    """Measure the whole pipeline on labelled firms; training happens inside each fold.

    Runs a suite of its own in a temporary folder, so nothing of yours is read or changed.
    """
    if (data is None) == (table is None):
        raise click.UsageError("Give either --data DIR or --table FILE.")
    if table and not label:
        raise click.UsageError("--table needs --label, the column that says who defaulted.")
    report = Reporter()
    plan = evaluation.Plan(folds, repeats)
    if table:
        assert label
        result = evaluation.of_table(table, label, drop, holdout, plan, report)
    else:
        assert data
        result = evaluation.of_folder(data, holdout, plan, report)
    if json_file:
        write_json(result, json_file)
    if not json_file or str(json_file) != "-":
        render.evaluation(result)
