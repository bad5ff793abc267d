"""What `smecredit reseal` shows: both databases that hold sealed secrets, and what no key opens."""

from __future__ import annotations

from typing import Any

import pytest

from smecredit.rendering.saving import resealed


def test_both_databases_are_told_and_what_no_key_opens(capsys: pytest.CaptureFixture[Any]) -> None:
    """With what to do about each."""
    closed = {"sealed": 0, "unreadable": ["otp_1"]}
    resealed({"matching": {"sealed": 3, "unreadable": []}, "gateway": closed})
    said = " ".join(capsys.readouterr().out.split())
    assert "endpoints whose secrets were sealed anew: 3" in said
    assert "no key opens the secret of otp_1" in said
    assert "person reset-factors" in said
