"""A receipt: what was said of whom, from which inputs and by which model, in a form that can be signed and repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from chassis.core.moments import rfc3339
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.reason_codes import code_of

# The first form did not say which reasons were told; receipts of it are verified as they were given.
OWN_FILE = "own-file"
FIRST, FORM = "smecredit-receipt-1", "smecredit-receipt-2"


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """A receipt as somebody holds it: what it states, and the signature over that."""

    receipt: Mapping[str, Any]
    signature: Mapping[str, Any]


def statement(
    assessment: Assessment, *, features: Sequence[str], model_sha256: str, reference: str, form: str = FORM
) -> dict[str, Any]:
    """Return what a receipt states: hashes of the inputs, the model and the reasons; times; score, grade and PD.

    `features_sha256` is the profile service's name for all that it told; `inputs_sha256` names exactly the values that
    the model read, `contributions_sha256` the points of each of its features. `reasons` are the codes of those that
    were told, a feature's name where it has none. `view` marks what an enterprise is told of itself by its own file.
    """
    stated = {
        "form": form,
        "score_id": assessment.id,
        "enterprise": assessment.enterprise,
        "purpose": assessment.purpose,
        "as_of": assessment.as_of.isoformat(),
        "known_at": rfc3339(assessment.known_at),
        "created_at": rfc3339(assessment.created_at),
        "depth": assessment.depth,
        "features_sha256": assessment.features_sha256,
        "inputs_sha256": digest(dict(zip(features, assessment.values, strict=True))),
        "model": assessment.model,
        "model_sha256": model_sha256,
        "reference": reference,
        "score": assessment.score,
        "grade": assessment.grade,
        "pd": assessment.pd,
        "pd_interval": [assessment.pd_low, assessment.pd_high],
        "base_points": assessment.base_points,
        "contributions_sha256": digest(dict(zip(features, assessment.points, strict=True))),
        **_counted(assessment, features),
        **_supposed(assessment, features),
        **({"view": OWN_FILE} if assessment.own_view else {}),
    }
    return stated if form == FIRST else {**stated, "reasons": _told(assessment, features), **_ruled(assessment)}


def _told(assessment: Assessment, features: Sequence[str]) -> list[str]:
    return [code_of(features[at], assessment.points[at]) or features[at] for at in assessment.reasons]


def _ruled(assessment: Assessment) -> dict[str, Any]:
    """Return what the expert rules make of the model's figures; nothing of a score of before there were any."""
    said, decides = assessment.overlay, assessment.effective
    if said is None:
        return {}
    rules = [
        {"rule": each["rule"], "cap": each["effect"]["cap"], "records": sorted(one["id"] for one in each["records"])}
        for each in said["rules"]
    ]
    overlay = {"version": said["version"], "rules": rules}
    return {"overlay": overlay, "effective_grade": decides.grade, "effective_pd": decides.pd}


def _counted(assessment: Assessment, features: Sequence[str]) -> dict[str, Any]:
    """Return what is stated of what counted; nothing of a score of before that was asked."""
    stated: dict[str, Any] = {}
    if assessment.counts is not None:
        stated["counts"] = str(assessment.counts)
    if assessment.evidence is not None:
        stated["evidence_sha256"] = digest(assessment.evidence)
    if assessment.beside is not None:
        beside = assessment.beside
        stated[f"with_{beside.counts}"] = {
            **{name: getattr(beside, name) for name in ("score", "grade", "pd", "depth", "features_sha256")},
            "inputs_sha256": digest(dict(zip(features, beside.values, strict=True))),
        }
    return stated


def _supposed(assessment: Assessment, features: Sequence[str]) -> dict[str, Any]:
    """Return what is stated of the file that would be shown fully; nothing where 36 months are shown."""
    fuller = assessment.fuller
    if fuller is None:
        return {}
    names = ("score", "grade", "pd", "depth", "features_sha256", "months", "registered_on")
    told = {name: getattr(fuller, name) for name in names}
    inputs = digest(dict(zip(features, fuller.values, strict=True)))
    return {"fuller": {**told, "shown": dict(fuller.shown), "inputs_sha256": inputs}}


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return the one way to write a document (RFC 8785); `ValueError` for what JSON cannot say exactly."""
    return rfc8785.dumps(dict(document))


def digest(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(document)).hexdigest()


def differences(stated: Mapping[str, Any], found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each member in which a receipt differs from what was found, bit for bit: `{field, stated, found}`."""
    return [
        {"field": name, "stated": stated.get(name), "found": found.get(name)}
        for name in sorted({*stated, *found})
        if name not in stated or name not in found or _text(stated[name]) != _text(found[name])
    ]


def _text(value: Any) -> str:
    # 1 and 1.0 are the same number of JSON, True and 1 are not: the canonical text decides.
    try:
        return canonical({"value": value}).decode()
    except (ValueError, TypeError):
        return repr(value)
