"""Applications as their parties meet them: one dossier, several banks, every move recorded and told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import pytest
from bank_products import a_product
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from chassis.core import webhooks
from chassis.data.keys import TABLE as KEPT
from services.matching.domain.application import ENDED, EVENTS, Party, State, Statement, move, possible_moves
from services.matching.domain.endpoint import PAUSES
from services.matching.domain.loan_offer import LoanTerms
from services.matching.usecases.deliver import Postman

SCOPES = "applications:write applications:read webhooks:write products:write products:read"
NEED = {"amount_fen": 50_000_000, "months": 12}
TERMS = {"amount_fen": 40_000_000, "months": 12, "rate": 0.0435}
SAID = {"offer": {"terms": TERMS}, "accept": {"offer": 1}, "disburse": {"drawn_fen": 40_000_000}}


class Parties:
    """The enterprise, its platform and two banks, with a client."""

    def __init__(self, client: Any, tokens: Any) -> None:
        self.client = client
        self.firm = tokens(role="enterprise", client="local:E1", enterprise="local:E1", scopes=SCOPES)
        self.bank = tokens(role="bank", client="bank-1", scopes=SCOPES)
        self.other = tokens(role="bank", client="bank-2", scopes=SCOPES)
        self.platform = tokens(role="platform", client="platform-1", scopes=SCOPES)

    def post(self, who: dict[str, str], path: str, body: Any = None, key: str | None = None) -> Any:
        return self.client.post(path, json=body or {}, headers=who | {"Idempotency-Key": key or str(uuid4())})

    def hand_in(self, who: dict[str, str] | None = None, **said: Any) -> Any:
        order = {"enterprise": "local:E1", "products": ["one", "two"], "need": NEED, **said}
        return self.post(who or self.firm, "/v1/applications", order)

    def opened(self) -> str:
        return str(self.hand_in(products=["one"]).json["applications"][0]["id"])

    def go(self, application: str, *events: str) -> Any:
        """Make moves as whoever may make them; return the last answer."""
        for event in events:
            who = self.bank if EVENTS[event].by is Party.BANK else self.firm
            answer = self.post(
                who, f"/v1/applications/{application}/{event}", {"reason": "because", **SAID.get(event, {})}
            )
            assert answer.status_code == 200, answer.json
        return answer


@pytest.fixture
def parties(client: Any, tokens: Any) -> Parties:
    made = Parties(client, tokens)
    for product, bank in (("one", made.bank), ("two", made.other)):
        answer = made.post(bank, "/v1/products", a_product(id=product))
        assert answer.status_code == 201, answer.json
    return made


def test_one_dossier_goes_to_several_banks(parties: Parties) -> None:
    """An application for each product, each with the bank that published it."""
    answer = parties.hand_in()
    assert answer.status_code == 201, answer.json
    assert [(a["product"], a["bank"], a["state"]) for a in answer.json["applications"]] == [
        ("one", "bank-1", "submitted"),
        ("two", "bank-2", "submitted"),
    ]


def test_a_second_click_is_no_second_application(parties: Parties) -> None:
    """With another key, too: the ones under way are returned, under the dossier that they have."""
    first, second = parties.hand_in(), parties.hand_in()
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json["dossier"] == first.json["dossier"]
    assert all(each["existing"] for each in second.json["applications"])
    assert [a["id"] for a in first.json["applications"]] == [a["id"] for a in second.json["applications"]]
    assert len(parties.client.get("/v1/applications", headers=parties.firm).json["items"]) == 2


def test_an_answer_kept_before_the_upgrade_is_given_again(parties: Parties, here: Any) -> None:
    """It says of no application whether it existed; all of them were new then (201)."""
    order = {"enterprise": "local:E1", "products": ["one"], "need": NEED}
    first = parties.post(parties.firm, "/v1/applications", order, key="k-before").json
    before = {**first, "applications": [{k: v for k, v in first["applications"][0].items() if k != "existing"}]}
    with here.database.begin() as session:
        session.execute(update(KEPT).where(KEPT.c.key == "k-before").values(answer=before))
    again = parties.post(parties.firm, "/v1/applications", order, key="k-before")
    assert (again.status_code, again.json) == (201, before)


def test_after_its_end_the_enterprise_may_apply_anew(parties: Parties) -> None:
    """A declined application blocks nothing."""
    first = parties.opened()
    parties.go(first, "decline")
    assert parties.opened() != first


def test_the_whole_way_is_recorded(parties: Parties) -> None:
    """Who moved it, to where, and why, in order."""
    application = parties.opened()
    parties.go(application, "review", "offer", "accept", "disburse")
    answer = parties.client.get(f"/v1/applications/{application}", headers=parties.firm).json
    assert [(e["event"], e["state"], e["party"]) for e in answer["events"]] == [
        ("submit", "submitted", "applicant"),
        ("review", "under-review", "bank"),
        ("offer", "offered", "bank"),
        ("accept", "accepted", "applicant"),
        ("disburse", "disbursed", "bank"),
    ]
    assert answer["terms"] == TERMS


@pytest.mark.parametrize(("event", "defaulted"), [("repay", False), ("default", True)])
def test_what_becomes_of_a_loan_goes_to_scoring(parties: Parties, neighbours: Any, event: str, defaulted: bool) -> None:
    """As the bank's outcome, under a key that makes a repetition harmless."""
    application = parties.opened()
    parties.go(application, "offer", "accept", "disburse", event)
    ((_, headers, told),) = [asked for asked in neighbours.asked if asked[0] == "/v1/outcomes"]
    assert (told["enterprise"], told["defaulted"]) == ("local:E1", defaulted)
    assert headers["Idempotency-Key"] == f"{application}-{event}"


def test_the_other_party_s_move_is_refused(parties: Parties) -> None:
    """A firm cannot approve itself."""
    answer = parties.post(parties.firm, f"/v1/applications/{parties.opened()}/offer", {"terms": TERMS})
    assert (answer.status_code, answer.json["type"].rsplit("/", 1)[-1]) == (403, "not-your-move")


def test_a_move_from_elsewhere_is_refused_with_the_moves_there_are(parties: Parties) -> None:
    """The refusal says where it stands."""
    answer = parties.post(parties.bank, f"/v1/applications/{parties.opened()}/disburse")
    assert answer.status_code == 409
    assert "review, offer, decline" in answer.json["detail"]


def test_to_decline_needs_a_reason(parties: Parties) -> None:
    """No refusal without words."""
    answer = parties.post(parties.bank, f"/v1/applications/{parties.opened()}/decline")
    assert answer.status_code == 422


def test_another_bank_sees_nothing(parties: Parties) -> None:
    """Not even that there is such an application."""
    application = parties.opened()
    assert parties.client.get(f"/v1/applications/{application}", headers=parties.other).status_code == 404
    assert parties.client.get("/v1/applications", headers=parties.other).json["items"] == []


def test_a_bank_never_hears_of_a_draft_that_was_withdrawn(parties: Parties) -> None:
    """It was never handed in; one that was stays the bank's to read."""
    made = []
    for draft in (True, False):
        made.append(parties.hand_in(products=["one"], draft=draft).json["applications"][0]["id"])
        parties.go(made[-1], "withdraw")
    draft, handed_in = made
    listed = parties.client.get("/v1/applications", headers=parties.bank).json["items"]
    assert [each["id"] for each in listed] == [handed_in]
    assert parties.client.get(f"/v1/applications/{draft}", headers=parties.bank).status_code == 404
    assert parties.client.get(f"/v1/applications/{handed_in}", headers=parties.bank).json["state"] == "withdrawn"


def test_a_bank_sees_no_draft(parties: Parties) -> None:
    """What is not handed in is the enterprise's alone."""
    draft = parties.hand_in(products=["one"], draft=True).json["applications"][0]
    assert draft["state"] == "draft"
    assert parties.client.get("/v1/applications", headers=parties.bank).json["items"] == []
    place = f"/v1/applications/{draft['id']}"
    assert parties.client.get(place, headers=parties.bank).status_code == 404
    assert parties.post(parties.bank, f"{place}/decline").status_code == 404
    assert parties.client.get(place, headers=parties.firm).json["state"] == "draft"
    parties.go(draft["id"], "submit")
    assert parties.client.get(place, headers=parties.bank).json["state"] == "submitted"


def test_a_platform_needs_the_enterprise_s_consent(parties: Parties, neighbours: Any) -> None:
    """With it, the platform applies for the enterprise, which sees that."""
    neighbours.withheld = {"local:E1"}
    assert parties.hand_in(parties.platform).status_code == 403
    neighbours.withheld = set()
    assert parties.hand_in(parties.platform).status_code == 201
    assert len(parties.client.get("/v1/applications", headers=parties.firm).json["items"]) == 2


def test_each_act_of_a_platform_is_under_a_mandate_for_it(parties: Parties, neighbours: Any) -> None:
    """A purpose of its own, to apply and to accept: a consent to read is asked for neither."""
    application = parties.hand_in(parties.platform, products=["one"]).json["applications"][0]["id"]
    parties.go(application, "offer")
    assert parties.post(parties.platform, f"/v1/applications/{application}/accept", {"offer": 1}).status_code == 200
    asked = [(body["what"], headers["Purpose"]) for path, headers, body in neighbours.asked if path == "/v1/rereads"]
    assert asked == [("application", "financing-application"), ("acceptance", "financing-acceptance")]


def test_a_platform_that_may_apply_may_not_accept(parties: Parties, neighbours: Any) -> None:
    """Terms that bind the firm need its mandate to accept, or the firm itself."""
    application = parties.hand_in(parties.platform, products=["one"]).json["applications"][0]["id"]
    parties.go(application, "offer")
    neighbours.not_mandated = {"acceptance"}
    answer = parties.post(parties.platform, f"/v1/applications/{application}/accept", {"offer": 1})
    assert (answer.status_code, answer.json["purpose"]) == (403, "financing-acceptance")
    parties.go(application, "accept")


def uses(neighbours: Any) -> list[str]:
    """Return what mandates were asked for: each is in the record of the firm's file."""
    return [body["what"] for path, _, body in neighbours.asked if path == "/v1/rereads"]


@pytest.mark.parametrize(
    ("event", "said", "status"),
    [("accept", {"offer": 9}, 409), ("accept", {}, 422), ("submit", {}, 409), ("sing", {}, 404)],
)
def test_a_move_that_cannot_be_made_uses_no_mandate(
    parties: Parties, neighbours: Any, event: str, said: dict[str, Any], status: int
) -> None:
    """Nor one on what has moved since it was read: the firm's record would tell of it otherwise."""
    application = parties.hand_in(parties.platform, products=["one"]).json["applications"][0]["id"]
    place = f"/v1/applications/{application}"
    read = parties.client.get(place, headers=parties.platform).headers["ETag"]
    parties.go(application, "offer")
    neighbours.asked.clear()
    assert parties.post(parties.platform, f"{place}/{event}", said).status_code == status
    assert parties.post(parties.platform | {"If-Match": read}, f"{place}/withdraw").status_code == 412
    assert uses(neighbours) == []


def test_a_move_made_is_answered_again_whatever_became_of_the_mandate(parties: Parties, neighbours: Any) -> None:
    """The same key gets the same answer, and uses the mandate no second time."""
    application = parties.hand_in(parties.platform, products=["one"]).json["applications"][0]["id"]
    parties.go(application, "offer")
    place, said = f"/v1/applications/{application}/accept", {"offer": 1}
    first = parties.post(parties.platform, place, said, key="k-accept")
    neighbours.withheld = {"local:E1"}
    again = parties.post(parties.platform, place, said, key="k-accept")
    assert (first.status_code, again.status_code, again.json) == (200, 200, first.json)
    assert uses(neighbours) == ["application", "acceptance"]


def test_no_connection_is_held_while_the_mandate_is_asked_for(parties: Parties, neighbours: Any, here: Any) -> None:
    """Profile may take its time: others read and write meanwhile."""
    application = parties.hand_in(parties.platform, products=["one"]).json["applications"][0]["id"]
    held, answer = [], neighbours.rereads

    def look(order: Any) -> Any:
        held.append(here.database.engine.pool.checkedout())
        return answer(order)

    neighbours.rereads = look
    assert parties.post(parties.platform, f"/v1/applications/{application}/withdraw").status_code == 200
    assert held == [0]


@pytest.mark.parametrize("event", ["submit", "accept", "withdraw"])
def test_a_revoked_consent_ends_a_platform_s_hand_at_once(parties: Parties, neighbours: Any, event: str) -> None:
    """Whatever it began while it might: the next act is refused and changes nothing; the firm goes on itself."""
    draft = event == "submit"
    application = parties.hand_in(parties.platform, products=["one"], draft=draft).json["applications"][0]["id"]
    if not draft:
        parties.go(application, "offer")
    neighbours.withheld = {"local:E1"}
    place, said = f"/v1/applications/{application}", SAID.get(event, {})
    answer = parties.post(parties.platform, f"{place}/{event}", said)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/consent-required")
    assert parties.client.get(place, headers=parties.firm).json["state"] == ("draft" if draft else "offered")
    parties.go(application, event)


def test_a_need_beyond_the_product_is_refused(parties: Parties) -> None:
    """With what the product lends."""
    answer = parties.hand_in(products=["one"], need={"amount_fen": 10**14, "months": 12})
    assert answer.status_code == 422
    assert "lends from" in answer.json["detail"]


@given(st.lists(st.sampled_from(sorted(EVENTS)), max_size=12))
def test_no_way_leads_on_from_an_end(events: list[str]) -> None:
    """Whatever the order of moves, what has ended stays, and only possible moves succeed."""
    state = State.DRAFT
    said = {"offer": {"terms": LoanTerms(1, 1, Decimal(0))}, "accept": {"offer": 1}, "disburse": {"drawn_fen": 1}}
    for event in events:
        statement = Statement("because", **said.get(event, {}))  # type: ignore[arg-type]
        by = EVENTS[event].by
        if event in possible_moves(state, by):
            assert state not in ENDED
            state = move(state, event, by, statement)
    assert not (state in ENDED and [*possible_moves(state, Party.BANK), *possible_moves(state, Party.APPLICANT)])


@pytest.fixture
def receiver() -> Iterator[Any]:
    """Return a real receiver that keeps what came, and answers as it is told."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((dict(self.headers), body))  # type: ignore[attr-defined]
            self.send_response(server.status)  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.status = [], 204  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture
def secret(parties: Parties, receiver: Any) -> str:
    """Let bank-1 be told at the receiver."""
    settings = parties.client.application.extensions["context"].settings
    object.__setattr__(settings, "private_webhooks", True)
    answer = parties.post(parties.bank, "/v1/webhooks", {"url": f"http://127.0.0.1:{receiver.server_port}/hook"})
    assert answer.status_code == 201, answer.json
    return str(answer.json["secret"])


@pytest.fixture
def postman(parties: Parties) -> Postman:
    context = parties.client.application.extensions["context"]
    return Postman(context.database, context.sealer, private=True)


def test_each_move_is_told_once_and_signed(parties: Parties, receiver: Any, secret: str, postman: Postman) -> None:
    """The bank's endpoint hears of the submission and verifies it."""
    application = parties.opened()
    assert (postman.deliver_due(), postman.deliver_due()) == (1, 0)
    ((headers, body),) = receiver.got
    webhooks.verify(secret, {name.lower(): value for name, value in headers.items()}, body, datetime.now(UTC))
    message = json.loads(body)
    assert message["type"] == "application.submit"
    assert message["data"]["application"] == application


def test_every_client_of_the_firm_is_told_what_is_done_in_its_name(
    parties: Parties, receiver: Any, secret: str, tokens: Any, postman: Postman
) -> None:
    """Whatever the client's id; a client of another firm hears nothing, and nobody hears anything twice."""
    hook = {"url": f"http://127.0.0.1:{receiver.server_port}/hook"}
    for client, enterprise in (("firm-e1", "local:E1"), ("books-e1", "local:E1"), ("firm-e2", "local:E2")):
        who = tokens(role="enterprise", client=client, enterprise=enterprise, scopes=SCOPES)
        assert parties.post(who, "/v1/webhooks", hook).status_code == 201
    parties.hand_in(parties.platform, products=["one"])
    assert postman.deliver_due() == 3
    for client, messages in (("firm-e1", 1), ("books-e1", 1), ("firm-e2", 0)):
        who = tokens(role="enterprise", client=client, enterprise="local:E1", scopes=SCOPES)
        assert len(parties.client.get("/v1/webhooks/deliveries", headers=who).json["items"]) == messages


def test_a_failed_delivery_is_tried_again_under_its_id(
    parties: Parties, receiver: Any, secret: str, postman: Postman
) -> None:
    """Later each time, for days; the receiver can tell that it is the same message."""
    receiver.status = 500
    parties.opened()
    now = datetime.now(UTC)
    for wait in (0, *PAUSES):
        now += timedelta(seconds=wait, minutes=2)
        assert postman.deliver_due(now) == 1
    assert postman.deliver_due(now + timedelta(days=9)) == 0
    assert len(receiver.got) == 1 + len(PAUSES)
    assert len({next(v for k, v in headers.items() if k.lower() == "webhook-id") for headers, _ in receiver.got}) == 1


def test_replay_sends_it_again(parties: Parties, receiver: Any, secret: str, postman: Postman) -> None:
    """From the list of deliveries, by its owner."""
    parties.opened()
    postman.deliver_due()
    (sent,) = parties.client.get("/v1/webhooks/deliveries", headers=parties.bank).json["items"]
    assert sent["state"] == "delivered"
    assert parties.post(parties.other, f"/v1/webhooks/deliveries/{sent['id']}/replay").status_code == 404
    assert parties.post(parties.bank, f"/v1/webhooks/deliveries/{sent['id']}/replay").status_code == 200
    assert postman.deliver_due() == 1
    assert len(receiver.got) == 2


def test_a_receiver_that_is_gone_gets_nothing_more(
    parties: Parties, receiver: Any, secret: str, postman: Postman
) -> None:
    """410 ends the endpoint."""
    receiver.status = 410
    application = parties.opened()
    postman.deliver_due()
    parties.go(application, "review")
    assert postman.deliver_due() == 0
    assert not parties.client.get("/v1/webhooks", headers=parties.bank).json["items"][0]["enabled"]


def test_the_secret_is_shown_once(parties: Parties, secret: str) -> None:
    """The list of endpoints holds none."""
    assert secret not in parties.client.get("/v1/webhooks", headers=parties.bank).text


def test_an_inside_address_is_refused_by_default(parties: Parties) -> None:
    """Unless development says otherwise."""
    answer = parties.post(parties.bank, "/v1/webhooks", {"url": "http://127.0.0.1/hook"})
    assert answer.status_code == 422


def test_a_move_on_an_application_that_has_moved_since_is_refused(parties: Parties) -> None:
    """An officer who read it as submitted does not offer on what was withdrawn meanwhile (If-Match)."""
    wish = parties.opened()
    read = parties.client.get(f"/v1/applications/{wish}", headers=parties.bank).headers["ETag"]
    parties.go(wish, "review")
    late = parties.post(parties.bank | {"If-Match": read}, f"/v1/applications/{wish}/offer", {"terms": TERMS})
    assert (late.status_code, late.json["type"]) == (412, "/problems/outdated")
    assert parties.client.get(f"/v1/applications/{wish}", headers=parties.bank).json["state"] == "under-review"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("product=one", ["one"]),
        ("product=none", []),
        ("state=under-review", ["one"]),
        ("state=submitted&product=one", []),
        ("enterprise=local:E1", ["two", "one"]),
        ("enterprise=local:E2", []),
        ("since=2100-01-01", []),
        ("since=2020-01-01&state=submitted", ["two"]),
    ],
)
def test_applications_are_found_by_product_state_firm_and_day(parties: Parties, query: str, found: list[str]) -> None:
    """All filters together, as a queue asks."""
    first = parties.hand_in(products=["one"]).json["applications"][0]["id"]
    parties.hand_in(products=["two"])
    parties.go(first, "review")
    answer = parties.client.get(f"/v1/applications?{query}", headers=parties.firm)
    assert [each["product"] for each in answer.json["items"]] == found


@pytest.mark.parametrize(
    "query", ["state=bogus", "product=", "since=soon", "firm=local:E1", "state=draft&state=offered"]
)
def test_a_filter_of_applications_that_there_is_not_is_refused(parties: Parties, query: str) -> None:
    """It is never answered with all of them."""
    parties.hand_in(products=["one"])
    answer = parties.client.get(f"/v1/applications?{query}", headers=parties.firm)
    assert answer.status_code in (400, 422)
    assert query.partition("=")[0] in str(answer.json)
