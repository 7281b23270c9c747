"""Order rows become orders and refunds: once, whole, and nobody's mistake in a cell becomes ours."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from feilun.catalog import api as catalog
from feilun.ingestion.contracts import OutcomeState
from feilun.kernel.ids import OrderId
from feilun.orders import api
from feilun.orders.contracts import LineKind, OrderDetail, OrderKind, OrderState, ShipmentState
from feilun.orders.events import ORDER_RECORDED, REFUND_RECORDED
from feilun.orders.intake import OrderHandler
from feilun.platform.db import UnitOfWork
from feilun.platform.i18n import LOCALES, catalogue
from tests.orders.builders import (
    DAY,
    PREFIX,
    T0,
    DetailsKept,
    a_context,
    a_row,
    events,
    grouped,
    live_lines,
    order_id_of,
    take,
    the_person,
)

D = Decimal
TAKEN, CHANGED, UNCHANGED = OutcomeState.TAKEN, OutcomeState.CHANGED, OutcomeState.UNCHANGED


def the_order(uow: UnitOfWork, number: str = "1001") -> OrderDetail:
    return api.get_order(uow, OrderId(order_id_of(uow, number)))


def test_a_repeated_file_changes_nothing_and_appends_no_event(uow: UnitOfWork) -> None:
    file = (
        a_row("1001", "A1", 2),
        a_row("1001", "A2", 1, store="S1", channel="web", description="cup"),
        a_row("1002", "A1", 1, customer=None),
        a_row("C1003", "A1", -1, at=T0 + DAY),
    )
    assert take(uow, *file, options=PREFIX, is_whole=True) == [TAKEN, TAKEN, TAKEN]
    before = events(uow)

    again = take(uow, *file, options=PREFIX, is_whole=True)

    assert again == [UNCHANGED, UNCHANGED, UNCHANGED]
    assert events(uow) == before


def test_identical_lines_of_one_order_stay(uow: UnitOfWork) -> None:
    take(uow, a_row(), a_row(), a_row())

    assert live_lines(uow, "1001") == [("A1", D(1), D(10), "product")] * 3
    assert take(uow, a_row(), a_row(), a_row()) == [UNCHANGED]


def test_lines_repeated_in_another_part_count_once_by_the_larger_number(uow: UnitOfWork) -> None:
    take(uow, a_row(part="1"), a_row(part="1"), a_row(part="2"), a_row(sku="A2", part="2"))

    assert [line[0] for line in live_lines(uow, "1001")] == ["A1", "A1", "A2"]


def test_numbers_written_differently_are_the_same_line(uow: UnitOfWork) -> None:
    take(uow, a_row(quantity="12", unit_price="6.95"))

    assert take(uow, a_row(quantity="12.000", unit_price="6.9500000001")) == [UNCHANGED]


def test_only_a_whole_file_makes_missing_lines_disappear(uow: UnitOfWork) -> None:
    take(uow, a_row(sku="A1"), a_row(sku="A2"))

    assert take(uow, a_row(sku="A1")) == [UNCHANGED]
    assert take(uow, a_row(sku="A3")) == [CHANGED]
    assert [line[0] for line in live_lines(uow, "1001")] == ["A1", "A2", "A3"]
    assert take(uow, a_row(sku="A1"), is_whole=True) == [CHANGED]
    assert [line[0] for line in live_lines(uow, "1001")] == ["A1"]
    assert the_order(uow).order.total_amount == 10
    assert take(uow, a_row(sku="A1"), is_whole=True) == [UNCHANGED]


def test_a_line_that_comes_back_is_the_same_line(uow: UnitOfWork) -> None:
    take(uow, a_row(sku="A1"), a_row(sku="A2"))
    before = [line.line_id for line in the_order(uow).lines]

    take(uow, a_row(sku="A1"), is_whole=True)
    take(uow, a_row(sku="A1"), a_row(sku="A2"), is_whole=True)

    assert [line.line_id for line in the_order(uow).lines] == before


def test_the_earliest_row_dates_the_order(uow: UnitOfWork) -> None:
    take(uow, a_row(sku="A1", at=T0 + DAY), a_row(sku="A2", at=T0))

    assert the_order(uow).order.ordered_at == T0
    assert take(uow, a_row(sku="A1", at=T0 + DAY)) == [UNCHANGED]


def test_what_a_later_file_is_silent_about_stays(uow: UnitOfWork) -> None:
    take(uow, a_row(store="S1", channel="web", state="已发货", country="France"))

    assert take(uow, a_row()) == [UNCHANGED]
    assert take(uow, a_row(state="已签收")) == [CHANGED]

    order = the_order(uow).order
    assert (order.store_code, order.channel, order.country) == ("S1", "web", "France")
    assert (order.state, order.raw_state) == (OrderState.SIGNED, "已签收")
    assert [store.code for store in catalog.list_stores(uow, limit=10)[0]] == ["S1"]


def test_a_customer_found_later_is_told_with_who_it_was_before(uow: UnitOfWork) -> None:
    take(uow, a_row(customer=None))
    take(uow, a_row(customer="K1"))
    take(uow, a_row(customer="K2"))
    take(uow, a_row(customer=None))

    first, second = the_person(uow, "K1"), the_person(uow, "K2")
    payloads = [payload for _, payload in events(uow, ORDER_RECORDED)]
    assert [payload.get("previous_person_id", "none") for payload in payloads] == ["none", None, first]
    assert the_order(uow).order.person_id == second
    assert api.list_orders(uow, [first], limit=10) == ([], 0)


def test_prefixed_numbers_become_refunds_with_positive_quantities(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 3, 5), a_row("C2", "A1", -2, 5, at=T0 + DAY), options=PREFIX)

    refunds, total = api.list_refunds(uow, [the_person(uow)], limit=10)
    assert total == 1
    assert (refunds[0].number, refunds[0].total_amount, refunds[0].with_goods) == ("C2", D(10), True)
    assert (refunds[0].lines[0].quantity, refunds[0].lines[0].matched_quantity) == (D(2), D(2))
    assert refunds[0].lines[0].matches[0].order_number == "1"
    assert the_order(uow, "1").order.refunded_amount == 10
    assert [type_ for type_, _ in events(uow, REFUND_RECORDED)] == [REFUND_RECORDED]


def test_a_cancellation_with_positive_quantity_takes_a_refund_back(uow: UnitOfWork) -> None:
    """C496350 of the retail file: kept as a correction, so that the sum of all lines stays the file's."""
    take(uow, a_row("C496350", "M", 1, "373.57", customer=None), options=PREFIX)

    lines, total = api.list_refund_lines(uow, matched=False, limit=10)
    assert total == 1
    assert (lines[0].quantity, lines[0].amount) == (D(-1), D("-373.57"))
    assert lines[0].unmatched_reason == "correction"
    assert api.get_totals(uow)[0].net_amount == Decimal("373.57")


def test_refund_documents_may_hold_positive_quantities(uow: UnitOfWork) -> None:
    take(
        uow, a_row("R1", "A1", 2, 5), options=PREFIX | {"refund_prefix": "R", "refund_quantities": "positive"}
    )

    assert api.list_refund_lines(uow, limit=10)[0][0].amount == 10


def test_a_prefix_mark_without_prefix_makes_nothing_a_refund(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 1), options={"refund_mark": "number_prefix", "refund_prefix": ""})

    assert (api.get_totals(uow)[0].orders, api.get_totals(uow)[0].refunds) == (1, 0)


def test_negative_lines_leave_the_order_when_they_mark_refunds(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 2, 5), a_row("1", "A1", -1, 5), options={"refund_mark": "negative_quantity"})

    assert live_lines(uow, "1") == [("A1", D(2), D(10), "product")]
    refund = api.list_refund_lines(uow, limit=10)[0][0]
    assert (refund.refund_number, refund.amount, refund.unmatched_reason) == ("1", D(5), None)


def test_an_order_whose_state_says_refunded_is_a_sale_and_its_refund(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 2, 5, state="已退款"), options={"refund_mark": "state"})

    figures = api.figures_of(uow, [the_person(uow)])[the_person(uow)]
    assert (figures.orders, figures.net_spend, figures.refund_amount, figures.return_rate) == (
        1,
        D(0),
        D(10),
        D(1),
    )


def test_without_a_mark_negative_lines_are_adjustments_and_refunded_orders_do_not_count(
    uow: UnitOfWork,
) -> None:
    take(uow, a_row("1", "A1", -2, 5), a_row("2", "A1", 1, 5, state="refunded"))

    assert live_lines(uow, "1") == [("A1", D(-2), D(-10), "adjustment")]
    assert the_order(uow, "1").order.kind is OrderKind.ADJUSTMENT
    assert api.figures_of(uow, [the_person(uow)]) == {}


def test_stock_corrections_and_bad_debt_are_kept_and_are_no_sales(uow: UnitOfWork) -> None:
    options = PREFIX | {"non_product_skus": "POST, gift_*", "adjustment_skus": "B"}
    take(
        uow,
        a_row("536589", "21777", -10, 0, customer=None),
        a_row("A563186", "B", 1, "-11062.06", customer=None),
        a_row("A563185", "B", 1, "11062.06", customer=None),
        a_row("1", "post", 1, 18),
        a_row("1", "GIFT_0001_20", 1, 20),
        a_row("1", "21777", 1, 7),
        options=options,
    )

    totals = api.get_totals(uow)[0]
    assert (totals.orders, totals.adjustment_orders, totals.order_lines) == (4, 3, 6)
    assert (totals.product_sales, totals.fee_amount, totals.adjustment_amount) == (D(7), D(38), D(0))
    assert [line.kind for line in the_order(uow, "1").lines] == [LineKind.FEE, LineKind.FEE, LineKind.PRODUCT]


def test_correcting_the_mapping_moves_a_record_to_the_other_stream(uow: UnitOfWork) -> None:
    file = (a_row("1", "A1", 1, 5), a_row("C2", "A1", -1, 5, at=T0 + DAY))
    take(uow, *file, is_whole=True)

    assert take(uow, *file, options=PREFIX, is_whole=True) == [UNCHANGED, TAKEN]

    totals = api.get_totals(uow)[0]
    assert (totals.orders, totals.refunds, totals.net_amount, totals.matched_refund_lines) == (1, 1, D(0), 1)
    assert live_lines(uow, "C2") == []
    assert take(uow, *file, options=PREFIX, is_whole=True) == [UNCHANGED, UNCHANGED]
    assert take(uow, *file, is_whole=True) == [UNCHANGED, CHANGED]
    assert api.get_totals(uow)[0].refunds == 0


def test_judging_a_code_differently_changes_the_order_and_keeps_its_lines(uow: UnitOfWork) -> None:
    take(uow, a_row(sku="POST"), a_row(sku="A1"))
    before = [line.line_id for line in the_order(uow).lines]

    assert take(uow, a_row(sku="POST"), a_row(sku="A1"), options={"non_product_skus": "POST"}) == [CHANGED]

    assert [line.line_id for line in the_order(uow).lines] == before
    assert (the_order(uow).order.goods_amount, the_order(uow).order.fee_amount) == (D(10), D(10))


def test_payments_and_shipments_are_kept_with_their_way(uow: UnitOfWork) -> None:
    paid: dict[str, Any] = {
        "payment_method": "微信",
        "payment_number": "P1",
        "paid_amount": Decimal(20),
        "paid_at": T0,
    }
    sent: dict[str, Any] = {
        "shipment_number": "SF1",
        "carrier": "顺丰",
        "shipment_state": "已发货",
        "shipped_at": T0 + DAY,
    }
    take(uow, a_row(sku="A1", **paid), a_row(sku="A2", **paid))
    assert take(uow, a_row(sku="A1", **paid, **sent)) == [CHANGED]
    assert take(uow, a_row(sku="A1", **paid, **sent)) == [UNCHANGED]

    arrived = sent | {"shipment_state": "已签收", "signed_at": T0 + 3 * DAY}
    assert take(uow, a_row(sku="A1", **arrived)) == [CHANGED]

    detail = the_order(uow)
    assert [(payment.method, payment.amount) for payment in detail.payments] == [("微信", D(20))]
    assert [(shipment.number, shipment.state) for shipment in detail.shipments] == [
        ("SF1", ShipmentState.SIGNED)
    ]
    assert [track.happened_at for track in detail.shipments[0].tracks] == [T0 + DAY, T0 + 3 * DAY]
    assert (detail.order.paid_amount, detail.order.paid_at) == (D(20), T0)


def test_amounts_follow_from_what_is_given(uow: UnitOfWork) -> None:
    take(
        uow,
        a_row("1", "A1", 3, "1.5", discount=Decimal("0.5")),
        a_row("1", "A2", 4, None, amount=Decimal(10)),
        a_row("1", None, None, 7, description="刻字"),
    )

    detail = the_order(uow, "1")
    assert [line.amount for line in detail.lines] == [4, 10, 7]
    assert [line.unit_price for line in detail.lines] == [Decimal("1.5"), Decimal("2.5"), 7]
    assert detail.lines[2].product_id is None
    assert detail.order.discount == Decimal("0.5")


def test_one_number_given_twice_at_once_is_taken_in_turn(uow: UnitOfWork) -> None:
    handler = OrderHandler(catalog)
    groups = [*grouped([a_row(sku="A1")]), *grouped([a_row(sku="A2")])]

    outcomes = handler.apply(uow, groups, a_context())

    assert [outcome.state for outcome in outcomes] == [TAKEN, CHANGED]
    assert len(live_lines(uow, "1001")) == 2


def test_customers_details_are_offered_from_the_newest_order_and_only_when_something_changed(
    uow: UnitOfWork,
) -> None:
    file = (a_row("1", at=T0, name="旧名"), a_row("2", at=T0 + DAY, name="新名", city="上海"))
    details = DetailsKept()

    take(uow, *file, details=details)
    take(uow, *file, details=details)

    assert [(d.person_id, d.seen_at, dict(d.values)) for d in details.offered] == [
        (the_person(uow), T0 + DAY, {"name": "新名", "city": "上海"})
    ]


def test_text_is_stored_as_it_is(uow: UnitOfWork) -> None:
    nasty = "'; DROP TABLE orders; -- <script>alert(1)</script> \\N \\. \t\n\r 𝄞"
    take(uow, a_row(nasty[:60], nasty[:60], description=nasty, store=nasty[:60]))

    line = the_order(uow, nasty[:60]).lines[0]
    assert (line.sku, line.description) == (nasty[:60], nasty)


def test_orders_are_found_by_number_in_any_case(uow: UnitOfWork) -> None:
    take(uow, a_row("Ab-1"), a_row("C9", "A1", -1, at=T0 + DAY), options=PREFIX)

    for number in ("ab-1", "AB-1 ", "c9"):
        assert api.find_persons_by_order_number(uow, number) == [the_person(uow)]
    for number in ("b-1", "", "'\x00"):
        assert api.find_persons_by_order_number(uow, number) == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"ordered_at": datetime(2027, 1, 1, tzinfo=UTC)}, "orders.date_in_future"),
        ({"paid_at": datetime(2127, 1, 1, tzinfo=UTC)}, "orders.date_in_future"),
        ({"ordered_at": datetime(1900, 1, 1, tzinfo=UTC)}, "orders.date_too_early"),
        ({"quantity": Decimal("1e9")}, "orders.number_out_of_range"),
        ({"quantity": Decimal("-1e999")}, "orders.number_out_of_range"),
        ({"quantity": Decimal("NaN")}, "orders.number_out_of_range"),
        ({"unit_price": Decimal("Infinity")}, "orders.number_out_of_range"),
        ({"unit_price": Decimal("1e9"), "quantity": Decimal("1e8")}, "orders.number_out_of_range"),
        (
            {"unit_price": None, "amount": Decimal("1e10"), "quantity": Decimal("0.0001")},
            "orders.number_out_of_range",
        ),
        ({"unit_price": None}, "orders.price_missing"),
        ({"sku": None}, "orders.item_missing"),
        ({"description": "x" * 1001}, "orders.text_too_long"),
        ({"number": "9" * 201}, "orders.text_too_long"),
        ({"sku": "A\x00"}, "orders.text_unstorable"),
        ({"sku": "A\ud800"}, "orders.text_unstorable"),
        ({"currency": "XXX"}, "orders.currency_unknown"),
        ({"state": "待拣货"}, "orders.state_unknown"),
        ({"shipment_state": "丢了"}, "orders.shipment_state_unknown"),
    ],
)
def test_impossible_cells_are_refused_with_a_reason_in_both_languages(
    values: Mapping[str, object], code: str
) -> None:
    row = a_row()
    cells = {name: value for name, value in {**row.values, **values}.items() if value is not None}

    rejection = OrderHandler(catalog).check(type(row)(1, "", cells), a_context())

    assert rejection is not None
    assert rejection.code == code
    assert rejection.field in cells or code.endswith("_missing")
    assert len(rejection.value) <= 200
    assert all(code in catalogue(locale) for locale in LOCALES)


@pytest.mark.parametrize("extreme", ["99999999.9999", "0.00001", "-99999999", "0", "1e-999999"])
def test_numbers_at_the_limits_are_stored(uow: UnitOfWork, extreme: str) -> None:
    take(
        uow,
        a_row(quantity=extreme, unit_price="99.999999"),
        a_row("2", quantity="99.9999", unit_price=extreme),
    )

    assert len(live_lines(uow, "1001")) == 1


def test_an_order_whose_total_does_not_fit_is_refused_and_the_rest_taken(uow: UnitOfWork) -> None:
    rows = [a_row("1", f"A{number}", 1, 1, amount=Decimal(9999999999)) for number in range(1_100)]

    assert take(uow, *rows, a_row("2")) == [OutcomeState.REJECTED, TAKEN]
    assert live_lines(uow, "1") == []


def test_words_of_a_source_can_be_explained(uow: UnitOfWork) -> None:
    options = {"state_words": "待拣货=paid,已打包=nonsense", "currency": "gbp"}
    handler = OrderHandler(catalog)

    take(uow, a_row(state="待拣货", currency="人民币"), a_row("2"), options=options)

    assert handler.check(a_row(state="已打包"), a_context(options)) is not None
    assert (the_order(uow).order.state, the_order(uow).order.currency) == (OrderState.PAID, "CNY")
    assert the_order(uow, "2").order.currency == "GBP"


def test_options_are_proposed_from_the_rows() -> None:
    handler = OrderHandler(catalog)
    sales = [a_row(str(number), f"8512{number}A", 2) for number in range(10)]

    prefixed = handler.propose_options([*sales, a_row("C77", "85123A", -1)])
    negative = handler.propose_options([*sales, a_row("88", "85123A", -1)])
    stated = handler.propose_options([*sales, a_row("88", "85123A", 1, state="已退货")])
    short = handler.propose_options([a_row("1", "7"), a_row("2", "12")])

    assert (prefixed["refund_mark"], prefixed["refund_prefix"]) == ("number_prefix", "C")
    assert "POST" in prefixed["non_product_skus"]
    assert (negative["refund_mark"], stated["refund_mark"]) == ("negative_quantity", "state")
    assert short == {}


def test_the_same_store_rows_exist_once(uow: UnitOfWork) -> None:
    take(uow, a_row("1", store="S1"), a_row("2", store="S1"))

    assert uow.connection.execute(text("SELECT count(*) FROM stores")).scalar_one() == 1
