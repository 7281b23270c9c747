"""Cuts the demo company's orders out of UCI "Online Retail II": `python -m tools.demo_cut SOURCE.parquet`.

Whole customers are kept (every third, by a hash of the id), with all their invoices, so that histories stay real;
of the sales without a customer one invoice in eight is kept. Every line of the overlap between the two sheets stays in both.
"""

import sys
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

TARGET = Path(__file__).resolve().parents[1] / "examples" / "demo" / "orders.parquet"
_CUSTOMERS_KEPT = 3
_ANONYMOUS_KEPT = 8


def _is_kept(customer: object, invoice: object) -> bool:
    if customer is not None:
        return zlib.crc32(str(customer).encode()) % _CUSTOMERS_KEPT == 0
    return zlib.crc32(str(invoice).encode()) % _ANONYMOUS_KEPT == 0


def main(source: Path) -> None:
    """Write the cut beside the other demo files and print what it holds."""
    table = pq.read_table(source)
    customers, invoices = table["CustomerID"].to_pylist(), table["InvoiceNo"].to_pylist()
    kept = table.filter(pa.array([_is_kept(c, i) for c, i in zip(customers, invoices, strict=True)]))
    kept = kept.replace_schema_metadata(None)
    index = kept.schema.get_field_index("InvoiceDate")
    kept = kept.set_column(index, "InvoiceDate", pc.cast(kept["InvoiceDate"], pa.timestamp("s")))
    pq.write_table(kept, TARGET, compression="zstd", compression_level=19, row_group_size=1 << 20)
    print(
        kept.num_rows,
        "lines,",
        pc.count_distinct(kept["CustomerID"]).as_py(),
        "customers,",
        TARGET.stat().st_size,
        "bytes",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
