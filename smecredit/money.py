"""Yuan as people write them, fen as the wire carries them."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation


def fen(yuan: str) -> int:
    """Return exact fen of an amount in yuan such as `500000`, `50万` or `1亿`; ValueError says what is wrong."""
    text = yuan.strip().replace(",", "").replace("，", "").removeprefix("¥").removesuffix("元")
    scale = 1
    for unit, of_yuan in (("万", 10_000), ("亿", 100_000_000)):
        if text.endswith(unit):
            text, scale = text[:-1], of_yuan
    try:
        amount = Decimal(text) * scale * 100
    except InvalidOperation:
        raise ValueError(f"{yuan!r} is no amount in yuan: write digits such as 500000 or 500000.50") from None
    if not amount.is_finite() or amount <= 0:
        raise ValueError(f"the amount must be more than nothing, not {yuan!r}")
    if amount != amount.to_integral_value():
        raise ValueError(f"{yuan!r} has parts of a fen: give at most two decimals")
    return int(amount)


def yuan(amount_fen: int) -> str:
    """Write an amount as people read it: `¥500,000.50`, without the decimals where they are zero."""
    sign = "-" if amount_fen < 0 else ""
    whole, rest = divmod(abs(amount_fen), 100)
    return f"{sign}¥{whole:,}.{rest:02d}" if rest else f"{sign}¥{whole:,}"
