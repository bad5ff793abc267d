"""The first half of the document: what the model is for, what it was made from, and what else was tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.scoring.document.blocks import Block, Facts, Paragraph, Section, Table
from services.scoring.document.words import NONE, Words, figure, interval, share

Model = Mapping[str, Any]
FIGURES = {"auc": "AUC", "ks": "KS", "brier": "Brier", "ece": "ECE", "log_loss": "log-loss"}
# Reviewed a year after it was trained at the latest (SR 11-7, V: "at least annually").
REVIEW_YEARS = 1


def purpose(model: Model, words: Words) -> Section:
    """Tell what the model is for and who decides."""
    card = model["card"]
    return Section(words("purpose"), [Paragraph(words.pick(card["intended_use"])), Paragraph(words("purpose.decides"))])


def governance(model: Model, words: Words) -> Section:
    """Name owner, decisions, the gate's verdict, and the day of the next review."""
    facts = [
        (words("owner"), model["trained_by"]),
        (words("state"), words.known(f"state.{model['state']}", model["state"])),
        (words("approved.by"), model["approved_by"] or words("nobody")),
        (words("gate"), _verdict(model, words)),
        (words("review"), review_day(model["trained_at"]) or NONE),
    ]
    events = [
        [each["at"][:10], words.known(f"event.{each['event']}", each["event"]), each["client"], each["note"] or NONE]
        for each in model.get("events", ())
    ]
    head = [words(name) for name in ("day", "decision", "who", "note")]
    table: list[Block] = [Table(head, events, figures=4)] if events else [Paragraph(words("no.decisions"), open=True)]
    return Section(words("governance"), [Facts(facts), *table, Paragraph(words("review.rule"))])


def review_day(trained_at: str | None) -> str | None:
    """Return the day on which a model trained at a moment is reviewed at the latest."""
    if trained_at is None:
        return None
    day = date.fromisoformat(trained_at[:10])
    # A 29 February is reviewed on the 28th.
    return day.replace(year=day.year + REVIEW_YEARS, day=min(day.day, 28) if day.month == 2 else day.day).isoformat()


def _verdict(model: Model, words: Words) -> str:
    if (model["card"].get("gate") or {}).get("passed"):
        return words("gate.passed")
    exception = model.get("exception")
    return words("gate.exception", reason=exception) if exception else words("gate.failed")


def lineage(model: Model, words: Words) -> Section:
    """Tell enough to train it again: data, code, seed."""
    card, told = model["card"], model.get("lineage") or {}
    code = told.get("code") or {}
    rows = [
        (words("version"), model["version"]),
        (words("trained.at"), model["trained_at"] or NONE),
        (words("as.of"), told.get("as_of") or NONE),
        (words("known.at"), told.get("known_at") or NONE),
        (words("rows"), f"{told.get('rows', card['data']['firms'])}"),
        (words("rows.sha256"), told.get("rows_sha256") or NONE),
        (words("table.sha256"), card["data"].get("table_sha256") or NONE),
        (words("catalogue"), str(card["data"].get("catalogue") or NONE)),
        (words("seed"), str(model["seed"])),
        (words("code"), f"{code.get('release', NONE)} · {code.get('sha256', NONE)}"),
        (words("artefact"), model["artefact_sha256"] or NONE),
        (words("libraries"), ", ".join(f"{name} {number}" for name, number in (card.get("libraries") or {}).items())),
    ]
    return Section(words("lineage"), [Facts(rows), Paragraph(words("lineage.same"))])


def definitions(model: Model, words: Words) -> Section:
    """Tell what default means, within how long, on which labels, and what was declared about the level of PDs."""
    said = model["card"].get("definition")
    if said is None:
        return Section(words("definitions"), [Paragraph(words("definitions.none"), open=True)])
    default, window = said.get("default"), said.get("performance_window")
    rows = [
        (words("default"), _default(default, words)),
        (words("horizon"), words("months", count=said["horizon_months"]) if said.get("horizon_months") else NONE),
        (words("window"), f"{window['from']} – {window['to']}" if window else NONE),
    ]
    notes = [Paragraph(words.pick(each), open=True) for each in said.get("told", ())]
    return Section(words("definitions"), [Facts(rows), *_labels(said, words), *notes, *_level(model["card"], words)])


def _default(default: Mapping[str, Any] | None, words: Words) -> str:
    if default is None:
        return words("not.declared")
    return f"{words.pick(default['title'])}. {words.pick(default['text'])} ({default['source']})"


def _labels(said: Mapping[str, Any], words: Words) -> list[Block]:
    labels = said.get("labels")
    if not labels:
        return []
    names = ("firms", "reported", "imported", "dated", "undated", "undeclared", "on_or_before_as_of")
    counts = [(words(f"labels.{name}"), str(labels[name])) for name in names if name in labels]
    if labels.get("first"):
        counts.append((words("labels.days"), f"{labels['first']} – {labels['last']}"))
    return [Facts(counts)]


def _level(card: Mapping[str, Any], words: Words) -> list[Block]:
    level = card.get("adjustment")
    if not level:
        return []
    declared = level["declared"]
    rows = [
        (words("level.rate"), share(level["training_rate"])),
        (words("level.central"), share(declared["central_tendency"], 2)),
        (words("level.margin"), f"{declared['margin_of_conservatism']:+.3f}"),
        (words("level.cycle"), f"{declared['through_the_cycle_shift']:+.3f}"),
        (words("level.points"), f"{level['points']:+.1f}"),
    ]
    return [Facts(rows)]


def data(model: Model, words: Words) -> Section:
    """Tell how many firms, what was left out, which columns want a look."""
    card = model["card"]
    firms, defaults = card["data"]["firms"], card["data"]["defaults"]
    rows = [(words("firms"), f"{firms:,}"), (words("defaults"), f"{defaults:,} ({share(defaults / firms)})")]
    if (withheld := (model.get("lineage") or {}).get("withheld")) is not None:
        rows.append((words("withheld"), str(withheld)))
    suspects = [
        Paragraph(words.pick(each["sentence"]), open=True)
        for each in card["metrics"].get("suspects", ())
        if "sentence" in each
    ]
    return Section(words("data"), [Facts(rows), *(suspects or [Paragraph(words("data.clean"))])])


def method(model: Model, words: Words) -> Section:
    """Name learner, constraints, calibration, scale."""
    card = model["card"]
    parameters = card["parameters"]
    kept = parameters.get("kept") or card["features"]
    signs = card.get("constraints") or {}
    rows = [
        (words("method.kind"), card.get("kind", NONE)),
        (words("method.features"), words("method.of", some=len(kept), all=len(card["features"]))),
        (words("method.signs"), str(len(signs))),
        (words("method.depth"), f"{parameters.get('max_depth', NONE)} · {parameters.get('rounds', NONE)}"),
        (words("method.scorecard"), share(parameters.get("scorecard", 0.0), 0)),
        (words("method.calibration"), card["calibration"].get("method", NONE)),
        (words("method.slope"), f"{card['calibration']['slope']:.3f} · {card['calibration']['intercept']:+.3f}"),
    ]
    grades = [
        [each["grade"], share(each["pd_over"], 2), share(each["pd_up_to"], 2)] for each in card["scale"]["grades"]
    ]
    head = [words(name) for name in ("grade", "pd.over", "pd.up.to")]
    return Section(words("method"), [Facts(rows), Paragraph(words("method.exact")), Table(head, grades)])


def alternatives(model: Model, words: Words) -> Section:
    """Tell what else was tried: every candidate with its held-out loss, the logistic challenger, the paired tests."""
    card = model["card"]
    best = min((each["log_loss"] for each in card["trials"]), default=None)
    trials = [[*_candidate(each), figure(each["log_loss"], 4) + (" ◂" if each["log_loss"] == best else "")]
              for each in card["trials"]]  # fmt: skip
    head = [words("trial"), words("log.loss")]
    return Section(
        words("alternatives"),
        [
            Paragraph(words("alternatives.how")),
            Table(head, trials),
            Table([words("figure"), words("model"), words("challenger")], _beside(card["metrics"])),
            *_tests(card, words),
            *(Paragraph(words.pick(each["sentence"])) for each in (card.get("blocks") or {}).values()),
        ],
    )


def _candidate(trial: Mapping[str, Any]) -> list[str]:
    return [", ".join(f"{name} {value}" for name, value in trial.items() if name != "log_loss")]


def _beside(metrics: Mapping[str, Any]) -> list[list[str]]:
    other = metrics["challenger"]
    rows = [["AUC", interval(metrics["auc"]), interval(other["auc"])]]
    return rows + [[FIGURES[name], figure(metrics[name]), figure(other[name])] for name in ("ks", "brier", "ece")]


def _tests(card: Mapping[str, Any], words: Words) -> list[Block]:
    tests: Mapping[str, Any] = (card.get("gate") or {}).get("tests") or {}
    if not tests:
        return [Paragraph(words("gate.untested"), open=True)]
    rows: Sequence[Sequence[str]] = [
        [
            FIGURES.get(name, name),
            figure(each["model"]),
            figure(each["challenger"]),
            f"{each['advantage']:+.3f}",
            f"{each['ci95'][0]:+.3f} – {each['ci95'][1]:+.3f}",
            f"{each['margin']:g}",
            words.known(f"finding.{each['finding']}", each["finding"]),
        ]
        for name, each in tests.items()
    ]
    head = [words(name) for name in ("figure", "model", "challenger", "advantage", "ci95", "margin", "finding")]
    return [Table(head, rows, caption=words("gate.tests"))]
