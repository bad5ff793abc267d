"""The catalogue of sentences: complete in both languages, and nothing in it that no page says."""

from __future__ import annotations

import re
import string
from pathlib import Path

import gateway.portal
from gateway.portal import language
from gateway.portal.pages.enterprise import LIMITS, WINDOW

HERE = Path(gateway.portal.__file__).parent
SENTENCES = [(section, key, pair) for section, rows in language.catalogue().items() for key, pair in rows.items()]
USED = re.compile(r"\b(?:t|say|text)\((?:speaks, |language, |speaking\(\), )?\"([a-z_]+\.[a-zA-Z_]+)\"")


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def sources() -> str:
    files = [*HERE.rglob("templates/**/*.html"), *HERE.glob("*.py"), *HERE.glob("pages/*.py")]
    return "\n".join(file.read_text("utf-8").replace("'", '"') for file in files)


def test_a_sentence_is_there_in_both_languages_with_the_same_blanks() -> None:
    """Two non-empty sentences; a blank in one is a blank in the other."""
    odd = [f"{section}.{key}" for section, key, (zh, en) in SENTENCES if not (zh and en and fields(zh) == fields(en))]
    assert odd == []


def test_every_sentence_that_a_page_says_is_in_the_catalogue() -> None:
    """A missing one would break the page for its reader, not for its writer."""
    known = {f"{section}.{key}" for section, key, _ in SENTENCES}
    assert set(USED.findall(sources())) - known == set()


def test_no_sentence_is_left_over() -> None:
    """Sections that are enumerations (`kind.leasing`) and prefixes (`depth.A`) are looked up by a computed name."""
    computed = {
        "depth",
        "role",
        "severity",
        "alert_state",
        "signal_state",
        "record_behind",
        "size",
        "purpose",
        "purpose_note",
        "field",
        "field_note",
        "consent_preset",
        "kind",
        "state",
        "adjustment",
        "figure",
        "gate_finding",
        "drift_state",
        "model_decision",
        "model_decision_note",
        "dimension",
        "what",
        "fact",
        "trust",
        "debtor",
        "channel",
        "record_kind",
        "record_sort",
        "record_state",
        "error",
        "picture",
        "picture_word",
        "segment",
        "decision",
        "verdict",
        "alert_subject",
        "ledger_log",
        "ledger_kind",
        "delivery_state",
        "put_aside",
        "measure_list",
        "measure_list_name",
        "measure_state",
        "dispute_state",
        "dispute_reason",
        "dispute_correction",
        "finding",
        "finding_note",
        "retention_subject",
        "retention_since",
        "taxpayer",
        "payment_purpose",
        "record_field",
        "service",
        "import_kind",
        "application_state",
        "application_due",
        "application_event",
        "party",
        "repayment",
        "offer_state",
        "offer_field",
        "fee_kind",
        "fee_payer",
        "move_name",
        "move_note",
        "move_sure",
        "did",
        "factor",
        "factor_event",
    }
    text = sources()
    left = [
        f"{section}.{key}"
        for section, key, _ in SENTENCES
        if section not in computed and f'"{section}.{key}"' not in text and not _computed(section, key, text)
    ]
    assert left == []


def _computed(section: str, key: str, text: str) -> bool:
    prefixes = {
        "consent": {"live", "revoked", "expired", "granted", "was_revoked", *WINDOW, *LIMITS},
        "factors": {"wrong_totp", "wrong_recovery", "wrong_passkey", "wrong_password"},
        "fuller": {"sale", "purchase"},
        "mandate": {"given", "was_ended"},
        "operations": {"unavailable", "not_allowed"},
        "portrait": {"sales", "purchases", "customers", "suppliers"},
    }
    return key in prefixes.get(section, set()) or f'"{section}.{key}' in text
