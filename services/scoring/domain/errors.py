"""What scoring may refuse, each with what was found and a way forward."""

from __future__ import annotations

from chassis.core.errors import Conflict, Forbidden, Invalid, InvariantBroken, NotFound, Refused


class ModelUnreadable(Refused):
    """A stored model is damaged, or of a kind that cannot be explained exactly."""


class ReasonsDoNotAddUp(InvariantBroken):
    """The contributions of a score do not sum to the score; no answer is better than a wrong reason."""


class TrainingDataUnusable(Invalid):
    """A training table that no model can be learned from: too few rows, one class, no feature, a strange label."""


class FeaturesDoNotFit(Invalid):
    """Rows to be scored lack features that the model was trained on, or hold values that are no numbers."""


class VersionTaken(Conflict):
    """A model version exists with other content; versions never change."""


class ProofNotFound(NotFound):
    """A score from before the ledger could prove it alone, or one whose entry is forgotten."""


class NotEnoughData(Refused):
    """The enterprise has no usable invoice, so no score would mean anything."""


class NothingConfirmed(Refused):
    """All that is known of the enterprise is its own word, and the order counts what is confirmed."""


class NoServingModel(Refused):
    """No trained model serves yet."""


class ModelNotFound(NotFound):
    """No model has this version."""


class ModelNotReady(Conflict):
    """The model is still being trained, or its training failed: it cannot serve."""


class ModelNotApproved(Conflict):
    """Nobody but its trainer has looked at the model yet, so it cannot serve."""


class ApprovalByTrainer(Forbidden):
    """Whoever trained a model cannot approve it: four eyes see more than two."""


class NotYourModel(Forbidden):
    """Whether a model serves or runs in the shadow is decided by who trained it, or by the operator."""


class GateFailed(Conflict):
    """The model was behind its challenger on held-out firms, and nobody has said why it should serve all the same."""


class NothingServedBefore(Conflict):
    """There is no earlier model to roll back to, or the model named does not serve."""


class TargetNotUnderstood(Invalid):
    """A target of recourse that names no grade, or a rule on something that the model does not know."""


class PictureNotFound(NotFound):
    """A model has no picture of this name."""


class ScoreNotFound(NotFound):
    """There is no such score, or it was made for somebody else."""


class OverrideChangesNothing(Conflict):
    """An override to the grade that the score has."""


class OverrideAboveCap(Conflict):
    """An override to a grade better than an expert rule's cap."""


class OverlayNotFound(NotFound):
    """There is no such version of the expert rules."""


class OverlayNotUnderstood(Invalid):
    """Expert rules that contradict themselves, or that are to hold in the past."""


class OverlayConfirmedByProposer(Forbidden):
    """Whoever proposed expert rules cannot confirm them: four eyes see more than two."""


class OverlayDecided(Conflict):
    """The proposal of expert rules was confirmed or withdrawn already."""


class ConsentEnded(Forbidden):
    """The enterprise's consent has ended since the score was made: what was derived under it is closed too."""


class BatchNotFound(NotFound):
    """There is no such batch, or somebody else ordered it."""


class BatchNotDone(Conflict):
    """The batch still runs, so its results are not complete."""


class EvaluationNotFound(NotFound):
    """There is no such evaluation, or somebody else ordered it."""


class TableUnreadable(Invalid):
    """The file is not a table that can be read."""


class PurposeOpensNoScore(Forbidden):
    """A purpose that opens no scores of the kind that was ordered."""
