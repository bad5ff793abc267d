"""How HTTP names what this service refuses."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.core.errors import Refused
from chassis.core.problems import CONSENT_REQUIRED, Kind
from chassis.core.webhooks import AddressRefused
from services.matching.domain import application, endpoint, errors, loan_offer

KINDS: Mapping[type[Refused], Kind] = {
    errors.RuleUnreadable: Kind(422, "rule-unreadable", "A rule cannot be read", "规则表达式无法解析"),
    errors.NameUnknown: Kind(422, "rule-name-unknown", "A rule names an unknown fact", "规则引用了未知指标"),
    errors.RuleMistyped: Kind(422, "rule-mistyped", "A rule compares unlike things", "规则比较的类型不一致"),
    errors.WordUnknown: Kind(422, "word-unknown", "A word that is on no list", "取值不在规定范围内"),
    errors.RulesContradict: Kind(
        422, "rules-contradict", "No firm could pass the rules", "规则互相矛盾，任何企业均无法满足"
    ),
    errors.ProductInvalid: Kind(422, "product-invalid", "The product contradicts itself", "产品定义自相矛盾"),
    errors.NotTheBank: Kind(422, "not-the-bank", "Not the registered name", "与登记的机构名称不符"),
    errors.ChurnCurveInvalid: Kind(422, "churn-curve-invalid", "The churn curve cannot be right", "客户流失曲线有误"),
    errors.ChurnCurvesMissing: Kind(422, "churn-curves-missing", "No churn curves yet", "尚未导入客户流失曲线"),
    errors.NotPriceable: Kind(422, "not-priceable", "No price without a PD", "缺少违约概率，无法定价"),
    errors.PlanNotFound: Kind(404, "plan-not-found", "No such plan", "未找到该方案"),
    errors.ProductNotFound: Kind(404, "product-not-found", "No such product", "未找到该产品"),
    errors.ProductExists: Kind(409, "product-exists", "The product is already published", "该产品已发布"),
    errors.ProductUsedUp: Kind(409, "product-used-up", "Nothing is left of it", "产品名额或额度已用尽"),
    errors.VersionPassed: Kind(412, "version-passed", "A newer version exists", "产品已有更新版本"),
    errors.NotTheOwner: Kind(403, "not-the-owner", "Another bank's product", "非本行产品"),
    errors.EnterpriseNotFound: Kind(404, "enterprise-not-found", "No such enterprise", "未找到该企业"),
    errors.MatchNotFound: Kind(404, "match-not-found", "No such match", "未找到该匹配结果"),
    errors.DecisionNotFound: Kind(404, "decision-not-found", "No such decision", "未找到该审批决定"),
    errors.BatchNotFound: Kind(404, "batch-not-found", "No such batch", "未找到该批次"),
    errors.BatchNotDone: Kind(409, "batch-not-done", "The batch is not done", "批次尚未完成"),
    errors.ConsentEnded: CONSENT_REQUIRED,
    application.ApplicationNotFound: Kind(404, "application-not-found", "No such application", "未找到该申请"),
    application.UnknownEvent: Kind(404, "unknown-event", "No such move", "未知的操作"),
    application.NotYourMove: Kind(403, "not-your-move", "The other party's move", "应由另一方操作"),
    application.MoveImpossible: Kind(409, "move-impossible", "Not from where it stands", "当前状态不可执行该操作"),
    application.MoveIncomplete: Kind(422, "move-incomplete", "Something must be said with it", "操作缺少必要说明"),
    application.MoveOverstated: Kind(422, "move-overstated", "It does not belong to this move", "该操作不接受此内容"),
    application.ApplicationOpen: Kind(409, "application-open", "Another one is under way", "该产品已有在办申请"),
    application.MatchPassed: Kind(409, "match-passed", "The product has changed since", "匹配后产品版本已变"),
    loan_offer.TermsBeyond: Kind(422, "terms-beyond", "Terms outside their bounds", "条件超出允许范围"),
    loan_offer.ExpiryBeyond: Kind(422, "expiry-beyond", "Not a last day for an offer", "报价有效期不合规定"),
    loan_offer.OfferPassed: Kind(409, "offer-passed", "Another offer stands", "现行报价并非所指报价"),
    loan_offer.OfferExpired: Kind(409, "offer-expired", "The offer has expired", "报价已过有效期"),
    AddressRefused: Kind(422, "address-refused", "Nothing is sent there", "不可向该地址推送"),
    errors.EndpointNotFound: Kind(404, "endpoint-not-found", "No such endpoint", "未找到该推送地址"),
    errors.DeliveryNotFound: Kind(404, "delivery-not-found", "No such delivery", "未找到该推送记录"),
    errors.EndpointNotEnabled: Kind(409, "endpoint-not-enabled", "Nothing is sent there now", "该推送地址已停用"),
    endpoint.EventUnknown: Kind(422, "event-unknown", "There is no such event", "没有该事件"),
    errors.TooManyEndpoints: Kind(409, "too-many-endpoints", "Too many endpoints", "推送地址过多"),
}
