"""The packs that there are, and which one counts for a firm on a day: a sector is a folder, a version a file in it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from chassis.core.errors import NotFound
from services.profile.supervision.domain.pack import Pack, refusal
from services.profile.supervision.domain.pack_reader import GENERAL, read

SHIPPED = "packs"
SECTOR = re.compile(r"[a-z][a-z0-9-]{0,39}")


class NoPack(NotFound):
    """There is no pack of this sector, or none that holds on the day."""


@dataclass(frozen=True, slots=True)
class Packs:
    """All packs, by sector and day."""

    every: tuple[Pack, ...]

    @property
    def sectors(self) -> list[str]:
        """The sectors in order, `general` among them."""
        return sorted({pack.sector for pack in self.every})

    def on(self, sector: str, day: date) -> Pack:
        """Return the pack of a sector that holds on a day; raise `NoPack` where there is none."""
        own = [pack for pack in self.every if pack.sector == sector]
        if not own:
            raise NoPack(f"There is no sector {sector[:40]}; there are: {', '.join(self.sectors)}.", sector=sector[:40])
        held = [pack for pack in own if pack.valid_from <= day]
        if not held:
            first = min(pack.valid_from for pack in own)
            raise NoPack(f"The rules of {sector} hold from {first} on, and not on {day}.", sector=sector)
        return max(held, key=lambda pack: pack.valid_from)

    def of(self, industry: str | None, day: date) -> Pack:
        """Return the pack of an industry on a day: that of the longest code that it begins with, else the general one.

        A sector that is not in force yet on the day does not count.
        """
        held = [pack for pack in self.every if pack.valid_from <= day]
        fits = [
            (len(code), pack.valid_from, pack)
            for pack in held
            for code in pack.industries
            if (industry or "").startswith(code) and pack is self.on(pack.sector, day)
        ]
        return max(fits, key=lambda fit: fit[:2])[2] if fits else self.on(GENERAL, day)


@lru_cache(8)
def packs(own: Path | None = None) -> Packs:
    """Return the packs that come with the suite and those of a folder of one's own; raise `PackRefused`."""
    folders = [files(__package__) / SHIPPED, *([own] if own else [])]
    return checked([pack for folder in folders for pack in _read_all(folder)])


def checked(every: Sequence[Pack]) -> Packs:
    """Return packs that do not contradict each other."""
    seen: dict[tuple[str, date], Pack] = {}
    claimed: dict[str, Pack] = {}
    for pack in every:
        other = seen.setdefault((pack.sector, pack.valid_from), pack)
        if other is not pack:
            right = f"{other.file} holds from that day on already; take a later day"
            raise refusal(pack.file, "valid_from", str(pack.valid_from), right)
        for code in pack.industries:
            holder = claimed.setdefault(code, pack)
            if holder.sector != pack.sector:
                raise refusal(pack.file, "industries", code, f"{holder.file} has that industry already; name others")
    return Packs(tuple(sorted(every, key=lambda pack: (pack.sector, pack.valid_from))))


def _read_all(folder: Traversable | Path) -> Iterable[Pack]:
    if not folder.is_dir():
        raise refusal(str(folder), "folder", "not there", "a folder with a folder for each sector is needed")
    for sector in sorted(folder.iterdir(), key=lambda each: each.name):
        if sector.is_dir() and not sector.name.startswith((".", "_")):
            if not SECTOR.fullmatch(sector.name):
                raise refusal(sector.name, "folder", sector.name, "a sector is named in small letters: construction")
            for file in sorted(sector.iterdir(), key=lambda each: each.name):
                if file.name.endswith(".toml"):
                    yield _read_one(file, sector.name)


def _read_one(file: Traversable | Path, sector: str) -> Pack:
    name = f"{sector}/{file.name}"
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise refusal(name, "file", str(error), "a TOML file in UTF-8 is needed") from error
    return read(document, sector, name)
