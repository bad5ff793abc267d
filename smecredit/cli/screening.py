"""Commands of a buyer: screen, supplier-record."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from smecredit.answers import BidderScreen, SupplierRecord
from smecredit.cli.options import as_of, connected, printed
from smecredit.cli.tables import day_of, rows_of
from smecredit.client import Client
from smecredit.money import fen
from smecredit.rendering.screen import screen
from smecredit.rendering.suppliers import supplier_record

# What the columns of a file of bids may be called; amounts are in yuan unless the name says fen.
COLUMNS = {
    "auction": ("auction", "标段", "标段编号", "项目编号"),
    "day": ("day", "date", "开标日期", "日期"),
    "bidder": ("bidder", "enterprise", "投标人", "投标人代号", "统一社会信用代码"),
    "amount_fen": ("amount_fen",),
    "amount": ("amount", "bid", "投标报价", "报价"),
    "reserve_fen": ("reserve_fen",),
    "reserve": ("reserve", "最高限价", "控制价"),
    "won": ("won", "winner", "中标", "是否中标"),
    "prepared_by": ("prepared_by", "编制单位", "文件编制人"),
    "agent": ("agent", "代理人", "委托代理人"),
    "managers": ("managers", "项目管理成员", "项目经理"),
    "deposit_from": ("deposit_from", "保证金转出账户"),
}
WORDS = ("prepared_by", "agent", "managers", "deposit_from")
MOMENTS = {"as_of": date.fromisoformat, "known_at": datetime.fromisoformat}
YES = ("1", "true", "yes", "是", "中标")
Row = dict[str, str]
# A name has Chinese in it, a code has none; and where an order names a bidder.
NAMED, WHO = re.compile("[\u4e00-\u9fff]"), frozenset({"enterprise", "bidder", "winner"})
NOT_KNOWN = "未在您可查看的企业中找到 none that you may know of"

purpose = click.option(
    "--purpose",
    type=click.Choice(["procurement", "supervision"]),
    default="procurement",
    show_default=True,
    help="For what files are read.",
)


@click.command("screen")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--tender", help="Which auction of the file is screened; else its rows name no auction.")
@purpose
@as_of
@printed(screen)
@connected("buyer-demo")
def screen_command(buyer: Client, file: Path, tender: str | None, purpose: Any, as_of: date | None) -> BidderScreen:
    """Screen a tender's bidders: who belongs together by files, documents, past auctions and prices. Hints only.

    FILE is a CSV with a row a bid (bidder; where known auction, day, amount in yuan, reserve, won, prepared_by, agent,
    managers, deposit_from) or the JSON of POST /v1/bidder-screens. Auctions beside the tender's are its past: of tens
    of thousands, those go out in which one of its bidders was; of the others no more than how many bid. A bidder told
    by its name is the one firm of that name that you may know of.
    """
    order = _json(file) if file.suffix.lower() == ".json" else _by_code(buyer, _csv(file, tender))
    try:
        return buyer.screen_bidders(**order | ({"as_of": as_of} if as_of else {}), purpose=purpose)
    except TypeError as error:
        raise click.BadParameter(f"{file}: {error}") from error


@click.command("supplier-record")
@click.argument("enterprise")
@purpose
@as_of
@printed(supplier_record)
@connected("buyer-demo")
def supplier_record_command(buyer: Client, enterprise: str, purpose: Any, as_of: date | None) -> SupplierRecord:
    """Show how a supplier has kept its contracts: orders, deliveries, sales taken back, public records."""
    return buyer.supplier_record(enterprise, as_of=as_of, purpose=purpose)


def _json(file: Path) -> dict[str, Any]:
    try:
        order = json.loads(file.read_text("utf-8-sig"))
    except ValueError as error:
        raise click.BadParameter(f"{file} is no JSON: {error}") from error
    if not isinstance(order, dict) or "bidders" not in order:
        raise click.BadParameter(f"{file} lacks `bidders`: write what POST /v1/bidder-screens takes.")
    try:
        return order | {name: read(order[name]) for name, read in MOMENTS.items() if order.get(name)}
    except (TypeError, ValueError) as error:
        raise click.BadParameter(f"{file}: as_of is a day, known_at a moment with its zone: {error}") from error


def _csv(file: Path, tender: str | None) -> dict[str, Any]:
    """Return the order of a file of bids: its tender, and what of its other auctions says something of the bidders.

    Auctions in which none of them bid are told by their sizes alone: what others bid there is nobody's business here.
    """
    by_auction: dict[str, list[Row]] = {}
    for row in _rows(file):
        by_auction.setdefault(row.get("auction", ""), []).append(row)
    here = by_auction.pop(tender or "", [])
    if not here:
        wanted = f"no auction {tender!r}" if tender else "no row without an auction: name the tender's with --tender"
        raise click.BadParameter(f"{file} has {wanted}.")
    day, bidders = _day(here[0]), {_plain(row["bidder"]) for row in here}
    past = list(_before(by_auction, day))
    elsewhere = Counter(len(each["bids"]) for each in past if bidders.isdisjoint(_who(each)))
    bids = [{"bidder": row["bidder"], "amount_fen": amount} for row in here if (amount := _fen(row, "amount"))]
    return {
        "bidders": [_bidder(row) for row in here],
        "bids": bids,
        "reserve_fen": _fen(here[0], "reserve"),
        "past": [each for each in past if not bidders.isdisjoint(_who(each))],
        "elsewhere": [{"bids": bids, "auctions": auctions} for bids, auctions in sorted(elsewhere.items())],
        # A tender is screened as of its day, by what files said then; one that is still to come as of the book's day.
        **({"as_of": day} if day and day <= date.today() else {}),  # noqa: DTZ011 - the user's own day
    }


def _by_code(buyer: Client, order: dict[str, Any]) -> dict[str, Any]:
    """Return an order in which bidders told by their names are the firms of these names, and say which they are."""
    ids: dict[str, str] = {}
    for bidder in order["bidders"]:
        name = bidder["enterprise"]
        if NAMED.search(name) and ":" not in name:
            found = [firm["id"] for firm in buyer.enterprises(name=name)]
            ids |= {name: found[0]} if len(found) == 1 else {}
            click.echo(f"{name} → {' ? '.join(found) or NOT_KNOWN}", err=True)
    return _renamed(order, ids) if ids else order


def _renamed(told: Any, ids: Mapping[str, str]) -> Any:
    """Return an order with ids in the place of names, wherever it names a bidder."""
    if isinstance(told, list):
        return [_renamed(each, ids) for each in told]
    if not isinstance(told, dict):
        return told
    return {
        key: ids.get(each, each) if key in WHO and isinstance(each, str) else _renamed(each, ids)
        for key, each in told.items()
    }


def _rows(file: Path) -> list[Row]:
    rows = rows_of(file, {title: name for name, titles in COLUMNS.items() for title in titles})
    if lacking := [at for at, row in enumerate(rows, 2) if "bidder" not in row]:
        raise click.BadParameter(f"{file}: row {lacking[0]} names no bidder; the column is called bidder or 投标人.")
    return rows


def _before(by_auction: Mapping[str, list[Row]], day: date | None) -> Iterator[dict[str, Any]]:
    """Yield the auctions before a day: what came after the tender is no past of it."""
    for name, rows in by_auction.items():
        held = _day(rows[0])
        if day is None or held is None or held < day:
            yield _auction(name, rows, held)


def _who(auction: Mapping[str, Any]) -> Iterator[str]:
    return (_plain(bid["bidder"]) for bid in auction["bids"])


def _plain(name: str) -> str:
    """Return a name in which two spellings of one bidder are equal; of two bidders they may be, which costs nothing."""
    text = "".join(unicodedata.normalize("NFKC", name).split()).casefold()
    return text.removeprefix("uscc:").removeprefix("local:")


def _day(row: Row) -> date | None:
    try:
        return day_of(row["day"]) if "day" in row else None
    except ValueError as error:
        raise click.BadParameter(f"{row['bidder']}: {error}") from error


def _bidder(row: Row) -> dict[str, Any]:
    return {"enterprise": row["bidder"], **{word: row[word].split("、") for word in WORDS if word in row}}


def _auction(name: str, rows: list[Row], day: date | None) -> dict[str, Any]:
    won = [row["bidder"] for row in rows if row.get("won", "").lower() in YES]
    bids = [{"bidder": row["bidder"], "amount_fen": amount} for row in rows if (amount := _fen(row, "amount"))]
    if len(bids) < len(rows):
        raise click.BadParameter(f"Auction {name} has a bid without an amount; a past auction needs all of them.")
    told = {"day": day and day.isoformat(), "reserve_fen": _fen(rows[0], "reserve"), "winner": won[0] if won else None}
    return {"auction": name, "bids": bids, **told}


def _fen(row: Mapping[str, str], name: str) -> int | None:
    """Return an amount in fen: as it stands, or from yuan; None where there is none."""
    try:
        if f"{name}_fen" in row:
            return int(row[f"{name}_fen"])
        return fen(row[name]) if name in row else None
    except ValueError as error:
        raise click.BadParameter(f"{row['bidder']}: {error}") from error
