"""The replay of a past period: its days, and how alerts are judged on outcomes."""

from __future__ import annotations

from datetime import date

from profile_house import House
from signal_books import trade

from services.profile.watch.domain.signals.alerts import Alert
from services.profile.watch.usecases.replay import Period, replay, report

DAYS = [date(2019, 1, 31), date(2019, 12, 31)]


def alert(firm: str, day: date, signal: str = "revenue-drop") -> Alert:
    return Alert(firm, signal, "", "warning", None, None, None, day)


def test_a_period_of_month_ends_keeps_to_month_ends() -> None:
    """And ends on its last day, whatever the step."""
    assert Period(date(2019, 11, 30), date(2020, 3, 5)).days() == [
        date(2019, 11, 30),
        date(2019, 12, 30),
        date(2020, 1, 30),
        date(2020, 2, 29),
        date(2020, 3, 5),
    ]


def test_precision_and_recall_count_labelled_firms_warned_before_their_default() -> None:
    """A warns in time, B after the fact, C without a default, D is not labelled, E is missed."""
    outcomes = {
        "A": (True, date(2019, 12, 1)),
        "B": (True, date(2019, 3, 1)),
        "C": (False, None),
        "E": (True, date(2019, 12, 1)),
    }
    alerts = [alert("A", date(2019, 6, 1)), *(alert(name, date(2019, 7, 1)) for name in "BCD")]
    found = report(alerts, outcomes, DAYS)["signals"]["revenue-drop"]
    assert (found["alerts"], found["labelled_firms"], found["defaulted_firms"]) == (4, 2, 1)
    assert (found["precision"], found["recall"]) == (0.5, 1 / 3)
    assert (found["lead_days"]["median"], found["lead_to"]) == (183, "default")


def test_the_replay_of_a_book_finds_the_alert_on_the_day_that_it_could_be_known(cottage: House) -> None:
    """E1's customer fell silent in late 2019: a default in 2020 was foretold."""
    for firm, quiet in (("E1", 20), ("E2", None)):
        cottage.send("invoices.sale", trade(firm, quiet_after=quiet))
    cottage.send("outcomes", "企业代号,是否违约,认定日期\nE1,是,2020-06-30\nE2,否,\n")
    found = replay(cottage.context, Period(date(2019, 6, 30), date(2020, 2, 29)))
    lost = found["signals"]["key-customer-lost"]
    assert (lost["alerts"], lost["precision"], lost["recall"]) == (1, 1.0, 1.0)
    assert lost["lead_days"]["median"] > 150
