"""Looks at the first rows of a file through a mapping: the proposal's last step and the preview. Changes nothing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Final

import pyarrow as pa

from feilun.ingestion.contracts import (
    ApplyContext,
    Column,
    ImportMapping,
    Preview,
    PreviewRow,
    Proposal,
    ProposedBinding,
    ReasonCount,
    RecordKind,
)
from feilun.ingestion.internal.cells import raw_rows
from feilun.ingestion.internal.files import Table
from feilun.ingestion.internal.mapping import with_options_filled
from feilun.ingestion.internal.proposing import propose_bindings, propose_part_column, unknown_words
from feilun.ingestion.internal.rows import EvidenceGatherer, RowParser, value_texts
from feilun.ingestion.ports import OptionProposer, RecordHandler

SAMPLE_ROWS: Final = 20_000
"""Rows a preview checks: about half a second."""
_PROPOSAL_ROWS: Final = 5_000
_SHOWN_ROWS: Final = 50
_REASONS_MAX: Final = 50


def first_rows(table: Table, count: int) -> tuple[pa.RecordBatch | None, bool]:
    """Return the first rows as one batch, and whether these are all."""
    batches: list[pa.RecordBatch] = []
    rows = 0
    source = table.batches()
    for batch in source:
        batches.append(batch.slice(0, count - rows))
        rows += batches[-1].num_rows
        if rows >= count:
            is_all = batches[-1].num_rows == batch.num_rows and next(source, None) is None
            return _joined(batches), is_all
    return (_joined(batches) if batches else None), True


def _joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def propose(table: Table, handler: RecordHandler, kind: RecordKind, *, zone: str, source: str) -> Proposal:
    """Propose a mapping for a table."""
    batch, _ = first_rows(table, _PROPOSAL_ROWS)
    columns = _sampled(table, batch)
    bindings, reasons = propose_bindings(columns, kind, zone)
    mapping = ImportMapping(
        kind=kind.name,
        bindings=tuple(bindings),
        part_column=propose_part_column(columns, bindings),
        zone=zone,
        source=source,
    )
    if batch is not None:
        gatherer = EvidenceGatherer(mapping, kind)
        gatherer.observe(batch)
        settled = gatherer.settled()
        mapping = replace(
            mapping,
            bindings=tuple(
                replace(ours, date_order=proven.date_order or ours.date_order)
                for ours, proven in zip(mapping.bindings, settled.bindings, strict=True)
            ),
        )
        bound = {binding.field for binding in bindings}
        if isinstance(handler, OptionProposer) and all(
            spec.name in bound for spec in kind.fields if spec.required
        ):
            parsed = RowParser(settled, kind).parse(batch, lambda _: None)
            good = [row for index, row in enumerate(parsed.rows) if index not in parsed.rejections]
            mapping = replace(mapping, options=dict(handler.propose_options(good)))
    return describe_proposal(with_options_filled(mapping, kind), reasons, columns, kind, saved_name=None)


def describe_proposal(
    mapping: ImportMapping,
    reasons: list[ProposedBinding],
    columns: tuple[Column, ...],
    kind: RecordKind,
    *,
    saved_name: str | None,
) -> Proposal:
    """Add to a mapping what it still lacks."""
    bound = {binding.field for binding in mapping.bindings} | set(mapping.constants)
    return Proposal(
        mapping=mapping,
        reasons=tuple(reasons),
        saved_name=saved_name,
        missing=tuple(spec.name for spec in kind.fields if spec.required and spec.name not in bound),
        unknown_words=unknown_words(columns, mapping.bindings, kind, mapping.zone),
    )


def _sampled(table: Table, batch: pa.RecordBatch | None) -> tuple[Column, ...]:
    """Return the columns with samples from all over the first rows, not only from their top."""
    if batch is None:
        return table.layout.columns
    names = [column.name for column in table.layout.columns]
    step = max(1, batch.num_rows // 200)
    raws = raw_rows(batch, names, list(range(0, batch.num_rows, step)))
    return tuple(
        replace(
            column,
            samples=tuple(islice(dict.fromkeys(raw[column.name] for raw in raws if column.name in raw), 40)),
        )
        for column in table.layout.columns
    )


def preview(
    table: Table, handler: RecordHandler, kind: RecordKind, mapping: ImportMapping, context: ApplyContext
) -> Preview:
    """Check the first rows as an import would."""
    batch, is_complete = first_rows(table, SAMPLE_ROWS)
    if batch is None:
        return Preview(
            rows=(), rejected_rows=(), checked=0, is_complete=True, records=0, rejected=0, reasons=()
        )
    gatherer = EvidenceGatherer(mapping, kind)
    gatherer.observe(batch)
    parser = RowParser(gatherer.settled(), kind)
    parsed = parser.parse(batch, lambda row: handler.check(row, context))
    names = [column.name for column in table.layout.columns]
    shown = list(range(min(_SHOWN_ROWS, batch.num_rows)))
    refused = sorted(parsed.rejections)
    reasons = Counter((found[0].code, found[0].field) for found in parsed.rejections.values())

    def rows_of(indices: list[int]) -> tuple[PreviewRow, ...]:
        raws = raw_rows(batch, names, indices)
        rows = []
        for index, raw in zip(indices, raws, strict=True):
            row = parsed.rows[index]
            texts: Mapping[str, str] = parser.field_texts(raw) | value_texts(row)
            rows.append(PreviewRow(row.number, row.part, texts, tuple(parsed.rejections.get(index, ()))))
        return tuple(rows)

    keys = [parser.key_of(row) for row in parsed.rows]
    return Preview(
        rows=rows_of(shown),
        rejected_rows=rows_of(refused[:_SHOWN_ROWS]),
        checked=batch.num_rows,
        is_complete=is_complete,
        records=len({key for key in keys if key is not None}) + keys.count(None),
        rejected=len(refused),
        reasons=tuple(
            ReasonCount(code, field, rows) for (code, field), rows in reasons.most_common(_REASONS_MAX)
        ),
    )
