"""The one table from what scoring refuses to the problem that a client reads."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.core.errors import Refused
from chassis.core.problems import CONSENT_REQUIRED, Kind
from services.scoring.domain import errors

KINDS: Mapping[type[Refused], Kind] = {
    errors.NotEnoughData: Kind(422, "not-enough-data", "Not enough data for a score", "数据不足，无法评分"),
    errors.NothingConfirmed: Kind(422, "nothing-confirmed", "Nothing is confirmed", "没有获印证的数据，无法评分"),
    errors.NoServingModel: Kind(409, "no-serving-model", "No model serves yet", "尚无在用模型"),
    errors.ModelNotFound: Kind(404, "model-not-found", "No such model", "模型不存在"),
    errors.ModelNotReady: Kind(409, "model-not-ready", "The model cannot serve", "模型尚不可用"),
    errors.ModelNotApproved: Kind(409, "model-not-approved", "The model is not approved", "模型尚未经复核批准"),
    errors.ApprovalByTrainer: Kind(403, "approval-by-trainer", "Somebody else must approve", "须由他人复核批准"),
    errors.NotYourModel: Kind(403, "not-your-model", "Its trainer or the operator decides", "由训练方或运营方决定"),
    errors.GateFailed: Kind(409, "gate-failed", "The model failed its gate", "模型未通过准入检验"),
    errors.NothingServedBefore: Kind(409, "nothing-served-before", "Nothing to roll back to", "没有可回退的模型"),
    errors.TargetNotUnderstood: Kind(422, "target-not-understood", "The target is not understood", "无法理解的目标"),
    errors.PictureNotFound: Kind(404, "picture-not-found", "No such picture", "图表不存在"),
    errors.ScoreNotFound: Kind(404, "score-not-found", "No such score", "评分不存在"),
    errors.ProofNotFound: Kind(404, "proof-not-found", "The ledger does not prove this score", "账本中无此评分的证明"),
    errors.OverrideChangesNothing: Kind(409, "override-changes-nothing", "The grade is this already", "等级未变更"),
    errors.OverrideAboveCap: Kind(409, "override-above-cap", "An expert rule caps the grade", "专家规则限定了最高等级"),
    errors.OverlayNotFound: Kind(404, "overlay-not-found", "No such version of expert rules", "专家规则版本不存在"),
    errors.OverlayNotUnderstood: Kind(422, "overlay-not-understood", "The rules are not understood", "无法理解的规则"),
    errors.OverlayConfirmedByProposer: Kind(
        403, "overlay-confirmed-by-proposer", "Somebody else must confirm", "须由他人复核确认"
    ),
    errors.OverlayDecided: Kind(409, "overlay-decided", "The proposal is decided", "该提案已有结论"),
    errors.ConsentEnded: CONSENT_REQUIRED,
    errors.PurposeOpensNoScore: CONSENT_REQUIRED,
    errors.BatchNotFound: Kind(404, "batch-not-found", "No such batch", "批次不存在"),
    errors.BatchNotDone: Kind(409, "batch-not-done", "The batch is not done", "批次尚未完成"),
    errors.EvaluationNotFound: Kind(404, "evaluation-not-found", "No such evaluation", "评估不存在"),
    errors.TableUnreadable: Kind(422, "table-unreadable", "The table cannot be read", "无法读取表格"),
    errors.TrainingDataUnusable: Kind(
        422, "training-data-unusable", "No model can be learned from this", "训练数据不可用"
    ),
    errors.FeaturesDoNotFit: Kind(422, "features-do-not-fit", "The data does not fit the model", "特征与模型不符"),
    errors.ModelUnreadable: Kind(500, "model-unreadable", "The stored model cannot be read", "模型文件无法读取"),
    errors.ReasonsDoNotAddUp: Kind(
        500, "reasons-do-not-add-up", "The reasons do not add up to the score", "评分原因与分数不符"
    ),
}
