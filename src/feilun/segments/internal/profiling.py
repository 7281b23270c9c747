"""Who the members of a segment are: how values of fields are spread among them, against everybody.

A field is read once for everybody, as columns; who is a member is known here. Bins are for looking at, so numbers are floats.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap64

from feilun.conditions import api as conditions
from feilun.conditions.contracts import (
    Arithmetic,
    BoundAggregate,
    BoundCalculated,
    BoundCompare,
    BoundNot,
    BoundValue,
    Catalogue,
    Compare,
    Condition,
    Constant,
    Evaluation,
    Everybody,
    FieldDef,
    FieldOperand,
    Operator,
    ValueKind,
)
from feilun.platform.i18n import Locale, translate
from feilun.platform.warehouse import Warehouse
from feilun.segments.contracts import PROFILE_FIELDS_MAX, Distribution, DistributionBin
from feilun.segments.errors import FieldNotProfiled

_VALUES_MAX: Final = 15
"""Values shown by themselves; the others are put together."""
_NUMBER_BINS: Final = 10
_MONTHS_MAX: Final = 24
_OTHER: Final = ""
_MS_A_DAY: Final = 86_400_000

Numbers = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def distributions(
    warehouse: Warehouse,
    names: Sequence[str],
    catalogue: Catalogue,
    evaluation: Evaluation,
    members: BitMap64,
    *,
    locale: Locale,
) -> list[Distribution]:
    """Return the spread of fields. Raises: FieldNotProfiled, WarehouseAway, WarehouseRefused."""
    found = []
    for name in list(dict.fromkeys(names))[:PROFILE_FIELDS_MAX]:
        if name not in catalogue.fields:
            raise FieldNotProfiled(f"no field {name}", field=name)
        field = catalogue.fields[name]
        found.append(distribution(warehouse, field, catalogue, evaluation, members, locale=locale))
    return found


def distribution(
    warehouse: Warehouse,
    field: FieldDef,
    catalogue: Catalogue,
    evaluation: Evaluation,
    members: BitMap64,
    *,
    locale: Locale,
) -> Distribution:
    """Return the spread of one field. Raises: FieldNotProfiled, WarehouseAway, WarehouseRefused."""
    value = _bound_value(field, catalogue, evaluation)
    aggregates = _aggregates(value)
    query = conditions.values_query(aggregates, catalogue, evaluation, Everybody())
    table = warehouse.arrow(query.sql, settings=query.settings)
    is_member = np.isin(
        table.column("person_id").to_numpy(), np.array(members.to_array(), dtype=np.int64), assume_unique=True
    )
    columns = {
        aggregate: table.column(f"c{number}").combine_chunks() for number, aggregate in enumerate(aggregates)
    }
    match field.kind:
        case ValueKind.NUMBER:
            return _numbers(field, _floats(value, columns), is_member, locale)
        case ValueKind.DATE | ValueKind.MOMENT:
            months = _months(_column(field, value, columns), evaluation)
            return _texts(field, months, is_member, {}, locale)
        case ValueKind.MONTH_DAY:
            days = pc.cast(_column(field, value, columns), pa.int64())
            named = pc.cast(pc.divide(days, 100), pa.string())
            return _texts(field, named, is_member, {}, locale)
        case _:
            labels = {o.value: o.label_zh if locale == "zh-CN" else o.label_en for o in field.options}
            return _texts(field, _column(field, value, columns), is_member, labels, locale)


def _bound_value(field: FieldDef, catalogue: Catalogue, evaluation: Evaluation) -> BoundValue:
    operand = Compare(FieldOperand(field.name), Operator.IS_NOT_EMPTY)
    bound = conditions.bind_condition(Condition(operand), catalogue, evaluation, segments={})
    if isinstance(bound, BoundNot):
        bound = bound.part
    if not isinstance(bound, BoundCompare):
        raise FieldNotProfiled(f"{field.name} has no spread", field=field.name)
    return bound.value


def _aggregates(value: BoundValue) -> list[BoundAggregate]:
    match value:
        case BoundAggregate():
            return [value]
        case BoundCalculated(_, left, right):
            return list(dict.fromkeys([*_aggregates(left), *_aggregates(right)]))
        case Constant():
            return []


def _column(field: FieldDef, value: BoundValue, columns: Mapping[BoundAggregate, Any]) -> Any:
    if not isinstance(value, BoundAggregate):
        raise FieldNotProfiled(f"{field.name} has no spread", field=field.name)
    return columns[value]


def _floats(value: BoundValue, columns: Mapping[BoundAggregate, Any]) -> Numbers:
    """Return numbers, moments as days; missing ones are not a number."""
    match value:
        case BoundAggregate():
            column = columns[value]
            if pa.types.is_timestamp(column.type):
                column = pc.divide(pc.cast(pc.cast(column, pa.timestamp("ms")), pa.float64()), _MS_A_DAY)
            return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), np.float64)
        case Constant(constant):
            if isinstance(constant, Decimal):
                return np.array(float(constant))
            return np.array(constant.timestamp() * 1000 / _MS_A_DAY)
        case BoundCalculated(how, left, right):
            return _calculated(how, _floats(left, columns), _floats(right, columns))


def _calculated(how: Arithmetic, left: Numbers, right: Numbers) -> Numbers:
    match how:
        case Arithmetic.DAYS_BETWEEN:
            return np.trunc(right - left)
        case Arithmetic.RATIO:
            with np.errstate(divide="ignore", invalid="ignore"):
                result: Numbers = np.where(right == 0, np.nan, np.nan_to_num(left) / right)
            return result
        case Arithmetic.PLUS | Arithmetic.MINUS:
            sign = 1 if how is Arithmetic.PLUS else -1
            combined = np.nan_to_num(left) + sign * np.nan_to_num(right)
            return np.where(np.isnan(left) & np.isnan(right), np.nan, combined)


def _months(column: Any, evaluation: Evaluation) -> Any:
    if pa.types.is_timestamp(column.type):
        column = pc.local_timestamp(pc.cast(column, pa.timestamp("ms", tz=evaluation.zone.key)))
    return pc.strftime(column, format="%Y-%m")


def _texts(
    field: FieldDef, column: Any, is_member: Mask, labels: Mapping[str, str], locale: Locale
) -> Distribution:
    """Return the spread of texts; of sets every value of a person counts."""
    if pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        parents = pc.list_parent_indices(column).to_numpy()
        values = pc.list_flatten(column)
        filled = np.unique(parents)
        has_value = np.zeros(len(is_member), bool)
        has_value[filled] = True
        owned = is_member[parents]
    else:
        values = pc.fill_null(_as_text(column), "")
        has_value = np.asarray(pc.not_equal(values, pa.scalar("")).to_numpy(zero_copy_only=False))
        owned = is_member[has_value]
        values = values.filter(pa.array(has_value))
    everybody = _counts(values)
    within = _counts(values.filter(pa.array(owned)))
    is_by_time = field.kind in (ValueKind.DATE, ValueKind.MOMENT, ValueKind.MONTH_DAY)
    if is_by_time:
        shown = sorted(everybody)[-_MONTHS_MAX:]
    else:
        shown = sorted(everybody, key=lambda value: (-everybody[value], value))[:_VALUES_MAX]
    bins = [
        DistributionBin(value, labels.get(value, value), within.get(value, 0), everybody[value])
        for value in shown
    ]
    rest = everybody.keys() - set(shown)
    if rest:
        label = translate("segments.earlier" if is_by_time else "segments.other", locale)
        other = DistributionBin(
            _OTHER, label, sum(within.get(v, 0) for v in rest), sum(everybody[v] for v in rest)
        )
        bins = [other, *bins] if is_by_time else [*bins, other]
    return _distribution(field, bins, is_member, has_value, locale)


def _as_text(column: Any) -> Any:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return pc.cast(column, pa.string())


def _counts(values: Any) -> dict[str, int]:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return {str(item["values"]): int(item["counts"]) for item in pc.value_counts(values).to_pylist()}


def _numbers(field: FieldDef, values: Numbers, is_member: Mask, locale: Locale) -> Distribution:
    has_value = ~np.isnan(values)
    known, owned = values[has_value], is_member[has_value]
    bins: list[DistributionBin] = []
    if len(known):
        distinct = np.unique(known)
        edges = _edges(known, distinct)
        places = np.searchsorted(edges, known, side="right") - 1
        everybody = np.bincount(places, minlength=len(edges))
        within = np.bincount(places[owned], minlength=len(edges))
        is_exact = len(edges) == len(distinct)
        for place, low in enumerate(edges.tolist()):
            label = _plain(low)
            if not is_exact:
                is_last = place == len(edges) - 1
                label = f"≥ {label}" if is_last else f"{label} – {_plain(float(edges[place + 1]))}"
            bins.append(DistributionBin(_plain(low), label, int(within[place]), int(everybody[place])))
    mean = Decimal(str(round(float(known.mean()), 4))) if len(known) else None
    own_mean = Decimal(str(round(float(known[owned].mean()), 4))) if owned.any() else None
    return _distribution(field, bins, is_member, has_value, locale, means=(own_mean, mean))


def _edges(known: Numbers, distinct: Numbers) -> Numbers:
    """Return the lower ends of bins: the values themselves when they are few, otherwise tenths of the people."""
    if len(distinct) <= _NUMBER_BINS:
        return distinct
    edges: Numbers = np.unique(np.quantile(known, np.arange(_NUMBER_BINS) / _NUMBER_BINS, method="lower"))
    return edges


def _plain(number: float) -> str:
    return f"{number:.4f}".rstrip("0").rstrip(".")


def _distribution(
    field: FieldDef,
    bins: Sequence[DistributionBin],
    is_member: Mask,
    has_value: Mask,
    locale: Locale,
    *,
    means: tuple[Decimal | None, Decimal | None] = (None, None),
) -> Distribution:
    return Distribution(
        field=field.name,
        label=field.label_zh if locale == "zh-CN" else field.label_en,
        kind=field.kind,
        members=int(is_member.sum()),
        everybody=len(is_member),
        bins=tuple(bins),
        members_without=int((is_member & ~has_value).sum()),
        everybody_without=int((~has_value).sum()),
        members_mean=means[0],
        everybody_mean=means[1],
    )
