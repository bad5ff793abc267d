"""How the client calls: each subject of it reads its answers over one wire, a page at a time or when a job is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, TypeVar, cast
from urllib.parse import quote

from smecredit.client.wire import Wire
from smecredit.problems import Problem

OnProgress = Callable[[int, int | None], None]
Json = dict[str, Any]
Shape = TypeVar("Shape")
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5  # seconds between two looks at a job
UNFINISHED = ("queued", "running", "training", "withdrawing")


class Calls:
    """What each subject of the client stands on; `shape` names the type of an answer and checks nothing."""

    _wire: Wire

    def _get(self, shape: type[Shape], path: str, *, purpose: str | None = None, **query: str | None) -> Shape:
        return cast("Shape", self._wire.call("GET", path, query=query, headers=_purpose(purpose)).json())

    def _post(
        self, shape: type[Shape], path: str, value: Any, *, purpose: str | None = None, **query: str | None
    ) -> Shape:
        answer = self._wire.call("POST", path, value=value, query=query, headers=_purpose(purpose))
        return cast("Shape", answer.json())

    def _put(self, shape: type[Shape], path: str, value: Mapping[str, Any]) -> Shape:
        return cast("Shape", self._wire.call("PUT", path, value=value).json())

    def _delete(self, path: str) -> None:
        self._wire.call("DELETE", path)

    def _pages(
        self, shape: type[Shape], path: str, *, purpose: str | None = None, **query: str | None
    ) -> Iterator[Shape]:
        cursor: str | None = None
        while True:
            page = self._get(Json, path, purpose=purpose, limit="100", cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return

    def _finished(
        self, shape: type[Shape], path: str, on_progress: OnProgress | None, *, purpose: str | None = None
    ) -> Shape:
        """Wait until a job is done and return it; raise `Problem` where it failed."""
        pause = FIRST_PAUSE
        while (job := self._get(Json, path, purpose=purpose))["state"] in UNFINISHED:
            _tell(on_progress, job.get("progress"))
            time.sleep(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE)
        if job["state"] == "failed":
            raise Problem.of(job.get("problem"))
        _tell(on_progress, job.get("progress"))
        return cast("Shape", job)

    def _batch(self, path: str, value: Json, purpose: str, on_progress: OnProgress | None) -> list[Json]:
        """Order a batch, wait for it, and return its lines."""
        place = f"{path}/{segment(self._post(Json, path, value, purpose=purpose)['id'])}"
        self._finished(Json, place, on_progress)
        return self._wire.call("GET", f"{place}/results").lines()


def segment(text: str) -> str:
    """Return an id as one segment of a path."""
    return quote(text, safe=":")


def iso(moment: date | None) -> str | None:
    """Return a date or moment as the wire carries it."""
    return moment.isoformat() if moment else None


def given(**members: Any) -> Json:
    """Return the members that are set."""
    return {name: value for name, value in members.items() if value is not None}


def moments(as_of: date | None, known_at: datetime | None = None) -> Json:
    """Return the two times of a question, where they are set."""
    return given(as_of=iso(as_of), known_at=iso(known_at))


def listed(enterprises: Iterable[str] | None) -> list[str] | None:
    """Return the firms of a question, None for all."""
    return None if enterprises is None else list(enterprises)


def _purpose(purpose: str | None) -> dict[str, str]:
    """Return the header that names why someone else's file is read."""
    return {"Purpose": purpose} if purpose else {}


def _tell(on_progress: OnProgress | None, progress: Mapping[str, Any] | None) -> None:
    """Report progress where someone listens."""
    if on_progress and progress:
        on_progress(progress["done"], progress["total"])
