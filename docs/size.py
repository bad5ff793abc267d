"""Measure the code: median and largest of files and functions, package by package: `python docs/size.py`.

A file counts all its lines, a function those from `def` to its end without the docstring.
Tests and the steps of migrations are left out. Exits with 1 where a file or a function is too long.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "chassis",
    "gateway",
    "services/profile",
    "services/scoring",
    "services/matching",
    "smecredit",
    "sandbox",
)
GENERATED: frozenset[str] = frozenset()  # paths of files that a program writes
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION = 400, 79


@dataclass(frozen=True, slots=True)
class Sized:
    """A file or a function and its lines."""

    name: str
    lines: int


def functions(name: str, source: str) -> Iterator[Sized]:
    """Yield each function of a file with its lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = node.body[:1] if ast.get_docstring(node, clean=False) is not None else []
            yield Sized(f"{name}:{node.lineno} {node.name}", _span(node) - sum(map(_span, docstring)))


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def row(package: str, files: Sequence[Sized], parts: Sequence[Sized]) -> str:
    """Return a line of the table."""
    sizes, lengths = [file.lines for file in files], [part.lines for part in parts]
    return (
        f"{package:20}{len(files):6}{sum(sizes):8,}{median(sizes):8g}{max(sizes):6}"
        f"{len(parts):8,}{median(lengths):8g}{max(lengths):6}"
    )


def main() -> int:
    """Print the table and what is too long; return the exit code."""
    print(f"{'':20}{'files':>6}{'lines':>8}{'median':>8}{'most':>6}{'funcs':>8}{'median':>8}{'most':>6}")
    all_files: list[Sized] = []
    all_functions: list[Sized] = []
    for package in PACKAGES:
        paths = sorted(path for path in (ROOT / package).rglob("*.py") if "versions" not in path.parts)
        sources = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in paths}
        files = [Sized(name, source.count("\n")) for name, source in sources.items()]
        parts = [part for name, source in sources.items() for part in functions(name, source)]
        print(row(package, files, parts))
        all_files, all_functions = all_files + files, all_functions + parts
    print(row("all", all_files, all_functions))
    too_long = [file for file in all_files if file.lines > MOST_LINES_OF_A_FILE and file.name not in GENERATED]
    too_long += [part for part in all_functions if part.lines > MOST_LINES_OF_A_FUNCTION]
    for sized in too_long:
        print(f"too long: {sized.name}, {sized.lines} lines")
    return 1 if too_long else 0


if __name__ == "__main__":
    sys.exit(main())
