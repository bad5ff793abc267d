"""The portal's way into the suite: the same passes, quotas and services as the proxy, without a second HTTP hop."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from urllib.parse import urlencode

import orjson

from chassis.core.errors import Forbidden, Unauthenticated
from chassis.core.wire import Reply
from chassis.data.database import Database
from gateway.door import joined
from gateway.door.admission import Admission
from gateway.door.backends import Backend, trace_headers
from gateway.door.joined import Own
from gateway.door.places import Places
from gateway.door.routes import PREFIX, Route, route_of
from gateway.door.second import visitor_of
from gateway.door.visitor import Answer, Ask, Visitor
from gateway.identity import key_sessions, keys
from gateway.identity.authority import Pass
from gateway.identity.people import People
from gateway.signing_in import Step

AS_PEOPLE = (
    "Sign in with a login and a password of your own; the operator invites you: python -m gateway.cli person invite."
)


class GatewayDoor:
    """Signs a visitor in and calls the services in that name (`gateway.portal.door.Door`)."""

    def __init__(
        self,
        admission: Admission,
        backends: Mapping[str, Backend],
        people: People,
        database: Database,
        own: Own | None = None,
        places: Places | None = None,
    ) -> None:
        self._admission = admission
        self._backends = backends
        self._own = own or {}
        self._people = people
        self._database = database
        self._places = places or Places()

    def sign_in(self, api_key: str) -> Visitor:
        """Return whose key this is; raise `Unauthenticated` for a key that is unknown or disabled.

        Only a key opens a session: a token that lives five minutes must not become a working day. Raises `Forbidden`
        for a key of a role whose programs prove a key with each request: no page does, and people sign in as people.
        """
        if keys.parse(api_key) is None:
            self._note_failure()
            raise Unauthenticated("This is not an API key. A key starts with `smc_`; the operator gives keys.")
        admitted = self._admission.known(api_key)
        if self._admission.must_be_bound(admitted.caller):
            self._note_failure()
            raise Forbidden(f"An API key of the role {admitted.caller.role} opens no session here. {AS_PEOPLE}")
        self._admission.count(admitted)
        caller, session = admitted.caller, key_sessions.begin(self._database, admitted.key)
        return Visitor(caller.client, admitted.key, caller.role, caller.enterprise, session)

    def _note_failure(self) -> None:
        """Count a key that opens nothing here against the request's address, and not against its client."""
        self._admission.refuse_after_failures()
        self._admission.note_failure()

    def sign_in_person(self, login: str, password: str, device: str = "") -> Visitor | Step:
        """Return a person with a new session, or the step before it where a second factor is asked for."""
        return visitor_of(self._people.sign_in(login, password, self._admission.address(), device))

    def device_of(self, login: str, device: str) -> str:
        """Return what a device keeps to be known as one of this login's: what it has, or a new one."""
        return device if self._people.knows(login, device) else self._people.new_device(login)

    def accept_invitation(self, code: str, password: str) -> Visitor | Step:
        """Take an invitation up with a password and sign in."""
        return visitor_of(self._people.accept(code, password, self._admission.address()))

    def change_password(self, visitor: Visitor, current: str, new: str) -> Visitor:
        """Change the password of a person who is signed in; every other session of theirs ends."""
        person = self._pass(visitor).caller.per
        if person is None:
            raise Forbidden("Who came with an API key has no password.")
        made = self._people.change_password(person, current, new, visitor.session or "")
        return visitor_of(made)

    def sign_out(self, visitor: Visitor) -> None:
        """End a session here at once, and in the other processes within a second, whatever opened it."""
        if visitor.session and visitor.person:
            self._admission.authority.changed(self._people.sign_out(visitor.session))
        elif visitor.session:
            self._admission.authority.changed(key_sessions.end(self._database, visitor.session))

    def _pass(self, visitor: Visitor) -> Pass:
        authority = self._admission.authority
        if visitor.session and visitor.person:
            return authority.pass_of_person(visitor.session)
        admitted = authority.pass_of_session(visitor.session or "")
        if self._admission.must_be_bound(admitted.caller):
            raise Unauthenticated(f"A session of a key of the role {admitted.caller.role} opens nothing. {AS_PEOPLE}")
        return admitted

    def call(self, visitor: Visitor, ask: Ask) -> Answer:
        """Ask a public route as the visitor and return its answer, whatever its status."""
        target = PREFIX.rstrip("/") + ask.path
        route = route_of(target)
        if route is None:
            raise LookupError(f"no service answers {target.split('?')[0]}")
        admitted = self._pass(visitor)
        self._admission.count(admitted)
        headers = {**ask.headers, "Authorization": admitted.authorization, **trace_headers()}
        if ask.json is not None:
            headers["Content-Type"] = "application/json"
        elif ask.file is not None:
            headers["Content-Type"] = "application/octet-stream"
        client = admitted.caller.client
        with ExitStack() as held:
            held.callback(self._places.enter(client))
            held.callback(self._places.begin(client, route.of(ask.method)))
            reply = self._reply(route, ask, f"{target}?{urlencode(ask.query)}" if ask.query else target, headers)
        kind = reply.header("Content-Type")
        if "json" not in kind:
            return Answer(reply.status, None, reply.body, kind)
        return Answer(reply.status, orjson.loads(reply.body) if reply.body else None)

    def _reply(self, route: Route, ask: Ask, target: str, headers: Mapping[str, str]) -> Reply:
        if route.joined:
            return joined.answer(self._backends, self._own, route, ask.method, target, headers)
        return self._backends[route.service].exchange(
            ask.method,
            target,
            headers=headers,
            body=ask.file if ask.json is None else orjson.dumps(ask.json),
            patience=route.patience,
            repeatable=ask.method == "GET" or bool(ask.key),
        )
