"""The fields of the record kinds 'products', 'stores' and 'stock', with the headings they usually have in files."""

from typing import Final

from feilun.catalog.contracts import CodeKind, ProductKind
from feilun.ingestion.contracts import FieldSpec, FieldType, Label, RecordKind

FIELD_OF_CODE: Final = {CodeKind.ITEM: "item_code", CodeKind.BARCODE: "barcode"}

_SKU: Final = FieldSpec(
    name="sku",
    type=FieldType.TEXT,
    label=Label("商品编码", "SKU"),
    required=True,
    is_key=True,
    synonyms=(
        "商品编码", "商品编号", "商品代码", "物料编码", "物料代码", "货号", "存货编码", "规格编码", "sku", "sku code", "sku_code",
        "stockcode", "stock code", "item code", "product code", "product_code", "product id", "product_id", "article no",
    ),
)  # fmt: skip

PRODUCTS: Final = RecordKind(
    name="products",
    label=Label("商品", "Products"),
    fields=(
        _SKU,
        FieldSpec(
            name="name",
            type=FieldType.TEXT,
            label=Label("商品名称", "Name"),
            synonyms=("商品名称", "名称", "品名", "物料名称", "存货名称", "name", "product name", "description", "title"),
        ),
        FieldSpec(
            name="category_path",
            type=FieldType.TEXT,
            label=Label("分类", "Category"),
            hint=Label("多级分类用 / 或 > 分隔。", "Levels separated by / or >."),
            synonyms=("分类", "类目", "品类", "商品分类", "类别", "category", "category path", "category_path", "product category"),
        ),
        FieldSpec(
            name="style",
            type=FieldType.TEXT,
            label=Label("款式", "Style"),
            synonyms=("款式", "款号", "风格", "style", "style no", "model"),
        ),
        FieldSpec(
            name="brand",
            type=FieldType.TEXT,
            label=Label("品牌", "Brand"),
            synonyms=("品牌", "brand", "brand name", "manufacturer"),
        ),
        FieldSpec(
            name="barcode",
            type=FieldType.TEXT,
            label=Label("条码", "Barcode"),
            hint=Label("一个商品有多个条码时写成多行。", "Several barcodes of one product: one row each."),
            synonyms=("条码", "条形码", "国际条码", "69码", "barcode", "ean", "ean13", "upc", "gtin"),
        ),
        FieldSpec(
            name="item_code",
            type=FieldType.TEXT,
            label=Label("渠道商品 ID", "Channel item id"),
            synonyms=("渠道商品id", "平台商品id", "宝贝id", "商品id", "item id", "item_id", "channel item id", "listing id"),
        ),
        FieldSpec(
            name="item_source",
            type=FieldType.TEXT,
            label=Label("渠道商品 ID 的来源", "Source of the channel item id"),
            hint=Label("渠道订单导入时用的来源名；不填为本次来源。", "The source name its orders come under; default: this import's."),
            synonyms=("渠道来源", "平台", "item source", "channel source"),
        ),
        FieldSpec(
            name="cost",
            type=FieldType.DECIMAL,
            label=Label("成本", "Cost"),
            synonyms=("成本", "成本价", "进价", "采购价", "cost", "cost price", "unit cost"),
        ),
        FieldSpec(
            name="list_price",
            type=FieldType.DECIMAL,
            label=Label("标价", "List price"),
            synonyms=("标价", "吊牌价", "零售价", "售价", "价格", "list price", "list_price", "price", "retail price", "rrp"),
        ),
        FieldSpec(
            name="life_stage",
            type=FieldType.TEXT,
            label=Label("生命周期", "Life stage"),
            synonyms=("生命周期", "商品状态", "销售状态", "life stage", "lifecycle", "product status"),
        ),
        FieldSpec(
            name="launch_on",
            type=FieldType.DATE,
            label=Label("上市日期", "Launch date"),
            synonyms=("上市日期", "上架日期", "上市时间", "launch date", "launch_date", "release date", "available from"),
        ),
        FieldSpec(
            name="kind",
            type=FieldType.CHOICE,
            label=Label("类型", "Kind"),
            hint=Label("费用、调整、测试不计入商品销售。", "Fees, adjustments and tests are no product sales."),
            choices=tuple(kind.value for kind in ProductKind),
            synonyms=("类型", "商品类型", "kind", "product type", "product kind"),
        ),
    ),
)  # fmt: skip

STORES: Final = RecordKind(
    name="stores",
    label=Label("门店", "Stores"),
    fields=(
        FieldSpec(
            name="code",
            type=FieldType.TEXT,
            label=Label("门店编码", "Store code"),
            required=True,
            is_key=True,
            synonyms=("门店编码", "门店代码", "门店编号", "店铺编码", "仓库编码", "store code", "store_code", "store id", "store_id", "code"),
        ),
        FieldSpec(
            name="name",
            type=FieldType.TEXT,
            label=Label("门店名称", "Name"),
            synonyms=("门店名称", "门店", "店铺名称", "名称", "store name", "store_name", "name"),
        ),
        FieldSpec(
            name="region",
            type=FieldType.TEXT,
            label=Label("区域", "Region"),
            synonyms=("区域", "大区", "片区", "region", "area", "district"),
        ),
        FieldSpec(name="brand", type=FieldType.TEXT, label=Label("品牌", "Brand"), synonyms=("品牌", "brand")),
        FieldSpec(name="city", type=FieldType.TEXT, label=Label("城市", "City"), synonyms=("城市", "市", "city", "town")),
    ),
)  # fmt: skip

STOCK: Final = RecordKind(
    name="stock",
    label=Label("库存", "Stock"),
    fields=(
        _SKU,
        FieldSpec(
            name="store",
            type=FieldType.TEXT,
            label=Label("门店或仓库编码", "Store or warehouse code"),
            is_key=True,
            synonyms=("门店", "门店编码", "仓库", "仓库编码", "仓库名称", "store", "store code", "warehouse", "warehouse code", "location"),
        ),
        FieldSpec(
            name="batch",
            type=FieldType.TEXT,
            label=Label("批次", "Batch"),
            is_key=True,
            synonyms=("批次", "批号", "批次号", "batch", "batch no", "lot", "lot number"),
        ),
        FieldSpec(
            name="quantity",
            type=FieldType.DECIMAL,
            label=Label("库存数量", "Quantity"),
            required=True,
            synonyms=("库存", "库存数量", "数量", "可用数量", "现存量", "quantity", "qty", "stock", "on hand", "available"),
        ),
        FieldSpec(
            name="expires_on",
            type=FieldType.DATE,
            label=Label("有效期至", "Expiry date"),
            synonyms=("有效期", "有效期至", "到期日", "失效日期", "保质期至", "expiry", "expiry date", "expires", "best before"),
        ),
        FieldSpec(
            name="inbound_quantity",
            type=FieldType.DECIMAL,
            label=Label("在途数量", "Inbound quantity"),
            synonyms=("在途", "在途数量", "采购在途", "inbound", "inbound quantity", "in transit", "on order"),
        ),
        FieldSpec(
            name="inbound_on",
            type=FieldType.DATE,
            label=Label("预计到货日", "Inbound arrival"),
            synonyms=("到货日期", "预计到货", "预计到货日", "eta", "arrival date", "inbound date", "expected arrival"),
        ),
    ),
)  # fmt: skip
