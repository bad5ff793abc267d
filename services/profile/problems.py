"""How HTTP names what this service refuses."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.core.errors import Refused
from chassis.core.problems import Kind
from services.profile.book import damage, fit
from services.profile.book.domain import channel, connector, enterprise, form, source_grant
from services.profile.book.readers import sheets
from services.profile.book.usecases import allow, connect, enrol, receive, record, understand
from services.profile.graph.usecases import order_shock
from services.profile.portrait.domain import late_payment, lineage
from services.profile.portrait.usecases import compare_sources, order_peers, portray
from services.profile.rights.domain import consent, dispute, measure, notice, repair
from services.profile.rights.usecases import take_back
from services.profile.standards import codes
from services.profile.supervision.domain import pack, packs_of
from services.profile.supervision.domain.screen import auction
from services.profile.supervision.usecases import publish_index, read_index, screen_bidders
from services.profile.watch.usecases import read_alerts, subscribe

KINDS: Mapping[type[Refused], Kind] = {
    codes.NotAnEnterpriseId: Kind(422, "not-an-enterprise-id", "Not an enterprise id", "企业标识无效"),
    enterprise.EnterpriseNotFound: Kind(404, "enterprise-not-found", "No such enterprise", "未找到该企业"),
    consent.ConsentRequired: Kind(403, "consent-required", "The enterprise's consent is needed", "需要企业授权"),
    consent.PurposeRequired: Kind(422, "purpose-required", "A purpose is needed", "须注明查询用途"),
    consent.ReadsUsedUp: Kind(429, "consent-reads-used-up", "Read as often as consented", "已达授权的查询次数"),
    consent.ConsentNotFound: Kind(404, "consent-not-found", "No such consent", "未找到该授权"),
    consent.ConsentAlreadyRevoked: Kind(409, "consent-already-revoked", "The consent has ended", "授权已撤销"),
    consent.ImpossibleConsent: Kind(422, "impossible-consent", "The consent contradicts itself", "授权内容自相矛盾"),
    form.WrongColumns: Kind(422, "wrong-columns", "The columns do not fit the kind", "列名与数据类型不符"),
    connector.UnknownConnector: Kind(422, "unknown-connector", "No such connector", "未知的数据源映射"),
    connect.ConnectorRefused: Kind(422, "connector-refused", "The connector contradicts itself", "映射声明自相矛盾"),
    connect.ConnectorNotFound: Kind(404, "connector-not-found", "No such connector", "未找到该数据源映射"),
    connect.NameTaken: Kind(409, "connector-name-taken", "The name cannot be taken", "该映射名称不可用"),
    channel.UnknownChannel: Kind(422, "unknown-channel", "No such lawful channel", "未知的信息来源渠道"),
    channel.NotYourChannel: Kind(403, "not-your-channel", "Not for the sender to state", "不属于报送方可提供的信息"),
    source_grant.NotGranted: Kind(403, "not-granted", "Not granted to this source", "未获授权报送该类数据"),
    source_grant.GrantNotFound: Kind(404, "grant-not-found", "No such grant", "未找到该报送授权"),
    source_grant.GrantOver: Kind(409, "grant-over", "The grant has ended", "报送授权已终止"),
    source_grant.ImpossibleGrant: Kind(422, "impossible-grant", "The grant contradicts itself", "报送授权自相矛盾"),
    record.RecordsRefused: Kind(422, "records-refused", "Records that cannot be used", "记录未通过校验"),
    sheets.UnreadableFile: Kind(422, "unreadable-file", "The file cannot be read", "无法读取文件"),
    sheets.EmptyFile: Kind(422, "empty-file", "The file holds no rows", "文件没有数据"),
    sheets.MissingSheet: Kind(422, "missing-sheet", "The workbook lacks a sheet", "工作簿缺少工作表"),
    allow.SentEnough: Kind(429, "upload-quota-used-up", "As much was sent today as may be", "今日报送流量已达上限"),
    allow.KeptEnough: Kind(413, "upload-space-used-up", "As much is kept as may be", "文件存储空间已达上限"),
    sheets.FileTooLarge: Kind(413, "file-too-large", "The file is too large", "文件过大"),
    enrol.SyntheticMixed: Kind(
        409, "synthetic-mixed", "Synthetic and real data would mix", "合成数据与真实数据不可混用"
    ),
    compare_sources.RuleNotFound: Kind(404, "rule-not-found", "No such rule", "未找到该比对规则"),
    portray.DimensionNotFound: Kind(404, "dimension-not-found", "No such dimension", "未找到该维度"),
    lineage.FigureNotFound: Kind(404, "figure-not-found", "No such feature or indicator", "未找到该指标"),
    order_peers.PeersUnderWay: Kind(503, "peers-under-way", "Peers are being computed", "同业比较基准正在计算"),
    order_shock.TooManyFiles: Kind(413, "too-many-files", "More files than are read at once", "可读档案超过单次上限"),
    order_shock.ShockNotFound: Kind(404, "shock-not-found", "No such shock", "未找到该冲击测算任务"),
    late_payment.RateTooLow: Kind(422, "rate-too-low", "The agreed rate does not bind", "约定利率低于法定下限"),
    measure.UnknownBasis: Kind(
        422, "unknown-basis", "No measure without a legal basis", "没有法律依据不得设置奖惩措施"
    ),
    measure.BasisNotInForce: Kind(422, "basis-not-in-force", "The legal basis is not in force", "法律依据当日未施行"),
    measure.BeyondBasis: Kind(422, "beyond-basis", "More than the legal basis allows", "超出法律依据允许的范围"),
    measure.ImpossibleMeasure: Kind(422, "impossible-measure", "The measure contradicts itself", "奖惩措施自相矛盾"),
    measure.MeasureNotFound: Kind(404, "measure-not-found", "No such measure", "未找到该奖惩措施"),
    measure.MeasureOver: Kind(409, "measure-over", "The measure is over", "该奖惩措施已结束"),
    read_alerts.AlertNotFound: Kind(404, "alert-not-found", "No such alert", "未找到该预警"),
    subscribe.SubscriptionNotFound: Kind(404, "subscription-not-found", "No such subscription", "未找到该订阅"),
    dispute.DisputeNotFound: Kind(404, "dispute-not-found", "No such dispute", "未找到该异议"),
    dispute.RecordNotFound: Kind(404, "record-not-found", "No such record in the file", "档案中没有该记录"),
    dispute.AlreadyDisputed: Kind(409, "already-disputed", "The item is disputed already", "该项已在异议处理中"),
    dispute.TooManyDisputes: Kind(409, "too-many-disputes", "Too many open disputes", "未办结的异议过多"),
    dispute.DisputeEnded: Kind(409, "dispute-ended", "The dispute has ended", "异议已办结"),
    dispute.NotRestated: Kind(409, "not-restated", "The item stands as it did", "该项尚未由来源方更正"),
    dispute.DecisionIncomplete: Kind(422, "decision-incomplete", "The decision says too little", "处理决定不完整"),
    repair.RepairTooEarly: Kind(409, "repair-too-early", "Too early to be repaired", "未满最短公示期，暂不能修复"),
    repair.AlreadyRepaired: Kind(409, "already-repaired", "The record has left already", "该记录已修复"),
    repair.NotRepairable: Kind(422, "not-repairable", "Nothing to repair", "该记录不适用信用修复"),
    repair.RepairNotFound: Kind(404, "repair-not-found", "No such repair", "未找到该信用修复"),
    notice.NoticeNotFound: Kind(404, "notice-not-found", "No such notice", "未找到该通知"),
    publish_index.MonthTaken: Kind(409, "month-taken", "The month is published already", "该月指数已发布"),
    read_index.OrderNotFound: Kind(404, "index-order-not-found", "No such order of months", "未找到该指数发布任务"),
    packs_of.NoPack: Kind(404, "no-rules-for-sector", "No rules for this sector or day", "该行业或日期没有适用规则"),
    pack.PackRefused: Kind(500, "pack-refused", "A pack of rules contradicts itself", "行业规则包有误"),
    fit.LakeBehind: Kind(503, "lake-behind", "The lake is older than the database", "数据湖落后于数据库"),
    fit.LakeForeign: Kind(503, "lake-foreign", "The lake is not the database's", "数据湖与数据库不是同一套"),
    damage.LakeDamaged: Kind(503, "lake-damaged", "A file of the lake is damaged", "数据湖文件已损坏"),
    understand.ReaderBroken: Kind(500, "file-broke-reader", "The file broke our reader", "文件触发了系统故障"),
    receive.UnknownKind: Kind(422, "unknown-kind", "No such kind of import", "未知的导入类型"),
    receive.KeyReused: Kind(422, "idempotency-key-reused", "The key came with another file", "幂等键已用于其他文件"),
    take_back.NotFinished: Kind(409, "import-not-finished", "The import is not done", "导入尚未完成"),
    take_back.AlreadyWithdrawn: Kind(409, "import-withdrawn", "The import was taken back already", "该次导入已撤回"),
    take_back.NotWithdrawable: Kind(409, "import-not-withdrawable", "It cannot be taken back", "该次导入无法撤回"),
    auction.ImpossibleAuction: Kind(422, "impossible-auction", "The bids contradict themselves", "报价信息自相矛盾"),
    screen_bidders.UnlistedBidder: Kind(422, "unlisted-bidder", "A bid of an unlisted bidder", "报价方不在名单中"),
    receive.ImportNotFound: Kind(404, "import-not-found", "No such import", "未找到该导入任务"),
}
