"""Fact tables: how a room declares one, and the DDL and Arrow schema that follow from it.

A fact is a row keyed by immutable source ids (`order_by`), with a version and a delete mark. ClickHouse keeps the newest
version of a key when parts merge; until then readers ask for `FINAL` (docs/concepts/warehouse.md has the measured patterns).
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from feilun.platform.warehouse_client import Warehouse, name_list, quote_name

VERSION: Final = "version"
IS_DELETED: Final = "is_deleted"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_FSYNC: Final = "fsync_after_insert = 1, fsync_part_directory = 1"
"""3 ms per insert (measured), for which rows acknowledged before a power cut are still there after it; the consumer's
marker, written after them, then never promises more than the disk holds."""

FactRows = pa.Table | Mapping[str, Sequence[object]]
"""Rows of one table by column. Absent columns get their default, so a deletion names only key, version and is_deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactTable:
    """A table of facts in the warehouse. `version` and `is_deleted` are added to its columns."""

    name: str
    columns: Mapping[str, str]
    """ClickHouse types by column, e.g. {'person_id': 'Int64', 'amount': 'Decimal(18, 4)'}; key columns come first."""
    order_by: tuple[str, ...]
    """The key: immutable source ids. Facts of one person lie together when `person_id` is its first column."""
    shard_by: str
    """Column of the key by which a cluster spreads the rows; usually `person_id`."""
    partition_by: str | None = None
    """Expression over key columns only: with any other a newer version could land in another partition and both would stay."""
    comment: str = ""

    def __post_init__(self) -> None:
        for name in (self.name, *self.columns):
            if not _NAME.fullmatch(name):
                raise ValueError(f"not a name for a warehouse table or column: {name!r}")
        if {VERSION, IS_DELETED} & set(self.columns):
            raise ValueError(f"{self.name}: version and is_deleted are added by the warehouse")
        key = set(self.order_by)
        if not key or not key <= set(self.columns):
            raise ValueError(f"{self.name}: the key must name columns of the table")
        if self.shard_by not in key:
            raise ValueError(
                f"{self.name}: shard_by must be a key column, or a deletion goes to another shard than its fact"
            )
        partitioned = set(_WORD.findall(self.partition_by or "")) & set(self.columns)
        if not partitioned <= key:
            raise ValueError(f"{self.name}: partition_by may use key columns only")
        for column, type_name in self.columns.items():
            if column in key and type_name.startswith("Nullable"):
                raise ValueError(f"{self.name}.{column}: a key column cannot be Nullable")
            arrow_type(type_name)

    def arrow_schema(self) -> pa.Schema:
        """Return the Arrow schema of rows to insert, version and is_deleted included."""
        fields = [pa.field(name, arrow_type(type_name)) for name, type_name in self.columns.items()]
        return pa.schema([*fields, pa.field(VERSION, pa.uint64()), pa.field(IS_DELETED, pa.uint8())])

    def arrow_rows(self, rows: FactRows) -> pa.Table:
        """Return rows as they are inserted: all columns, right types, deletions first.

        Of two rows of one key and version ClickHouse keeps the later one. An event that moved a fact away can be handled
        when canonical tables already say that it came back; so that it stays, deletions go first.
        """
        given = rows if isinstance(rows, pa.Table) else _from_columns(self, rows)
        unknown = set(given.column_names) - {*self.columns, VERSION, IS_DELETED}
        if unknown:
            raise ValueError(f"{self.name} has no columns {sorted(unknown)}")
        missing = {*self.order_by, VERSION} - set(given.column_names)
        if missing:
            raise ValueError(f"rows of {self.name} lack {sorted(missing)}")
        columns = []
        for field in self.arrow_schema():
            if field.name in given.column_names:
                columns.append(given.column(field.name).cast(field.type))
            elif field.name == IS_DELETED:
                columns.append(pa.chunked_array([pa.repeat(pa.scalar(0, pa.uint8()), given.num_rows)]))
            else:
                columns.append(pa.chunked_array([pa.nulls(given.num_rows, field.type)]))
        table = pa.Table.from_arrays(columns, schema=self.arrow_schema())
        is_deleted = pc.equal(table.column(IS_DELETED), pa.scalar(1, pa.uint8()))
        return pa.concat_tables([table.filter(is_deleted), table.filter(pc.invert(is_deleted))])

    def ddl(self, *, database: str, cluster: str | None) -> list[str]:
        """Return the statements that create the table: one for a server, two for a cluster."""
        columns = ", ".join(f"{quote_name(name)} {type_name}" for name, type_name in self.columns.items())
        body = f"({columns}, {VERSION} UInt64, {IS_DELETED} UInt8)"
        partition = f" PARTITION BY {self.partition_by}" if self.partition_by else ""
        comment = (
            " COMMENT '" + self.comment.replace("\\", "\\\\").replace("'", "\\'") + "'"
            if self.comment
            else ""
        )
        shape = f"{partition} ORDER BY ({name_list(self.order_by)}) SETTINGS {_FSYNC}{comment}"
        place = f"{quote_name(database)}.{quote_name(self.name)}"
        if cluster is None:
            return [
                f"CREATE TABLE IF NOT EXISTS {place} {body} ENGINE = ReplacingMergeTree({VERSION}, {IS_DELETED}){shape}"
            ]
        local = f"{quote_name(database)}.{quote_name(self.name + '_local')}"
        on_cluster = f"ON CLUSTER {quote_name(cluster)}"
        keeper_path = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
        spread = f"'{cluster}', '{database}', '{self.name}_local', intHash64({quote_name(self.shard_by)})"
        replicated = f"ReplicatedReplacingMergeTree({keeper_path}, {VERSION}, {IS_DELETED})"
        return [
            f"CREATE TABLE IF NOT EXISTS {local} {on_cluster} {body} ENGINE = {replicated}{shape}",
            f"CREATE TABLE IF NOT EXISTS {place} {on_cluster} AS {local} ENGINE = Distributed({spread})",
        ]

    def drop(self, *, database: str, cluster: str | None) -> list[str]:
        """Return the statements that remove the table and its rows."""
        names = [self.name] if cluster is None else [self.name, f"{self.name}_local"]
        on_cluster = f" ON CLUSTER {quote_name(cluster)}" if cluster else ""
        return [
            f"DROP TABLE IF EXISTS {quote_name(database)}.{quote_name(name)}{on_cluster} SYNC"
            for name in names
        ]


@dataclass(frozen=True, slots=True)
class TableDigest:
    """What a table holds, independent of order, parts and versions: how many facts, and a hash over their values."""

    rows: int
    digest: int


def create_tables(warehouse: Warehouse, tables: Iterable[FactTable]) -> None:
    """Create what is missing. Raises: WarehouseAway, WarehouseRefused."""
    for table in tables:
        for statement in table.ddl(database=warehouse.database, cluster=warehouse.cluster):
            warehouse.command(statement)


def drop_tables(warehouse: Warehouse, tables: Iterable[FactTable]) -> None:
    """Remove tables with their rows. Raises: WarehouseAway, WarehouseRefused."""
    for table in tables:
        for statement in table.drop(database=warehouse.database, cluster=warehouse.cluster):
            warehouse.command(statement)


def content_digest(warehouse: Warehouse, tables: Iterable[FactTable]) -> dict[str, TableDigest]:
    """Return a digest per table over merged rows; equal digests mean equal facts, whatever way they came in.

    The version is left out: a rebuild stamps every row with the log position it was taken at.
    """
    digests = {}
    for table in tables:
        # A tuple, because a hash of a bare NULL is NULL and would drop the row from the sum.
        ((rows, digest),) = warehouse.rows(
            f"SELECT count(), groupBitXor(sipHash64(tuple({name_list(list(table.columns))})))"
            f" FROM {quote_name(warehouse.database)}.{quote_name(table.name)} FINAL"
        )
        digests[table.name] = TableDigest(rows, digest)
    return digests


def schema_digest(tables: Iterable[FactTable]) -> str:
    """Return a fingerprint of the tables' definitions; another one means that the content must be built anew."""
    statements = sorted(statement for table in tables for statement in table.ddl(database="", cluster=None))
    return hashlib.sha256("\n".join(statements).encode()).hexdigest()[:32]


_SIMPLE: Final[dict[str, pa.DataType]] = {
    "Bool": pa.bool_(),
    "String": pa.string(),
    "UUID": pa.string(),
    "Date": pa.date32(),
    "Date32": pa.date32(),
    "Float32": pa.float32(),
    "Float64": pa.float64(),
    **{f"Int{bits}": getattr(pa, f"int{bits}")() for bits in (8, 16, 32, 64)},
    **{f"UInt{bits}": getattr(pa, f"uint{bits}")() for bits in (8, 16, 32, 64)},
}
_WRAPPED: Final = re.compile(r"(Nullable|LowCardinality|Array)\((.+)\)")
_MAP: Final = re.compile(r"Map\((LowCardinality\(String\)|String), ?(.+)\)")
_DECIMAL: Final = re.compile(r"Decimal\((\d+), ?(\d+)\)")
_INSTANT: Final = re.compile(r"DateTime(?:64\((\d)(?:, ?'UTC')?\)|\('UTC'\))?")
_INSTANTS: Final[dict[int, pa.DataType]] = {
    0: pa.timestamp("s", tz="UTC"),
    3: pa.timestamp("ms", tz="UTC"),
    6: pa.timestamp("us", tz="UTC"),
    9: pa.timestamp("ns", tz="UTC"),
}


def arrow_type(type_name: str) -> pa.DataType:
    """Return the Arrow type in which values of a ClickHouse type are sent. Raises: ValueError for types not in use here."""
    if type_name in _SIMPLE:
        return _SIMPLE[type_name]
    if wrapped := _WRAPPED.fullmatch(type_name):
        inner = arrow_type(wrapped[2])
        return pa.list_(inner) if wrapped[1] == "Array" else inner
    if mapped := _MAP.fullmatch(type_name):
        return pa.map_(arrow_type(mapped[1]), arrow_type(mapped[2]))
    if decimal := _DECIMAL.fullmatch(type_name):
        return pa.decimal128(int(decimal[1]), int(decimal[2]))
    instant = _INSTANT.fullmatch(type_name)
    if instant and (found := _INSTANTS.get(int(instant[1] or 0))):
        return found
    raise ValueError(f"no Arrow type is set for ClickHouse's {type_name}")


def _from_columns(table: FactTable, columns: Mapping[str, Sequence[object]]) -> pa.Table:
    types = {field.name: field.type for field in table.arrow_schema()}
    unknown = set(columns) - set(types)
    if unknown:
        raise ValueError(f"{table.name} has no columns {sorted(unknown)}")
    return pa.table({name: pa.array(values, types[name]) for name, values in columns.items()})
