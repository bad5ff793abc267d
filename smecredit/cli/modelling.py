"""Commands about models: train, models, evaluate."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any, get_args

import click

from smecredit.answers.models import Block
from smecredit.cli.options import as_json, as_of, connected, day, json_file, print_json, report
from smecredit.client import Client
from smecredit.rendering.models import evaluation as show_evaluation
from smecredit.rendering.models import model as show_model
from smecredit.rendering.models import models
from smecredit.report import Reporter
from smecredit.running import evaluation


@click.command("train")
@click.option("--promote/--no-promote", default=False, show_default=True, help="Let it serve once approved.")
@click.option("--seed", type=int, help="Seed of the training.")
@click.option(
    "--definition", help="Which default is learned: past-due-90, past-due-90-or-unlikely-to-pay, charged-off."
)
@click.option("--horizon-months", type=click.IntRange(1, 120), help="Within how many months of --as-of.")
@click.option("--central-tendency", type=click.FloatRange(0, 1, True, True), help="Long-run rate to centre PDs on.")
@click.option("--margin-of-conservatism", type=click.FloatRange(0, 3), help="Added to every log-odds of default.")
@click.option("--through-the-cycle-shift", type=click.FloatRange(-3, 3), help="Added to every log-odds of default.")
@click.option("--ratings", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="CSV of your own rating.")
@click.option("--grades", help="Its grades, the best first, with commas: A,B,C,D.")
@click.option("--block", "blocks", type=click.Choice(get_args(Block)), multiple=True, help="Also try these figures.")
@as_of
@as_json
@connected("bank-demo")
def train_command(
    bank: Client,
    promote: bool,
    seed: int | None,
    ratings: Path | None,
    grades: str | None,
    as_of: date | None,
    as_json: bool,
    **declared: Any,
) -> None:
    """Train a model on all firms with outcomes that have consented to it.

    --ratings has the columns enterprise, grade and, where known, rated_on; the model's card then tells which of the two
    ranks firms better. Nothing is learned from it. --block graph tries the figures of firms' ties beside the features,
    and keeps them where held-out firms show that they pay.
    """
    if (ratings is None) != (grades is None):
        raise click.UsageError("--ratings FILE and --grades A,B,C go together.")
    if ratings and grades:
        declared["ratings"] = {"grades": _listed(grades), "given": _rated(ratings)}
    if blocks := list(declared.pop("blocks")):
        declared["blocks"] = blocks
    with Reporter().stage("train") as on_progress:
        ordered = bank.train(promote=promote, as_of=as_of, seed=seed, **declared)
        model = bank.wait_model(ordered["version"], on_progress)
    print_json(model) if as_json else show_model(model)
    if promote and model["state"] != "serving":
        click.echo(f"It serves once somebody else has approved it: smecredit approve {model['version']}", err=True)


def _listed(grades: str) -> list[str]:
    return [grade.strip() for grade in grades.split(",")]


def _rated(file: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV of ratings, those without a grade left out."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        table = csv.DictReader(lines)
        if absent := {"enterprise", "grade"} - set(table.fieldnames or ()):
            raise click.UsageError(f"{file.name} has no column {min(absent)}; enterprise, grade and rated_on are read.")
        columns = ("enterprise", "grade", "rated_on")
        return [{name: row[name] for name in columns if row.get(name)} for row in table if row["grade"]]


@click.command("models")
@click.option("--validation", "version", metavar="VERSION", help="Write this model's validation document as HTML.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Its language.")
@click.option("--out", type=click.Path(path_type=Path, allow_dash=True), help="Where to; by default VERSION-LANG.html.")
@as_json
@connected("bank-demo")
def models_command(bank: Client, version: str | None, lang: str, out: Path | None, as_json: bool) -> None:
    """List the models, newest first; or write the validation document of one."""
    if version is None:
        found = list(bank.models())
        print_json(found) if as_json else models(found)
        return
    page, target = bank.validation(version, language=lang), str(out or f"{version}-{lang}.html")
    with click.open_file(target, "wb") as file:
        file.write(page)
    if target != "-":
        click.echo(f"{target}: the validation document of {version} 模型验证文件", err=True)


@click.command("evaluate")
@click.option("--data", type=click.Path(exists=True, path_type=Path), help="Folder of invoices and outcomes.")
@click.option("--table", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A table of your own.")
@click.option("--label", help="Column of --table that says who defaulted.")
@click.option("--drop", multiple=True, help="Column of --table to leave out; may be repeated.")
@click.option("--holdout", type=click.Path(exists=True, path_type=Path), help="Folder (or table) scored in addition.")
@click.option("--time", help="Column of --table with a day or a time: later rows are judged and not learned from.")
@click.option("--cut", help="The first day that is judged, as 2020-01-31; a number where --time counts.")
@click.option("--rating", help="Column of --table with your own grades: shown beside the model, not learned from.")
@click.option("--grades", help="The grades in it, the best first, with commas: A,B,C,D.")
@click.option("--definition", help="Which default the labels are of; see `train`.")
@click.option("--horizon-months", type=click.IntRange(1, 120), help="Within how many months they defaulted.")
@day("--label-date", help="The day that the labels were taken on.")
@click.option("--folds", type=click.IntRange(2, 50), default=5, show_default=True)
@click.option("--repeats", type=click.IntRange(1, 100), default=10, show_default=True)
@json_file
def evaluate_command(  # noqa: PLR0913, PLR0917 - one parameter an option
    data: Path | None,
    table: Path | None,
    label: str | None,
    drop: tuple[str, ...],
    holdout: Path | None,
    time: str | None,
    cut: str | None,
    rating: str | None,
    grades: str | None,
    folds: int,
    repeats: int,
    json_file: Path | None,
    **declared: Any,
) -> None:
    """Measure the whole pipeline on labelled firms; training happens inside each fold.

    Runs a suite of its own in a temporary folder, so nothing of yours is read or changed.
    """
    if (data is None) == (table is None):
        raise click.UsageError("Give either --data DIR or --table FILE.")
    if table and not label:
        raise click.UsageError("--table needs --label, the column that says who defaulted.")
    if (time is None) != (cut is None) or (time and (holdout or not table)):
        raise click.UsageError("--time COLUMN and --cut DAY go together, with --table and without --holdout.")
    if (rating is None) != (grades is None) or (rating and not table):
        raise click.UsageError("--rating COLUMN and --grades A,B,C go together, with --table.")
    beside = evaluation.Beside(rating, _listed(grades or ""))
    reporter, plan = Reporter(), evaluation.Folds(folds, repeats, time, cut, declared)
    if table:
        assert label
        result = evaluation.of_table(table, label, drop, holdout, plan, reporter, beside if rating else None)
    else:
        assert data
        result = evaluation.of_folder(data, holdout, plan, reporter)
    report(result, json_file, show_evaluation)
