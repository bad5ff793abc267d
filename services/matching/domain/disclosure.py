"""What is still shown of an answer about many firms when the consent of some of them has ended since it was made.

A line tells of one firm, and is shown while that firm consents. A total tells of all of them, and the lines of those
who still consent stand beside it: subtracted from it, they leave what the others had. So totals close with the first
firm that is withheld, and stay closed however many follow it: who kept the lines of a time when one was withheld would
find that one's by subtraction, were the totals shown again.

Who is in a list tells something, too: who gains by a version, who cannot be lent to. A withheld firm is in none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

LISTS = frozenset({"lines", "excluded"})
# What was ordered, or which data of everybody it was made from: it tells of no firm.
OF_THE_ORDER = frozenset({"as_of", "model", "counts", "churn_curves", "version", "need", "ranking"})


def disclosed(answer: Mapping[str, Any], readable: Collection[str], made_from: int) -> dict[str, Any]:
    """Return what may be shown of an answer that was made from so many firms: `readable` are those that still consent.

    All firms count that it was made from, whether a line speaks of them or not.
    """
    if len(readable) == made_from:
        return dict(answer)
    lists = {
        name: [line for line in answer[name] if line["enterprise"] in readable] for name in answer if name in LISTS
    }
    return {name: value for name, value in answer.items() if name in OF_THE_ORDER} | lists
