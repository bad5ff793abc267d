"""Owners, controllers and groups as tables for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape

from smecredit.answers import ControlGroup, Controller, Controllers, TieHop, TieParty
from smecredit.answers.control import ControlAnswer, OddTie
from smecredit.rendering.tables import NONE, bilingual, plain_table, terminal

SHORT = 13  # of a keyed hash: enough to tell one from another
OWN_WORD = "*"
BY_NAME = "~"
ODDITIES = {
    "crowded": "多家企业登记有同名的一方，可能重名，未据此延伸 many firms name this party: perhaps several persons",
    "more-than-whole": "持股合计超过100% shares add up to more than the whole",
    "own-shares": "持有自身股份 holds shares of itself",
    "share-not-told": "持股比例未说明 share not told",
    "owner-unspecified": "申报无法指明所有人 says that no owner can be named",
}


def controllers(shown: Controllers) -> None:
    """Show who owns a firm and who controls it, each with its path."""
    console = terminal()
    _head(console, shown)
    table = plain_table("Controller 控制方", "Why 依据", ">Pooled 合计", "Ultimate 最终", "Path 路径")
    for one in shown["controllers"]:
        share = f"{one['pooled']:.1%}"
        table.add_row(_party(one["party"]), _why(one), share, "✓" if one["ultimate"] else "", _path(one["path"]))
    console.print(table)
    owners = plain_table("Owner 股东", ">Integrated 穿透", ">Direct 直接", "Path 路径")
    for owner in shown["owners"]:
        direct = NONE if owner["direct"] is None else f"{owner['direct']:.2%}"
        mark = OWN_WORD if owner["confirmed"] < owner["share"] else ""
        owners.add_row(_party(owner["party"]), f"{owner['share']:.2%}{mark}", direct, _path(owner["path"]))
    console.print(owners)
    end = shown["accounted"]
    console.print(
        f"In the end 最终归属: persons and parties without a code 未具名方 {end['opaque']:.1%}, "
        f"firms at the top 顶层企业 {end['enterprises']:.1%}, not told 未说明 {end['rest']:.1%}"
    )
    _foot(console, shown)


def group(shown: ControlGroup) -> None:
    """Show the heads of a group, its firms with their paths, and the close links."""
    console = terminal()
    _head(console, shown)
    console.print(f"Heads 顶层控制方: {', '.join(_party(head) for head in shown['heads'])}")
    table = plain_table("Firm 成员企业", ">Pooled 合计", "Path 路径")
    for member in shown["members"]:
        table.add_row(escape(member["enterprise"]), f"{member['pooled']:.1%}", _path(member["path"]))
    console.print(table)
    links = plain_table("Close link 密切关联方", "Case 情形", ">Share 份额", "Third 第三方")
    for link in shown["close_links"]:
        third = NONE if link["third"] is None else f"{_party(link['third'])} ({link['other_share']:.1%})"
        share = f"{link['share']:.1%}{'' if link['confirmed'] else OWN_WORD}"
        links.add_row(_party(link["party"]), link["case"], share, third)
    console.print(links)
    _foot(console, shown)


def _head(console: Console, shown: ControlAnswer) -> None:
    console.print(f"[bold]{escape(shown['enterprise'])}[/]  as of {shown['as_of']}")


def _foot(console: Console, shown: ControlAnswer) -> None:
    for odd in shown["odd"]:
        value = "" if odd["value"] is None else f" {odd['value']:.1%}"
        console.print(
            escape(f"{odd['held']}: {ODDITIES[odd['oddity']]}{value} {odd['reason'] or ''}{_holder(odd)}".rstrip())
        )
    left = shown["left_out"]
    if left["entries"] or left["files"]:
        more = ", more files 另有档案未查看" if left["files"] else ""
        console.print(f"Left out 未列出: {left['entries']}{more}")
    console.print(
        f"{OWN_WORD} own word only 仅企业自述; {BY_NAME} found by name 按名称识别. {bilingual(shown['not_looked_at'])}"
    )


def _holder(odd: OddTie) -> str:
    return f" ({odd['holder'][:SHORT]}…)" if odd["oddity"] == "crowded" and odd["holder"] else ""


def _why(one: Controller) -> str:
    return " + ".join(_reasons(one))


def _reasons(one: Controller) -> Iterator[str]:
    if one["by_shares"]:
        yield "shares 持股"
    if one["declared"]:
        yield "declared 申报"
    if not (one["by_shares"] or one["declared"]):
        yield "shares and declared firms 持股及申报"
    if one["joint"]:
        yield "joint 共同"
    if one["circular"]:
        yield "circular 循环"


def _party(party: TieParty) -> str:
    return escape(_short(party["id"]))


def _short(name: str) -> str:
    return name[:SHORT] + "…" if name.startswith("hash:") else name


def _path(hops: Sequence[TieHop]) -> str:
    """Write a path as holder –share→ held, with a mark where only the held firm says so."""
    if not hops:
        return NONE
    return escape(_short(hops[0]["holder"]) + "".join(f" –{_hop(hop)}→ {_short(hop['held'])}" for hop in hops))


def _hop(hop: TieHop) -> str:
    share = hop["relation"] if hop["share"] is None else f"{hop['share']:.1%}"
    return share + (OWN_WORD if hop["own_word"] else "") + (BY_NAME if hop["by_name"] else "")
