"""Addresses: two spellings of one place are equal where the regions before the street say the same county.

北京市海淀区中关村大街1号 and 海淀区中关村大街1号 are one place, as one 海淀区 exists; 西湖区文三路1号 is left as it is,
since there are several. No more is guessed: what follows the county is compared to the letter.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from services.profile.standards.regions import regions, short

COUNTRY = ("中华人民共和国", "中国")
NO_COUNTY = "市辖区"  # what registers write for the prefecture of a municipality
LONGEST_NAME = 15
# By the digits of a code that tell its level: province, prefecture, county.
PROVINCE, PREFECTURE, COUNTY = 2, 4, 6


def located(address: str) -> str:
    """Return an address as addresses are compared: without blanks and wide forms, its regions as a code.

    >>> located("北京市海淀区 中关村大街１号") == located("海淀区中关村大街1号"), located("西湖区文三路1号")
    (True, '西湖区文三路1号')
    """
    text = "".join(unicodedata.normalize("NFKC", address).split()).casefold()
    rest = next((text.removeprefix(name) for name in COUNTRY if text.startswith(name)), text)
    code = ""
    for level in (PROVINCE, PREFECTURE, COUNTY):
        found = _leading(rest, level, code)
        if found is not None:
            name, code = found
            rest = rest.removeprefix(name).removeprefix(NO_COUNTY)
    return f"{code}|{rest}" if len(code) > PROVINCE else text


def _leading(text: str, level: int, within: str) -> tuple[str, str] | None:
    """Return the region of a level that a text begins with, by name and the digits of its code; None where unclear."""
    known = _names(level)
    for length in range(min(LONGEST_NAME, len(text)), 1, -1):
        codes = {code for code in known.get(text[:length], ()) if code.startswith(within)}
        if len(codes) == 1:
            return text[:length], codes.pop()
    return None


@lru_cache(3)
def _names(level: int) -> dict[str, frozenset[str]]:
    """Return the digits of codes in force by name; of provinces by their everyday names too (北京海淀区)."""
    found: dict[str, set[str]] = {}
    for region in regions():
        code = region.code.ljust(COUNTY, "0")
        if region.until is not None or _level(code) != level:
            continue
        for name in {region.name, *((short(region.name),) if level == PROVINCE else ())}:
            found.setdefault(name.casefold(), set()).add(code[:level])
    return {name: frozenset(codes) for name, codes in found.items()}


def _level(code: str) -> int:
    return PROVINCE if code[PROVINCE:] == "0000" else PREFECTURE if code[PREFECTURE:] == "00" else COUNTY
