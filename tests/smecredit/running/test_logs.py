"""Logs of the suite's processes are bounded, while their writers hold them open."""

from __future__ import annotations

from pathlib import Path

from smecredit.running.process import LOG_PARTS, Child, Command


def test_a_log_that_is_too_long_is_set_aside_and_its_writer_goes_on(tmp_path: Path) -> None:
    """The writer keeps the file that it opened; only so many older parts stay."""
    child = Child(Command("gateway", ()), {}, tmp_path / "gateway.log")
    assert not child.bound_log(10)
    with child.log.open("ab", buffering=0) as writer:
        for number in range(LOG_PARTS + 2):
            writer.write(f"line {number} of many\n".encode())
            assert child.bound_log(10)
        writer.write(b"last\n")
        assert not child.bound_log(10)
    assert child.log.read_bytes() == b"last\n"
    parts = sorted(tmp_path.glob("gateway.log.*"))
    assert [part.read_text() for part in parts] == [f"line {number} of many\n" for number in (4, 3, 2)]
    assert child.last_words() == "last"
