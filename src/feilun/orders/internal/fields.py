"""The fields and options of the record kind 'orders', with the headings they usually have in files."""

from typing import Final

from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import FieldSpec, FieldType, Label, OptionSpec, RecordKind


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(","))


_ORDER = Label("订单", "Order")
_CUSTOMER = Label("客户", "Customer")
_LINE = Label("明细", "Line")
_PAYMENT = Label("付款", "Payment")
_SHIPMENT = Label("物流", "Shipment")

_ORDER_FIELDS: Final = (
    FieldSpec(
        name="number",
        type=FieldType.TEXT,
        label=Label("订单号", "Order number"),
        required=True,
        is_key=True,
        synonyms=_words(
            "订单号, 订单编号, 单号, 单据编号, 单据号, 销售单号, 销售订单号, 交易号, 小票号, 发票号, invoiceno, invoice, invoice no, "
            "invoice number, order, order no, order_no, orderno, order id, order_id, orderid, order "
            "number, order_number, ordernumber, receipt no, ticket no, bill no"
        ),
        group=_ORDER,
    ),
    FieldSpec(
        name="ordered_at",
        type=FieldType.DATETIME,
        label=Label("下单时间", "Order time"),
        hint=Label("同一订单有多个时间时取最早的。", "Where rows of one order differ, the earliest counts."),
        required=True,
        synonyms=_words(
            "下单时间, 订单时间, 订单日期, 下单日期, 销售日期, 单据日期, 交易时间, 成交时间, 创建时间, 日期, 时间, invoicedate, invoice date, "
            "order date, order_date, orderdate, order time, order_time, ordered_at, date, created_at, "
            "created at, transaction date, sale date, timestamp"
        ),
        group=_ORDER,
    ),
    FieldSpec(
        name="state",
        type=FieldType.TEXT,
        label=Label("订单状态", "Order state"),
        hint=Label(
            "常用说法自动识别；其他说法在选项“状态对照”里写明。没有状态的订单视为已完成。",
            "Usual words are understood; explain others in the option 'State words'. Orders without a state are completed.",
        ),
        synonyms=_words(
            "订单状态, 状态, 单据状态, 交易状态, order status, order_status, status, state, order state"
        ),
        group=_ORDER,
    ),
    FieldSpec(
        name="completed_at",
        type=FieldType.DATETIME,
        label=Label("完成时间", "Completion time"),
        synonyms=_words(
            "完成时间, 交易完成时间, 结束时间, completed_at, completed at, completion time, finished_at"
        ),
        group=_ORDER,
    ),
    FieldSpec(
        name="store",
        type=FieldType.TEXT,
        label=Label("门店编码", "Store code"),
        synonyms=_words(
            "门店, 门店编码, 门店代码, 店铺, 店铺编码, 店铺名称, 门店名称, store, store code, store_code, store id, store_id, "
            "shop, shop id, branch, outlet"
        ),
        group=_ORDER,
    ),
    FieldSpec(
        name="channel",
        type=FieldType.TEXT,
        label=Label("渠道", "Channel"),
        synonyms=_words("渠道, 销售渠道, 订单来源, 平台, channel, sales channel, platform"),
        group=_ORDER,
    ),
    FieldSpec(
        name="currency",
        type=FieldType.TEXT,
        label=Label("币种", "Currency"),
        synonyms=_words("币种, 币别, 货币, currency, currency code, currency_code"),
        group=_ORDER,
    ),
    FieldSpec(
        name="order_discount",
        type=FieldType.DECIMAL,
        label=Label("整单优惠", "Order discount"),
        hint=Label(
            "整张订单的优惠，不含已在明细行里的。没有订单总额时：总额 = 各行金额之和 − 整单优惠。",
            "On the whole order, beside what its lines already have. Without an order total: total = lines − order discount.",
        ),
        synonyms=_words(
            "整单优惠, 整单折扣, 整单优惠金额, 订单优惠, 订单优惠金额, 订单折扣, order discount, order_discount, cart discount"
        ),
        group=_ORDER,
    ),
    FieldSpec(
        name="order_total",
        type=FieldType.DECIMAL,
        label=Label("订单总额", "Order total"),
        hint=Label(
            "来源系统写明的整单应付金额；以它为准。",
            "What the source says the whole order comes to; it wins.",
        ),
        synonyms=_words(
            "订单总额, 订单总金额, 订单金额, 应付金额, 应付总额, 整单金额, order total, order_total, order amount, order_amount, "
            "grand total, grand_total"
        ),
        group=_ORDER,
    ),
    FieldSpec(
        name="refund_of",
        type=FieldType.TEXT,
        label=Label("原订单号", "Refund of order"),
        hint=Label(
            "退款单写明的原订单号（同一来源）：先与那张订单的明细核对。",
            "The order that a refund says it gives back (same source): its lines are matched with that order's.",
        ),
        synonyms=_words(
            "原订单号, 原订单编号, 原单号, 原销售单号, 源单号, 退款原订单, 关联订单号, original order, original order number, "
            "original_order_number, original order no, refund of, refund_of, return of"
        ),
        group=_ORDER,
    ),
    FieldSpec(
        name="country",
        type=FieldType.TEXT,
        label=Label("国家", "Country"),
        synonyms=_words("国家, 国家/地区, 国家地区, country, country code, nation"),
        group=_ORDER,
    ),
    FieldSpec(
        name="province",
        type=FieldType.TEXT,
        label=Label("省份", "Province"),
        synonyms=_words("省, 省份, 收货省份, province, state/province, region"),
        group=_ORDER,
    ),
    FieldSpec(
        name="city",
        type=FieldType.TEXT,
        label=Label("城市", "City"),
        synonyms=_words("市, 城市, 收货城市, city, town"),
        group=_ORDER,
    ),
)

_CUSTOMER_FIELDS: Final = (
    FieldSpec(
        name="customer_code",
        type=FieldType.TEXT,
        label=Label("客户编码", "Customer code"),
        is_personal=True,
        identifier=IdentifierKind.ERP_CODE,
        synonyms=_words(
            "客户编码, 客户编号, 客户代码, 客户号, 客户id, 会员id, 会员编号, 顾客编号, 买家id, customerid, customer id, "
            "customer_id, customer, customer no, customer number, customer code, customer_code, "
            "client id, member id, user id, user_id, buyer id"
        ),
        group=_CUSTOMER,
    ),
    FieldSpec(
        name="name",
        type=FieldType.TEXT,
        label=Label("客户姓名", "Customer name"),
        is_personal=True,
        synonyms=_words(
            "客户姓名, 姓名, 客户名称, 收货人, 收件人, 买家姓名, 会员姓名, customer name, customer_name, buyer name, "
            "recipient"
        ),
        group=_CUSTOMER,
    ),
    FieldSpec(
        name="phone",
        type=FieldType.TEXT,
        label=Label("手机号", "Phone"),
        is_personal=True,
        identifier=IdentifierKind.PHONE,
        synonyms=_words(
            "手机, 手机号, 手机号码, 电话, 联系电话, 收货人手机, 收货电话, phone, phone number, mobile, mobile phone, "
            "telephone, tel, customer phone"
        ),
        group=_CUSTOMER,
    ),
    FieldSpec(
        name="email",
        type=FieldType.TEXT,
        label=Label("邮箱", "E-mail"),
        is_personal=True,
        identifier=IdentifierKind.EMAIL,
        synonyms=_words("邮箱, 电子邮箱, 邮件, 电子邮件, email, e-mail, mail, email address, customer email"),
        group=_CUSTOMER,
    ),
    FieldSpec(
        name="unionid",
        type=FieldType.TEXT,
        label=Label("微信 UnionID", "WeChat UnionID"),
        is_personal=True,
        identifier=IdentifierKind.UNIONID,
        synonyms=("unionid", "union id", "union_id", "微信unionid"),
        group=_CUSTOMER,
    ),
    FieldSpec(
        name="openid",
        type=FieldType.TEXT,
        label=Label("微信 OpenID", "WeChat OpenID"),
        is_personal=True,
        identifier=IdentifierKind.OPENID,
        synonyms=("openid", "open id", "open_id", "微信openid"),
        group=_CUSTOMER,
    ),
    FieldSpec(
        name="external_userid",
        type=FieldType.TEXT,
        label=Label("企业微信外部联系人 ID", "WeCom external user id"),
        is_personal=True,
        identifier=IdentifierKind.EXTERNAL_USERID,
        synonyms=_words("external_userid, externaluserid, external userid, 企微客户id, 外部联系人id"),
        group=_CUSTOMER,
    ),
    FieldSpec(
        name="card",
        type=FieldType.TEXT,
        label=Label("会员卡号", "Card number"),
        is_personal=True,
        identifier=IdentifierKind.CARD,
        synonyms=_words(
            "会员卡号, 卡号, 会员卡, vip卡号, card, card no, card_no, card number, member card, loyalty card"
        ),
        group=_CUSTOMER,
    ),
)

_LINE_FIELDS: Final = (
    FieldSpec(
        name="sku",
        type=FieldType.TEXT,
        label=Label("商品编码", "SKU"),
        synonyms=_words(
            "商品编码, 商品编号, 商品代码, 物料编码, 物料代码, 货号, 款号, 存货编码, 规格编码, 商家编码, sku编码, sku, sku code, sku_code, "
            "sku id, stockcode, stock code, stock_code, item, item code, item_code, item no, item id, "
            "product code, product_code, product id, product_id, article, article no, barcode"
        ),
        group=_LINE,
    ),
    FieldSpec(
        name="description",
        type=FieldType.TEXT,
        label=Label("商品名称", "Description"),
        synonyms=_words(
            "商品名称, 商品, 品名, 物料名称, 存货名称, 商品标题, 宝贝标题, description, item name, item_name, product, "
            "product name, product_name, title, product description"
        ),
        group=_LINE,
    ),
    FieldSpec(
        name="quantity",
        type=FieldType.DECIMAL,
        label=Label("数量", "Quantity"),
        hint=Label("没有数量列时每行算 1 件。", "Without a quantity column every row is one piece."),
        synonyms=_words("数量, 销售数量, 购买数量, 件数, 商品数量, quantity, qty, units, count, pieces"),
        group=_LINE,
    ),
    FieldSpec(
        name="unit_price",
        type=FieldType.DECIMAL,
        label=Label("单价", "Unit price"),
        synonyms=_words(
            "单价, 售价, 销售单价, 商品单价, 成交单价, 价格, unitprice, unit price, unit_price, price, item price, sale "
            "price"
        ),
        group=_LINE,
    ),
    FieldSpec(
        name="amount",
        type=FieldType.DECIMAL,
        label=Label("金额", "Amount"),
        hint=Label(
            "整行实付金额；没有时按数量 × 单价 − 优惠计算。",
            "Of the whole row; without it: quantity × unit price − discount.",
        ),
        synonyms=_words(
            "金额, 销售金额, 商品金额, 小计, 行金额, 实付金额, 成交金额, amount, line amount, line total, line_total, "
            "subtotal, total, sales, revenue"
        ),
        group=_LINE,
    ),
    FieldSpec(
        name="discount",
        type=FieldType.DECIMAL,
        label=Label("优惠金额", "Discount"),
        synonyms=_words("优惠, 优惠金额, 折扣, 折扣额, 折扣金额, discount, discount amount, line discount"),
        group=_LINE,
    ),
)

_PAYMENT_FIELDS: Final = (
    FieldSpec(
        name="payment_method",
        type=FieldType.TEXT,
        label=Label("支付方式", "Payment method"),
        synonyms=_words(
            "支付方式, 付款方式, 收款方式, payment method, payment_method, payment, pay type, tender"
        ),
        group=_PAYMENT,
    ),
    FieldSpec(
        name="payment_number",
        type=FieldType.TEXT,
        label=Label("支付流水号", "Payment number"),
        synonyms=_words(
            "支付单号, 支付流水号, 交易流水号, payment no, payment_no, payment number, payment id, transaction id"
        ),
        group=_PAYMENT,
    ),
    FieldSpec(
        name="paid_amount",
        type=FieldType.DECIMAL,
        label=Label("实收金额（整单）", "Amount paid (order)"),
        synonyms=_words(
            "实收金额, 实收, 支付金额, 付款金额, 订单实付, paid amount, paid_amount, amount paid, order paid"
        ),
        group=_PAYMENT,
    ),
    FieldSpec(
        name="paid_at",
        type=FieldType.DATETIME,
        label=Label("付款时间", "Payment time"),
        synonyms=_words(
            "付款时间, 支付时间, 收款时间, paid_at, paid at, payment date, payment time, payment_time"
        ),
        group=_PAYMENT,
    ),
)

_SHIPMENT_FIELDS: Final = (
    FieldSpec(
        name="shipment_number",
        type=FieldType.TEXT,
        label=Label("运单号", "Shipment number"),
        synonyms=_words(
            "运单号, 快递单号, 物流单号, tracking number, tracking_number, tracking no, waybill, shipment number"
        ),
        group=_SHIPMENT,
    ),
    FieldSpec(
        name="carrier",
        type=FieldType.TEXT,
        label=Label("物流公司", "Carrier"),
        synonyms=_words("物流公司, 快递公司, 承运商, carrier, courier, shipping company"),
        group=_SHIPMENT,
    ),
    FieldSpec(
        name="shipment_state",
        type=FieldType.TEXT,
        label=Label("物流状态", "Shipment state"),
        synonyms=_words(
            "物流状态, 发货状态, 运单状态, shipment status, shipping status, delivery status, tracking status"
        ),
        group=_SHIPMENT,
    ),
    FieldSpec(
        name="shipped_at",
        type=FieldType.DATETIME,
        label=Label("发货时间", "Shipping time"),
        synonyms=_words(
            "发货时间, 发货日期, shipped_at, shipped at, ship date, shipping date, dispatch date"
        ),
        group=_SHIPMENT,
    ),
    FieldSpec(
        name="signed_at",
        type=FieldType.DATETIME,
        label=Label("签收时间", "Delivery time"),
        synonyms=_words(
            "签收时间, 收货时间, signed_at, delivered_at, delivered at, delivery date, received at"
        ),
        group=_SHIPMENT,
    ),
)

_OPTIONS: Final = (
    OptionSpec(
        name="refund_mark",
        type=FieldType.CHOICE,
        label=Label("怎样认出退款", "How refunds are marked"),
        hint=Label(
            "退款单独成流；认不出的负数行按调整处理。",
            "Refunds are a stream of their own; negative lines that are no refunds count as adjustments.",
        ),
        choices=("none", "number_prefix", "negative_quantity", "state", "named_order"),
        choice_labels=(
            Label("没有退款", "No refunds in this data"),
            Label("单号前缀", "Prefix of the number"),
            Label("数量为负", "Negative quantity"),
            Label("订单状态", "State of the order"),
            Label("写有原订单号", "Names the order it gives back"),
        ),
        default="none",
    ),
    OptionSpec(
        name="refund_prefix",
        type=FieldType.TEXT,
        label=Label("退款单号前缀", "Prefix of refund numbers"),
        default="",
    ),
    OptionSpec(
        name="refund_quantities",
        type=FieldType.CHOICE,
        label=Label("退款单里的数量", "Quantities on refund documents"),
        choices=("negative", "positive"),
        choice_labels=(Label("写成负数", "are negative"), Label("写成正数", "are positive")),
        default="negative",
    ),
    OptionSpec(
        name="non_product_skus",
        type=FieldType.TEXT,
        label=Label("非商品编码（费用）", "Codes that are no products (fees)"),
        hint=Label(
            "逗号分隔；? 代表一个字符，* 代表任意多个，不分大小写。照收，但不计入商品销售。",
            "Comma-separated; ? is one character, * any number, case does not matter. Kept, but no product sales.",
        ),
        default="",
    ),
    OptionSpec(
        name="adjustment_skus",
        type=FieldType.TEXT,
        label=Label("调整类编码", "Codes of adjustments and tests"),
        hint=Label("写法同上。坏账、盘点、测试等。", "Written likewise. Bad debt, stock-taking, tests."),
        default="",
    ),
    OptionSpec(
        name="state_words",
        type=FieldType.TEXT,
        label=Label("状态对照", "State words"),
        hint=Label(
            "例:待拣货=paid, 已打包=paid, 退货完成=refunded。可用:unpaid paid part_shipped shipped signed completed closed refunded",
            "E.g. picking=paid, packed=paid, sent back=refunded. Known: unpaid paid part_shipped shipped signed completed closed refunded",
        ),
        default="",
    ),
    OptionSpec(
        name="phones_verified",
        type=FieldType.BOOLEAN,
        label=Label("手机号已验证", "Phones are verified"),
        hint=Label(
            "只有验证过的手机号用来关联客户。平台虚拟号、手填号请选否。",
            "Only verified phones link customers. Say no for virtual numbers of shops and numbers typed by hand.",
        ),
        default="false",
    ),
    OptionSpec(
        name="currency",
        type=FieldType.TEXT,
        label=Label("默认币种", "Default currency"),
        hint=Label("没有币种列时使用，如 CNY。", "Used where no column tells, e.g. CNY."),
        default="CNY",
    ),
)

ORDERS: Final = RecordKind(
    name="orders",
    label=Label("订单", "Orders"),
    fields=(*_ORDER_FIELDS, *_CUSTOMER_FIELDS, *_LINE_FIELDS, *_PAYMENT_FIELDS, *_SHIPMENT_FIELDS),
    options=_OPTIONS,
)
