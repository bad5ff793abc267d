"""Regions: codes in force, codes abolished, names from the province down; what is unknown is a warning."""

from __future__ import annotations

import pytest

from services.profile.standards.regions import by_code, find, place, regions, short


def test_the_table_has_every_province_once_in_force() -> None:
    """34 of them, the special regions among them."""
    provinces = [each for each in regions() if each.level == "province" and each.until is None]
    assert len({each.code for each in provinces}) == len(provinces) == 34


def test_every_code_has_six_digits_and_at_most_one_name_in_force() -> None:
    """History may give a code several names, the present one."""
    held = [each.code for each in regions() if each.until is None]
    assert len(held) == len(set(held)) > 3000
    assert all(len(each.code) == 6 and each.code.isdigit() for each in regions())


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("330113", "330113"),  # 临平区, new in 2021
        ("3205", "320500"),
        ("32", "320000"),
        ("江苏", "320000"),
        ("苏州市", "320500"),
        ("江苏省苏州市昆山市", "320583"),
        ("苏州昆山", "320583"),
        ("内蒙古", "150000"),
        ("广西", "450000"),
        ("延边", "222400"),
        ("北京市朝阳区", "110105"),
    ],
)
def test_a_region_is_read_from_a_code_or_from_names(written: str, code: str) -> None:
    """Codes of two, four and six digits; full and everyday names."""
    assert (find(written).code, find(written).warning) == (code, None)


@pytest.mark.parametrize(("code", "name"), [("330103", "下城区"), ("110103", "崇文区"), ("310119", "南汇区")])
def test_an_abolished_region_keeps_its_name_and_warns(code: str, name: str) -> None:
    """Old credit codes embed it."""
    found = find(code)
    assert (found.code, found.name) == (code, name)
    assert "已撤销" in str(found.warning)


@pytest.mark.parametrize(("written", "code"), [("999999", "999999"), ("朝阳区", None), ("乌有市", None)])
def test_an_unknown_or_ambiguous_region_is_a_warning(written: str, code: str | None) -> None:
    """朝阳区 is in Beijing and in Changchun."""
    assert find(written).code == code
    assert find(written).warning


def test_a_place_is_said_from_the_province_down() -> None:
    """What has no prefecture of its own leaves it out."""
    assert place("320583") == ("江苏省", "苏州市", "昆山市")
    assert place("110105") == ("北京市", "朝阳区")


def test_the_everyday_name_of_every_region_is_a_part_of_its_name() -> None:
    """It is never a single character."""
    assert all(each.name.startswith(short(each.name)) and len(short(each.name)) >= 2 for each in by_code().values())
