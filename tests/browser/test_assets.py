"""What a browser loads beside the page: little, packed, once."""

from __future__ import annotations

import gzip
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from portal_pages import PAGES
from portal_site import StandIn, serve_all

from gateway.portal.web import STATIC

ASSETS = STATIC.parent / "assets"
Visit = Callable[..., Any]
MOST_SCRIPT = 120_000
CHARTS = re.compile(r'<script src="/portal/static/dist/charts\.js\?v=[0-9a-f]+" defer>')


@pytest.mark.parametrize("name", ["charts.js", "portal.css", "portal.js"])
def test_an_asset_is_packed_for_who_takes_that_and_kept(site: Flask, name: str) -> None:
    """The same bytes to everybody; under an address with its hash for ever."""
    address = f"/portal/static/dist/{name}"
    packed = site.test_client().get(f"{address}?v=1", headers={"Accept-Encoding": "gzip, br"})
    plain = site.test_client().get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(packed.data) == plain.data == (STATIC / "dist" / name).read_bytes()
    assert packed.mimetype == plain.mimetype in {"text/javascript", "text/css"}
    assert packed.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "immutable" not in plain.headers["Cache-Control"]
    assert "Accept-Encoding" in packed.vary
    assert "Accept-Encoding" in plain.vary
    assert packed.headers["ETag"] != plain.headers["ETag"]


@pytest.mark.parametrize("name", ["../web.py", "dist/nothing.js", "../static/../texts.toml"])
def test_no_file_beside_the_assets_is_answered(site: Flask, name: str) -> None:
    assert site.test_client().get(f"/portal/static/{name}").status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_only_a_page_with_a_chart_loads_what_draws_charts(site: Flask, door: StandIn, name: str) -> None:
    serve_all(door)
    path, key = PAGES[name]
    client = site.test_client()
    if key:
        client.post("/portal/sign-in", data={"key": key}, headers={"Origin": "http://localhost"})
    page = client.get(path).text
    assert bool(CHARTS.search(page)) == ("data-chart=" in page)


@pytest.mark.parametrize("name", ["sign-in", "applicants", "notices", "model"])
def test_a_page_without_charts_runs_little_script(visit: Visit, name: str) -> None:
    """Counted as it is run, unpacked."""
    path, key = PAGES[name]
    page = visit(path, key=key)
    run = page.evaluate(
        "performance.getEntriesByType('resource').filter(e => e.initiatorType === 'script').map(e => e.decodedBodySize)"
    )
    assert 0 < sum(run) <= MOST_SCRIPT


def test_what_npm_built_elsewhere_is_packed_and_stamped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an image does, whose portal would else stand without styles and scripts; what is missing is named."""
    spec = importlib.util.spec_from_file_location("build", ASSETS / "build.py")
    assert spec is not None
    assert spec.loader is not None
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    monkeypatch.setattr(build, "DIST", tmp_path)
    assert build.main(["finish"]) == 1
    assert not (tmp_path / "stamp").exists()
    for name in build.PRODUCTS:
        (tmp_path / name).write_text(f"/* {name} */")
    assert build.main(["finish"]) == 0
    assert (tmp_path / "stamp").read_text().strip() == build.fingerprint()
    assert gzip.decompress((tmp_path / "portal.css.gz").read_bytes()) == b"/* portal.css */"
    steps = (ASSETS.parents[2] / "Dockerfile").read_text("utf-8").splitlines()
    finish = steps.index("RUN python gateway/portal/assets/build.py finish")
    assert steps[finish - 1].endswith("gateway/portal/static/dist")
