"""Finding a firm by its name, however it is written."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from profile_house import House, open_house

from chassis.core.identity import Verifier

FIRMS = (
    ("local:E1", "北京云杉数据科技有限公司"),
    ("local:E2", "上海云杉数据科技有限公司"),
    ("local:E3", "无锡锡山铸造厂"),
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    home = tmp_path_factory.mktemp("home")
    found = open_house(f"sqlite:///{home / 'profile.db'}", home, verifier, tokens)
    rows = "\n".join(f"{code},{name}" for code, name in FIRMS)
    found.send("enterprises", f"enterprise,name\n{rows}\n")
    return found


def named(house: House, name: str, headers: dict[str, str] | None = None) -> list[str]:
    answer = house.client.get("/v1/enterprises", query_string={"name": name}, headers=headers or house.source)
    return [each["id"] for each in answer.json["items"]]


def test_a_name_written_otherwise_finds_its_firm(house: House) -> None:
    """Brackets, full width and legal form do not matter."""
    assert named(house, "云杉数据科技（北京）有限责任公司") == ["local:E1"]


def test_a_name_that_two_firms_may_bear_names_both(house: House) -> None:
    """Nobody is chosen where the name does not tell."""
    assert named(house, "云杉数据科技有限公司") == ["local:E1", "local:E2"]


def test_another_brand_is_nobody(house: House) -> None:
    """A near miss is no hit."""
    assert named(house, "北京云松数据科技有限公司") == []


def test_a_bank_finds_only_firms_that_consented(house: House) -> None:
    """A name opens no file and tells of none."""
    bank = house.bank()
    assert named(house, FIRMS[2][1], bank) == []
    house.consent("local:E3")
    assert named(house, FIRMS[2][1], bank) == ["local:E3"]
