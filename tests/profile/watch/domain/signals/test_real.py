"""Signals 3, 4 and 6 fire on real firms, with the invoices that made them; plain Python over the files agrees."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from statistics import mean, median, stdev

import pytest
from signal_scenes import BOOK_DAY, REAL, real_scene, records_of

from services.profile.watch.domain.signals import BY_KEY, evaluate

pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="real data is not here; set SMECREDIT_REAL_DATA")


@dataclass(frozen=True)
class Sale:
    """A valid sales invoice of the files; amounts in fen."""

    number: str
    day: date
    buyer: str
    net: int
    total: int


@cache
def sales() -> dict[str, list[Sale]]:
    """Return valid sales by firm, without exact repeats, read line by line."""
    found: dict[str, list[Sale]] = defaultdict(list)
    with gzip.open(REAL / "sales_invoices.csv.gz", "rt", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        next(lines)
        for firm, number, day, buyer, net, tax, total, status in dict.fromkeys(_stripped(lines)):
            amounts = [round(float(text) * 100) for text in (net, tax, total)]
            if status == "有效发票" and amounts[0] + amounts[1] == amounts[2]:
                written = date(*map(int, day.split("/")))
                found[f"local:{firm}"].append(Sale(number, written, f"local:{buyer}", amounts[0], amounts[2]))
    return found


def _stripped(lines: Iterator[list[str]]) -> Iterator[tuple[str, ...]]:
    for line in lines:
        yield tuple(text.strip() for text in line)


def back(day: date, months: int) -> date:
    """Return the day this many months before; the last of its month where it has none such."""
    first = day.year * 12 + day.month - 1 - months
    year, month = divmod(first, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(1)).day
    return date(year, month + 1, min(day.day, last))


def lost_customers(of: list[Sale], today: date) -> set[str]:
    """Return customers among the five largest of twelve months, regular ones, silent for over three usual gaps."""
    known = [sale for sale in of if sale.day <= today]
    year: dict[str, int] = defaultdict(int)
    days: dict[str, set[date]] = defaultdict(set)
    for sale in known:
        if sale.day > back(today, 12):
            year[sale.buyer] += sale.net
        if sale.total > 0:
            days[sale.buyer].add(sale.day)
    whole = sum(max(net, 0) for net in year.values())
    last_sale = max(sale.day for sale in known)
    largest = sorted(year, key=lambda buyer: (-year[buyer], buyer))[:5]
    found = set()
    for buyer in largest:
        met = sorted(days[buyer])
        if len(met) < 5 or year[buyer] < 0.05 * whole:
            continue
        gap = median((later - earlier).days for earlier, later in pairwise(met))
        silent = (last_sale - met[-1]).days
        if silent > 3 * gap and silent >= 30:
            found.add(buyer)
    return found


def switched_to(of: list[Sale], today: date) -> tuple[float, set[str]]:
    """Return the share of three months' sales that goes to the three largest customers of under six months."""
    known = [sale for sale in of if sale.day <= today]
    since: dict[str, date] = {}
    quarter: dict[str, int] = defaultdict(int)
    for sale in known:
        since[sale.buyer] = min(sale.day, since.get(sale.buyer, sale.day))
        if sale.day > back(today, 3):
            quarter[sale.buyer] += sale.net
    new = sorted((b for b in quarter if quarter[b] > 0 and since[b] > back(today, 6)), key=lambda b: (-quarter[b], b))[
        :3
    ]
    whole = sum(max(net, 0) for net in quarter.values())
    return (sum(quarter[buyer] for buyer in new) / whole if whole else 0.0), set(new)


def surge(of: list[Sale], month: tuple[int, int]) -> tuple[float, float]:
    """Return the ratio of red to blue amounts of a month, and the mean plus three deviations of the 24 before it."""
    blue: dict[int, int] = defaultdict(int)
    red: dict[int, int] = defaultdict(int)
    for sale in of:
        place = sale.day.year * 12 + sale.day.month - 1
        if sale.net > 0:
            blue[place] += sale.net
        else:
            red[place] -= sale.net
    now = month[0] * 12 + month[1] - 1
    past = [red[place] / blue[place] for place in range(now - 24, now) if blue[place] > 0]
    return red[now] / blue[now], mean(past) + 3 * stdev(past)


def test_a_real_firm_lost_a_key_customer() -> None:
    """Firm E13 lost its customer B11415: the invoices listed are exactly those of 24 months to it."""
    scene = real_scene(BOOK_DAY)
    hits = evaluate(scene, [BY_KEY["key-customer-lost"]]).hits
    assert ("local:E13", "local:B11415") in set(hits.select("enterprise", "subject").iter_rows())
    of_e13 = set(hits.filter(enterprise="local:E13")["subject"])
    assert of_e13 == lost_customers(sales()["local:E13"], BOOK_DAY)
    shown = records_of(scene, "key-customer-lost").filter(enterprise="local:E13", counterparty="local:B11415")
    expected = [s for s in sales()["local:E13"] if s.buyer == "local:B11415" and s.day > back(BOOK_DAY, 24)]
    assert sorted(shown.select("number", "date", "amount_fen").rows()) == sorted(
        (sale.number, sale.day, sale.total) for sale in expected
    )
    assert set(shown["import_id"]) == {"imp_sale"}


@pytest.mark.parametrize("today", [BOOK_DAY, date(2019, 6, 30)])
def test_every_real_firm_lost_the_customers_that_plain_python_finds(today: date) -> None:
    """Of all firms of the book, on two days."""
    hits = evaluate(real_scene(today), [BY_KEY["key-customer-lost"]]).hits
    found: dict[str, set[str]] = defaultdict(set)
    for firm, buyer in hits.select("enterprise", "subject").iter_rows():
        found[firm].add(buyer)
    apart = {
        firm: (found[firm], expected)
        for firm, of in sales().items()
        if any(s.day <= today for s in of) and found[firm] != (expected := lost_customers(of, today))
    }
    assert apart == {}


def test_real_firms_switched_their_customers() -> None:
    """Shares and the invoices to the new customers are those that plain Python finds, for every firm that fires."""
    today = date(2019, 6, 30)
    scene = real_scene(today)
    hits = evaluate(scene, [BY_KEY["customer-switch"]]).hits
    assert hits.height > 50
    shown = records_of(scene, "customer-switch")
    for firm, value in hits.select("enterprise", "value").iter_rows():
        share, new = switched_to(sales()[firm], today)
        assert value == pytest.approx(share)
        invoices = [s for s in sales()[firm] if s.buyer in new and back(today, 3) < s.day <= today]
        listed = shown.filter(enterprise=firm).select("number", "date", "counterparty", "amount_fen").rows()
        assert sorted(listed) == sorted((s.number, s.day, s.buyer, s.total) for s in invoices)


def test_real_firms_had_a_surge_of_red_letters() -> None:
    """E219 in June 2019: ratio, bound and every red letter listed, against the files."""
    today = date(2019, 6, 30)
    scene = real_scene(today)
    rows = evaluate(scene, [BY_KEY["red-letter-surge"]]).hits
    assert {"local:E105", "local:E219", "local:E223"} <= set(rows["enterprise"])
    shown = records_of(scene, "red-letter-surge")
    for firm, event, value, bound in rows.select("enterprise", "event", "value", "reference").iter_rows():
        month = int(event[:4]), int(event[5:])
        ratio, usual = surge([s for s in sales()[firm] if s.day <= today], month)
        assert (value, bound) == pytest.approx((ratio, usual))
        red = [s for s in sales()[firm] if s.net < 0 and (s.day.year, s.day.month) == month]
        listed = shown.filter(enterprise=firm, event=event).select("number", "date", "counterparty", "amount_fen")
        assert sorted(listed.rows()) == sorted((s.number, s.day, s.buyer, s.total) for s in red)
        assert red
