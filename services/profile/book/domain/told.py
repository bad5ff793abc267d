"""What is told of a file, with the numbers in it, so that what the parts of a file tell adds up to what it tells whole.

A big file is looked at in parts. A sentence that counts rows is then said of each part, and once in the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

FEW = 3


class Told(str):
    """A sentence in both languages: its `words`, what it `counts`, a `few` examples, and what is `named` in it.

    An example is a tuple by which examples are put in order, and its last part is shown.
    """

    __slots__ = ("counts", "few", "named", "words")
    words: str
    counts: Mapping[str, int]
    few: tuple[tuple[object, ...], ...]
    named: Mapping[str, object]

    def __reduce__(self) -> tuple[object, ...]:
        """Let copies and other processes have the sentence alone."""
        return str, (str(self),)


def tell(words: str, count: Mapping[str, int], *, few: Iterable[tuple[object, ...]] = (), **named: object) -> Told:
    """Put the numbers, the first examples and the names into the words."""
    first = tuple(sorted(set(few))[:FEW])
    made = Told(words.format(**count, **named, few=", ".join(str(each[-1]) for each in first)))
    made.words, made.counts, made.few, made.named = words, dict(count), first, named
    return made


def added(parts: Iterable[Sequence[str]], order: Sequence[str]) -> list[str]:
    """Return what the parts of a file tell as the whole tells it; `order` has the words that come first of these.

    Sentences of the same words about the same names become one; of the same words, the one that counts most is first,
    then those are by what they name.
    """
    found: dict[tuple[object, ...], str] = {}
    for one in (each for part in parts for each in part):
        key = (one.words, *one.named.items()) if isinstance(one, Told) else (one,)
        found[key] = _sum(found[key], one) if key in found else one
    rank = {words: place for place, words in enumerate(order)}

    def place(one: str) -> tuple[int, int, list[str]]:
        if not isinstance(one, Told):
            return rank.get(one, len(rank)), 0, []
        return rank.get(one.words, len(rank)), -sum(one.counts.values()), [str(name) for name in one.named.values()]

    return sorted(found.values(), key=place)


def _sum(one: str, other: str) -> str:
    if not isinstance(one, Told) or not isinstance(other, Told):
        return one
    count = {name: number + other.counts[name] for name, number in one.counts.items()}
    return tell(one.words, count, few=(*one.few, *other.few), **one.named)
