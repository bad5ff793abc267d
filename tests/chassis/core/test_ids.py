"""Ids sort by time and never meet."""

from __future__ import annotations

from chassis.core.ids import new_id, new_ids


def test_many_ids_are_ascending_and_distinct() -> None:
    """An index takes them in at its end."""
    made = new_ids("sco", 3000) + new_ids("sco", 2)
    assert len(set(made)) == 3002
    assert made[:3000] == sorted(made[:3000])
    assert {len(one) for one in made} == {len(new_id("sco"))}


def test_ids_of_a_later_draw_sort_after_an_earlier_moment() -> None:
    """Their first ten characters are the time, as those of a single id."""
    assert abs(int(new_ids("a", 1)[0][2:12], 36) - int(new_id("a")[2:12], 36)) < 36**3


def test_no_ids_are_an_empty_list() -> None:
    """A chunk may be empty."""
    assert new_ids("sco", 0) == []
