"""Files cut off, altered or gone: `verify` names every one, and firms whose files are whole are served meanwhile."""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from faults.books import Books
from faults.door import Act
from faults.fault import HARMS, Alone, Fault, Scene
from faults.invariants import Broken
from faults.load import BANK

PAGE = 4096


def cut(path: Path, chance: random.Random) -> None:
    """Cut a file off at a place of chance."""
    with path.open("r+b") as file:
        file.truncate(chance.randrange(path.stat().st_size))


def flip(path: Path, chance: random.Random) -> None:
    """Turn the bits of one byte."""
    with path.open("r+b") as file:
        place = chance.randrange(path.stat().st_size)
        file.seek(place)
        (byte,) = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 0xFF]))


def lose(path: Path, _: random.Random) -> None:
    """Remove a file."""
    path.unlink()


def scramble(path: Path, chance: random.Random) -> None:
    """Write noise over one page of a database: what a disk does; a single bit of a row no database can tell."""
    with path.open("r+b") as file:
        file.seek(PAGE * chance.randrange(path.stat().st_size // PAGE))
        file.write(chance.randbytes(PAGE))


Way = Callable[[Path, random.Random], None]
WAYS: Final[Mapping[str, Way]] = {"cut": cut, "flip": flip, "lose": lose, "scramble": scramble}
FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "lake file": ("lake*/**/*.parquet",),
    "lake log": ("lake*/_delta_log/*.json",),
    "file received": ("uploads/imp_*",),
    "database": ("*.db",),
}


@dataclass
class Copy:
    """A copy of a stage's home, which harms share: each is put right before the next, and each comes once."""

    home: Path | None = None
    _folder: tempfile.TemporaryDirectory[str] | None = None
    _harmed: set[str] = field(default_factory=set)

    def for_harm(self, name: str, scene: Scene) -> Path:
        """Return the copy, or a new one where this harm was done to it, made while nobody writes."""
        if self.home is None or name in self._harmed:
            self._folder = tempfile.TemporaryDirectory(prefix="smecredit-harmed-", ignore_cleanup_errors=True)
            self.home, self._harmed = Path(self._folder.name) / "home", set()
            with scene.load.still():
                scene.asked.settled()
                copied(scene.stage.home, self.home)
        self._harmed.add(name)
        return self.home

    @contextmanager
    def kept(self, path: Path) -> Iterator[None]:
        """Put a file back as it was after the block, and what a database wrote beside it away."""
        kept = path.with_name(f"{path.name}.kept")
        shutil.copy2(path, kept)
        try:
            yield
        finally:
            for beside in path.parent.glob(f"{path.name}-*"):
                beside.unlink()
            kept.replace(path)


@dataclass
class Damaged:
    """One file of a copy of the home is harmed: `verify` names it, and finds nothing once it is put right."""

    what: str
    way: str
    copy: Copy
    sort: str = HARMS

    @property
    def name(self) -> str:
        """Which file, and how."""
        return f"{self.what} {self.way}"

    part = name

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Harm one file, and read what verify finds before and with it."""
        home, books = self.copy.for_harm(self.name, scene), Books(scene.stage)
        if whole := books.verified(home):
            return [Broken("silent", f"verify of an unharmed copy: {whole}")]
        path = scene.chance.choice([each for each in sorted(files(home, self.what)) if each.stat().st_size])
        with self.copy.kept(path):
            WAYS[self.way](path, scene.chance)
            found = books.verified(home)
        if not any(self._names(path, str(each)) for each in found):
            return [Broken("silent", f"{self.way} of {path.relative_to(home)} is not told: {found}")]
        return ()

    def heal(self, scene: Scene) -> None:
        """Do nothing: the file is back."""

    def _names(self, path: Path, told: str) -> bool:
        """Tell whether a finding is of this file; a lost entry of a log is told by its version."""
        if self.what == "database":
            return f"database of {path.stem}" in told
        return path.name in told or (self.what == "lake log" and f"version {int(path.stem)}" in told)


@dataclass
class Served(Alone):
    """A file of the lake of a running suite is harmed: firms of other buckets are served, those of its own told."""

    name: str = "lake file cut under readers"

    def strike(self, scene: Scene) -> Iterable[Broken]:
        """Harm one file, read every firm, put the file back, and have what failed over it run again."""
        with scene.load.still():
            path = scene.chance.choice(sorted((scene.stage.home / "lake").rglob("*.parquet")))
            kept = path.read_bytes()
            cut(path, scene.chance)
            try:
                answers = [self._read(scene, firm) for firm in scene.load.town.firms]
            finally:
                path.write_bytes(kept)
        found = self._run_again(scene, path.name)
        statuses = {status for status, _ in answers}
        found += [Broken("silent", f"{status} {said}") for status, said in answers if status not in (200, 503)]
        told = [str(said) for status, said in answers if status == 503]
        found += [Broken("silent", f"no file is named: {said}") for said in told if path.name not in said]
        return found if 200 in statuses else [*found, Broken("lost", "no firm was served")]

    def heal(self, scene: Scene) -> None:
        """Do nothing: the file is back."""

    @staticmethod
    def _run_again(scene: Scene, name: str) -> list[Broken]:
        """Do as an operator who has put the file back: jobs that failed over it are run again; others are told."""
        scene.asked.settled()
        books = Books(scene.stage)
        failed = books.pairs("profile", "SELECT id, problem FROM jobs WHERE state = 'failed'")
        for job in failed:
            books.run_again("profile", job)
        return [Broken("silent", f"job {job}: {told}") for job, told in failed.items() if name not in str(told)]

    @staticmethod
    def _read(scene: Scene, firm: str) -> tuple[int, object]:
        day = f"2024-{scene.chance.randint(1, 12):02}-{scene.chance.randint(1, 28):02}"
        return scene.load.door.once(Act(BANK, "GET", f"/v1/enterprises/{firm}/features?as_of={day}", ""))


def files(home: Path, what: str) -> Iterable[Path]:
    """Return the files of a home of a sort."""
    return (path for pattern in FILES[what] for path in home.glob(pattern))


def copied(source: Path, target: Path) -> None:
    """Copy a home at whose databases nobody writes just now."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.db", "*.db-*", "logs", "*.lock"))
    for path in source.glob("*.db"):
        with closing(sqlite3.connect(path)) as kept, closing(sqlite3.connect(target / path.name)) as copy:
            kept.backup(copy)


def damages() -> Sequence[Fault]:
    """Return a harm of each sort of file in each way, and one to readers."""
    copy = Copy()
    in_each_way = [
        (what, way) for what in ("lake file", "lake log", "file received") for way in ("cut", "flip", "lose")
    ]
    on_pages = [("database", "cut"), ("database", "scramble")]
    return *(Damaged(what, way, copy) for what, way in (*in_each_way, *on_pages)), Served()
