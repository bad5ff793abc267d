"""Webhooks: signed by the standard, and sent to nobody's inside."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from chassis.core.webhooks import (
    AddressRefused,
    Letter,
    SignatureWrong,
    check_address,
    new_secret,
    send,
    sign,
    sign_with_all,
    verify,
)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECRET = new_secret()
BODY = '{"type":"application.offered","数":1}'.encode()


def headers(secret: str, at: datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": sign(secret, "msg_1", at, body)}


def test_the_vector_of_the_standard() -> None:
    """The signature that the reference libraries publish for their example."""
    secret = "whsec_plJ3nmyCDGBKInavdOK15jsl"
    at = datetime.fromtimestamp(1731705121, UTC)
    body = b'{"event_type":"ping","data":{"success":true}}'
    assert sign(secret, "msg_loFOjxBNrRLzqYUf", at, body) == "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="


def test_the_reference_library_accepts_ours() -> None:
    """A receiver who uses it reads what we sent."""
    secret, now = new_secret(), datetime.now(UTC)
    assert Webhook(secret).verify(BODY, headers(secret, now)) == {"type": "application.offered", "数": 1}


def test_what_we_verify_is_what_we_signed() -> None:
    """The right secret, body and time pass."""
    secret = new_secret()
    verify(secret, headers(secret), BODY, NOW)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_future_message_is_refused(minutes: int) -> None:
    """Five minutes either way."""
    secret = new_secret()
    with pytest.raises(SignatureWrong):
        verify(secret, headers(secret), BODY, NOW + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    "stamp",
    ["9" * 30, "-99999999999999", "17_640_000_00", " +1764000000", "١٧٦٤", "1764000000.0", "", "1e9", "99999999999"],
)
def test_a_timestamp_that_is_none_is_refused(stamp: str) -> None:
    """With the refusal that receivers wait for, and no other error."""
    secret = new_secret()
    with pytest.raises(SignatureWrong):
        verify(secret, {**headers(secret), "webhook-timestamp": stamp}, BODY, NOW)


@pytest.mark.parametrize("signature", ["v1,é", "", "v1,", "v1,\ud800", "云", " "])
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    secret = new_secret()
    with pytest.raises(SignatureWrong):
        verify(secret, {**headers(secret), "webhook-signature": signature}, BODY, NOW)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, 17, b"v1,x", [], "\ud800", "", "\0", "a\nb"])
def test_whatever_stands_in_a_header_is_refused_in_one_way(name: str, value: object) -> None:
    """Receivers wait for `SignatureWrong` and nothing else."""
    odd: dict[str, Any] = {**headers(new_secret()), name: value}
    with pytest.raises(SignatureWrong):
        verify(new_secret(), odd, BODY, NOW)


ANYTHING = st.one_of(st.text(), st.binary(), st.none(), st.integers(), st.lists(st.text(), max_size=2))
STAMPS = st.integers(-(10**40), 10**40).map(str)


@given(
    message_id=ANYTHING,
    stamp=ANYTHING | STAMPS,
    signature=ANYTHING | st.text().map(lambda text: f"v1,{text}"),
    body=st.binary() | st.none(),
)
def test_arbitrary_headers_are_refused_in_one_way(message_id: Any, stamp: Any, signature: Any, body: Any) -> None:
    """Whoever has no secret of ours gets `SignatureWrong` and nothing else."""
    headers = {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signature}
    with pytest.raises(SignatureWrong):
        verify(SECRET, headers, body, NOW)


@given(extra=st.text(st.characters(blacklist_characters=" ")), first=st.booleans())
def test_a_signature_of_ours_counts_beside_any_other(extra: str, first: bool) -> None:
    """While secrets change two stand side by side, of which a receiver knows one."""
    right = headers(SECRET)
    pair = [extra, right["webhook-signature"]] if first else [right["webhook-signature"], extra]
    verify(SECRET, {**right, "webhook-signature": " ".join(pair)}, BODY, NOW)


def test_what_is_signed_with_two_secrets_either_verifies() -> None:
    """And the reference library, too."""
    at, ours = datetime.now(UTC), [new_secret(), new_secret()]
    said = {**headers(ours[0], at), "webhook-signature": sign_with_all(ours, "msg_1", at, BODY)}
    for each in ours:
        verify(each, said, BODY, at)
        assert Webhook(each).verify(BODY, said)
    with pytest.raises(SignatureWrong):
        verify(new_secret(), said, BODY, at)


@pytest.mark.parametrize("body", [None, "text", 1])
def test_a_body_that_is_no_bytes_is_refused(body: Any) -> None:
    secret = new_secret()
    with pytest.raises(SignatureWrong):
        verify(secret, headers(secret), body, NOW)


@pytest.mark.parametrize("place", range(0, len(BODY), 5))
def test_any_other_body_is_refused(place: int) -> None:
    """One bit is enough."""
    secret = new_secret()
    other = bytearray(BODY)
    other[place] ^= 1
    with pytest.raises(SignatureWrong):
        verify(secret, headers(secret), bytes(other), NOW)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "https://localhost/hook",
        "https://10.0.0.8/hook",
        "https://[64:ff9b::a00:1]/hook",  # 10.0.0.1 by NAT64
        "https://[64:ff9b:1::1]/hook",
        "https://[::ffff:0:127.0.0.1]/hook",  # translated
        "https://[::ffff:8.8.8.8]/hook",
        "https://[::7f00:1]/hook",  # compatible
        "https://[::8.8.8.8]/hook",
        "https://[fec0::1]/hook",
        "https://[2002:7f00:1::]/hook",
        "https://[2001:0:7f00:1::]/hook",
        "https://[fd00:ec2::254]/hook",
        "https://100.100.100.200/hook",
        "https://168.63.129.16/hook",
        "https://192.0.0.192/hook",
        "https://224.0.0.1/hook",
        "https://[ff0e::1]/hook",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/hook",
        "https://[::ffff:127.0.0.1]/hook",
        "https://user:secret@example.com/hook",
        "ftp://example.com/hook",
        "https:///hook",
        "https://example.com/a b",
        "https://[::1",
        "https://[x/",
        "https://example.com:99999/",
        "https://example.com:abc/",
        "https://example.com:0/",
        "https://example.com:-1/",
    ],
)
def test_such_addresses_are_refused(url: str) -> None:
    """Nothing but https to a public host."""
    with pytest.raises(AddressRefused):
        check_address(url, private=False)


def test_a_public_address_passes() -> None:
    """A bank's own."""
    assert check_address("https://hooks.bank.example:8443/a?b=1", private=False)


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Return the address of a real receiver on this machine, and what it got."""
    got: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.headers["webhook-id"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(302 if self.path == "/elsewhere" else 204)
            self.send_header("Location", "/hook")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()


def test_a_delivery_arrives(receiver: tuple[str, list[tuple[str, bytes]]]) -> None:
    """Body and id as they were given."""
    url, got = receiver
    assert send(f"{url}/hook", [new_secret()], Letter("msg_1", 1, BODY), NOW, private=True).delivered
    assert got == [("msg_1", BODY)]


def test_a_name_that_leads_inside_is_not_connected_to(receiver: tuple[str, list[tuple[str, bytes]]]) -> None:
    """The address is looked at when the connection is made, whatever the name says."""
    url, got = receiver
    inside = url.replace("http://127.0.0.1", "https://localhost")
    outcome = send(inside, [new_secret()], Letter("m", 1, BODY), NOW, private=False)
    assert outcome.status is None
    assert got == []


def test_a_redirect_is_not_followed(receiver: tuple[str, list[tuple[str, bytes]]]) -> None:
    """It could lead anywhere."""
    url, got = receiver
    assert not send(f"{url}/elsewhere", [new_secret()], Letter("msg_1", 1, BODY), NOW, private=True).delivered
    assert len(got) == 1


def test_nobody_there_is_an_outcome() -> None:
    """Not an exception: it is tried again later."""
    assert send("http://127.0.0.1:9/", [new_secret()], Letter("m", 1, BODY), NOW, private=True).error == "no connection"
