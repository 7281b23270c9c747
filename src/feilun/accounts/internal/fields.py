"""The fields and options of the record kinds 'accounts' and 'receivables', with the headings they usually have in files."""

from typing import Final

from feilun.accounts.contracts import AccountState, ReceivableState
from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import FieldSpec, FieldType, Label, OptionSpec, RecordKind

_ACCOUNT: Final = Label("公司", "Company")
_TERMS: Final = Label("账期与信用", "Terms and credit")
_CONTACT: Final = Label("联系人", "Contact")
_RECEIVABLE: Final = Label("应收", "Receivable")
_DEBTOR: Final = Label("欠款方", "Debtor")

CONTACT_IDENTIFIERS: Final = {
    "contact_code": IdentifierKind.ERP_CODE,
    "contact_phone": IdentifierKind.PHONE,
    "contact_email": IdentifierKind.EMAIL,
    "contact_unionid": IdentifierKind.UNIONID,
    "contact_external_userid": IdentifierKind.EXTERNAL_USERID,
}
DEBTOR_IDENTIFIERS: Final = {
    "customer_code": IdentifierKind.ERP_CODE,
    "phone": IdentifierKind.PHONE,
    "email": IdentifierKind.EMAIL,
    "unionid": IdentifierKind.UNIONID,
    "external_userid": IdentifierKind.EXTERNAL_USERID,
    "card": IdentifierKind.CARD,
}


def _field(
    name: str, zh: str, en: str, *synonyms: str, group: Label, field_type: FieldType = FieldType.TEXT, is_key: bool = False,
    is_required: bool = False, is_personal: bool = False, identifier: IdentifierKind | None = None, hint: Label | None = None,
) -> FieldSpec:  # fmt: skip
    return FieldSpec(
        name=name,
        type=field_type,
        label=Label(zh, en),
        hint=hint,
        required=is_required,
        is_key=is_key,
        is_personal=is_personal or identifier is not None,
        identifier=identifier,
        synonyms=(zh.lower(), en.lower(), *synonyms),
        group=group,
    )


_STATE_WORDS_LABEL: Final = Label("状态对照", "State words")


def _state_words(example: str, states: str) -> OptionSpec:
    return OptionSpec(
        name="state_words",
        type=FieldType.TEXT,
        label=_STATE_WORDS_LABEL,
        hint=Label(f"例：{example}。可用：{states}", f"E.g. {example}. Known: {states}"),
        default="",
    )


_PHONES_VERIFIED: Final = OptionSpec(
    name="phones_verified",
    type=FieldType.BOOLEAN,
    label=Label("手机号可信", "Phones are verified"),
    hint=Label(
        "本人在用的手机号选“是”，用来关联同一客户；总机、代填号选“否”。",
        "Say yes when the numbers are the persons' own: they link customers. Say no for switchboards and numbers others typed.",
    ),
    default="true",
)
_CURRENCY: Final = OptionSpec(
    name="currency",
    type=FieldType.TEXT,
    label=Label("默认币种", "Default currency"),
    hint=Label("没有币种列时使用，如 CNY。", "Used where no column tells, e.g. CNY."),
    default="CNY",
)

ACCOUNTS: Final = RecordKind(
    name="accounts",
    label=Label("公司客户", "Company accounts"),
    fields=(
        _field(
            "code", "公司编码", "Account code", "公司客户编码", "企业编码", "企业客户编码", "往来单位编码", "客户公司编码", "单位编码", "账户编码",
            "account no", "account number", "account_code", "account id", "account_id", "company code", "company_code", "company id",
            group=_ACCOUNT, is_key=True, is_required=True,
        ),
        _field(
            "name", "公司名称", "Account name", "企业名称", "单位名称", "往来单位", "往来单位名称", "客户公司", "公司全称", "account_name",
            "company", "company name", "company_name", "legal name", group=_ACCOUNT,
        ),
        _field("short_name", "公司简称", "Short name", "简称", "企业简称", "short_name", "alias", group=_ACCOUNT),
        _field(
            "credit_code", "统一社会信用代码", "Unified social credit code", "信用代码", "社会信用代码", "税号", "纳税人识别号", "uscc", "usci",
            "credit code", "tax id", "tax number", "tax_id", group=_ACCOUNT,
            hint=Label("18 位；校验位不符的行不导入。", "18 characters; rows whose check character does not fit are refused."),
        ),
        _field("industry", "行业", "Industry", "所属行业", "行业分类", "sector", group=_ACCOUNT),
        _field("region", "区域", "Region", "大区", "地区", "片区", "area", "territory", group=_ACCOUNT),
        _field("address", "公司地址", "Company address", "注册地址", "办公地址", "经营地址", "address", group=_ACCOUNT),
        _field("state", "状态", "State", "公司状态", "合作状态", "客户状态", "启用状态", "status", "account status", group=_ACCOUNT),
        _field("owner", "负责人", "Owner", "业务员", "销售员", "客户经理", "归属销售", "account manager", "account owner", "sales rep", group=_ACCOUNT),
        _field("parent_code", "上级公司编码", "Parent account code", "母公司编码", "集团编码", "上级单位编码", "parent", "parent code", "parent_code", "parent account", group=_ACCOUNT),
        _field("payment_terms_days", "账期天数", "Payment terms (days)", "账期", "付款天数", "信用天数", "信用期", "payment terms", "payment_terms", "credit days", "net days", group=_TERMS, field_type=FieldType.INTEGER),
        _field("credit_limit", "信用额度", "Credit limit", "授信额度", "信用限额", "credit_limit", group=_TERMS, field_type=FieldType.DECIMAL),
        _field("currency", "币种", "Currency", "币别", "货币", "currency code", "currency_code", group=_TERMS),
        _field(
            "contact_name", "联系人", "Contact name", "联系人姓名", "主要联系人", "联系人名称", "contact", "contact person", "contact_name",
            group=_CONTACT, is_personal=True,
            hint=Label("一家公司有多位联系人时写成多行。", "Several contacts of one company: one row each."),
        ),
        _field("contact_phone", "联系人手机", "Contact phone", "联系人电话", "联系电话", "手机", "手机号", "电话", "phone", "mobile", "contact mobile", "contact_phone", group=_CONTACT, identifier=IdentifierKind.PHONE),
        _field("contact_email", "联系人邮箱", "Contact e-mail", "邮箱", "电子邮箱", "email", "e-mail", "contact email", "contact_email", group=_CONTACT, identifier=IdentifierKind.EMAIL),
        _field("contact_code", "联系人客户编码", "Contact's customer code", "联系人编码", "客户编码", "会员编号", "contact code", "contact_code", "customer code", "customer_code", group=_CONTACT, identifier=IdentifierKind.ERP_CODE),
        _field("contact_unionid", "联系人 UnionID", "Contact's UnionID", "unionid", "contact_unionid", group=_CONTACT, identifier=IdentifierKind.UNIONID),
        _field("contact_external_userid", "联系人企业微信 ID", "Contact's WeCom external user id", "external_userid", "外部联系人id", group=_CONTACT, identifier=IdentifierKind.EXTERNAL_USERID),
        _field("contact_role", "联系人角色", "Contact's role", "角色", "决策角色", "role", "contact role", "contact_role", group=_CONTACT),
        _field("contact_title", "联系人职务", "Contact's title", "职务", "职位", "岗位", "title", "job title", "contact_title", "position", group=_CONTACT),
    ),
    options=(_state_words("合作终止=closed, 待复核=suspended", " ".join(AccountState)), _PHONES_VERIFIED, _CURRENCY),
)  # fmt: skip

RECEIVABLES: Final = RecordKind(
    name="receivables",
    label=Label("应收", "Receivables"),
    fields=(
        _field(
            "number", "应收单号", "Receivable number", "单号", "单据编号", "单据号", "发票号", "发票号码", "应收编号", "账单号", "invoice", "invoice no",
            "invoice number", "invoice_no", "document number", "bill no", "receivable no", group=_RECEIVABLE, is_key=True, is_required=True,
        ),
        _field(
            "account_code", "公司编码", "Account code", "公司客户编码", "企业编码", "往来单位编码", "单位编码", "account", "account no", "account_code",
            "account number", "company code", group=_DEBTOR,
        ),
        _field(
            "account_source", "公司编码的来源", "Source of the account code", "account source", "account_source", group=_DEBTOR,
            hint=Label("公司客户导入时用的来源名；不填为本次来源。", "The source name the accounts came under; default: this import's."),
        ),
        _field("customer_code", "客户编码", "Customer code", "客户编号", "会员编号", "customer", "customer_code", "customer no", "customer id", group=_DEBTOR, identifier=IdentifierKind.ERP_CODE),
        _field("phone", "手机号", "Phone", "手机", "电话", "联系电话", "mobile", "phone number", group=_DEBTOR, identifier=IdentifierKind.PHONE),
        _field("email", "邮箱", "E-mail", "电子邮箱", "email", group=_DEBTOR, identifier=IdentifierKind.EMAIL),
        _field("unionid", "微信 UnionID", "WeChat UnionID", "unionid", group=_DEBTOR, identifier=IdentifierKind.UNIONID),
        _field("external_userid", "企业微信外部联系人 ID", "WeCom external user id", "external_userid", "外部联系人id", group=_DEBTOR, identifier=IdentifierKind.EXTERNAL_USERID),
        _field("card", "会员卡号", "Card number", "卡号", "card", "card no", group=_DEBTOR, identifier=IdentifierKind.CARD),
        _field("order_number", "订单号", "Order number", "订单编号", "销售订单号", "来源订单", "order", "order no", "order_number", "order id", group=_RECEIVABLE),
        _field("amount", "应收金额", "Amount", "金额", "价税合计", "开票金额", "账单金额", "invoice amount", "total", "receivable amount", group=_RECEIVABLE, field_type=FieldType.DECIMAL, is_required=True),
        _field("settled_amount", "已收金额", "Settled amount", "已核销金额", "已付金额", "收款金额", "回款金额", "paid", "paid amount", "settled", "settled_amount", "amount paid", group=_RECEIVABLE, field_type=FieldType.DECIMAL),
        _field("currency", "币种", "Currency", "币别", "货币", "currency code", "currency_code", group=_RECEIVABLE),
        _field("issued_on", "开单日期", "Issued on", "单据日期", "业务日期", "开票日期", "应收日期", "issue date", "issued_on", "invoice date", "date", group=_RECEIVABLE, field_type=FieldType.DATE),
        _field("due_on", "到期日", "Due on", "到期日期", "应收到期日", "付款到期日", "约定付款日", "due date", "due_on", "payment due", group=_RECEIVABLE, field_type=FieldType.DATE),
        _field(
            "state", "核销状态", "State", "状态", "收款状态", "结算状态", "单据状态", "status", "payment status", group=_RECEIVABLE,
            hint=Label("没有状态时按金额判断。", "Without a state the amounts tell."),
        ),
    ),
    options=(_state_words("待催收=open, 呆账=written_off", " ".join(ReceivableState)), _PHONES_VERIFIED, _CURRENCY),
)  # fmt: skip
