"""The process in which a file is tried: it reads it within bounded memory, and tells whether that went well."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from chassis.core.errors import Refused
from chassis.core.parquet_text import TOO_LARGE, bound, end_with, wants_memory
from services.profile.book.domain.proposal.anything import Anything
from services.profile.book.readers.read import read_as
from services.profile.book.readers.sheets import FileTooLarge, Limits, RawSheet

# How the process ends where it breaks off by a fault of ours.
BROKEN = 5


def tried(asked: dict[str, Any]) -> dict[str, Any]:
    """Read a file by the titles that its form knows; return how it was refused, nothing where it was not.

    Raises whatever says that memory was refused.
    """
    limits = Limits(**asked["limits"], gauged=True)
    form = Anything(asked["kind"], (), constants=asked["constants"], known=frozenset(asked["titles"]))
    try:
        _require_short(read_as(form, Path(asked["path"]), limits), limits)
    except Refused as refusal:
        if any(map(wants_memory, _behind(refusal))):
            raise MemoryError from refusal
        return {"kind": type(refusal).__name__, "detail": refusal.detail, "members": refusal.members}
    return {}


def _require_short(parts: list[RawSheet], limits: Limits) -> None:
    """Raise `FileTooLarge` for a cell that is too long."""
    longest = max((_longest(part.frame) for part in parts), default=0)
    if longest > limits.cell:
        raise FileTooLarge(
            f"A cell holds {longest} bytes of text; at most {limits.cell} are taken: shorten it and send the "
            f"file again. / 有单元格文本达 {longest} 字节，最多 {limits.cell} 字节，请缩短后重新报送。",
            found_bytes=longest,
            limit_bytes=limits.cell,
        )


def _longest(frame: pl.DataFrame) -> int:
    longest = frame.select(cs.string().str.len_bytes().max())
    return max((cell or 0 for cell in longest.row(0)), default=0) if longest.width else 0


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Give what an error came of: a library's, which a reader has told in its own words."""
    while (found := error.__cause__ or error.__context__) is not None:
        yield found
        error = found


def _where(error: BaseException) -> str:
    """Tell what an error is and where it was raised, and not its words: a cell of the file may stand in them."""
    places = (f"{Path(one.filename).name}:{one.lineno}" for one in traceback.extract_tb(error.__traceback__))
    return f"{type(error).__name__} at {' > '.join(places)}"


def main() -> int:
    """Read what is asked from standard input and answer on standard output; return how the process ends."""
    asked = json.load(sys.stdin)
    end_with(asked["parent"])
    bound(asked["limits"]["memory"])
    try:
        told = tried(asked)
    except BaseException as error:  # a library in Rust may panic, which is no ordinary exception
        if wants_memory(error):
            return TOO_LARGE
        sys.stderr.write(_where(error))
        return BROKEN
    sys.stdout.write(json.dumps(told, default=str))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
