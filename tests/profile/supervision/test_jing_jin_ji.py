"""京津冀: the worked example of `docs/examples/jing-jin-ji` runs as it is written there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from profile_house import open_house

FOLDER = Path(__file__).parents[3] / "docs" / "examples" / "jing-jin-ji"
REGIONS = ("beijing", "tianjin", "hebei")
TIANJIN_OFFICE = "tianjin-office"
FIRM = "local:HB02"


@pytest.fixture(scope="module")
def house(tmp_path_factory, verifier, tokens):
    home = tmp_path_factory.mktemp("home")
    found = open_house(f"sqlite:///{home / 'profile.db'}", home, verifier, tokens)
    found.follows = False
    found.date_book("2026-06-30")
    for region in REGIONS:
        declared = json.loads((FOLDER / f"{region}.json").read_text("utf-8"))
        saved = found.client.put(f"/v1/connectors/{region}", json=declared, headers=found.source)
        assert saved.status_code == 201, saved.json
        for file, kind in (("enterprises", "enterprises"), ("records", f"public-records&connector={region}")):
            content = (FOLDER / f"{region}-{file}.csv").read_bytes()
            answer = found.send(kind, content)
            assert (answer["state"], answer["rejected"]) == ("done", 0), (answer, found.rejects(answer["id"])[:2])
    while found.worker.run_once():
        pass
    return found


def test_three_sources_become_one_schema(house):
    """Other titles, codes and dates in each file; one kind of record in the book, all of it marked synthetic."""
    rows = sum(len((FOLDER / f"{region}-records.csv").read_text("utf-8").splitlines()) - 1 for region in REGIONS)
    lake = house.context.lakes["public-records"]
    held = lake.read(lake.newest(), without=())
    assert held.height == rows
    assert set(held["record"]) == {"tax-grade", "penalty"}
    assert set(held["tier"].drop_nulls()) == {"general", "serious"}
    assert house.book()["synthetic"] is True


def test_an_office_of_one_region_reads_a_firm_of_another_with_purpose_and_consent(house):
    """Refused without the firm's consent; with it, the read stands in the firm's record with its purpose."""
    office = house.bank("supervision", TIANJIN_OFFICE)
    path = f"/v1/enterprises/{FIRM}/class"
    refused = house.client.get(path, headers=office)
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/consent-required")
    house.consent(FIRM, TIANJIN_OFFICE, ("supervision",))
    read = house.client.get(path, headers=office).json
    assert (read["enterprise"], read["sector"]["key"]) == (FIRM, "construction")
    assert house.client.get(path, headers=house.bank("credit-assessment", TIANJIN_OFFICE)).status_code == 403
    (access,) = house.client.get(f"/v1/enterprises/{FIRM}/accesses", headers=house.owner(FIRM)).json["items"]
    assert (access["client"], access["purpose"], access["what"]) == (TIANJIN_OFFICE, "supervision", "class")


def test_the_regions_index_names_no_firm_and_hides_the_smallest(house):
    """Six firms of Tianjin are hidden, and Beijing with them, since the country's sum would tell of them."""
    order = house.client.post("/v1/indices", json={}, headers=house.operator | {"Idempotency-Key": "jjj"})
    assert order.status_code == 202, order.json
    while house.worker.run_once():
        pass
    answer = house.client.get("/v1/indices?level=province&from=2026-06", headers=house.bank(None, TIANJIN_OFFICE))
    shown = {item["region"]["name"]["zh"]: item["firms"] for item in answer.json["items"]}
    assert shown == {"北京市": None, "天津市": None, "河北省": 60}
    assert answer.json["synthetic"] is True
    assert re.search(rb"local:(BJ|TJ|HB)", answer.data) is None


def test_the_page_says_it_in_both_languages_and_names_what_there_is():
    """Every file that it names is in the folder, and every command of the suite in it is a command."""
    page = (FOLDER / "README.md").read_text("utf-8")
    named = set(re.findall(r"[a-z-]+\.(?:csv|json)", page))
    assert named == {path.name for path in FOLDER.iterdir()} - {"README.md"}
    assert "京津冀" in page
    assert "one schema" in page
