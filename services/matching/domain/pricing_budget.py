"""How many loans one match prices while it looks for other needs: one budget, of which each product has a share.

What a bank publishes is paid for by every match, of others' products too; so a search ends where its share does. The
share of a refused product with fees is what those before it left over, by those still to come.
"""

from __future__ import annotations

from dataclasses import dataclass

# By the months of these loans in sum: some five microseconds each, so that a match searches for a fifth of a second.
MOST_MONTHS_PRICED = 40_000


class Exhausted(Exception):
    """More than one search may solve or price."""


@dataclass(slots=True)
class Budget:
    """The months of loans that may still be priced."""

    left: int = MOST_MONTHS_PRICED

    def spend(self, months: int) -> None:
        """Take what one loan costs; raise `Exhausted` where that is not left."""
        if months > self.left:
            raise Exhausted
        self.left -= months

    def share(self, among: int) -> Budget:
        """Take an equal part of what is left, to be given back by `put_back` as far as it was not spent."""
        part = Budget(self.left // max(among, 1))
        self.left -= part.left
        return part

    def put_back(self, part: Budget) -> None:
        """Add what is left of a part."""
        self.left += part.left
