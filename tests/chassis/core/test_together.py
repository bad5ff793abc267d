"""Short commands of several programs are done in one process, each as it would be in its own."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.core.together import main

PROGRAM = """
import sys
if __name__ == "__main__":
    with open("told", "a") as told:
        told.write(f"{sys.argv[0]} {sys.argv[1:]}\\n")
    sys.exit("it cannot" if "badly" in sys.argv else 0)
"""


@pytest.fixture(autouse=True)
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lay two programs where they are found."""
    for name in ("first_program", "second_program"):
        (tmp_path / f"{name}.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "argv", [])
    yield
    gc.enable()


def told() -> list[str]:
    return Path("told").read_text().splitlines()


def test_each_gets_its_own_arguments_one_after_the_other() -> None:
    main(["first_program do 'two words'", "second_program do"])
    assert told() == ["first_program ['do', 'two words']", "second_program ['do']"]


def test_the_first_that_fails_ends_it_with_its_words() -> None:
    with pytest.raises(SystemExit, match="it cannot"):
        main(["first_program badly", "second_program do"])
    assert told() == ["first_program ['badly']"]
