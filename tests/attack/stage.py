"""A filled suite under attack: parties with data, consents, scores, applications, and what of each is nobody else's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from databases import Server
from demonstrations import of_sixty_firms
from documented import operations
from knocks import FEATURE, PRODUCT
from town import BANK, FIELDS, Town, open_town, wait_for_peers

from gateway.door.limits import DEFAULT_QUOTAS
from gateway.identity.roles import DEFAULT_SCOPES
from services.matching.domain.application import EVENTS as MOVES

PARTS = ("gateway", "profile", "scoring", "matching")
OWNER, HOLDER = "owner", "bank with consent"
# Who belongs in the town, and whom nobody has let in: what the latter are told of the former is a leak.
INSIDERS = {
    OWNER: "enterprise",
    HOLDER: "bank",
    "operator": "operator",
    "data source": "source",
    "platform": "platform",
}
OUTSIDERS = {
    "bank without consent": "bank",
    "bank with expired": "bank",
    "bank with revoked": "bank",
    "stranger firm": "enterprise",
    "stranger platform": "platform",
    "stranger buyer": "buyer",
    "stranger source": "source",
}
NOBODY = ("no token", "expired token", "wrong audience", "alg none")
AMOUNT = 73_182_649
# What the owner's file, its acts and its bank's orders hold and nothing else in the town does.
MARKS = ("CANARY7318A", "金丝雀一号", "金丝雀王小明", str(AMOUNT))
BANKS_OWN = 8_241_973_651
SETTINGS = {
    "GATEWAY_RATE_LIMITS": ",".join(f"{name}=100000000/60" for name in DEFAULT_QUOTAS),
    # What comes of a training is not asked, and one takes a processor for a minute.
    "SCORING_WORKERS": "trainings=0",
}
LONG_FLOAT = re.compile(r"-?\d+\.\d{9,}")
PLACE = re.compile(r"\{(\w+)\}")


@dataclass
class Scene:
    """A town, what of it is whose, and the things that there are by the paths of which they are a part."""

    town: Town
    canaries: dict[str, list[str]] = field(default_factory=dict)
    # By a path up to a place in it, and by the name of a member of a body.
    things: dict[str, list[str]] = field(default_factory=dict)
    named: dict[str, list[Any]] = field(default_factory=dict)

    def may(self, scopes: Sequence[str]) -> tuple[list[str], list[str]]:
        """Return who of the insiders and of the outsiders has these scopes."""
        wanted = set(scopes)
        return tuple(  # type: ignore[return-value]
            [who for who, role in each.items() if wanted <= DEFAULT_SCOPES[role]] for each in (INSIDERS, OUTSIDERS)
        )


@contextmanager
def open_scene(folder: Path, demonstrated: Path | None, server: Server | None = None) -> Iterator[Scene]:
    """Run a filled suite on files of SQLite, or on databases of a PostgreSQL that are dropped behind it.

    A demonstration that there is may be named for SQLite; the databases of a PostgreSQL are those of one of its own.
    """
    with ExitStack() as undo, pytest.MonkeyPatch.context() as patch:
        for part in PARTS if server else ():
            url = server.make()  # type: ignore[union-attr]
            undo.callback(server.drop, url)  # type: ignore[union-attr]
            patch.setenv(f"{part.upper()}_DATABASE_URL", url)
        home = demonstrated or of_sixty_firms(folder / "demonstration").home
        town = undo.enter_context(open_town(folder, home, **SETTINGS))
        yield filled(town)


def filled(town: Town) -> Scene:
    """Plant what nobody else may learn, and note what there is; others in town know nothing of it."""
    town = replace(town, headers=dict(town.headers), things=dict(town.things))
    _bring_strangers(town)
    _plant(town)
    scene = Scene(town, {OWNER: [*MARKS, *_figures(town)], HOLDER: [str(BANKS_OWN)]})
    _note(scene)
    return scene


def _bring_strangers(town: Town) -> None:
    wanted = [{"id": f"stranger-{role}", "role": role} for role in ("buyer", "source", "platform")]
    wanted.append({"id": "stranger-firm", "role": "enterprise", "enterprise": "local:STRANGER"})
    made = town.ask("operator", "PUT", "/v1/enterprises/local:STRANGER", {"name": "陌生贸易", "synthetic": True})
    assert made.status in {200, 201}, made.data
    answer = town.ask("operator", "POST", "/v1/clients", wanted)
    assert answer.status == 201, answer.data
    for each in answer.json:
        town.headers[each["id"].replace("-", " ")] = {"Authorization": f"Bearer {each['key']}"}


def _plant(town: Town) -> None:
    """Write marks into the owner's file, its words, its applications, and the bank's own figures."""
    firm = town.enterprise
    sale = {"direction": "sale", "number": MARKS[0], "counterparty": MARKS[1], "date": "2019-11-05"}
    money = {"net_fen": AMOUNT, "tax_fen": 0, "total_fen": AMOUNT, "status": "valid", "synthetic": True}
    person = {"relation": "person-in-charge", "party": MARKS[2], "since": "2015-01-01", "synthetic": True}
    for who, kind, record in ((OWNER, "invoices", sale | money), (OWNER, "relations", person)):
        sent = town.ask(who, "POST", f"/v1/enterprises/{firm}/{kind}", {"records": [record]})
        assert sent.status == 202, sent.data
    need = {"amount_fen": AMOUNT, "months": 12}
    sent = town.ask(HOLDER, "POST", "/v1/matches", {"enterprise": firm, "need": need})
    assert sent.status == 201, sent.data
    town.things["application_id"] = _apply(town, need)
    told = {"threshold_fen": BANKS_OWN, "exposures": [{"enterprise": firm, "fen": BANKS_OWN}]}
    sent = town.ask(HOLDER, "PUT", "/v1/exposures", told, **{"If-Match": "*"})
    assert sent.status in {200, 412, 422}, sent.data
    wait_for_peers(town)


def _apply(town: Town, need: dict[str, int]) -> str:
    product = town.ask(HOLDER, "POST", "/v1/products", {**PRODUCT, "id": "attacked"})
    assert product.status == 201, product.data
    wish = {"enterprise": town.enterprise, "products": ["attacked"], "need": need}
    sent = town.ask(OWNER, "POST", "/v1/applications", wish)
    assert sent.status == 201, sent.data
    return str(sent.json["applications"][0]["id"])


def _figures(town: Town) -> list[str]:
    """Return the long fractions that the owner's file has and the other firm's has not."""
    found = [_told(town, who, firm) for who, firm in ((OWNER, town.enterprise), ("another enterprise", town.other))]
    mine, theirs = (set(LONG_FLOAT.findall(each)) for each in found)
    return sorted(mine - theirs)


def _told(town: Town, who: str, firm: str) -> str:
    reads = ("features", "portrait", "scores", "graph-features")
    return "".join(town.ask(who, "GET", f"/v1/enterprises/{firm}/{each}").data.decode() for each in reads)


def _note(scene: Scene) -> None:
    """Note the things of the town by the paths that they have a place in: its own, and what its lists hold."""
    town = scene.town
    for method, path, _ in operations():
        for found in PLACE.finditer(path):
            thing = town.places(f"{method} {path}").get(found[1])
            if isinstance(thing, str):
                _add(scene.things, path[: found.end()], thing)
    for who in INSIDERS:
        for path in {path[: PLACE.search(path).start() - 1] for _, path, _ in operations() if "{" in path}:  # type: ignore[union-attr]
            _list(scene, who, path)
    firms = [town.enterprise, town.other, town.disputant, "local:STRANGER", "local:NOBODY"]
    scene.things["/v1/enterprises/{enterprise}"] = firms
    scene.things["/v1/applications/{application_id}/{event}"] = sorted(MOVES)
    scene.named |= dict.fromkeys(("enterprise", "seller", "payer", "bidder", "counterparty"), firms)
    scene.named |= {name: [town.things[name]] for name in ("record", "rule", "grade", "another_grade")}
    scene.named |= {
        "grade": ["A", "B", "C"],
        "product": ["attacked", town.things["product_id"]],
        "match": [town.things["match_id"]],
    }
    scene.named |= {"feature": [FEATURE, "sales_12m"], "grantee": [BANK], "client": ["source-demo"], "field": FIELDS}
    scene.named |= {"score": [town.things["score_id"]], "months": [12, 3], "amount_fen": [50_000_000, 1_000_000]}


def _list(scene: Scene, who: str, path: str) -> None:
    answer = scene.town.ask(who, "GET", path)
    if answer.status != 200 or "json" not in answer.headers.get("Content-Type", ""):
        return
    told = answer.json
    for item in told.get("items", ()) if isinstance(told, dict) else ():
        for name in ("id", "version", "name", "client"):
            if isinstance(item, dict) and isinstance(item.get(name), str):
                below = next((each for _, each, _ in operations() if each.startswith(path + "/{")), "")
                if found := PLACE.search(below):
                    _add(scene.things, below[: found.end()], item[name])
                break


def _add(things: dict[str, list[str]], place: str, thing: str) -> None:
    held = things.setdefault(place, [])
    if thing not in held and len(held) < 40:
        held.append(thing)
