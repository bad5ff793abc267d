"""Answers as tables for people, in Chinese and English as the suite gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from smecredit.money import yuan

if TYPE_CHECKING:
    from smecredit.answers import Dispute, Match, Model, Notice, Portrait, PortraitPartner, Score
    from smecredit.running.demo import Shown

MONTHS_SHOWN = 6
FIRMS_SHOWN = 8
PLAIN_WIDTH = 140
NONE = "–"


def portrait(shown: Portrait) -> None:
    """The eight dimensions, the last months, the largest partners."""
    console = _console()
    firm = shown["enterprise"]
    console.print(
        f"[bold]{escape(firm['name'] or firm['id'])}[/]  {firm['id']}  depth {shown['depth']}  "
        f"as of {shown['as_of']}{_synthetic(firm)}"
    )
    table = _table("Dimension 维度", ">Score 0–100", ">Percentile", "Peers")
    for dimension in shown["dimensions"]:
        peers = dimension["peers"]
        group = f"{_title(peers['group'])} ({peers['count']})" if peers else NONE
        table.add_row(_title(dimension["title"]), _number(dimension["score"]), _number(dimension["percentile"]), group)
    console.print(table)
    months = _table("Month", ">Sales", ">Purchases")
    for month in shown["months"][-MONTHS_SHOWN:]:
        months.add_row(month["month"], yuan(month["sales_fen"]), yuan(month["purchases_fen"]))
    console.print(months)
    console.print(_partners("Customers 客户", shown["partners"]["customers"]))
    console.print(_partners("Suppliers 供应商", shown["partners"]["suppliers"]))


def _partners(title: str, partners: Sequence[PortraitPartner]) -> Table:
    table = _table(title, ">Net", ">Share", ">Months", "Last")
    for partner in partners[:5]:
        share = f"{partner['share']:.1%}"
        table.add_row(partner["id"], yuan(partner["net_fen"]), share, str(partner["months"]), partner["last_on"])
    return table


def score(shown: Score) -> None:
    """The score and what moved it, in points."""
    console = _console()
    low, high = shown["pd_interval"]
    console.print(
        f"[bold]{shown['enterprise']}[/]  score [bold]{shown['score']:.0f}[/]  grade [bold]{shown['grade']}[/]  "
        f"PD {shown['pd']:.2%} ({low:.2%} to {high:.2%})  depth {shown['depth']}  as of {shown['as_of']}"
    )
    table = _table("Reason 原因", ">Points", ">Value", ">Reference", "Unit")
    for reason in shown["reasons"]:
        points = f"{reason['points']:+.1f}"
        colour = "red" if reason["points"] < 0 else "green"
        value, reference = (_measured(reason[side], reason["unit"]) for side in ("value", "reference"))
        table.add_row(_title(reason["title"]), f"[{colour}]{points}[/]", value, reference, _unit(reason["unit"]))
    console.print(table)
    _contested(console, shown)
    rest = len(shown["contributions"]) - len(shown["reasons"])
    console.print(
        f"base {shown['base_points']:.1f} points; {rest} smaller contributions; model {shown['model']['version']}"
    )


def _contested(console: Console, shown: Score) -> None:
    """What the firm disputes, and the score without it."""
    for mark in shown["disputes"]:
        what = mark["item"]["kind"]
        console.print(f"[yellow]disputed 异议[/] {what} since {mark['opened_at'][:10]}: {escape(mark['statement'])}")
    if other := shown["undisputed"]:
        points = "no score" if other["score"] is None else f"{other['score']} ({other['grade']})"
        console.print(f"without the disputed records 剔除异议项: {points}")
    if shown["renewed_by"]:
        console.print(f"given anew after a correction 更正后重出: {shown['renewed_by']}")


def disputes(shown: Sequence[Dispute], now: datetime) -> None:
    """Disputes with the days that are left."""
    table = _table("Dispute 异议", "State", "Firm", "Item", "Reason", ">Days left")
    for each in shown:
        left = (datetime.fromisoformat(each["due_at"]) - now).days if each["state"] == "open" else None
        days = "" if left is None else f"[red]{left}[/]" if left < 0 else str(left)
        item = each["item"]["record"] or each["item"]["field"] or ""
        table.add_row(
            each["id"],
            each["state"],
            escape(each["enterprise"]),
            f"{each['item']['kind']} {item}",
            each["reason"],
            days,
        )
    _console().print(table if shown else "no disputes 没有异议")


def notices(shown: Sequence[Notice]) -> None:
    """What has to be told."""
    table = _table("Notice 通知", "On", "Firm", "What")
    for each in shown:
        table.add_row(each["id"], each["created_at"][:10], escape(each["enterprise"]), _title(each["title"]))
    _console().print(table if shown else "nothing to tell 没有通知")


def match(shown: Match) -> None:
    """Offers with their terms, refusals with their rule."""
    console = _console()
    facts = shown["score"]
    console.print(
        f"[bold]{shown['enterprise']}[/]  grade {facts['grade']}  PD {facts['pd']:.2%}  as of {shown['as_of']}"
    )
    if shown["offers"]:
        offers = _table(">#", "Offer 可申请", "Bank", ">Amount", ">Months", ">Rate", ">Cost")
        for offer in shown["offers"]:
            terms = (
                yuan(offer["amount_fen"]),
                str(offer["months"]),
                f"{offer['rate']:.2%}",
                yuan(offer["total_cost_fen"]),
            )
            offers.add_row(str(offer["rank"]), _title(offer["title"]) + _sandbox(offer), offer["bank"], *terms)
        console.print(offers)
    else:
        console.print("No product fits this need; what each lacks stands below.")
    if shown["refusals"]:
        refusals = _table("Refusal 不符合", "Rule", ">Found", ">Needed")
        for refusal in shown["refusals"]:
            found, needed = _found_and_needed(refusal)
            refusals.add_row(_title(refusal["title"]), _title(refusal["rule_title"]), found, needed)
        console.print(refusals)


def models(shown: Sequence[Model]) -> None:
    """Model versions with the figures of their cards."""
    table = _table("Version", "State", ">AUC", ">Firms", ">Defaults")
    for model in shown:
        card = model.get("card") or {}
        metrics = card.get("metrics") or {}
        figures = [metrics.get(name) for name in ("auc", "firms", "defaults")]
        table.add_row(model["version"], model["state"], *(_figure(figure) for figure in figures))
    _console().print(table)


def evaluation(result: Mapping[str, Any]) -> None:
    """Figures of an evaluation beside those of its challenger, and of the holdout."""
    columns = {"model": result, "challenger": result.get("challenger"), "holdout": result.get("holdout")}
    there = {name: figures for name, figures in columns.items() if figures}
    table = _table("Figure", *(f">{name}" for name in there))
    for figure in ("firms", "defaults", "folds", "repeats", "auc", "ks", "brier", "ece"):
        table.add_row(figure, *(_figure(figures.get(figure)) for figures in there.values()))
    console = _console()
    console.print(table)
    for suspect in result.get("suspects", ()):
        console.print(
            f"{suspect['column']} alone ranks the outcomes with an AUC of {suspect['auc']:.3f}; leave it out with "
            "--drop if it was written after the outcome",
            markup=False,
        )


def demo(shown: Shown) -> None:
    """What the demonstration did, from files to offers."""
    console = _console()
    files = _table("File", "Kind", ">Received", ">Accepted", ">Duplicate", ">Rejected")
    for entry in shown.imports:
        counts = (entry.received, entry.accepted, entry.duplicate, entry.rejected)
        files.add_row(entry.file, entry.kind, *(f"{count:,}" for count in counts))
    console.print(files)
    if shown.untrained:
        console.print(f"No scores and no matches: {shown.untrained}", markup=False)
    firms = _table("Enterprise", "Grade", ">Score", ">PD", "Top reason", "Best offer, or nearest refusal")
    matches = {entry["enterprise"]: entry for entry in shown.matched}
    for scored in _spread(shown.scored):
        reason = _title(scored["reasons"][0]["title"]) if scored["reasons"] else NONE
        fitting = _fitting(matches.get(scored["enterprise"]))
        figures = (scored["grade"], f"{scored['score']:.0f}", f"{scored['pd']:.2%}")
        firms.add_row(scored["enterprise"], *figures, reason, fitting)
    if shown.scored:
        console.print(firms)
    total = shown.figures()
    console.print(
        f"{total['enterprises']:,} enterprises; as many demo consents to bank-demo; "
        f"{total['products']} sandbox products; "
        f"{total['scores']:,} scores ({total['not_scored']:,} without); "
        f"{total['matches']:,} matches with {total['offers']:,} offers and {total['refusals']:,} refusals; "
        f"{total['seconds']:.1f} s after {total['startup_seconds']:.1f} s of start-up"
    )


def _spread(scores: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A few firms from the best to the worst."""
    ordered = sorted(scores, key=lambda entry: -float(entry["score"]))
    if len(ordered) <= FIRMS_SHOWN:
        return ordered
    step = (len(ordered) - 1) / (FIRMS_SHOWN - 1)
    return [ordered[round(position * step)] for position in range(FIRMS_SHOWN)]


def _fitting(match: Mapping[str, Any] | None) -> str:
    """The best offer in a few words, else the refusal with the fewest failed rules."""
    if not match:
        return NONE
    if match["offers"]:
        best = match["offers"][0]
        return f"{_title(best['title'])} {best['rate']:.2%}"
    if not match["refusals"]:
        return NONE
    nearest = min(match["refusals"], key=lambda refusal: len(refusal.get("failed") or [refusal]))
    return "✗ {}: {} / {}".format(_title(nearest["rule_title"]), *_found_and_needed(nearest))


def _console() -> Console:
    """A console; where no terminal tells its width, wide enough that no word is cut."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    return console


def _table(*titles: str) -> Table:
    """A plain table; a title that starts with `>` is a column of figures."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        figures = title.startswith(">")
        table.add_column(title.removeprefix(">"), justify="right" if figures else "left", no_wrap=figures)
    return table


def _title(title: Mapping[str, object]) -> str:
    """A title in both languages."""
    return escape(f"{title['zh']} {title['en']}")


def _number(value: Any) -> str:
    """A figure of any kind with at most four meaningful digits behind the point."""
    if value is None:
        return NONE
    if isinstance(value, list):
        return escape(", ".join(str(entry) for entry in value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return escape(str(value))
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.4g}"


def _measured(value: Any, unit: str) -> str:
    """A figure with money as people read it."""
    return yuan(round(value)) if unit == "fen" and isinstance(value, int | float) else _number(value)


def _unit(unit: str) -> str:
    """The unit that `_measured` writes in; money bears its own sign."""
    return "" if unit == "fen" else unit


def _found_and_needed(refusal: Mapping[str, Any]) -> tuple[str, str]:
    """What a rule found and needed; a rule about an amount compares money."""
    subject = refusal["rule"].split(" ", 1)[0]
    if subject == "pd" and all(isinstance(refusal[side], float) for side in ("found", "needed")):
        return f"{refusal['found']:.2%}", f"{refusal['needed']:.2%}"
    unit = "fen" if subject.endswith("_fen") else ""
    return _measured(refusal["found"], unit), _measured(refusal["needed"], unit)


def _figure(value: Any) -> str:
    """A figure with its interval where it has one."""
    if isinstance(value, Mapping):
        low, high = value.get("ci95", (None, None))
        mean = _number(value.get("mean"))
        return mean if low is None else f"{mean} ({_number(low)} to {_number(high)})"
    return _number(value)


def _sandbox(product: Mapping[str, Any]) -> str:
    """The mark of a product that no bank sells."""
    return " [dim](sandbox 沙盒)[/]" if product.get("sandbox") else ""


def _synthetic(firm: Mapping[str, Any]) -> str:
    """The mark of a firm that nobody runs."""
    return "  [yellow]synthetic 合成数据[/]" if firm.get("synthetic") else ""
