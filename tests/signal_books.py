"""Files of sales that signals read something from, and a worker that does all that waits."""

from __future__ import annotations

from datetime import date, timedelta

from profile_house import House

FIRST = date(2018, 1, 10)
HEADER = "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"


def trade(firm: str, *, months: int = 26, quiet_after: int | None = None, partner: str = "K1", net: int = 1000) -> str:
    """Sales of a firm, three a month; to its partner until month `quiet_after`, to another customer always."""
    rows = []
    for month in range(months):
        for step in (0, 10, 20):
            day = FIRST + timedelta(days=round(30.4 * month) + step)
            for buyer in ("K9", *([partner] if quiet_after is None or month < quiet_after else [])):
                rows.append(f"{firm},{len(rows):08},{day:%Y/%m/%d},{buyer},{net}.00,0.00,{net}.00,有效发票\n")
    return HEADER + "".join(rows)


def work_off(house: House) -> None:
    """Do every job that waits."""
    while house.worker.run_once():
        pass
