"""What every service answers for itself is one answer at the door, also where one of them is silent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from chassis.core.errors import UpstreamUnavailable
from chassis.core.wire import Reply
from gateway.door import joined
from gateway.door.routes import ROUTES

JOBS = {
    "profile": [("2026-12-01T05", "imp_1"), ("2026-12-01T02", "imp_2")],
    "scoring": [("2026-12-01T04", "job_1")],
    "matching": [("2026-12-01T03", "job_2"), ("2026-12-01T01", "job_3")],
}


class Said:
    """A service that pages its own jobs as the real ones do."""

    def __init__(self, name: str, status: int = 200) -> None:
        self.name, self.status = name, status

    def exchange(self, method: str, target: str, **_: Any) -> Reply:
        if self.status == 0:
            raise UpstreamUnavailable("down")
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        if method == "POST":
            known = any(job in path for _, job in JOBS[self.name])
            return Reply(200 if known else 404, (), orjson.dumps({"service": self.name}))
        if path == "/v1/retention":
            body = {"version": self.name, "items": [{"key": self.name}], "stays": [{"table": self.name}]}
        else:
            limit, after = int(query["limit"][0]), query.get("after", ["9"])[0]
            rows = [{"created_at": at, "id": job} for at, job in JOBS[self.name] if at < after]
            body = {"items": rows[:limit], "next": "more" if len(rows) > limit else None}
        return Reply(self.status, (), orjson.dumps(body))


def ask(method: str, target: str, down: Mapping[str, int] | None = None) -> tuple[int, dict[str, Any]]:
    services: Any = {name: Said(name, (down or {}).get(name, 200)) for name in JOBS}
    own = {"/v1/retention": lambda: {"version": "g", "items": [{"key": "gateway"}], "stays": []}}
    route = ROUTES[target.split("/")[2].split("?", maxsplit=1)[0]]
    reply = joined.answer(services, own, route, method, target, {})
    return reply.status, orjson.loads(reply.body)


def test_jobs_of_all_services_stand_in_one_order() -> None:
    _, page = ask("GET", "/v1/jobs?limit=3")
    assert [item["id"] for item in page["items"]] == ["imp_1", "job_1", "job_2"]
    assert page["next"] is not None
    _, page = ask("GET", "/v1/jobs?limit=3&after=2026-12-01T03")
    assert ([item["id"] for item in page["items"]], page["next"]) == (["imp_2", "job_3"], None)


def test_a_service_that_is_silent_is_named_and_the_others_are_told() -> None:
    _, page = ask("GET", "/v1/jobs?limit=9", {"profile": 0})
    assert (page["unanswered"], len(page["items"])) == (["profile"], 3)
    with pytest.raises(UpstreamUnavailable):
        ask("GET", "/v1/jobs?limit=9", dict.fromkeys(JOBS, 0))


def test_a_refusal_is_passed_on() -> None:
    assert ask("GET", "/v1/jobs?limit=9", dict.fromkeys(JOBS, 403))[0] == 403


def test_the_policies_of_all_are_listed_and_the_gateway_s_own() -> None:
    _, told = ask("GET", "/v1/retention")
    assert [item["key"] for item in told["items"]] == ["profile", "matching", "scoring", "gateway"]
    assert (told["version"], len(told["stays"])) == ("profile", 3)


@pytest.mark.parametrize(("job", "service"), [("imp_2", "profile"), ("job_1", "scoring"), ("job_3", "matching")])
def test_an_act_finds_the_service_that_knows_the_job(job: str, service: str) -> None:
    assert ask("POST", f"/v1/jobs/{job}/retry") == (200, {"service": service})
    assert ask("POST", "/v1/jobs/job_none/retry")[0] == 404
