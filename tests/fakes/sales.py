"""A small record handler for tests of intake: sales of several lines, kept in a table of its own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import text

from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import (
    ApplyContext,
    FieldSpec,
    FieldType,
    Label,
    MappedRow,
    OptionSpec,
    Outcome,
    OutcomeState,
    RecordKind,
    Rejection,
)
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, append_events

_SAME = Label("同", "same")

KIND = RecordKind(
    name="sales",
    label=Label("销售", "Sales"),
    fields=(
        FieldSpec(
            name="number", type=FieldType.TEXT, label=Label("单号", "Number"), required=True, is_key=True, synonyms=("invoiceno", "订单号")
        ),
        FieldSpec(
            name="sold_at", type=FieldType.DATETIME, label=Label("时间", "Time"), required=True, synonyms=("invoicedate", "date", "日期")
        ),
        FieldSpec(name="sku", type=FieldType.TEXT, label=Label("商品编码", "SKU"), synonyms=("stockcode", "货号")),
        FieldSpec(name="title", type=FieldType.TEXT, label=Label("品名", "Title"), synonyms=("description", "商品名称")),
        FieldSpec(name="quantity", type=FieldType.INTEGER, label=Label("数量", "Quantity"), synonyms=("qty",)),
        FieldSpec(name="price", type=FieldType.DECIMAL, label=Label("单价", "Price"), required=True, synonyms=("unitprice", "金额")),
        FieldSpec(
            name="phone", type=FieldType.TEXT, label=Label("手机", "Phone"), is_personal=True, identifier=IdentifierKind.PHONE,
            synonyms=("mobile", "手机号"),
        ),
        FieldSpec(name="state", type=FieldType.CHOICE, label=Label("状态", "State"), choices=("paid", "closed"), synonyms=("status",)),
        FieldSpec(name="is_gift", type=FieldType.BOOLEAN, label=Label("赠品", "Gift")),
        FieldSpec(name="born_on", type=FieldType.DATE, label=Label("生日", "Birthday"), is_personal=True),
    ),
    options=(OptionSpec(name="refund_prefix", type=FieldType.TEXT, label=_SAME, default=""),),
)  # fmt: skip


class SalesHandler:
    """Implements `RecordHandler` (and `OptionProposer`) as the port demands, in the simplest way."""

    name = "sales"

    def __init__(self, *, fails_on: str = "") -> None:
        self._fails_on = fails_on

    @staticmethod
    def create_table(uow: UnitOfWork) -> None:
        """Create the table the handler writes to."""
        uow.connection.execute(
            text(
                "CREATE TABLE IF NOT EXISTS fake_sales (source text, number text, content text, occurrence int, price numeric,"
                " title text, PRIMARY KEY (source, number, content, occurrence))"
            )
        )

    def describe(self, uow: UnitOfWork) -> RecordKind:
        return KIND

    def propose_options(self, sample: Sequence[MappedRow]) -> Mapping[str, str]:
        return (
            {"refund_prefix": "C"} if any(str(row.values["number"]).startswith("C") for row in sample) else {}
        )

    def check(self, row: MappedRow, context: ApplyContext) -> Rejection | None:
        sold_at = row.values.get("sold_at")
        if isinstance(sold_at, datetime) and sold_at > context.now + timedelta(days=1):
            return Rejection("ingestion.date_in_future", "sold_at", sold_at.isoformat())
        return None

    def apply(
        self, uow: UnitOfWork, groups: Sequence[Sequence[MappedRow]], context: ApplyContext
    ) -> Sequence[Outcome]:
        return [self._take(uow, group, context) for group in groups]

    def _take(self, uow: UnitOfWork, group: Sequence[MappedRow], context: ApplyContext) -> Outcome:
        number = str(group[0].values["number"])
        rows = tuple(row.number for row in group)
        if self._fails_on and self._fails_on == number:
            raise ZeroDivisionError
        if number.startswith("BAD"):
            return Outcome(OutcomeState.REJECTED, rows, Rejection("sales.bad", "number", number))
        wanted = self._lines(group)
        known = {
            (row.content, row.occurrence)
            for row in uow.connection.execute(
                text("SELECT content, occurrence FROM fake_sales WHERE source = :s AND number = :n"),
                {"s": context.source, "n": number},
            )
        }
        added = {line: row for line, row in wanted.items() if line not in known}
        gone = known - set(wanted) if context.is_whole else set()
        for (content, occurrence), row in added.items():
            uow.connection.execute(
                text("INSERT INTO fake_sales VALUES (:s, :n, :c, :o, :p, :t)"),
                {
                    "s": context.source, "n": number, "c": content, "o": occurrence, "p": row.values["price"],
                    "t": row.values.get("title"),
                },
            )  # fmt: skip
        for content, occurrence in gone:
            uow.connection.execute(
                text(
                    "DELETE FROM fake_sales WHERE source = :s AND number = :n AND content = :c AND occurrence = :o"
                ),
                {"s": context.source, "n": number, "c": content, "o": occurrence},
            )
        if not added and not gone:
            return Outcome(OutcomeState.UNCHANGED, rows)
        append_events(
            uow,
            [
                NewEvent(
                    type="sales.recorded",
                    occurred_at=uow.now,
                    origin=context.origin,
                    payload={"number": number},
                )
            ],
        )
        return Outcome(OutcomeState.CHANGED if known else OutcomeState.TAKEN, rows)

    @staticmethod
    def _lines(group: Sequence[MappedRow]) -> dict[tuple[str, int], MappedRow]:
        """Number identical lines within a part; across parts the same number is the same line."""
        seen: Counter[tuple[str, str]] = Counter()
        lines = {}
        for row in group:
            content = "|".join(
                f"{name}={row.values[name]}" for name in sorted(row.values) if name != "number"
            )
            seen[(row.part, content)] += 1
            lines[(content, seen[(row.part, content)])] = row
        return lines

    def finish(self, uow: UnitOfWork, context: ApplyContext) -> None:
        """Nothing to do at the end."""


def total(uow: UnitOfWork, source: str = "file") -> tuple[int, Decimal]:
    """Return how many lines a source has and the sum of their prices."""
    row = uow.connection.execute(
        text("SELECT count(*) AS lines, coalesce(sum(price), 0) AS price FROM fake_sales WHERE source = :s"),
        {"s": source},
    ).one()
    return row.lines, row.price
