"""What is still shown of an answer about many firms when the consent of some of them has ended since it was made.

A line tells of one firm, and is shown while that firm consents. A total tells of all of them, and the lines of those
who still consent stand beside it: subtracted from it, they leave what the others had. Therefore

- while nobody is withheld, everything is shown as it was made;
- where few are withheld, or few are left, no total is shown: what subtraction leaves, or the total itself, would tell
  of one firm or a few;
- where at least `LEAST_COUNT` are withheld and as many are left, the totals of all firms are shown: on both sides they
  are a matter of many. Totals of a part (a sector, a condition, a rule, a scenario) stay closed, since the withheld in
  that part may be one.

Who is in a list tells something, too: who gains by a version, who cannot be lent to. A withheld firm is in none.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

# The rule of thumb of European statistics for results from single records (ESSnet, Guidelines for the checking of
# output, 2010): at least ten units below each figure. With less, who knows some of the firms could name another.
LEAST_COUNT = 10
LISTS = frozenset({"lines", "excluded"})
# What was ordered, or which data of everybody it was made from: it tells of no firm.
OF_THE_ORDER = frozenset({"as_of", "model", "churn_curves", "version", "need"})
# Totals of all firms: of an allocation, an assignment, a dry run. What is named nowhere here is taken for a part.
OF_ALL_FIRMS = frozenset(
    {
        *("status", "objective_fen", "bound_fen", "gap_fen", "firms", "lent_fen", "expected_loss_fen"),
        *("notion", "title", "blocking_pairs", "overtaking_pairs", "assigned"),
        *("enterprises", "before", "after", "gained", "lost"),
    }
)


def disclosed(answer: Mapping[str, Any], readable: Collection[str], withheld: int) -> dict[str, Any]:
    """Return what may be shown of an answer: `readable` are the firms that still consent, `withheld` counts the others.

    Both are counted over all firms that it was made from, whether a line speaks of them or not.
    """
    if not withheld:
        return dict(answer)
    many = min(withheld, len(readable)) >= LEAST_COUNT
    shown = OF_THE_ORDER | OF_ALL_FIRMS if many else OF_THE_ORDER
    lists = {
        name: [line for line in answer[name] if line["enterprise"] in readable] for name in answer if name in LISTS
    }
    return {name: value for name, value in answer.items() if name in shown} | lists
