"""What the public document says before its routes: its head, its themes, how one comes in."""

from __future__ import annotations

from typing import Any

from gateway.identity.roles import DEFAULT_SCOPES

Document = dict[str, Any]

INFO: Document = {
    "title": "smecredit",
    "version": "1",
    "summary": "Credit portraits, explained scores and fitting bank products for small and micro enterprises",
    "description": (
        "小微企业信用画像、可解释评分与融资产品匹配。\n\n"
        "Money is integer fen (`*_fen`), rates are decimals a year, times RFC 3339 UTC, dates ISO. Errors are problem "
        "documents (RFC 9457) whose `detail` says what to do next. Reading another firm's file needs its consent and a "
        "`Purpose` header, and leaves a record that the firm can see. Writes take an `Idempotency-Key`. Every answer "
        "tells the quota that is left (`RateLimit-Policy`, `RateLimit`).\n\n"
        "金额一律为整数分；查询他人档案须取得其授权并注明用途（`Purpose`），每次查询均留有记录。"
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}


def _tag(name: str, zh: str, en: str, description: str) -> Document:
    return {"name": name, "description": description, "x-displayName": f"{zh} {en}"}


TAGS: list[Document] = [
    _tag("tokens", "令牌", "Tokens", "用密钥换取短期令牌。Short-lived tokens for an API key."),
    _tag(
        "clients",
        "客户端与密钥",
        "Clients and keys",
        "运营方开户、发放与停用密钥。Who may come in, and with which keys.",
    ),
    _tag(
        "imports",
        "数据导入",
        "Imports",
        "发票、企业与结果数据的可靠导入。Durable imports, with a report of every rejected row.",
    ),
    _tag("withdrawals", "撤回导入", "Imports taken back", "撤回一次导入，如同从未报送。As if it had not been sent."),
    _tag("enterprises", "企业", "Enterprises", "企业档案与信用画像。A firm's file, features and portrait."),
    _tag("consents", "授权", "Consents", "授权、撤销与查询记录。Who may look, for what, until when."),
    _tag(
        "measures",
        "联合奖惩",
        "Incentives and restrictions",
        "守信联合激励与失信联合惩戒，每项均有依据、范围与期限。Measures with legal basis, scope and last day.",
    ),
    _tag(
        "book",
        "账簿与特征",
        "Book and features",
        "特征目录、批量特征与数据概况。The catalogue, features of many firms, the book.",
    ),
    _tag("scores", "信用评分", "Scores", "评分及逐项可加的理由。Scores with exact, additive reasons."),
    _tag("score-batches", "批量评分", "Score batches", "为众多企业评分。Scores of many firms, as a job."),
    _tag("models", "模型", "Models", "训练、登记与上线。Training, registry and promotion."),
    _tag("evaluations", "模型评估", "Evaluations", "样本外检验。How well a model does on firms that it has not seen."),
    _tag("outcomes", "履约结果", "Outcomes", "违约与还款结果。Who paid back and who did not."),
    _tag("products", "融资产品", "Products", "产品、准入规则与定价。Financing products, their rules and prices."),
    _tag(
        "matches",
        "融资匹配",
        "Matches",
        "匹配结果及每一条通过与拒绝的理由。Fitting offers, and the reason of each yes and no.",
    ),
    _tag("match-batches", "批量匹配", "Match batches", "为众多企业匹配。Matches of many firms, as a job."),
    _tag("decisions", "审批决定", "Decisions", "银行以往的审批决定，用于估计获批概率。A bank's past decisions."),
    _tag("dry-runs", "产品试运行", "Dry runs", "新版本对现有企业的影响。Who gains and loses by a new version."),
    _tag("churn-curves", "客户流失曲线", "Churn curves", "利率与客户流失率的关系。How many customers a rate loses."),
    _tag(
        "allocations",
        "额度配置",
        "Allocations",
        "在众多企业间配置额度，附最优性证明。A budget over many firms, with a proof.",
    ),
    _tag("receivable-quotes", "应收账款报价", "Receivable quotes", "应收账款融资逐项报价。The price of an advance."),
    _tag(
        "assignments",
        "稳定匹配",
        "Assignments",
        "众多企业与众多产品的稳定匹配。Products assigned to many firms, stable.",
    ),
    _tag("ledger", "存证账本", "Ledger", "查询、授权与异议的可验证记录。Who read what and who agreed to it, provable."),
    _tag(
        "agreement-ledger",
        "协议账本",
        "Agreement ledger",
        "融资条件达成一致的可验证记录。Which terms were agreed, provable.",
    ),
    _tag("score-ledger", "评分账本", "Score ledger", "评分的可验证记录。Which scores were given, provable."),
    _tag(
        "disputes",
        "异议",
        "Disputes",
        "异议的提出、办理与书面答复。What a firm holds to be wrong, and the answer to it.",
    ),
    _tag("repairs", "信用修复", "Repairs", "已修复的公共信用记录。Public records that were repaired, and are gone."),
    _tag("jobs", "后台任务", "Jobs", "各服务的后台任务及重新运行。Work in the background, and having it run again."),
    _tag("retention", "保存期限", "Retention", "各类信息的保存期限及依据。Retention periods, and their legal basis."),
    _tag(
        "notices",
        "通知",
        "Notices",
        "更正、修复与异议期限的通知。Corrections, repairs and terms that you must know of.",
    ),
    _tag("portraits", "信用画像", "Portraits", "八个维度及其背后的记录。Eight dimensions, down to their records."),
    _tag("records", "单笔数据", "Records", "逐笔报送一家企业的数据。Single records of a firm, as JSON."),
    _tag(
        "import-previews",
        "导入预览",
        "Import previews",
        "导入前识别文件并提出列映射。What a file is, before it is sent.",
    ),
    _tag("connectors", "数据源映射", "Connectors", "各数据源的列名对照。What each source calls its columns."),
    _tag("source-grants", "数据来源授权", "Grants of sources", "各来源可报送的数据。What each source may send."),
    _tag("cross-checks", "交叉比对", "Cross-checks", "同一事项不同来源的比对。What one source says beside another."),
    _tag("graph-features", "图谱特征", "Figures of the graph", "关联方反映的风险。What a firm's ties say of its risk."),
    _tag(
        "graphs",
        "关联图谱",
        "Who is tied to whom",
        "交易、股权、任职、担保等关联。Ties around a firm.",
    ),
    _tag("control", "股权与控制", "Ownership and control", "谁持股、谁控制、同属哪个集团。Who owns, who controls."),
    _tag("rings", "循环开票", "Rings", "企业间循环开票的链条。Invoices that run in a circle."),
    _tag(
        "supplier-record",
        "供应商履约记录",
        "Supplier record",
        "合同、交付、退货与公共信用信息。Contracts, deliveries, sales taken back, public records.",
    ),
    _tag(
        "bidder-screens",
        "投标人筛查",
        "Bidder screens",
        "投标人关联关系风险提示：是提示，不是认定。Who belongs together among bidders: hints.",
    ),
    _tag(
        "partner-shifts",
        "调整交易对手",
        "Partner shifts",
        "与谁多做生意可降低风险。Which partner would lower a firm's risk.",
    ),
    _tag("shocks", "风险传导", "Shocks", "冲击如何沿债权、担保与供应链传导。How trouble would travel."),
    _tag("signals", "预警信号", "Signals", "一家企业的十六项预警信号。The sixteen early-warning signals of a firm."),
    _tag("alerts", "预警", "Alerts", "所关注企业的预警及其确认。Alerts of the firms that you watch."),
    _tag("subscriptions", "订阅", "Subscriptions", "订阅哪些企业、哪些信号。Whom you watch, and for what."),
    _tag(
        "classes",
        "分级分类监管",
        "Classes for supervision",
        "企业信用风险A至D四类、各指标贡献与建议抽查比例。A to D with every contribution, and how often to inspect.",
    ),
    _tag("exposures", "敞口", "Exposures", "自己的贷款敞口与传导预警限额。What you have lent to whom."),
    _tag(
        "indices",
        "诚信指数",
        "Integrity index",
        "行业与区域诚信指数，分项可加，不足十家企业的单元格不公布。By region and industry; it tells of no firm.",
    ),
    _tag("receipts", "评分凭证", "Receipts", "评分的签名凭证及其核验。Signed receipts, and their verification."),
    _tag(
        "recourse",
        "提升路径",
        "Recourse",
        "按企业自身发票逐月推演的提升路径。Plans simulated on the firm's own invoices, month by month.",
    ),
    _tag(
        "reason-codes",
        "原因代码",
        "Reason codes",
        "评分原因的固定代码表。The fixed list of the codes of reasons.",
    ),
    _tag(
        "counting-policy",
        "计入口径",
        "What counts",
        "未指明口径时何种数据计入评分，各机构自行设定。What counts where an order is silent: each client's own.",
    ),
    _tag(
        "overlay-rules",
        "专家规则",
        "Expert rules",
        "模型之外的专家规则及其复核。Expert rules beside the model, and how they change.",
    ),
    _tag("drift", "模型漂移", "Drift", "分布漂移、回测与迁移。Drift, back-tests, vintages and migrations."),
    _tag("applications", "融资申请", "Applications", "一份材料、多家银行、全程留痕。From wish to repayment."),
    _tag("webhooks", "事件通知", "Webhooks", "签名的事件推送与重发。Signed messages, their deliveries and replays."),
]

SCOPES: tuple[str, ...] = tuple(sorted(frozenset().union(*DEFAULT_SCOPES.values())))


def _scope_text(scope: str) -> str:
    roles = [role for role, scopes in DEFAULT_SCOPES.items() if scope in scopes]
    return f"by default for: {', '.join(roles)}"


SECURITY_SCHEMES: Document = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (`smc_…`) or a token. API 密钥或访问令牌。",
    },
    "oauth2": {
        "type": "oauth2",
        "description": "Client credentials: the client id, and one of its API keys as the secret. A token that is "
        "bound to a key comes as `Authorization: DPoP …` with a proof in `DPoP` (RFC 9449). 绑定密钥的令牌须附证明。",
        "flows": {
            "clientCredentials": {
                "tokenUrl": "/oauth/token",
                "scopes": {scope: _scope_text(scope) for scope in SCOPES},
            }
        },
    },
}
