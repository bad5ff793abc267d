"""Yuan as people write them, fen as the wire carries them."""

from __future__ import annotations

import re
from decimal import Decimal
from unicodedata import normalize

# No exponent, no underscores, no other script's digits, which Python would read.
PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def fen(yuan: str) -> int:
    """Return exact fen of an amount in yuan such as `500000`, `50万` or `1亿`; ValueError says what is wrong."""
    text = normalize("NFKC", yuan).strip().replace(",", "").removeprefix("¥").removesuffix("元")
    scale = 1
    for unit, of_yuan in (("万", 10_000), ("亿", 100_000_000)):
        if text.endswith(unit):
            text, scale = text[:-1], of_yuan
    if not PLAIN.fullmatch(text):
        raise ValueError(f"{yuan!r} is no amount in yuan: write digits such as 500000 or 500000.50")
    amount = Decimal(text) * scale * 100
    if amount <= 0:
        raise ValueError(f"the amount must be more than nothing, not {yuan!r}")
    if amount != amount.to_integral_value():
        raise ValueError(f"{yuan!r} has parts of a fen: give at most two decimals")
    return int(amount)


def yuan(amount_fen: int) -> str:
    """Write an amount as people read it: `¥500,000.50`, without the decimals where they are zero."""
    sign = "-" if amount_fen < 0 else ""
    whole, rest = divmod(abs(amount_fen), 100)
    return f"{sign}¥{whole:,}.{rest:02d}" if rest else f"{sign}¥{whole:,}"
