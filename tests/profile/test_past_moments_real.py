"""The real book cut at the end of 2018: what was known then is the same after the rest has come."""

from __future__ import annotations

import os
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest
from profile_house import House

from services.profile.book import state_store
from services.profile.book.domain.moment import Asked, Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.settle import settle
from services.profile.portrait.usecases.describe import Describer, Description

REAL = Path(os.environ.get("SMECREDIT_REAL_DATA", Path(__file__).parents[3] / "shared" / "data")) / "cumcm2020c"
FILES = {"invoices.sale": "sales_invoices.csv.gz", "invoices.purchase": "purchase_invoices.csv.gz"}
AS_OF = "2018-12-31"


def send(house: House, rows: dict[str, pl.DataFrame]) -> None:
    for kind, frame in rows.items():
        done = house.send(kind, frame.write_csv())
        assert (done["state"], done["accepted"] > 0) == ("done", True), done


def everything(house: House, asked: Asked) -> dict[str, Description]:
    """Return the description of every firm at the settled moment."""
    with house.context.database.connection() as connection:
        facts = settle(connection, state_store.book(connection), asked, house.context.today())
    moment = Moment(facts.moment.version, facts.moment.as_of, facts.moment.known_at)
    return Describer(house.context.lake).feature_set(Whole(Why.PEERS), moment)


@pytest.mark.skipif(not REAL.is_dir(), reason="real data is not here; set SMECREDIT_REAL_DATA")
def test_the_real_book_cut_at_2018_is_replayed_to_the_byte_after_the_rest_has_come(cottage: House) -> None:
    """Features of all firms by hash, and a firm's whole portrait among its peers of then."""
    day = pl.col("开票日期").str.strip_chars().str.to_date("%Y/%m/%d")
    whole = {kind: pl.read_csv(REAL / file, infer_schema=False) for kind, file in FILES.items()}
    cut = pl.lit(AS_OF).str.to_date()
    send(cottage, {kind: rows.filter(day <= cut) for kind, rows in whole.items()})
    portrait = f"/v1/enterprises/E2/portrait?as_of={AS_OF}"
    then = cottage.client.get(portrait, headers=cottage.owner("local:E2"))
    assert then.status_code == 200, then.json
    known_at = then.json["known_at"]
    features = everything(cottage, Asked(as_of=date.fromisoformat(AS_OF)))

    send(cottage, {kind: rows.filter(day > cut) for kind, rows in whole.items()})
    cottage.client.put("/v1/enterprises/E2", json={"industry": "C13"}, headers=cottage.source)
    again = cottage.client.get(f"{portrait}&known_at={known_at.replace('+', '%2B')}", headers=cottage.owner("local:E2"))
    assert again.data == then.data
    replayed = everything(cottage, Asked(date.fromisoformat(AS_OF), datetime.fromisoformat(known_at)))
    assert len(replayed) > 250
    assert replayed == features
