"""The second half of the document: how the model does, how far it holds, and when it must be looked at again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.scoring.document.blocks import Block, Facts, Paragraph, Picture, Section, Table
from services.scoring.document.words import NONE, Words, figure, interval, share
from services.scoring.domain import backtest, drift

Model = Mapping[str, Any]
# A group tells an AUC where it has so many of either kind; fewer rank by luck.
LEAST_OF_A_KIND = 5
SAME_GRADE, SAME_REASON, WITHIN = 0.90, 0.90, 0.99
MOST_OVERRIDDEN = 0.20
_IMPORTANT = 12


def performance(model: Model, words: Words) -> Section:
    """Show figures with intervals, curves, and the same by segment."""
    card = model["card"]
    metrics, told = card["metrics"], card.get("validation") or {}
    rows = [
        ("AUC", interval(metrics["auc"])),
        *((title, figure(metrics[name])) for name, title in (("ks", "KS"), ("brier", "Brier"), ("ece", "ECE"))),
        (words("folds"), f"{metrics['folds']} × {metrics['repeats']}"),
    ]
    blocks: list[Block] = [Paragraph(words("performance.how")), Facts(rows)]
    blocks += [Picture(name, words(f"picture.{name}")) for name in ("roc", "ks", "scores")]
    if told.get("score_table"):
        blocks.append(_scores(told["score_table"], words))
    blocks += [_segment(name, groups, words) for name, groups in (told.get("segments") or {}).items() if groups]
    return Section(words("performance"), blocks)


def _scores(table: Sequence[Mapping[str, Any]], words: Words) -> Table:
    rows = [
        [
            f"{NONE if each['from'] is None else round(each['from'])} … "
            f"{NONE if each['to'] is None else round(each['to'])}",
            str(each["firms"]),
            str(each["defaults"]),
            share(each["defaults"] / each["firms"] if each["firms"] else None),
        ]
        for each in table
    ]
    return Table([words(name) for name in ("points", "firms", "defaults", "default.rate")], rows)


def _segment(name: str, groups: Sequence[Mapping[str, Any]], words: Words) -> Table:
    rows = []
    for each in groups:
        few = min(each["defaults"], each["firms"] - each["defaults"]) < LEAST_OF_A_KIND
        assessable = each["auc"] is not None and not few
        rows.append(
            [
                words("others", names=", ".join(each["members"])) if each.get("members") else each["group"],
                str(each["firms"]),
                str(each["defaults"]),
                share(each["default_rate"]),
                share(each["mean_pd"]),
                f"{100 * each['gap']:+.1f} (±{100 * each['gap_by_chance']:.1f})",
                figure(each["auc"], 2) if assessable else words("not.assessable"),
                figure(each["air"], 2) if each["air"] is not None else words("not.assessable"),
            ]
        )
    names = ("group", "firms", "defaults", "default.rate", "mean.pd", "gap", "auc", "air")
    return Table([words(each) for each in names], rows, caption=words.known(f"segment.{name}", name))


def calibration(model: Model, words: Words) -> Section:
    """Hold PDs against what came, in groups that never taught the model."""
    card = model["card"]
    rows = [
        [str(each["firms"]), share(each["mean_pd"]), share(each["default_rate"]), str(each["defaults"])]
        for each in card["calibration"]["table"]
    ]
    head = [words(name) for name in ("firms", "mean.pd", "default.rate", "defaults")]
    level = card["calibration"].get("interval_level")
    return Section(
        words("calibration"),
        [
            Paragraph(words("calibration.how", level=share(level, 0))),
            Table(head, rows, figures=0),
            Picture("calibration", words("picture.calibration")),
        ],
    )


def stability(model: Model, words: Words) -> Section:
    """Tell how scores hold in time, under other training firms, under other seeds."""
    card = model["card"]
    moved = (card.get("validation") or {}).get("stability")
    blocks: list[Block] = [Paragraph(words("stability.time"), open=True)]
    if cut := card.get("out_of_time"):
        blocks = [Paragraph(words("stability.out.of.time", cut=cut.get("cut"), auc=interval(cut["auc"])))]
    if moved:
        blocks += [Facts(_ranges(moved, words)), Picture("stability", words("picture.stability"))]
    return Section(words("stability"), [*blocks, *_seeds(card.get("seeds"), words)])


def _ranges(moved: Mapping[str, Any], words: Words) -> list[tuple[str, str]]:
    return [
        (words("same.grade"), share(moved["same_grade"])),
        (words("range.median"), f"{moved['median_range_points']:.0f}"),
        (words("range.p90"), f"{moved['p90_range_points']:.0f}"),
    ]


def _seeds(seeds: Mapping[str, Any] | None, words: Words) -> list[Block]:
    if seeds is None:
        return [Paragraph(words("seeds.none"), open=True)]
    rows = [*_ranges(seeds, words), (words("same.reason"), share(seeds["same_reason"]))]
    held = seeds["same_grade"] >= SAME_GRADE and (seeds["same_reason"] or 1.0) >= SAME_REASON
    reasons = [[each["feature"], str(each["firms"]), share(each["same"])] for each in seeds["reasons"]]
    table = [Table([words(name) for name in ("feature", "firms", "same.reason")], reasons)] if reasons else []
    said = words("held" if held else "not.held", bar=words("seeds.bar", grade=share(SAME_GRADE, 0)))
    return [
        Paragraph(words("seeds.how", count=len(seeds["seeds"]))),
        Facts(rows),
        *table,
        Paragraph(said, open=not held),
    ]


def sensitivity(model: Model, words: Words) -> Section:
    """Tell how far a change of 2 % moves a score."""
    found = model["card"].get("sensitivity")
    if found is None:
        return Section(words("sensitivity"), [Paragraph(words("not.measured"), open=True)])
    held = found["within"] >= WITHIN
    rows = [
        (words("sensitivity.within", points=f"{found['points']:.0f}"), share(found["within"])),
        (words("sensitivity.p95"), str(found["p95_points"])),
        (words("sensitivity.grade"), share(found["other_grade"])),
    ]
    features = [[each["feature"], share(each["over"])] for each in found["features"][:_IMPORTANT]]
    table = [Table([words("feature"), words("sensitivity.over")], features)] if features else []
    said = words("held" if held else "not.held", bar=share(WITHIN, 0))
    how = words("sensitivity.how", change=share(found["change"], 0), firms=found["firms"])
    return Section(words("sensitivity"), [Paragraph(how), Facts(rows), *table, Paragraph(said, open=not held)])


def withholding(model: Model, words: Words) -> Section:
    """Tell what leaving out does: single figures, sources, the beginning of a history."""
    found = model["card"].get("withholding")
    if not found:
        return Section(words("withholding"), [Paragraph(words("not.measured"), open=True)])
    return Section(words("withholding"), [Paragraph(words("withholding.how")), *_anything(found, words)])


def _anything(found: Any, words: Words) -> list[Block]:
    """Show figures whose names only the card knows: plain ones as facts, rows as tables, groups under their names."""
    if isinstance(found, list):
        head = list(dict.fromkeys(name for each in found for name in each))
        return [Table(head, [[_written(each.get(name)) for name in head] for each in found])] if found else []
    plain = [(name, _written(each)) for name, each in found.items() if not isinstance(each, dict | list)]
    blocks: list[Block] = [Facts(plain)] if plain else []
    for name, each in found.items():
        if isinstance(each, dict) and set(each) == {"zh", "en"}:
            blocks.append(Paragraph(words.pick(each)))
        elif isinstance(each, dict | list) and each:
            shown = each if not isinstance(each, list) or isinstance(each[0], dict) else [{name: one} for one in each]
            blocks += [Paragraph(f"{name}:"), *_anything(shown, words)]
    return blocks


def _written(value: Any) -> str:
    if value is None:
        return NONE
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def reasons(model: Model, words: Words) -> Section:
    """Tell what moves scores, and that the reasons are exact."""
    card = model["card"]
    checked, reference = card.get("verification") or {}, card["reference"]
    rows = [
        (words("reference"), words.pick(reference["title"])),
        (words("exact.reasons"), f"{checked.get('reasons_against_shap_points', 0):.1e}"),
        (words("exact.margins"), f"{checked.get('margin_against_xgboost_points', 0):.1e}"),
    ]
    signs = card.get("constraints") or {}
    table = [
        [each["feature"], {1: "↑", -1: "↓"}.get(signs.get(each["feature"], 0), NONE), figure(each["mean_points"], 1)]
        for each in card["importance"][:_IMPORTANT]
    ]
    head = [words("feature"), words("direction"), words("mean.points")]
    shown = Picture("shap-summary", words("picture.summary"))
    return Section(words("reasons"), [Facts(rows), Table(head, table), shown, Paragraph(words("reasons.tell"))])


def rating(model: Model, words: Words) -> Section:
    """Stand beside the bank's own rating, where it was given."""
    given = model["card"].get("rating")
    if not given:
        return Section(words("rating"), [Paragraph(words("rating.none"), open=True)])
    rows = [(words("rating.rated"), f"{given['rated']} · {given['unrated']}")]
    rows += _compared(given["comparison"], words) if given["comparison"] else []
    grades = [[", ".join(each["grades"]), str(each["firms"]), str(each["defaults"])] for each in given["grades"]]
    blocks: list[Block] = [Paragraph(words("rating.how")), Facts(rows)]
    if not given["comparison"]:
        blocks.append(Paragraph(words("rating.few"), open=True))
    if grades:
        blocks.append(Table([words(name) for name in ("rating.grade", "firms", "defaults")], grades))
    blocks += [Paragraph(words.pick(each), open=True) for each in given["told"]]
    return Section(words("rating"), blocks)


def _compared(found: Mapping[str, Any], words: Words) -> list[tuple[str, str]]:
    low, high = found["ci95"]
    return [
        (words("rating.auc"), f"{figure(found['model'])} · {figure(found['rating'])}"),
        (words("advantage"), f"{found['advantage']:+.3f} ({low:+.3f} – {high:+.3f})"),
        (words("finding"), words(f"rating.finding.{found['finding']}")),
    ]


def limits(model: Model, words: Words) -> Section:
    """Tell what must happen when: a trigger, its line, what is known now, and what follows."""
    card = model["card"]
    seeds, moved = card.get("seeds") or {}, card.get("sensitivity") or {}
    low = card["metrics"]["auc"]["ci95"][0]
    rows = [
        _trigger("gate", "", words("gate.passed" if (card.get("gate") or {}).get("passed") else "gate.failed"), words),
        _trigger("psi", f"PSI > {drift.MATERIAL:g}, p ≤ {drift.FALSE_SHARE:g}", words("see.drift"), words),
        _trigger("backtest", f"p < {backtest.GATE:g}", words("see.drift"), words),
        _trigger("auc", f"< {low:.3f}", interval(card["metrics"]["auc"]), words),
        _trigger("seeds", f"< {share(SAME_GRADE, 0)}", share(seeds.get("same_grade")), words),
        _trigger("moves", f"< {share(WITHIN, 0)}", share(moved.get("within")), words),
        _trigger("overrides", f"> {share(MOST_OVERRIDDEN, 0)}", words("see.drift"), words),
        _trigger("labels", "+50 %", f"{card['data']['defaults']}", words),
    ]
    head = [words(name) for name in ("trigger", "line", "now", "then")]
    return Section(words("limits"), [Paragraph(words.pick(card["limits"])), Table(head, rows, figures=4)])


def _trigger(name: str, line: str, now: str, words: Words) -> list[str]:
    return [words(f"trigger.{name}"), line or NONE, now, words(f"then.{name}")]
