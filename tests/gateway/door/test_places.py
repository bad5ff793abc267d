"""What one client may hold at once of the door and of a service, so that its neighbours find room."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from gateway.door.places import Places, TooManyAtOnce
from gateway.door.routes import FEW, MANY, ROUTES, Route

Bearer = Callable[..., dict[str, str]]
THREADS_OF_A_SERVICE, THREADS_OF_THE_GATEWAY = 32, 96


def test_a_client_with_more_connections_than_places_is_told_so_and_another_is_answered(
    app: Flask, bearer: Bearer, service: Any
) -> None:
    """429 with a time to come back; as soon as one has ended there is a place again."""
    first, second, client = bearer("bank-1"), bearer("bank-2"), app.test_client()
    places = app.extensions["places"]
    held = [places.enter("bank-1") for _ in range(places.most)]
    refused = client.get("/v1/book", headers=first)
    assert (refused.status_code, refused.json["type"]) == (429, "/problems/too-many-at-once")
    assert refused.headers["Retry-After"] == "1"
    assert client.get("/v1/book", headers=second).status_code == 200
    held.pop()()
    assert client.get("/v1/book", headers=first).status_code == 200


def test_every_request_gives_its_places_back(app: Flask, bearer: Bearer, service: Any) -> None:
    """Answered, refused, streamed or broken off: more requests than there are places."""
    service.answers["/v1/feature-sets"] = (200, {"Content-Type": "text/csv"}, b"a" * 200_000)
    headers, client = bearer(), app.test_client()
    for _ in range(app.extensions["places"].most + 2):
        for path, status in (("/v1/book", 200), ("/v1/none", 404), ("/v1/clients", 403)):
            with client.get(path, headers=headers) as answer:
                assert answer.status_code == status
        with client.get("/v1/book") as unknown:
            assert unknown.status_code == 401
        with client.post("/v1/feature-sets", headers=headers, data=b"{}") as streamed:
            assert len(streamed.data) == 200_000
        with client.get("/openapi.json") as page:
            assert page.status_code in {200, 503}
        client.post("/v1/scores", headers=headers, input_stream=None, content_length=5).close()
    assert app.extensions["places"]._taken == {}


def test_pages_without_a_key_are_counted_by_address(app: Flask, bearer: Bearer, service: Any) -> None:
    """Whoever fills the door without a key is told so too; the routes of clients stay open."""
    places, headers = app.extensions["places"], bearer()
    held = [places.enter_address("127.0.0.1") for _ in range(places.most_of_address)]
    assert app.test_client().get("/livez").status_code == 429
    assert app.test_client().get("/v1/book", headers=headers).status_code == 200
    held.pop()()
    assert app.test_client().get("/livez").status_code == 200


@pytest.mark.parametrize("path", ["/v1/none", "/v1/book", "/v1/clients", "/livez", "/openapi.json"])
def test_an_answer_holds_its_place_until_it_was_sent(app: Flask, service: Any, path: str) -> None:
    """However short: what was sent before it on its connection may fill the buffers. Nobody's requests hold one too."""
    answer = app.test_client().get(path)
    assert app.extensions["places"]._taken == {("address", "127.0.0.1"): 1}
    answer.close()
    assert app.extensions["places"]._taken == {}


def test_a_clients_answer_holds_the_clients_place_alone(app: Flask, bearer: Bearer, service: Any) -> None:
    """The address's is not taken beside it: many clients may stand behind one."""
    with app.test_client().get("/v1/book", headers=bearer("bank-1")):
        assert app.extensions["places"]._taken == {"bank-1": 1}
    assert app.extensions["places"]._taken == {}


class Watched:
    """Stands where gunicorn hands the connection's socket on; notes the grace that a request is given."""

    def __init__(self) -> None:
        self.graces: list[float] = []

    def begin(self, grace: float) -> None:
        self.graces.append(grace)


def test_an_answer_without_a_place_is_not_waited_for(app: Flask) -> None:
    """Else whoever is refused could hold a thread with that."""
    places, sock = app.extensions["places"], Watched()
    held = [places.enter_address("127.0.0.1") for _ in range(places.most_of_address)]
    for path, status in (("/livez", 429), ("/v1/book", 401)):
        assert app.test_client().get(path, environ_overrides={"gunicorn.socket": sock}).status_code == status
    assert (sock.graces, len(held)) == ([0.0, 0.0], places.most_of_address)


def test_beyond_a_routes_places_a_request_waits_for_the_clients_own() -> None:
    """The next goes when one ends, in the order in which they came."""
    places, route, order = Places(wait=20), Route("profile", at_once=2), list[int]()
    running = [places.begin("bank-1", route), places.begin("bank-1", route)]

    def work(number: int) -> None:
        with places.at_work("bank-1", route):
            order.append(number)

    threads = []
    for number in range(3):
        threads.append(threading.Thread(target=work, args=(number,)))
        threads[-1].start()
        while len(places._waiting[("bank-1", route.kind)]) <= number:
            pass
    assert order == []
    with places.at_work("bank-2", route), places.at_work("bank-1", Route("scoring", at_once=2)):
        running.pop()()
        for thread in threads:
            thread.join(20)
    assert order == [0, 1, 2]
    running.pop()()
    assert (places._taken, places._waiting) == ({}, {})


def test_who_waits_too_long_is_refused_and_leaves_the_line() -> None:
    """Nobody stands in line for ever."""
    places, route = Places(wait=0.05), Route("profile", at_once=1)
    finish = places.begin("bank-1", route)
    with pytest.raises(TooManyAtOnce):
        places.begin("bank-1", route)
    finish()
    finish()  # once only
    assert (places._taken, places._waiting) == ({}, {})


@pytest.mark.parametrize("path", ["/v1/imports", "/v1/import-previews", "/v1/evaluations"])
def test_an_upload_without_a_place_is_refused_at_once_and_reads_go_on(
    app: Flask, bearer: Bearer, service: Any, path: str
) -> None:
    """Its body is not read while it waits, so a reset would be all that its sender learns after half a minute."""
    places, headers, client = app.extensions["places"], bearer("bank-1"), app.test_client()
    places._wait = 600.0  # who waited would not come back within this test
    held = [places.begin("bank-1", ROUTES[path.removeprefix("/v1/")].of("POST")) for _ in range(FEW)]
    with client.post(path, headers=headers, data=bytes(200_000)) as refused:
        assert (refused.status_code, refused.json["type"]) == (429, "/problems/too-many-at-once")
        assert refused.headers["Retry-After"] == "5"
    with client.get(path, headers=headers) as read:
        assert read.status_code == 200
    held.pop()()
    with client.post(path, headers=headers, data=bytes(200_000)) as taken:
        assert (taken.status_code, taken.json["received"]) == (200, 200_000)


def test_one_client_leaves_room_in_the_gateway_and_in_every_service() -> None:
    """What it may have under way in a service is less than the service's threads."""
    for threads in (12, 32, THREADS_OF_THE_GATEWAY):
        assert Places(threads).most + Places(threads).most_of_address < threads
    assert (Places(96).most, Places(96).most_of_address) == (64, 24)
    kinds = {route.of(method).kind for route in ROUTES.values() for method in ("GET", "POST")}
    for service in ("profile", "scoring", "matching"):
        assert (
            sum(most for name, most in kinds if name in {service, f"uploads to {service}"}) <= THREADS_OF_A_SERVICE - 4
        )
    assert FEW < MANY


@pytest.mark.parametrize("path", ["/v1/catalogue", "/v1/drift", "/v1/feature-sets"])
def test_head_with_a_body_is_answered_at_once(app: Flask, bearer: Bearer, service: Any, path: str) -> None:
    """The body means nothing: the service gets none, and nobody waits for that of its answer."""
    answer = app.test_client().head(path, headers=bearer(), data=b"{}", content_type="application/json")
    assert (answer.status_code, service.asked[-1]["method"], service.asked[-1]["received"]) == (200, "HEAD", 0)
