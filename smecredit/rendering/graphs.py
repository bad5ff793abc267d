"""The graph around a firm as a tree and a table for people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from smecredit.answers import Graph, GraphEdge, GraphNode
from smecredit.money import yuan
from smecredit.rendering.tables import NONE, bilingual, plain_table, terminal

KINDS = {
    "trade": "交易 trade",
    "equity": "股权 shares",
    "person": "任职 person",
    "guarantee": "担保 guarantee",
    "address": "地址 address",
    "phone": "电话 phone",
}
OWN_WORD = "*"
COLUMNS = ("Tie 关联", "From 从", "To 到", ">12 months 近12月", ">All 全部", ">Share 占比", ">Gap 间隔", "Last 最近")


def graph(shown: Graph) -> None:
    """Show the firms hop by hop, then each tie with its figures, then what had no room."""
    console = terminal()
    console.print(f"[bold]{escape(shown['enterprise'])}[/]  as of {shown['as_of']}  depth {shown['depth']}")
    console.print(_tree(shown))
    table = plain_table(*COLUMNS)
    for edge in shown["edges"]:
        table.add_row(KINDS[edge["type"]], escape(edge["source"]), escape(edge["target"]), *_figures(edge))
    console.print(table)
    _foot(console, shown)


def _tree(shown: Graph) -> Tree:
    """Return the firms as a tree: each below the nearest one that is tied to it and was drawn before."""
    nodes = {node["id"]: node for node in shown["nodes"]}
    tied: defaultdict[str, list[str]] = defaultdict(list)
    for edge in shown["edges"]:
        tied[edge["source"]].append(edge["target"])
        tied[edge["target"]].append(edge["source"])
    tree = Tree(_label(nodes[shown["enterprise"]]))
    drawn = {shown["enterprise"]: tree}
    for node in shown["nodes"][1:]:
        above = next((drawn[other] for other in tied[node["id"]] if other in drawn), tree)
        drawn[node["id"]] = above.add(_label(node))
    return tree


def _label(node: GraphNode) -> str:
    name = f" {escape(node['name'])}" if node["name"] and node["name"] not in node["id"] else ""
    mark = " [yellow]disputed 有异议[/]" if node["disputes"] else ""
    doubt = f" [yellow]? {escape(', '.join(_candidates(node)))}[/]" if any(_candidates(node)) else ""
    style = "bold" if node["open"] else "dim"
    crowd = " [yellow]多家共有 crowded[/]" if node["crowded"] else ""
    return f"[{style}]{escape(node['id'])}{name}[/]{doubt}{mark}{crowd}"


def _candidates(node: GraphNode) -> Iterator[str]:
    return (firm for name in node["names"] for firm in name["candidates"])


def _figures(edge: GraphEdge) -> tuple[str, ...]:
    """Return what the first of the files that tell a tie says of it: the source's, where that is open."""
    if edge["trade"]:
        said = edge["trade"][0]
        gap, own = said["usual_gap_days"], OWN_WORD if said["unconfirmed_fen"] else ""
        recent, last = yuan(said["net_12m_fen"]) + own, said["last_on"] or NONE
        days = NONE if gap is None else f"{gap:g} d"
        return recent, yuan(said["net_fen"]), _percent(said["share_12m"]), days, last
    stated = edge["registered"][0]
    amount = NONE if stated["amount_fen"] is None else yuan(stated["amount_fen"])
    mark = ("" if stated["confirmed"] else OWN_WORD) + (" 有异议 disputed" if stated["disputed"] else "")
    return escape(stated["relation"]) + mark, amount, _percent(stated["share"]), NONE, NONE


def _percent(share: float | None) -> str:
    return NONE if share is None else f"{share:.1%}"


def _foot(console: Console, shown: Graph) -> None:
    out = shown["left_out"]
    if out["firms"] or out["ties"] or out["shared"]:
        console.print(
            f"Left out 未列出: {out['firms']} firms 企业, {out['ties']} ties 关联, {out['shared']} shared 共用; "
            f"{bilingual(out['order'])}"
        )
    if out["crowded"]:
        console.print(f"Crowded 多家共有: {out['crowded']}; {bilingual(out['not_followed'])}")
    told = [edge["trade"][0]["unconfirmed_fen"] > 0 for edge in shown["edges"] if edge["trade"]]
    said = [not edge["registered"][0]["confirmed"] for edge in shown["edges"] if edge["registered"]]
    if any(told) or any(said):
        console.print(f"{OWN_WORD} only the firm itself says it 仅企业自述")
    console.print("Bold: its file was read; dim: what open files say of it. 加粗：已查看其档案；灰色：仅见于他方档案。")
