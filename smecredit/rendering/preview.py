"""A look at a file as tables for people, with the command that comes next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from rich.markup import escape

from smecredit.answers import Preview, PreviewColumn, PreviewTable
from smecredit.rendering.tables import NONE, bilingual, plain_table, terminal

# Forms of files that are invoices, whoever sends them; they need no mapping.
INVOICES = ("xml", "ofd", "zip")
ROWS_SHOWN, REJECTS_SHOWN, NAME = 5, 10, "my-connector"

LACKING = (
    "next 下一步: add what is missing, or rename the columns that hold it, and look again / "
    "请补充所缺的列，或将含有该内容的列改为上述列名，再次预览"
)


def preview(found: Preview, path: str, enterprise: str | None) -> None:
    """Show a look at a file: what it is, its columns, its first rows, what would be rejected, what to do."""
    console = terminal()
    sure = "" if found["confidence"] is None else f", {found['confidence']:.0%} sure"
    kind = found["kind"] or "unknown 未识别"
    by = f" by the connector {found['connector']}" if found["connector"] else ""
    console.print(f"[bold]{escape(path)}[/]: {found['form']} {found['encoding'] or ''} → [bold]{kind}[/]{by}{sure}")
    for note in found["notes"]:
        console.print(f"  {escape(note)}")
    for table in found["tables"]:
        _columns(table)
        _rows(table)
        _rejects(table)
    others = [f"{one['kind']} {one['confidence']:.0%}" for one in found["kinds"] if one["kind"] != found["kind"]]
    if others:
        console.print(f"could also be 也可能是: {', '.join(others)}")
    for line in next_steps(found, path, enterprise):
        console.print(line, markup=False, soft_wrap=True)


def _columns(table: PreviewTable) -> None:
    console = terminal()
    if table["sheet"]:
        console.print(f"\n[bold]{escape(table['sheet'])}[/]: {table['kind']}")
    shown = plain_table("Column 列", "is 对应", ">sure 把握", "because 依据", "or 或")
    for column in table["columns"]:
        if column["title"].strip():
            shown.add_row(escape(column["title"]), *_taken(column))
    console.print(shown)
    for missing in table["missing"]:
        console.print(f"  [red]missing 缺少[/] {missing['column']} {bilingual(missing['title'])}")
    for note in table["notes"]:
        console.print(f"  {escape(note)}")


def _taken(column: PreviewColumn) -> tuple[str, str, str, str]:
    others = ", ".join(f"{one['column']} {one['confidence']:.0%}" for one in column["others"])
    taken = column["taken"]
    if taken is None:
        return "[dim]left out 不采用[/]", "", "", others
    called = f"{escape(taken['title']['zh'])} [dim]{taken['column']}[/]"
    return called, f"{taken['confidence']:.0%}", escape(taken["reason"]["zh"]), others


def _rows(table: PreviewTable) -> None:
    rows = table["rows"][:ROWS_SHOWN]
    if not rows:
        return
    names = [name for name in rows[0]["values"] if any(row["values"][name] is not None for row in rows)]
    shown = plain_table(">Line 行", *names)
    for row in rows:
        cells = [row["yuan"].get(name) or row["values"][name] for name in names]
        shown.add_row(str(row["line"]), *(NONE if cell is None else escape(str(cell)) for cell in cells))
    terminal().print("as they would be booked, money in yuan 拟入账内容（金额为元）", shown)


def _rejects(table: PreviewTable) -> None:
    console = terminal()
    if not table["checked"]:
        return
    console.print(
        f"of the first {table['checked']:,} rows {table['accepted']:,} would be accepted, "
        f"{table['rejected']:,} rejected / "
        f"前 {table['checked']:,} 行中接收 {table['accepted']:,} 行、退回 {table['rejected']:,} 行"
    )
    if not table["rejects"]:
        return
    shown = plain_table(">Line 行", "Column 列", "Value 取值", "Why 原因")
    for reject in table["rejects"][:REJECTS_SHOWN]:
        shown.add_row(str(reject["line"]), *map(escape, (reject["column"], reject["value"], reject["reason"])))
    console.print(shown)


def next_steps(found: Preview, path: str, enterprise: str | None) -> Iterator[str]:
    """Give the commands that import the file, each on a line."""
    if found["form"] in INVOICES:
        about = f" --enterprise {enterprise or 'ID'}"
        yield f"next 下一步: smecredit import invoices {shlex.quote(path)}{about}"
        return
    if found["kind"] is None:
        yield "next 下一步: name a kind with --kind, or put a header line in 请用 --kind 指定种类"
        return
    if any(table["missing"] for table in found["tables"]):
        yield LACKING
        return
    named = enterprise or found["enterprise"] or ("ID" if found["needs_enterprise"] else None)
    about = f" --enterprise {named}" if named else ""
    name = found["connector"]
    if found["declaration"]:
        name = NAME
        yield f"next 下一步: smecredit import --preview {shlex.quote(path)}{about} --save-connector {NAME}"
    by = f" --connector {name.partition('@')[0]}" if name else ""
    when = "then 然后" if found["declaration"] else "next 下一步"
    yield f"{when}: smecredit import {found['kind']} {shlex.quote(path)}{by}{about}"
