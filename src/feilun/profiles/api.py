"""Facade of the profiles room: what is known about customers, their page, the list, consents and interactions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from feilun.identity.contracts import IdentifierClaim, Person
from feilun.ingestion.contracts import PersonDetails
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.i18n import Locale
from feilun.platform.log import NewEvent, Origin, append_events
from feilun.profiles import events
from feilun.profiles.contracts import (
    Consent,
    ConsentStatement,
    CustomerFilter,
    CustomerPage,
    CustomerRow,
    CustomerSort,
    CustomerView,
    CustomField,
    CustomFieldChange,
    CustomFieldDraft,
    CustomFieldId,
    ExportFormat,
    Field,
    FieldProvenance,
    FieldValue,
    PanelView,
    Protection,
    Survivorship,
    Timeline,
    TimelineKind,
)
from feilun.profiles.internal import (
    catalogue,
    editing,
    exports,
    listing,
    offers,
    refresh,
    store_fields,
    timeline,
    view,
)
from feilun.profiles.internal.exports import EXPORT_ROWS_MAX


class Panel(Protocol):
    """Owned by profiles, implemented by upper rooms and registered in `entrypoints`: a part of the customer page."""

    @property
    def name(self) -> str:
        """Stable name, e.g. 'points'."""
        ...

    @property
    def permission(self) -> str:
        """The permission a caller needs to see it."""
        ...

    def show(self, uow: UnitOfWork, person: Person, *, reveal: bool) -> Mapping[str, object] | None:
        """Return what the panel shows, JSON-ready, or None to show nothing. Called once per opened page: a few ms at most."""
        ...


# --- customers --------------------------------------------------------------------------------------------------------


def list_customers(
    uow: UnitOfWork,
    wanted: CustomerFilter,
    *,
    sort: CustomerSort = CustomerSort.LAST_ORDERED_AT_DESC,
    cursor: str | None = None,
    page: int = 1,
    page_size: int = 20,
    reveal: bool,
    with_phones: bool = False,
) -> CustomerPage:
    """Return one page of customers. The list follows the log within a second (ADR-0007).

    `cursor` continues after the last row of a page and wins over `page`; paging by cursor skips and repeats nobody who does
    not change place. `reveal` shows personal values in full. `with_phones` costs a look-up per page.

    Raises: CursorInvalid, PageTooFar, FieldUnknown, FieldInvalid, FieldNotFilterable.
    """
    return listing.list_customers(
        uow,
        wanted,
        sort=sort,
        cursor=cursor,
        page=page,
        page_size=page_size,
        reveal=reveal,
        with_phones=with_phones,
    )


def names_of(
    uow: UnitOfWork, person_ids: Iterable[PersonId], *, reveal: bool
) -> Mapping[PersonId, str | None]:
    """Return what customers are called, to stand beside their ids; shortened unless `reveal`, absent when unknown.

    Ids of merged records answer with the name of the customer they belong to. Read from the list of customers, which
    follows changes within seconds.
    """
    return listing.names_of(uow, person_ids, reveal=reveal)


def customer_ids(uow: UnitOfWork, wanted: CustomerFilter) -> Iterator[PersonId]:
    """Yield everybody in a list, by root id, oldest first; reads as it goes.

    Raises: FieldUnknown, FieldInvalid, FieldNotFilterable.
    """
    return listing.customer_ids(uow, wanted)


def list_rows(
    uow: UnitOfWork, person_ids: Sequence[PersonId], *, reveal: bool, with_phones: bool
) -> list[CustomerRow]:
    """Return customers as the list shows them, in the order of their ids given; merged ones as whom they belong to.

    For pages of at most some hundred people. Erased ones, and those the list does not have yet, are left out.
    """
    return listing.rows_of(uow, person_ids, reveal=reveal, with_phones=with_phones)


def get_customer(
    uow: UnitOfWork, person_id: PersonId, *, reveal: bool = True, panels: Iterable[Panel] = ()
) -> CustomerView:
    """Return everything the customer page shows at once, read from the records themselves: right at any moment.

    An id that was merged into another answers with that one (`is_alias`). An erased customer has no personal values.

    Raises: CustomerNotFound.
    """
    shown = list(panels)
    person = view.get_person(uow, person_id) if shown else None
    views = []
    for panel in shown:
        assert person is not None, "loaded for panels"
        content = panel.show(uow, person, reveal=reveal)
        if content is not None:
            views.append(PanelView(name=panel.name, content=content))
    return view.get_customer(uow, person_id, reveal=reveal, panels=views)


def list_provenance(uow: UnitOfWork, person_id: PersonId, *, reveal: bool) -> list[FieldProvenance]:
    """Return every field of a customer with what holds, why, and what it won against. Raises: CustomerNotFound."""
    return view.provenance_of(uow, view.get_person(uow, person_id), reveal=reveal)


def get_timeline(
    uow: UnitOfWork,
    person_id: PersonId,
    *,
    before: str | None = None,
    limit: int = 50,
    kinds: Iterable[TimelineKind] = (),
    reveal: bool = True,
) -> Timeline:
    """Return what happened with a customer, newest first, before a cursor; `kinds` empty means all.

    Raises: CustomerNotFound, CursorInvalid.
    """
    return timeline.get_timeline(uow, person_id, before=before, limit=limit, kinds=kinds, reveal=reveal)


def create_customer(
    uow: UnitOfWork, claims: Sequence[IdentifierClaim], values: Mapping[str, FieldValue | None]
) -> PersonId:
    """Make a customer by hand; fields not named get their default. It is in the list at once.

    Raises: CustomerEmpty, CustomerExists (with whose identifier it is), FieldUnknown, FieldInvalid, FieldRequired.
    """
    return editing.create_customer(uow, claims, values)


def update_fields(
    uow: UnitOfWork,
    person_id: PersonId,
    values: Mapping[str, FieldValue | None],
    *,
    reset: Sequence[str] = (),
) -> PersonId:
    """Set fields by hand; None empties a field whatever sources say, `reset` goes back to what they say. Returns the root.

    Idempotent: the same value again is no change. Locks the customer.

    Raises: CustomerNotFound, CustomerErased, FieldUnknown, FieldInvalid, FieldRequired.
    """
    return editing.update_fields(uow, person_id, values, reset=reset)


def offer(uow: UnitOfWork, details: Sequence[PersonDetails]) -> None:
    """Take what orders say about their customers, under the orders' source and time. Idempotent.

    Implements `ingestion.ports.PersonDetailsSink`, whose caller holds the people's locks. Details that fit no field, and
    those of erased people, are left out.
    """
    offers.offer(uow, details)


def refresh_customers(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> None:
    """Bring the list's rows of these people up to date in this transaction. Idempotent."""
    refresh.refresh_customers(uow, person_ids)


# --- export -----------------------------------------------------------------------------------------------------------


def begin_export(
    uow: UnitOfWork,
    wanted: CustomerFilter,
    *,
    export_format: ExportFormat,
    reveal: bool,
    named_filters: Sequence[str],
) -> None:
    """Record that an export begins, before any row leaves.

    Raises: FieldUnknown, FieldInvalid, FieldNotFilterable.
    """
    rows = listing.count_listed(uow, wanted)
    append_events(
        uow,
        [
            NewEvent(
                type=events.CUSTOMERS_EXPORTED,
                occurred_at=uow.now,
                origin=Origin.LIVE,
                payload={
                    "format": export_format.value,
                    "rows": min(rows, EXPORT_ROWS_MAX),
                    "is_masked": not reveal,
                    "filters": sorted(named_filters),
                },
            )
        ],
    )


def stream_csv(
    database: Database,
    wanted: CustomerFilter,
    *,
    sort: CustomerSort,
    actor: str,
    locale: Locale,
    zone: ZoneInfo,
    reveal: bool,
) -> Iterator[bytes]:
    """Yield the CSV file of a list, from a transaction of its own, chunk by chunk."""
    with database.transaction(actor=actor) as uow:
        rows = listing.iterate_customers(
            uow, wanted, sort=sort, rows_max=EXPORT_ROWS_MAX, reveal=reveal, with_phones=True
        )
        yield from exports.write_csv(rows, exports.columns_of(_open_custom_fields(uow), locale), zone)


def write_xlsx(
    uow: UnitOfWork,
    path: Path,
    wanted: CustomerFilter,
    *,
    sort: CustomerSort,
    locale: Locale,
    zone: ZoneInfo,
    reveal: bool,
) -> None:
    """Write the workbook of a list."""
    rows = listing.iterate_customers(
        uow, wanted, sort=sort, rows_max=EXPORT_ROWS_MAX, reveal=reveal, with_phones=True
    )
    exports.write_xlsx(path, rows, exports.columns_of(_open_custom_fields(uow), locale), zone)


def list_export_columns(uow: UnitOfWork, *, locale: Locale) -> list[tuple[str, str]]:
    """Return name and heading of every column an export of customers may have."""
    columns = exports.columns_of(_open_custom_fields(uow), locale)
    return [(column.name, column.heading) for column in columns]


def write_people(
    uow: UnitOfWork,
    path: Path,
    person_ids: Sequence[PersonId],
    *,
    columns: Sequence[str],
    export_format: ExportFormat,
    locale: Locale,
    zone: ZoneInfo,
    reveal: bool,
) -> None:
    """Write chosen customers (by root, at most 200,000) with chosen columns as a file. The caller records the export."""
    wanted = CustomerFilter(among=tuple(person_ids))
    rows = listing.iterate_customers(
        uow,
        wanted,
        sort=CustomerSort.CREATED_AT,
        rows_max=EXPORT_ROWS_MAX,
        reveal=reveal,
        with_phones="phone" in columns,
    )
    known = {column.name: column for column in exports.columns_of(_open_custom_fields(uow), locale)}
    chosen = [known[name] for name in columns]
    if export_format is ExportFormat.XLSX:
        exports.write_xlsx(path, rows, chosen, zone)
        return
    with path.open("wb") as file:
        for piece in exports.write_csv(rows, chosen, zone):
            file.write(piece)


def _open_custom_fields(uow: UnitOfWork) -> list[Field]:
    return [f for f in list_fields(uow) if f.is_custom and f.protection is Protection.OPEN]


# --- fields -----------------------------------------------------------------------------------------------------------


def list_fields(uow: UnitOfWork) -> list[Field]:
    """Return the catalogue: the fields that take values, built-in ones first."""
    return view.catalogue_fields(catalogue.load_catalogue(uow))


def list_custom_fields(uow: UnitOfWork) -> list[CustomField]:
    """Return all custom fields in their order, archived ones included."""
    return store_fields.list_custom_fields(uow)


def create_custom_field(uow: UnitOfWork, draft: CustomFieldDraft) -> CustomField:
    """Add a field. It is at once in forms, the list's filters, exports and the mapping of customer files.

    Raises: CustomFieldExists, CustomFieldNameInvalid, CustomFieldLabelInvalid, CustomFieldOptionsInvalid, FieldInvalid (the
    default), TooManyCustomFields.
    """
    return catalogue.create_custom_field(uow, draft)


def change_custom_field(
    uow: UnitOfWork, custom_field_id: CustomFieldId, change: CustomFieldChange
) -> CustomField:
    """Change labels, options, default, order; archive or bring back. Options left out are archived, never deleted.

    Raises: CustomFieldNotFound, CustomFieldLabelInvalid, CustomFieldOptionsInvalid, FieldInvalid (the default).
    """
    return catalogue.change_custom_field(uow, custom_field_id, change)


def list_survivorship(uow: UnitOfWork) -> list[Survivorship]:
    """Return the survivorship rules set by an administrator; without any, the newest value of each field holds."""
    return list(store_fields.list_survivorship(uow).values())


def list_sources(uow: UnitOfWork) -> list[str]:
    """Return the sources that customers came from, for choosing priorities."""
    return store_fields.list_sources(uow)


def set_survivorship(uow: UnitOfWork, rules: Sequence[Survivorship]) -> list[Survivorship]:
    """Replace all rules. Customer pages follow at once, the list as its consumer goes through all customers.

    Raises: SurvivorshipInvalid.
    """
    return catalogue.set_survivorship(uow, rules)


# --- consents ---------------------------------------------------------------------------------------------------------


def list_consents(uow: UnitOfWork, person_id: PersonId) -> list[Consent]:
    """Return the consent that holds per channel and purpose. Raises: CustomerNotFound."""
    return view.current_consents(uow, view.get_person(uow, person_id).members)


def state_consent(uow: UnitOfWork, statement: ConsentStatement) -> None:
    """Record what a customer granted or refused. The same word again is no change.

    Raises: CustomerNotFound, CustomerErased.
    """
    editing.state_consent(uow, statement)
