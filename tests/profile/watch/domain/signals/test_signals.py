"""Each signal on a book small enough to reckon by hand; as of 2020-02-21 unless said."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from invoice_books import AS_OF, purchase, sale
from signal_scenes import reading, records_of, scene

from services.profile.graph.domain.rings import limits
from services.profile.watch.domain.signals import BY_KEY, SIGNALS, SignalInputs, Surroundings, evaluate
from services.profile.watch.domain.signals.inputs import NORMS, OUTCOMES, QUERIES
from services.profile.watch.domain.signals.signal import readings
from services.profile.watch.domain.signals.thresholds import declared, read, threshold_on

MONTHS = [AS_OF - timedelta(days=round(30.44 * back) + 5) for back in range(30)]


def steady(net: int = 100_000, to: str = "K1", *, since: int = 30, until: int = 0) -> list[dict[str, Any]]:
    """Return one sale a month, slightly uneven, from `since` months back to `until`."""
    return [sale(f"{MONTHS[n]}", net + 100 * (n % 7), to=to) for n in range(until, since)]


def test_all_sixteen_signals_are_declared_once_with_a_threshold_and_words() -> None:
    """Numbered as the catalogue of the field numbers them."""
    assert [signal.number for signal in SIGNALS] == list(range(1, 17))
    for signal in SIGNALS:
        assert threshold_on(signal.key, AS_OF).source
        assert signal.title.zh
        assert signal.explains.en


def test_a_past_day_is_judged_by_the_thresholds_of_then() -> None:
    """The statutory 60 days bind from 2025-06-01; a later entry changes nothing before its day."""
    assert threshold_on("payment-slowdown", date(2025, 5, 31)).get("statutory_days") is None
    assert threshold_on("payment-slowdown", date(2025, 6, 1)).get("statutory_days") == 60
    later = {"signal": "revenue-spike", "valid_from": date(2021, 1, 1), "source": "a bank", "values": {"fires": 9.0}}
    entries = (*declared(), *read({"threshold": [later]}))
    book = scene(*steady(until=1), sale("2020-02-10", 400_000))
    assert reading(SignalInputs(book.evidence, AS_OF, thresholds=entries), "revenue-spike")["fires"]  # type: ignore[index]


def test_a_day_before_the_first_threshold_has_the_first() -> None:
    """Whoever dates a book in the year one is answered too."""
    assert threshold_on("circular-invoicing", date(1, 1, 1)) == threshold_on("circular-invoicing", date(1900, 1, 1))


def test_sales_that_fall_by_half_fire_and_a_usual_swing_does_not() -> None:
    """Three months at half of last year's, in a firm that never swings."""
    found = reading(scene(*steady(since=30, until=3), *steady(50_000, until=0, since=3)), "revenue-drop")
    assert found is not None
    assert found["fires"]
    assert found["value"] == pytest.approx(-0.5, abs=0.01)
    calm = reading(scene(*steady()), "revenue-drop")
    assert calm is not None
    assert calm["calm"]


def test_a_month_of_four_times_the_usual_is_a_spike() -> None:
    """The median of the twelve months before it is the measure."""
    found = reading(scene(*steady(until=1), sale("2020-02-10", 400_000)), "revenue-spike")
    assert found is not None
    assert found["fires"]
    assert found["value"] == pytest.approx(4, abs=0.05)


def test_concentration_fires_where_it_is_high_and_rising() -> None:
    """Ten customers became one; a firm that always had one is concentrated, but no news."""
    spread = [sale(f"{MONTHS[n]}", 100_000, to=f"K{n % 10}") for n in range(12, 30)]
    rising = reading(scene(*spread, *steady(to="K1", since=12)), "concentration")
    always = reading(scene(*steady()), "concentration")
    assert rising is not None
    assert always is not None
    assert (rising["fires"], always["fires"]) == (True, False)


def test_what_is_billed_at_a_month_s_end_and_taken_back_at_once_fires() -> None:
    """Half of January was billed on its last day and reversed on 2 February."""
    book = scene(
        *steady(),
        sale("2020-01-31", 120_000, to="K2"),
        sale("2020-02-02", -120_000, to="K2"),
    )
    [found] = evaluate(book, [BY_KEY["red-letter-surge"]]).hits.to_dicts()
    assert (found["event"], found["subject"]) == ("2020-02", "month-end reversals")
    assert records_of(book, "red-letter-surge")["amount_fen"].to_list() == [-120_000]


def test_void_rate_and_margin_and_burden_are_held_against_peers() -> None:
    """A fifth of the invoices void, peers void one in fifty; purchases far above sales; no tax where peers pay."""
    rows = [sale("2020-02-03", 1000, number=f"v{n}", status="void" if n % 5 == 0 else "valid") for n in range(20)]
    usual = {"enterprise": "local:E1", "void_rate": 0.02, "burden_low": 0.01, "burden_high": 0.1}
    norms = pl.DataFrame([{**usual, "margin_low": 0.0, "margin_high": 0.5}], schema=NORMS)
    book = scene(*rows, purchase("2020-02-01", 900_000), beside=Surroundings(norms=norms))
    for signal in ("void-rate-spike", "purchases-sales-mismatch", "tax-burden-anomaly"):
        found = reading(book, signal)
        assert found is not None
        assert found["fires"], signal


def test_a_small_taxpayer_near_its_legal_cap_is_told() -> None:
    """4.6 of 5 million yuan in twelve months; a general taxpayer has no such cap."""
    rows = [sale("2019-12-01", 460_000_000)]
    small = scene(*rows, firms=[{"enterprise": "local:E1", "taxpayer": "small"}])
    found = reading(small, "invoicing-near-cap")
    assert found is not None
    assert found["fires"]
    assert (
        reading(scene(*rows, firms=[{"enterprise": "local:E1", "taxpayer": "general"}]), "invoicing-near-cap") is None
    )


def payment(direction: str, day: str, fen: int, **more: Any) -> dict[str, Any]:
    row = {"direction": direction, "enterprise": "local:E1", "reference": f"{day}{fen}", "amount_fen": fen}
    return {**row, "date": date.fromisoformat(day), "status": "valid", "counterparty": "local:L1", **more}


def test_receipts_below_three_fifths_of_what_was_billed_fire() -> None:
    """Half of it came in; a reversed payment and one for wages do not count."""
    rows = [sale("2020-01-15", 100_000, number=str(n)) for n in range(6)]
    paid = [payment("in", "2020-02-01", 300_000), payment("in", "2020-02-02", 300_000, status="reversed")]
    found = reading(
        scene(*rows, payments=[*paid, payment("in", "2020-02-03", 90_000, purpose="wage")]), "cash-against-invoices"
    )
    assert found is not None
    assert (found["value"], found["fires"]) == (0.5, True)


def test_suppliers_that_wait_longer_than_before_are_told() -> None:
    """Ten days for half a year, forty in the last three months, first in, first out."""
    bought, paid = [], []
    for n, wait in [(n, 40 if n < 4 else 10) for n in range(1, 10)]:
        bought.append(purchase(f"{AS_OF - timedelta(days=30 * n + wait - 20)}", 1000 + n))
        paid.append(payment("out", f"{AS_OF - timedelta(days=30 * n - 20)}", 1000 + n))
    found = reading(scene(*bought, payments=paid), "payment-slowdown")
    assert found is not None
    assert found["fires"]
    assert found["value"] == pytest.approx(30, abs=6)


def test_an_invoice_unpaid_beyond_the_statutory_days_is_an_event_since_the_law() -> None:
    """61 days in 2026; the same in 2020 was no breach of this rule."""
    for day, expected in ((date(2026, 3, 1), True), (AS_OF, False)):
        rows = [purchase(f"{day - timedelta(days=200)}", 500), purchase(f"{day - timedelta(days=61)}", 500)]
        book = scene(*rows, as_of=day, payments=[payment("out", f"{day - timedelta(days=150)}", 500)])
        hits = evaluate(book, [BY_KEY["payment-slowdown"]]).hits
        assert ("statutory" in hits["event"]) is expected


def test_a_customer_that_defaulted_or_is_on_the_dishonest_list_is_exposure() -> None:
    """K1 takes half of the sales; a repaired record and a default still to come count for nothing."""
    rows = [sale("2020-01-10", 100_000, to="K1"), sale("2020-01-11", 100_000, to="K2")]
    record = {"enterprise": "local:K1", "record": "dishonest", "number": "1", "date": date(2020, 1, 5)}
    listed = {**record, "published_on": date(2020, 1, 6)}
    repaired = {**listed, "enterprise": "local:K2", "repaired_on": date(2020, 2, 1)}
    future = pl.DataFrame([["local:K2", True, date(2020, 3, 1), "imp"]], schema=OUTCOMES, orient="row")
    book = scene(*rows, public_records=[listed, repaired], beside=Surroundings(outcomes=future))
    found = reading(book, "counterparty-default")
    assert found is not None
    assert (found["subject"], found["value"], found["fires"]) == ("local:K1", 0.5, True)
    assert set(records_of(book, "counterparty-default")["kind"]) == {"public-records", "invoices"}


def test_who_has_sold_nothing_for_a_year_depends_on_no_customer() -> None:
    """Nothing of nothing is no share: neither a customer in default nor one that was lost is told of."""
    days = [AS_OF - timedelta(days=400 + 10 * n) for n in range(12)]
    rows = [sale(f"{day}", 100_000, to="K1") for day in days] + [sale(f"{AS_OF - timedelta(days=390)}", 1000, to="K2")]
    taken_back = [sale("2020-01-10", -100_000, to="K1")]
    record = {"enterprise": "local:K1", "record": "dishonest", "number": "1", "date": date(2020, 1, 5)}
    listed = {**record, "published_on": date(2020, 1, 6)}
    for book in (scene(*rows, public_records=[listed]), scene(*rows, *taken_back, public_records=[listed])):
        found = evaluate(book, [BY_KEY["counterparty-default"], BY_KEY["key-customer-lost"]]).readings
        assert found.is_empty(), found


def test_a_value_that_is_no_number_neither_fires_nor_is_calm() -> None:
    """Whatever a signal divides by nothing."""
    undefined = pl.DataFrame({"enterprise": ["local:E1"], "value": [float("nan")]})
    told = readings(undefined.with_columns(fires=pl.col("value") >= 0.05, calm=pl.col("value") >= 0.05))
    assert told.select("fires", "calm").row(0) == (False, False)


def test_a_new_controller_a_capital_cut_and_a_freeze_are_events() -> None:
    """The first controller is none, and neither is what happened long ago."""
    of = {"enterprise": "local:E1"}
    relations = [
        {**of, "relation": "controller", "party": "p1", "since": date(2015, 1, 1)},
        {**of, "relation": "controller", "party": "p2", "since": date(2020, 1, 1)},
        {**of, "relation": "person-in-charge", "party": "p1", "since": date(2020, 1, 1)},
        {**of, "relation": "capital", "party": "c", "amount_fen": 900, "since": date(2015, 1, 1)},
        {**of, "relation": "capital", "party": "c", "amount_fen": 100, "since": date(2020, 2, 1)},
    ]
    freeze = {**of, "record": "freeze", "number": "7", "date": date(2020, 2, 1), "published_on": date(2020, 2, 2)}
    old = {**freeze, "number": "6", "date": date(2017, 2, 1), "published_on": date(2017, 2, 2)}
    book = scene(relations=relations, public_records=[freeze, old])
    hits = evaluate(book, [BY_KEY["legal-change"]]).hits
    assert hits["event"].to_list() == ["capital 2020-02-01", "controller 2020-01-01", "freeze 7"]
    assert set(records_of(book, "legal-change")["kind"]) == {"relations", "public-records"}


def test_six_queries_of_half_a_year_are_a_burst_and_two_of_one_bank_on_a_day_are_one() -> None:
    """Counted up to the day on which it is asked, however old the book is."""
    asked = [("local:E1", f"bank-{n}", date(2026, 5, n + 1)) for n in range(6)]
    twice = [*asked[:5], asked[0], ("local:E1", "bank-9", date(2025, 1, 1))]
    # Asking the same anew within a month is one question; a month later it is another.
    again = [*asked[:5], ("local:E1", "bank-0", date(2026, 5, 20))]
    later = [*asked[:5], ("local:E1", "bank-0", date(2026, 3, 20))]
    for rows, expected in ((asked, True), (twice, False), (again, False), (later, True)):
        queries = pl.DataFrame(rows, schema=QUERIES, orient="row")
        found = reading(scene(beside=Surroundings(queries=queries, asked_on=date(2026, 6, 1))), "query-burst")
        assert found is not None
        assert found["fires"] is expected


def test_a_signal_without_a_source_says_so() -> None:
    """Nothing is known of payments, of peers, of the register: no reading, and named."""
    found = evaluate(scene(*steady()))
    assert {"cash-against-invoices", "tax-burden-anomaly", "legal-change", "query-burst"} <= found.sourceless
    assert not set(found.readings["signal"]) & found.sourceless


def test_a_ring_is_the_same_for_the_signal_and_where_rings_are_told() -> None:
    """Of each day on which one of the two changes; only for how long it is told differs."""
    for day in {entry.valid_from for entry in (*declared(), *limits.declared())}:
        told, counts = threshold_on("circular-invoicing", day), limits.limits_on(day)
        for name in ("hops", "days", "tolerance", "least_fen"):
            assert told[name] == getattr(counts, name)
