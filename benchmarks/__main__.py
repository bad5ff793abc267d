"""Run the benchmarks and show them as a table and as JSON: `python -m benchmarks [NAME…] [--json FILE]`.

Each module here has `run() -> {"name", "title", "rows": [{"what", "ours", "peer", "unit", "ratio"}]}` and measures our
code and a peer in the same run on the same data; the ratio is ours to the peer's. Absolute figures belong to the
machine, ratios travel better.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

NAMES = (
    "import_book",
    "scale",
    "scale_import",
    "objects",
    "preview",
    "features",
    "cross_checks",
    "training",
    "loans",
    "ranking",
    "gate",
    "withholding",
    "shown",
    "earlier",
    "explain",
    "batch",
    "recourse",
    "matching",
    "allocation",
    "stable",
    "names",
    "ledger",
    "score_http",
    "neighbour",
    "restarts",
    "restore",
    "soak",
    "graph_contagion",
    "graph_shocks",
    "graph_screen",
    "engine",
    "refresh",
    "replay",
    "looks",
    "graph_smesd",
    "graph_features",
    "graph_ownership",
    "graph_ties",
    "graph_indices",
    "graph_rings",
    "graph_sandbox",
    "graph_planted",
)

# Of a running suite, for half an hour: run when they are named.
LONG = frozenset({"restarts", "restore", "soak"})


def main() -> None:
    """Run what was asked for; a benchmark that cannot run says why and the others go on."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join(NAMES)}, or `graph`; all that are not long when none is given",
    )
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/latest.json"), help="where JSON goes")
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if not parts(name)]:
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    console = Console()
    results = [measure(part, console) for name in asked.names or _usual() for part in parts(name)]
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_bytes(orjson.dumps({"machine": machine(), "results": results}, option=orjson.OPT_INDENT_2))
    console.print(f"\nAll figures: {asked.json}")
    sys.exit(any("error" in result for result in results))


def _usual() -> list[str]:
    return [name for name in NAMES if name not in LONG]


def parts(name: str) -> list[str]:
    """Return the benchmarks that a name stands for: its own, or all that begin with it (`graph`: `graph_rings` …)."""
    return [each for each in NAMES if each == name or each.startswith(f"{name}_")]


def measure(name: str, console: Console) -> dict[str, Any]:
    """Run one benchmark and show it."""
    start = time.perf_counter()
    try:
        result: dict[str, Any] = importlib.import_module(f"benchmarks.{name}").run()
    except Exception as error:  # one broken benchmark must not hide the others' figures
        console.print(f"\n[bold red]{name}[/] could not run: {type(error).__name__}: {error}")
        return {"name": name, "error": f"{type(error).__name__}: {error}"}
    show(result, console, time.perf_counter() - start)
    return result


def show(result: dict[str, Any], console: Console, seconds: float) -> None:
    """Print a result as a table, and what else it found below."""
    table = Table(title=f"{result['title']}  ({seconds:.0f} s)", title_justify="left", title_style="bold")
    for column, justify in (
        ("what", "left"),
        ("ours", "right"),
        ("peer", "right"),
        ("unit", "left"),
        ("ratio", "right"),
    ):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for row in result["rows"]:
        table.add_row(
            row["what"], *(figure(row.get(key)) for key in ("ours", "peer")), row["unit"], figure(row["ratio"])
        )
    console.print()
    console.print(table)
    for key, value in result.items():
        if key not in {"name", "title", "rows"}:
            console.print(f"  {key}: {value}")


def figure(value: float | str | None) -> str:
    """Write a number with about four significant digits."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit.stdout.strip() or None,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }


if __name__ == "__main__":
    main()
