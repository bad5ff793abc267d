"""Figures as people read them: fen as 万元 or thousands of yuan, rates as percent, instants in China time."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from unicodedata import normalize

from markupsafe import Markup

from chassis.core.moments import CHINA, day_of
from chassis.web.reading import PLAIN
from gateway.portal.language import Language

FEN_PER_YUAN = 100
FEN_PER_WAN = 1_000_000
# One chart or column has one unit: 万元 for Chinese readers, thousands of yuan for English ones.
MONEY_UNIT: dict[Language, tuple[int, str]] = {"zh": (FEN_PER_WAN, "万元"), "en": (100_000, "¥ thousand")}
NOTHING = "—"
LONGEST_AMOUNT = 20
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def exact_yuan(fen: int) -> str:
    """Return `¥1,234,567.89`."""
    sign = "−" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // FEN_PER_YUAN:,}.{abs(fen) % FEN_PER_YUAN:02d}"


def tax_rate(written: str | None) -> str:
    """Return a rate of tax as invoices print it: `13%` for `0.13`; words (免税) as they are."""
    if written is None or not written.replace(".", "").isdigit():
        return written or NOTHING
    return f"{(Decimal(written) * 100).normalize():f}%"


def money(language: Language, fen: int | None) -> Markup | str:
    """Return an amount in the language's unit, with the exact yuan in its tooltip."""
    if fen is None:
        return NOTHING
    divisor, unit = MONEY_UNIT[language]
    shown = number(fen / divisor)
    text = f"{shown} {unit}" if language == "zh" else f"¥{shown}k"
    return Markup('<data class="money" value="{}" title="{}">{}</data>').format(
        f"{fen / FEN_PER_YUAN:.2f}", exact_yuan(fen), text
    )


def amount(language: Language, fen: int | None) -> Markup | str:
    """Return an amount for a column whose head names the unit."""
    if fen is None:
        return NOTHING
    shown = number(fen / MONEY_UNIT[language][0])
    return Markup('<data class="money" value="{}" title="{}">{}</data>').format(
        f"{fen / FEN_PER_YUAN:.2f}", exact_yuan(fen), shown
    )


def number(value: float | None) -> str:
    """Return a figure with as many decimals as its size deserves: `0.031`, `2.54`, `31.4`, `12,345`."""
    if value is None:
        return NOTHING
    size = abs(value)
    if size >= 1000 or value == int(value):
        return _minus(f"{value:,.0f}")
    return _minus(f"{value:,.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.3g}")


def percent(value: float | None, decimals: int | None = None) -> str:
    """Return a share of one as percent; small ones keep two decimals."""
    if value is None:
        return NOTHING
    places = decimals if decimals is not None else (2 if abs(value) < 0.1 else 1)
    return _minus(f"{value * 100:.{places}f}%")


def points(value: float | None) -> str:
    """Return score points with their sign: `+12.4`, `−18.0`."""
    return NOTHING if value is None else _minus(f"{value:+.1f}")


def day(value: str | None) -> str:
    """Return the date of an ISO date or instant."""
    return value[:10] if value else NOTHING


def date_of_day(days: float) -> str:
    """Return the date that lies so many days after 1970-01-01."""
    return (date(1970, 1, 1) + timedelta(days=days)).isoformat()


def instant(value: str | None) -> Markup | str:
    """Return an instant in China time, to the minute."""
    if not value:
        return NOTHING
    moment = datetime.fromisoformat(value)
    local = moment.astimezone(CHINA) if moment.tzinfo else moment
    return Markup('<time datetime="{}" title="{}">{}</time>').format(value, value, f"{local:%Y-%m-%d %H:%M}")


UNIT_WORDS: dict[str, tuple[str, str]] = {
    "month": ("个月", "months"),
    "day": ("天", "days"),
    "year": ("年", "years"),
    "count": ("", ""),
    "per-month": ("/ 月", "a month"),
    "point": ("分", "points"),
    "times": ("倍", "times"),
}
TAX_GRADES = "ABMCD"  # 纳税信用, from best to worst


# Shares that are written as percentages, with so many decimals.
PERCENTS = {"ratio": 1, "probability": 1, "rate": 2}


def measure(language: Language, value: Any, unit: str | None) -> Markup | str:
    """Return a feature's value with its unit, as the catalogue names it; words and grades stay as they are."""
    if value is None:
        return NOTHING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if unit == "fen":
        return money(language, round(value))
    if unit in PERCENTS:
        return percent(value, PERCENTS[unit])
    if unit == "grade":
        return TAX_GRADES[round(value) - 1] if 1 <= value <= len(TAX_GRADES) else str(value)
    words = UNIT_WORDS.get(unit or "", ("", ""))
    return f"{number(value)} {words[language == 'en']}".strip()


def fen_of_wan(entered: str) -> int | None:
    """Return an amount typed in 万元 as fen, or None where it is no amount from 0.1 to 100,000 万元."""
    text = normalize("NFKC", entered).strip().replace(",", "")
    wan = Decimal(text) if PLAIN.fullmatch(text) else Decimal()
    fen = wan * FEN_PER_WAN
    return int(fen) if Decimal("0.1") <= wan <= 100_000 and fen == int(fen) else None


def wan_of_fen(fen: int) -> str:
    """Return an amount as it is typed in 万元, to the fen.

    >>> wan_of_fen(50_000_000), wan_of_fen(100_000_000), wan_of_fen(12_345_600)
    ('50', '100', '12.3456')
    """
    return f"{Decimal(fen) / FEN_PER_WAN:f}"


def fen_of_yuan(entered: str) -> int | None:
    """Return an amount typed in yuan as fen (`500,000`, `¥1,234.50`), or None where it is no amount above 0.

    >>> fen_of_yuan("¥ 500,000.00"), fen_of_yuan("１０００"), fen_of_yuan("0"), fen_of_yuan("1.005"), fen_of_yuan("5e3")
    (50000000, 100000, None, None, None)
    """
    text = re.sub(r"[\s,¥元]", "", normalize("NFKC", entered))
    fen = Decimal(text) * FEN_PER_YUAN if PLAIN.fullmatch(text) and len(text) <= LONGEST_AMOUNT else Decimal()
    return int(fen) if fen > 0 and fen == int(fen) else None


def months_of(entered: str) -> int | None:
    """Return a term typed in months, from 1 to 360, or None."""
    typed = entered.strip()
    plain = typed.isascii() and typed.isdigit() and len(typed) <= 3
    return int(typed) if plain and 1 <= int(typed) <= 360 else None


def rate_of_percent(entered: str) -> float | None:
    """Return a rate a year typed in percent (`4.35`, `4.35%`), or None where it is none from 0 to 100.

    >>> rate_of_percent("4.35 %"), rate_of_percent("101"), rate_of_percent("four")
    (0.0435, None, None)
    """
    text = normalize("NFKC", entered).replace("%", "").strip()
    share = Decimal(text) / 100 if PLAIN.fullmatch(text) and len(text) <= LONGEST_AMOUNT else Decimal(-1)
    return float(share) if 0 <= share <= 1 else None


def exact_rate(rate: str | float | None) -> str:
    """Return a rate with all decimals that it has, two at least: what is agreed is not rounded.

    >>> exact_rate("0.0435"), exact_rate("0.043512"), exact_rate(0.05), exact_rate(None)
    ('4.35%', '4.3512%', '5.00%', '—')
    """
    if rate is None:
        return NOTHING
    share = Decimal(str(rate)) * 100
    places = max(2, -int(share.normalize().as_tuple().exponent))
    return f"{share:.{places}f}%"


def day_in_words(language: Language, value: str | None) -> Markup | str:
    """Return the date of an ISO date or instant in words; of an instant, the day that it is in China.

    >>> day_in_words("zh", "2026-12-05").striptags(), day_in_words("en", "2026-12-04T20:00:00Z").striptags()
    ('2026年12月5日', '5 December 2026')
    """
    if not value:
        return NOTHING
    on = china_day(value)
    said = f"{on.year}年{on.month}月{on.day}日" if language == "zh" else f"{on.day} {MONTHS[on.month - 1]} {on.year}"
    return Markup('<time datetime="{}">{}</time>').format(on.isoformat(), said)


def china_day(value: str) -> date:
    """Return the date of an ISO date, and of an instant the day that it is in China."""
    return day_of(datetime.fromisoformat(value)) if "T" in value else date.fromisoformat(value)


def date_of(entered: str) -> date | None:
    """Return a date typed as `2027-01-31`, or None."""
    try:
        return date.fromisoformat(entered.strip())
    except ValueError:
        return None


def _minus(text: str) -> str:
    return text.replace("-", "−")
