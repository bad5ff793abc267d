"""What was struck, and what came of it: a line of JSON a round, so that a run that was ended goes on and adds up."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOWS = ("lost", "doubled", "silent")
# More of them are in the lines.
MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class Found:
    """What did not hold after a fault: lost, doubled or silent, and the words."""

    fault: str
    how: str
    what: str


@dataclass(frozen=True, slots=True)
class Round:
    """Faults that were struck one after the other on a stage, and what was asked and found afterwards.

    `acts` were acknowledged and `refused` were answers that were none, by status, since the round before.
    """

    stage: str
    faults: Sequence[str]
    found: Sequence[Found]
    seconds: Mapping[str, float]
    acts: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    commit: str = ""


class Record:
    """The rounds of a seed, kept in a file that only grows; without one they are kept while we run."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.rounds = [_round(json.loads(line)) for line in _lines(path)] if path else []

    def add(self, round_: Round) -> None:
        """Note a round; it is on the disk when this returns."""
        self.rounds.append(round_)
        if self._path:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a") as file:
                file.write(json.dumps(asdict(round_), ensure_ascii=False) + "\n")

    def struck(self, stage: str) -> Counter[str]:
        """Return how often each fault was struck on a stage."""
        return Counter(name for each in self.rounds if each.stage == stage for name in each.faults)

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, doubled or silent."""
        return not any(each.found for each in self.rounds)

    def table(self) -> str:
        """Return the rows as Markdown, then what was found in words, what was done meanwhile, and at which commits."""
        head = "| stage | fault | times | lost | doubled | silent | seconds a round |\n|---|---|--:|--:|--:|--:|--:|"
        return "\n".join([head, *self._rows(), *self._words(), "", *self._about()])

    def write(self, path: Path) -> None:
        """Write the table."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.table() + "\n")

    def _rows(self) -> Iterator[str]:
        for stage in dict.fromkeys(each.stage for each in self.rounds):
            for fault, times in sorted(self.struck(stage).items()):
                of_it = [each for each in self.rounds if each.stage == stage and fault in each.faults]
                hows = Counter(found.how for each in of_it for found in each.found if found.fault == fault)
                seconds = sum(sum(each.seconds.values()) for each in of_it) / len(of_it)
                yield f"| {stage} | {fault} | {times} | {' | '.join(str(hows[how]) for how in HOWS)} | {seconds:.0f} |"

    def _words(self) -> Iterator[str]:
        found = [(each, words) for each in self.rounds for words in each.found]
        for each, words in found[:MOST_WORDS]:
            yield f"\n- {each.stage}, {words.fault} ({each.commit}): {words.how}: {words.what}"

    def _about(self) -> Iterator[str]:
        kills = sum(name.startswith("kill ") for each in self.rounds for name in each.faults)
        strikes = sum(len(each.faults) for each in self.rounds)
        yield f"{strikes} strikes, {kills} of them kills, in {len(self.rounds)} rounds."
        yield f"Acknowledged: {_told(_sum(each.acts for each in self.rounds))}."
        yield f"Refused and sent again, by status (0: no answer): {_told(_sum(each.refused for each in self.rounds))}."
        commits = Counter(each.commit for each in self.rounds for _ in each.faults)
        yield f"Strikes by commit: {_told(commits)}."


@cache
def commit() -> str:
    """Return the commit that is struck, with a + where files differ from it; empty where nobody knows."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty=+"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip()


def _lines(path: Path) -> list[str]:
    """Return the lines of a file; what was begun of one when a run was killed is taken away."""
    text = path.read_text() if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return whole.splitlines()


def _round(told: Mapping[str, Any]) -> Round:
    return Round(**{**told, "found": [Found(**each) for each in told["found"]]})


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing"
