"""Company names looked up in a book: parts and brands beside rapidfuzz's best ratio, on the same seeded names.

Both get the same book and the same lists, and each chooses one firm of the book or none. The peer is one who tries: the
best of a grid of cut-offs, taken on another seed, on names in one spelling (half width, no spaces, lower case).
"""

from __future__ import annotations

import random
import time
import unicodedata
from typing import Any

import numpy as np
from company_names import LOOKALIKES, WRITTEN, f1, firms, pairs
from rapidfuzz import fuzz, process

from services.profile.standards.names import Book, match, parse

FIRMS, ASKED, PAIRS = 5_000, 2_000, 5_000
CUTOFFS = range(60, 100, 2)


def run() -> dict[str, Any]:
    """Measure names per second against a book, the F1 of what was found, and the pairwise F1."""
    book, asked, truth = _task(seed=5)
    parse.cache_clear()
    start = time.perf_counter()
    found = [each.enterprise for each in Book(book).find_all(asked)]
    ours = len(asked) / (time.perf_counter() - start)
    start = time.perf_counter()
    scores, places = _nearest(asked, [name for _, name in book])
    theirs = len(asked) / (time.perf_counter() - start)
    tuned = _cutoff(seed=6)
    chosen = [book[place][0] if score >= tuned else None for score, place in zip(scores, places, strict=True)]
    rows = [
        _row(f"{ASKED:,} names against a book of {FIRMS:,}", ours, theirs, "names/s"),
        _row("F1 of the firms found (lookalikes have none)", _found_f1(truth, found), _found_f1(truth, chosen), "F1"),
        _row("pairwise F1", *_pairwise(), "F1"),
    ]
    title = "Company names against rapidfuzz (ratio, tuned cut-off)"
    return {"name": "names", "title": title, "rows": rows, "peer_cutoff": tuned}


def _task(seed: int) -> tuple[list[tuple[str, str]], list[str], list[str | None]]:
    """Return a book, names to look up (three of four of its firms, the others lookalikes), and what each is."""
    rng, made = random.Random(seed), firms(FIRMS, seed)
    book = [(f"local:{place}", firm.name()) for place, firm in enumerate(made)]
    held = {name for _, name in book}
    asked, truth = [], list[str | None]()
    for place in rng.sample(range(FIRMS), ASKED):
        other = LOOKALIKES[rng.choice(sorted(LOOKALIKES))](made[place], rng).name()
        fits = rng.random() < 0.75 or other in held
        asked.append(WRITTEN[rng.choice(sorted(WRITTEN))](made[place]) if fits else other)
        truth.append(book[place][0] if fits else None)
    return book, asked, truth


def _nearest(asked: list[str], names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the best score and its place for each name: rapidfuzz's own matrix in C++, on one thread as ours."""
    found = process.cdist([_spelling(n) for n in asked], [_spelling(n) for n in names], scorer=fuzz.ratio, workers=1)
    return found.max(axis=1), found.argmax(axis=1)


def _spelling(name: str) -> str:
    return unicodedata.normalize("NFKC", name).replace(" ", "").lower()


def _cutoff(seed: int) -> int:
    book, asked, truth = _task(seed)
    scores, places = _nearest(asked[:500], [name for _, name in book])
    tried = {
        cut: _found_f1(truth[:500], [book[p][0] if s >= cut else None for s, p in zip(scores, places, strict=True)])
        for cut in CUTOFFS
    }
    return max(tried, key=lambda cut: tried[cut])


def _found_f1(truth: list[str | None], said: list[str | None]) -> float:
    hits = sum(t is not None and t == s for t, s in zip(truth, said, strict=True))
    return 2 * hits / (sum(t is not None for t in truth) + sum(s is not None for s in said))


def _pairwise() -> tuple[float, float]:
    tuning, tested = list(pairs(1000, 8)), list(pairs(PAIRS, 7))
    said = {
        seed: [fuzz.ratio(_spelling(p.one), _spelling(p.other)) for p in found]
        for seed, found in ((8, tuning), (7, tested))
    }
    best = max(CUTOFFS, key=lambda cut: f1([p.same for p in tuning], [score >= cut for score in said[8]]))
    same = [pair.same for pair in tested]
    ours = f1(same, [match(pair.one, pair.other).verdict == "same" for pair in tested])
    return ours, f1(same, [score >= best for score in said[7]])


def _row(what: str, ours: float, peer: float, unit: str) -> dict[str, Any]:
    return {"what": what, "ours": round(ours, 4), "peer": round(peer, 4), "unit": unit, "ratio": round(ours / peer, 2)}
