"""What is handed to the commands that prove: a file that is something else is told in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from smecredit.cli.proving import verify_ledger_command, verify_receipt_command
from smecredit.problems import Expected

RECEIPT = {"receipt": {"score": 612}, "signature": {"kid": "a", "value": "AA"}}
KEYS = {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "AA"}]}
LEDGER = {"checkpoint": "smecredit/profile\n1\nAA\n", "entries": []}


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Return a function that writes a document and returns its path."""

    def write(name: str, document: Any) -> str:
        path = tmp_path / name
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return str(path)

    return write


def told(command: Any, *arguments: str) -> str:
    """Return the sentence with which a command ends before anybody is asked."""
    asked = [*arguments, "--url", "http://127.0.0.1:9"] if command is verify_receipt_command else list(arguments)
    with pytest.raises(Expected) as refused:
        CliRunner(env={"SMECREDIT_API_KEY": "k"}).invoke(command, asked, catch_exceptions=False)
    return str(refused.value)


@pytest.mark.parametrize("other", [RECEIPT, LEDGER, [], {}, {"keys": None}, {"keys": "a"}, {"keys": [1]}])
def test_what_is_no_set_of_keys_is_told(written: Any, other: Any) -> None:
    """Such as the receipt itself."""
    said = told(verify_receipt_command, written("r.json", RECEIPT), "--keys", written("k.json", other))
    assert "k.json holds no keys" in said
    assert "receipt-keys" in said


@pytest.mark.parametrize("other", [KEYS, LEDGER, [], {}, {"receipt": 1, "signature": 2}])
def test_what_is_no_receipt_is_told(written: Any, other: Any) -> None:
    """Such as the keys."""
    said = told(verify_receipt_command, written("k.json", other), "--keys", written("keys.json", KEYS))
    assert "k.json holds no receipt" in said


@pytest.mark.parametrize("other", [KEYS, RECEIPT, [], {"checkpoint": 1}])
def test_what_is_no_ledger_is_told(written: Any, other: Any) -> None:
    assert "holds no ledger" in told(verify_ledger_command, written("l.json", other), "--key", "a+b+c")


def test_what_is_no_json_is_told(written: Any) -> None:
    assert "is no JSON" in told(verify_receipt_command, written("r.json", "smc_"))
