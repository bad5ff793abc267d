"""Which statements count in a score: all of a file's, or those alone that somebody beside the firm confirms.

The policy is the order's, else the installation's. Under `confirmed`, the default, the lower of the two scores decides,
so that what a firm alone says of itself never raises it, whatever the model: one that is not monotone in evidence may
give the file without it more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from services.scoring.domain.reasons import figure

Numbers = Sequence[float | None]


class Counts(StrEnum):
    """What counts: what is confirmed, or everything that is said."""

    CONFIRMED = "confirmed"
    EVERYTHING = "everything"

    @property
    def other(self) -> Counts:
        """The count that stands beside this one."""
        return Counts.EVERYTHING if self is Counts.CONFIRMED else Counts.CONFIRMED


def counts_of(stored: str | None) -> Counts | None:
    """Return a stored policy; None for what was stored before there was one."""
    return None if stored is None else Counts(stored)


@dataclass(frozen=True, slots=True)
class Beside:
    """The score that does not decide, and what it was made from; `counts` says what it counts.

    Its members are those of a score, each None where nothing is left to score.
    """

    counts: Counts
    depth: str
    features_sha256: str
    values: Numbers
    score: int | None = None
    grade: str | None = None
    pd: float | None = None
    pd_low: float | None = None
    pd_high: float | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Beside:
        """Read what `as_json` wrote."""
        return cls(**{**document, "counts": Counts(document["counts"])})

    def as_json(self) -> dict[str, Any]:
        """Return its members as they are stored."""
        return asdict(self)


# The figures of a score that are kept of the one that does not decide.
BESIDE = ("score", "grade", "pd", "pd_low", "pd_high")


def deciding(counts: Counts, everything: float, confirmed: float) -> Counts:
    """Return which of two exact scores of one file decides under a policy; of equal ones what is confirmed."""
    if counts is Counts.CONFIRMED and confirmed <= everything:
        return Counts.CONFIRMED
    return Counts.EVERYTHING


def shares(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file's money rests on, as the profile service tells it, with shares from 0 to 1 beside the fen.

    Shares are None where there is no money.
    """
    total = evidence["total_fen"]
    of_channel = {name: _share(fen, total) for name, fen in evidence["by_channel"].items()}
    return {**evidence, "shares": of_channel, "confirmed_share": _share(evidence["confirmed_fen"], total)}


def _share(fen: int, total: int) -> float | None:
    return fen / total if total else None


def sentence(counts: Counts, score: int, beside: Beside, evidence: Mapping[str, Any] | None) -> dict[str, str]:
    """Say what was not counted (or was, though nobody confirms it), what it would do, and what would confirm it."""
    zh, en = _what(evidence)
    number_alone = evidence is not None and not evidence["unconfirmed_fen"]
    if counts is Counts.EVERYTHING:
        would = OTHER_SIDE_WOULD if number_alone else PROOF
        without_zh, without_en = _without(beside.score)
        return {
            "zh": f"{zh}按本次查询的约定已计入：计入后 {score} 分，{without_zh}。{would['zh']}",
            "en": f"{en} was counted, as this order asks: {score} points with it, and {without_en}. {would['en']}",
        }
    if beside.counts is Counts.CONFIRMED and beside.score is None:
        return {
            "zh": f"除{zh}外没有获印证的数据：全部计入为 {score} 分，不计入则无可评分的数据。{CONFIRM['zh']}",
            "en": f"{en} is all there is: {score} points with it, nothing to score without it. {CONFIRM['en']}",
        }
    if beside.counts is Counts.CONFIRMED:
        return {
            "zh": f"{zh}未用于提高评分：不计入为 {beside.score} 分，计入后为 {score} 分，以较低者为准。",
            "en": f"{en} was not counted in the firm's favour: {beside.score} points without it, {score} with it; the "
            "lower decides.",
        }
    proof = OTHER_SIDE if number_alone else CONFIRM
    return {
        "zh": f"{zh}未计入评分：不计入为 {score} 分，计入后为 {beside.score} 分。{proof['zh']}",
        "en": f"{en} was not counted: {score} points without it, {beside.score} with it. {proof['en']}",
    }


PROOF = {
    "zh": "银行流水、纳税申报表或交易对方的发票可以印证。",
    "en": "A bank statement, a tax filing or the invoices of the other side would confirm it.",
}
CONFIRM = {
    "zh": "如需计入，请提供银行流水、纳税申报表，或由交易对方报送其发票。",
    "en": "To have it counted: a bank statement, a tax filing, or the invoices of the other side.",
}
OTHER_SIDE_WOULD = {
    "zh": "交易对方的发票可以印证。",
    "en": "The invoices of the other side would confirm it.",
}
OTHER_SIDE = {
    "zh": "如需计入，请由交易对方报送其发票。",
    "en": "To have it counted: the invoices of the other side.",
}


def nothing_confirmed(enterprise: str, evidence: Mapping[str, Any] | None) -> str:
    """Say why an enterprise is not scored of which nothing is confirmed, and what to hand in."""
    said = unscored(enterprise, evidence)
    return f"{said['en']} / {said['zh']}"


def unscored(enterprise: str, evidence: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the same in each language."""
    zh, en = _what(evidence)
    return {
        "zh": f"未评分：{enterprise} 没有任何获印证的数据，只有{zh}。{CONFIRM['zh']}"
        "如需按全部数据评分，请以 counts: everything 查询。",
        "en": f"Not scored: nothing of {enterprise} is confirmed. {en} is all there is. {CONFIRM['en']} A score with "
        "everything is ordered by counts: everything.",
    }


def _what(evidence: Mapping[str, Any] | None) -> tuple[str, str]:
    if evidence is None:
        return "仅由企业自行报送、未获印证的数据", "What only the firm itself states"
    some, whole = evidence["unconfirmed_fen"], evidence["total_fen"]
    if not some:
        return (
            "仅有银行流水或纳税申报印证金额的发票，其张数与交易对方",
            "How many invoices and partners stand behind money that a bank statement or a filing alone confirms",
        )
    return (
        f"仅由企业自行报送、未获印证的发票 {figure(some, 'fen', 'zh')}（共 {figure(whole, 'fen', 'zh')}）",
        f"{figure(some, 'fen', 'en')} of {figure(whole, 'fen', 'en')} of invoices, which only the firm itself states,",
    )


def _without(score: int | None) -> tuple[str, str]:
    if score is None:
        return "不计入则无可评分的数据", "without it nothing is left to score"
    return f"不计入为 {score} 分", f"{score} without it"
