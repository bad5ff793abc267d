"""Addresses: one place is found equal however its regions are written, and two places never are."""

from __future__ import annotations

import pytest

from services.profile.standards.addresses import located


@pytest.mark.parametrize(
    "ways",
    [
        (
            "北京市海淀区中关村大街1号",
            "海淀区中关村大街１号",
            "北京 海淀区中关村大街1号",
            "中国北京市市辖区海淀区中关村大街1号",
        ),
        ("浙江省杭州市西湖区文三路1号", "杭州市西湖区文三路1号", "浙江杭州市西湖区文三路1号"),
        ("浙江省金华市义乌市稠州路1号", "义乌市稠州路1号"),
        ("广东省东莞市长安镇1号", "东莞市长安镇1号"),
    ],
)
def test_one_place_is_one_however_much_of_its_regions_is_written(ways: tuple[str, ...]) -> None:
    assert len({located(each) for each in ways}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("浙江省杭州市西湖区文三路1号", "江西省南昌市西湖区文三路1号"),
        ("西湖区文三路1号", "浙江省杭州市西湖区文三路1号"),  # there are two of the name
        ("北京市朝阳区建国路1号", "朝阳区建国路1号"),
        ("北京市海淀区1号", "北京市海淀区11号"),
        ("北京市", "北京"),
    ],
)
def test_what_may_be_two_places_is_not_made_one(one: str, other: str) -> None:
    assert located(one) != located(other)
