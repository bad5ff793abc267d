"""Rules of alerts and the dashboard speak of metrics that there are, and each alert has its line in the operations."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from databases import lay
from profile_house import open_house
from prometheus_client.parser import text_string_to_metric_families
from watching import WATCHED

from chassis.core import metrics
from chassis.core.identity import Verifier
from services.matching import settings as matching
from services.matching.app import create_app

ROOT = Path(__file__).resolve().parents[2]
RULES = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yml").read_text())
DASHBOARD = orjson.loads((ROOT / "deploy" / "grafana" / "smecredit.json").read_bytes())
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
EXPRESSIONS = [
    *(rule["expr"] for rule in ALERTS),
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]),
]
OBJECTIVES = tomllib.loads((ROOT / "deploy" / "slo.toml").read_text())
# A name that stands before labels or a range, or alone; words of the language itself are followed by a bracket.
NAMED = re.compile(r"\b[a-z][a-z_]*_[a-z_]+\b(?!\s*\()")
# Prometheus' own.
OWN = {"up"}


@pytest.fixture
def told(tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> set[str]:
    """Return the names of all samples that profile and matching tell."""
    lay(url := f"sqlite:///{tmp_path}/matching.db", matching.PACKAGE)
    other = create_app(_settings(tmp_path, url), verifier=verifier).test_client()
    house = open_house(f"sqlite:///{tmp_path}/home/profile.db", tmp_path, verifier, tokens)
    # A counter with labels tells nothing until it has counted.
    metrics.UNANSWERED.labels("profile").inc(0)
    metrics.JOBS.labels("import", "done").inc(0)
    pages = [client.get("/metrics", **WATCHED).text for client in (house.client, house.client, other)]
    return {
        sample.name for page in pages for family in text_string_to_metric_families(page) for sample in family.samples
    }


def _settings(home: Path, url: str) -> Any:
    return matching.Settings(home=home, database_url=url, profile_url="", scoring_url="", gateway_url="", jwks_url="")


def test_rules_and_dashboard_name_metrics_that_there_are(told: set[str]) -> None:
    """A metric that was renamed would leave an alert that never fires."""
    named = {name for expression in EXPRESSIONS for name in NAMED.findall(_without_labels(expression))}
    assert named - told - OWN - {"peers_age_seconds"} == set()
    assert len(named) > 10


def _without_labels(expression: str) -> str:
    return re.sub(r"\{[^}]*\}|\bby \([^)]*\)", "", expression)


def test_every_alert_has_its_line_in_the_operations() -> None:
    """Who is woken finds what to look at and what to do."""
    operations = (ROOT / "docs" / "operations.md").read_text()
    lines = set(re.findall(r"^\| `(\w+)` \|", operations.partition("## Alerts")[2].partition("\n## ")[0], re.MULTILINE))
    assert {rule["alert"] for rule in ALERTS} == lines


@pytest.fixture
def rules() -> dict[str, str]:
    """Return the expressions of the alerts, by name, on one line."""
    return {rule["alert"]: " ".join(rule["expr"].split()) for rule in ALERTS}


def test_alerts_begin_where_objectives_end(rules: dict[str, str]) -> None:
    """A threshold that was moved alone would wake nobody, or everybody."""
    errors = round(OBJECTIVES["availability"]["burn"] * (1 - OBJECTIVES["availability"]["share"]), 6)
    latency = OBJECTIVES["latency"]
    assert f"> {errors:g} * sum by (service)" in rules["RequestsFail"]
    assert f"histogram_quantile({latency['share']:g}, " in rules["RequestsSlow"]
    assert rules["RequestsSlow"].endswith(f"> {latency['seconds']}")
    assert rules["ImportsWait"].endswith(f"> {OBJECTIVES['imports']['seconds']}")
    assert rules["PeersBehind"].endswith(f"> {OBJECTIVES['peers']['seconds']}")
    assert {each["alert"] for each in OBJECTIVES.values()} <= set(rules)


def test_the_operations_state_every_objective() -> None:
    """Name, share, time and alert of each stand in one line of the table."""
    stated = (ROOT / "docs" / "operations.md").read_text().partition("### Objectives")[2]
    for name, each in OBJECTIVES.items():
        (line,) = (line for line in stated.splitlines() if line.startswith(f"| {name} |"))
        assert f"| {each['share'] * 100:g} % |" in line
        assert f"| {each['seconds']} s |" in line if "seconds" in each else "|  |" in line.replace("| |", "|  |")
        assert f"`{each['alert']}`" in line
