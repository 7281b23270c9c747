"""The options of an order intake, read from and proposed for a mapping."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fnmatch import translate
from statistics import median
from typing import Final

from feilun.ingestion.contracts import MappedRow
from feilun.orders.contracts import LineKind, OrderState, ShipmentState

REFUNDED: Final = "refunded"
"""What a state word may also mean: the record is a refund, or an order given back."""


class RefundMark(StrEnum):
    """How cancellations are told from sales."""

    NONE = "none"
    NUMBER_PREFIX = "number_prefix"
    NEGATIVE_QUANTITY = "negative_quantity"
    STATE = "state"
    NAMED_ORDER = "named_order"


_STATE_WORDS: Final[Mapping[str, str]] = {
    word: state
    for state, words in {
        OrderState.UNPAID: "unpaid,pending,pending payment,awaiting payment,待付款,待支付,未付款,未支付,等待买家付款",
        OrderState.PAID: "paid,processing,已付款,已支付,待发货,等待卖家发货,买家已付款,已审核,备货中",
        OrderState.PART_SHIPPED: "part_shipped,partially shipped,部分发货,部分出库,卖家部分发货",
        OrderState.SHIPPED: "shipped,dispatched,in transit,已发货,已出库,运输中,待收货,卖家已发货",
        OrderState.SIGNED: "signed,delivered,received,已签收,已收货",
        OrderState.COMPLETED: "completed,complete,finished,done,success,已完成,完成,交易成功,交易完成,已结单,已关单",
        OrderState.CLOSED: "closed,cancelled,canceled,void,已关闭,关闭,交易关闭,已取消,取消,作废,已作废",
        REFUNDED: "refunded,refund,returned,return,已退款,退款成功,已退货,退货,退款,退货退款,退货完成",
    }.items()
    for word in words.split(",")
}
_SHIPMENT_WORDS: Final[Mapping[str, str]] = {
    word: state
    for state, words in {
        ShipmentState.CREATED: "created,pending,待发货,未发货,待揽收",
        ShipmentState.SHIPPED: "shipped,in transit,dispatched,已发货,运输中,已揽收,派送中",
        ShipmentState.SIGNED: "signed,delivered,received,已签收,签收",
        ShipmentState.RETURNED: "returned,rejected,已退回,拒收,退回",
    }.items()
    for word in words.split(",")
}

_FEE_CODES: Final = (
    "?, ??, POST, POSTAGE, DOT, CARRIAGE, FREIGHT, SHIPPING, DELIVERY, MANUAL, DISCOUNT, BANK CHARGES, *FEE, CRUK, PADS, GIFT,"
    " GIFT_*, 运费*, 邮费*, 快递费*, 服务费*, 包装费*, 手续费*"
)
_ADJUSTMENT_CODES: Final = "B, ADJUST*, TEST*, 测试*, 调整*, 坏账*"
_SKU_LENGTH_MIN: Final = 4
"""Codes of one or two characters are proposed as fees only where SKUs are usually longer than this."""
_PREFIX = re.compile(r"^([A-Za-z]{1,4})[-_]?\d")


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """What a mapping says about marks, codes and words."""

    refund_mark: RefundMark
    refund_prefix: str
    has_positive_refunds: bool
    fee_codes: re.Pattern[str]
    adjustment_codes: re.Pattern[str]
    state_words: Mapping[str, str]
    has_verified_phones: bool
    currency: str

    def kind_of_code(self, code: str | None) -> LineKind:
        """Judge an item code; adjustments are looked for first, because fee patterns may be wide."""
        if code is None:
            return LineKind.PRODUCT
        upper = code.upper()
        if self.adjustment_codes.match(upper):
            return LineKind.ADJUSTMENT
        return LineKind.FEE if self.fee_codes.match(upper) else LineKind.PRODUCT

    def state_of(self, word: str) -> str | None:
        """Return the standard state (or 'refunded') a word means, None when nobody has said."""
        return self.state_words.get(word.strip().lower())


def shipment_state_of(word: str) -> str | None:
    """Return the standard shipment state a word means."""
    return _SHIPMENT_WORDS.get(word.strip().lower())


def read_options(options: Mapping[str, str]) -> IntakeOptions:
    """Read a mapping's options; unknown words fall back to the defaults of `fields.ORDERS`."""
    mark = options.get("refund_mark", "")
    own_words = {
        word.strip().lower(): state.strip().lower()
        for word, _, state in (item.rpartition("=") for item in _split(options.get("state_words", "")))
        if word and (state.strip().lower() in set(OrderState) or state.strip().lower() == REFUNDED)
    }
    words = {word: str(state) for word, state in _STATE_WORDS.items()} | own_words
    return IntakeOptions(
        refund_mark=RefundMark(mark) if mark in set(RefundMark) else RefundMark.NONE,
        refund_prefix=options.get("refund_prefix", "").strip(),
        has_positive_refunds=options.get("refund_quantities") == "positive",
        fee_codes=_pattern(options.get("non_product_skus", "")),
        adjustment_codes=_pattern(options.get("adjustment_skus", "")),
        state_words=words,
        has_verified_phones=options.get("phones_verified", "").strip().lower()
        in {"true", "1", "yes", "y", "是"},
        currency=options.get("currency", "").strip().upper() or "CNY",
    )


def _split(text: str) -> list[str]:
    return [item.strip() for item in re.split(r"[,,、;;\n]", text) if item.strip()]


def _pattern(text: str) -> re.Pattern[str]:
    codes = [translate(code.upper()) for code in _split(text)]
    return re.compile("|".join(codes) if codes else r"(?!)")


def propose(sample: Sequence[MappedRow]) -> dict[str, str]:
    """Propose how refunds are marked and which codes are no products, from rows of the file."""
    proposed = _propose_codes(sample)
    negatives: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    negative_rows = 0
    refunded_rows = 0
    named: list[bool] = []
    """Of rows that name the order they give back: whether their quantity is negative."""
    for row in sample:
        prefix = _PREFIX.match(str(row.values.get("number", "")))
        quantity = row.values.get("quantity")
        is_negative = isinstance(quantity, Decimal) and quantity < 0
        negative_rows += is_negative
        if "refund_of" in row.values:
            named.append(is_negative)
        refunded_rows += _STATE_WORDS.get(str(row.values.get("state", "")).lower()) == REFUNDED
        if prefix:
            totals[prefix[1]] += 1
            negatives[prefix[1]] += is_negative
    marked = [
        prefix
        for prefix, count in negatives.items()
        if count * 2 > totals[prefix] and totals[prefix] < len(sample)
    ]
    if marked:
        # The one prefix under which most lines are negative, e.g. 'C' of the retail file.
        best = max(sorted(marked), key=lambda prefix: negatives[prefix])
        return proposed | {"refund_mark": RefundMark.NUMBER_PREFIX.value, "refund_prefix": best}
    if named:
        return proposed | {
            "refund_mark": RefundMark.NAMED_ORDER.value,
            "refund_quantities": "negative" if sum(named) * 2 > len(named) else "positive",
        }
    if negative_rows:
        return proposed | {"refund_mark": RefundMark.NEGATIVE_QUANTITY.value}
    if refunded_rows:
        return proposed | {"refund_mark": RefundMark.STATE.value, "refund_quantities": "positive"}
    return proposed


def _propose_codes(sample: Sequence[MappedRow]) -> dict[str, str]:
    codes = Counter(str(row.values["sku"]) for row in sample if "sku" in row.values)
    if not codes or median(len(code) for code in codes.elements()) <= _SKU_LENGTH_MIN:
        return {}
    return {"non_product_skus": _FEE_CODES, "adjustment_skus": _ADJUSTMENT_CODES}
