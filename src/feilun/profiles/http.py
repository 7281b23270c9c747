"""HTTP of profiles: the customer list and its export, the customer page, consents, making and editing by hand."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.kernel.ids import PersonId, opaque
from feilun.platform.db import UnitOfWork
from feilun.platform.http import DatabaseDep, LocaleDep, SettingsDep, UowDep
from feilun.profiles import api
from feilun.profiles.contracts import (
    MANUAL_SOURCE,
    Consent,
    ConsentState,
    ConsentStatement,
    CustomerFilter,
    CustomerRow,
    CustomerSort,
    CustomerView,
    ExportFormat,
    FieldProvenance,
    FieldValue,
    ValueCandidate,
)
from feilun.profiles.errors import FieldUnknown
from feilun.profiles.fields_http import FieldOut, field_out
from feilun.profiles.ports import PersonGroups
from feilun.profiles.timeline_http import person_id_of

router = APIRouter(prefix="/api/v1", tags=["profiles"])

_TEXT_MAX: Final = 200
_CLEAN: Final = r"^[^\x00]*$"
_PIECE_BYTES: Final = 64 * 1024
_FIELD_FILTERS_MAX: Final = 10
_FIELDS_MAX: Final = 100

CleanText = Annotated[str, Field(max_length=_TEXT_MAX, pattern=_CLEAN)]
Value = str | int | Decimal | bool | list[str] | None
"""A field's value in JSON: decimals and moments as text, several choices as a list."""


class CustomerRowOut(BaseModel):
    """One customer in the list; personal values are masked for callers without the right."""

    id: str
    name: str | None
    nickname: str | None
    phone: str | None
    gender: str | None
    birthday: str | None
    country: str | None
    province: str | None
    city: str | None
    identifier_kinds: list[str]
    sources: list[str]
    record_count: int = Field(description="Records merged into this customer, itself included.")
    currency: str | None
    orders: int
    net_spend: Decimal
    refunds: int
    refund_amount: Decimal
    return_rate: Decimal | None
    first_ordered_at: datetime | None
    last_ordered_at: datetime | None
    registered_at: datetime | None
    created_at: datetime
    custom: dict[str, Value] = Field(description="Values of custom fields that are not personal, by name.")


class CustomerPageOut(BaseModel):
    """One page of customers."""

    items: list[CustomerRowOut]
    total: int
    is_total_capped: bool = Field(description="There are more than `total`; counting stopped there.")
    page: int
    page_size: int
    next_cursor: str | None = Field(description="Pass as `cursor` for the rows after these, however deep.")
    is_masked: bool


class CandidateOut(BaseModel):
    """What one source said about a field."""

    value: Value
    text: str
    source: str
    seen_at: datetime
    recorded_at: datetime
    record_id: str
    actor: str


class ProvenanceOut(BaseModel):
    """A field with what holds, why, and what it won against."""

    field: FieldOut
    chosen: CandidateOut | None
    rule: str | None = Field(
        description="only, manual, source_priority, newest or most_frequent; null without a value."
    )
    losing: list[CandidateOut]
    is_masked: bool


class FiguresOut(BaseModel):
    """A customer's orders in numbers, in `currency`."""

    currency: str | None
    orders: int
    net_spend: Decimal
    product_sales: Decimal
    refunds: int
    refund_amount: Decimal
    return_rate: Decimal | None
    average_basket: Decimal | None
    first_ordered_at: datetime | None
    last_ordered_at: datetime | None
    other_currencies: list[str]


class CustomerIdentifierOut(BaseModel):
    """One identifier; masked for callers without the right."""

    kind: IdentifierKind
    value: str
    scope: str
    is_verified: bool
    is_linking: bool
    source: str
    first_seen_at: datetime
    last_seen_at: datetime
    record_id: str


class ConsentOut(BaseModel):
    """The word that holds for one channel and purpose."""

    channel: str
    purpose: str
    state: ConsentState
    stated_at: datetime
    source: str
    actor: str


class PanelOut(BaseModel):
    """What another part of the program shows on the page."""

    name: str
    content: dict[str, object]


class CustomerOut(BaseModel):
    """Everything the customer page shows at once."""

    id: str
    requested_id: str
    is_alias: bool = Field(description="The id asked for was merged into this customer.")
    record_ids: list[str]
    display_name: str | None
    name: str | None
    gender: str | None
    birthday: str | None
    city: str | None
    sources: list[str]
    created_at: datetime
    is_erased: bool
    erased_at: datetime | None
    figures: FiguresOut
    fields: list[ProvenanceOut]
    identifiers: list[CustomerIdentifierOut]
    consents: list[ConsentOut]
    panels: list[PanelOut]
    is_masked: bool


class FieldsOut(BaseModel):
    """All fields of a customer with provenance."""

    customer_id: str
    items: list[ProvenanceOut]


class IdentifierIn(BaseModel):
    """An identifier of a new customer."""

    kind: IdentifierKind
    value: CleanText = Field(min_length=1)
    scope: CleanText = ""


class CustomerIn(BaseModel):
    """A customer made by hand."""

    identifiers: list[IdentifierIn] = Field(default_factory=list, max_length=20)
    values: dict[str, Value] = Field(default_factory=dict, max_length=_FIELDS_MAX)


class CustomerChangeIn(BaseModel):
    """Fields to set by hand; null empties one, `reset` goes back to what sources say."""

    values: dict[str, Value] = Field(default_factory=dict, max_length=_FIELDS_MAX)
    reset: list[CleanText] = Field(default_factory=list, max_length=_FIELDS_MAX)


class ConsentIn(BaseModel):
    """What a customer granted or refused, told to an operator."""

    channel: str = Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")
    purpose: str = Field("marketing", min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")
    state: ConsentState


class CustomerIdOut(BaseModel):
    """The id of a customer."""

    id: str


class CustomerQuery(BaseModel):
    """What to list."""

    query: str | None = Field(
        None,
        max_length=_TEXT_MAX,
        pattern=_CLEAN,
        description="Phone, identifier, order number, name, or a tag's name.",
    )
    has_orders: bool | None = None
    last_ordered_from: AwareDatetime | None = None
    last_ordered_to: AwareDatetime | None = Field(None, description="Exclusive.")
    net_spend_min: Decimal | None = Field(None, ge=-(10**14), le=10**14)
    net_spend_max: Decimal | None = Field(None, ge=-(10**14), le=10**14)
    city: str | None = Field(None, max_length=_TEXT_MAX, pattern=_CLEAN)
    source: str | None = Field(None, max_length=_TEXT_MAX, pattern=_CLEAN)
    identifier_kind: IdentifierKind | None = None
    tag: str | None = Field(
        None, max_length=_TEXT_MAX, pattern=_CLEAN, description="Key of a tag they carry."
    )
    field: list[CleanText] = Field(
        default_factory=list,
        max_length=_FIELD_FILTERS_MAX,
        description="`name:value`, e.g. custom.skin_type:oily",
    )
    sort: CustomerSort = CustomerSort.LAST_ORDERED_AT_DESC


class CustomerListQuery(CustomerQuery):
    """What to list, and which page of it."""

    cursor: str | None = Field(None, max_length=1000, pattern=r"^[A-Za-z0-9_=-]*$")
    page: int = Field(1, ge=1, le=10_000)
    page_size: int = Field(20, ge=1, le=200)
    with_phones: bool = Field(
        default=True, description="Leave out phones where they are not shown: each costs a look-up."
    )


class ExportQuery(CustomerQuery):
    """What to export, and how."""

    format: ExportFormat = ExportFormat.CSV


@router.get("/customers", operation_id="listCustomers")
def list_customers(
    wanted: Annotated[CustomerListQuery, Query()],
    request: Request,
    uow: UowDep,
    caller: Caller = Guard("customers.read"),
) -> CustomerPageOut:
    """Search and list customers."""
    reveal = caller.may("personal.read")
    found = api.list_customers(
        uow,
        _filter(wanted, request, uow),
        sort=wanted.sort,
        cursor=wanted.cursor or None,
        page=wanted.page,
        page_size=wanted.page_size,
        reveal=reveal,
        with_phones=wanted.with_phones,
    )
    return CustomerPageOut(
        items=[row_out(row) for row in found.rows],
        total=found.total,
        is_total_capped=found.is_total_capped,
        page=wanted.page,
        page_size=wanted.page_size,
        next_cursor=found.next_cursor,
        is_masked=not reveal,
    )


@router.get("/customers/export", operation_id="exportCustomers", response_class=StreamingResponse)
def export_customers(
    wanted: Annotated[ExportQuery, Query()],
    request: Request,
    uow: UowDep,
    database: DatabaseDep,
    settings: SettingsDep,
    locale: LocaleDep,
    caller: Caller = Guard("customers.export"),
) -> StreamingResponse:
    """Export the listed customers (at most 200,000) as a file; texts are guarded against being read as formulas."""
    reveal = caller.may("personal.read")
    chosen = _filter(wanted, request, uow)
    zone = ZoneInfo(settings.base_zone)
    named = [name for name in wanted.model_fields_set if name not in ("sort", "format")]
    api.begin_export(uow, chosen, export_format=wanted.format, reveal=reveal, named_filters=named)
    content: Iterator[bytes]
    if wanted.format is ExportFormat.CSV:
        content = api.stream_csv(
            database, chosen, sort=wanted.sort, actor=caller.actor, locale=locale, zone=zone, reveal=reveal
        )
        media_type = "text/csv; charset=utf-8"
    else:
        folder = tempfile.TemporaryDirectory(prefix="feilun-export-")
        path = Path(folder.name) / "customers.xlsx"
        api.write_xlsx(uow, path, chosen, sort=wanted.sort, locale=locale, zone=zone, reveal=reveal)
        content = _file_pieces(path, folder)
        media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    name = f"customers-{uow.now.astimezone(zone):%Y%m%d-%H%M%S}.{wanted.format.value}"
    return StreamingResponse(
        content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@router.post("/customers", operation_id="createCustomer", status_code=201)
def create_customer(
    body: CustomerIn, uow: UowDep, caller: Caller = Guard("customers.write")
) -> CustomerIdOut:
    """Make a customer by hand; 409 names the customer who has one of the identifiers already."""
    claims = [IdentifierClaim(i.kind, i.value, scope=i.scope) for i in body.identifiers]
    return CustomerIdOut(id=opaque("c", api.create_customer(uow, claims, _values(body.values))))


@router.get("/customers/{customer_id}", operation_id="getCustomer")
def get_customer(
    customer_id: str, request: Request, uow: UowDep, caller: Caller = Guard("customers.read")
) -> CustomerOut:
    """Return the customer page; the id of a merged record answers with the customer it belongs to."""
    panels: list[api.Panel] = [
        panel for panel in getattr(request.app.state, "customer_panels", ()) if caller.may(panel.permission)
    ]
    found = api.get_customer(
        uow, person_id_of(customer_id), reveal=caller.may("personal.read"), panels=panels
    )
    return _customer_out(found)


@router.patch("/customers/{customer_id}", operation_id="updateCustomer")
def update_customer(
    customer_id: str, body: CustomerChangeIn, uow: UowDep, caller: Caller = Guard("customers.write")
) -> CustomerOut:
    """Set fields by hand and return the page as it then is."""
    root = api.update_fields(uow, person_id_of(customer_id), _values(body.values), reset=body.reset)
    return _customer_out(api.get_customer(uow, root, reveal=caller.may("personal.read")))


@router.get("/customers/{customer_id}/fields", operation_id="listCustomerFields")
def list_customer_fields(
    customer_id: str, uow: UowDep, caller: Caller = Guard("customers.read")
) -> FieldsOut:
    """Return every field with what holds, why, and what it won against."""
    person_id = person_id_of(customer_id)
    items = api.list_provenance(uow, person_id, reveal=caller.may("personal.read"))
    return FieldsOut(customer_id=customer_id, items=[_provenance_out(item) for item in items])


@router.get("/customers/{customer_id}/consents", operation_id="listCustomerConsents")
def list_customer_consents(
    customer_id: str, uow: UowDep, caller: Caller = Guard("customers.read")
) -> list[ConsentOut]:
    """Return the consent that holds per channel and purpose; earlier words are in the time line."""
    return [_consent_out(consent) for consent in api.list_consents(uow, person_id_of(customer_id))]


@router.post("/customers/{customer_id}/consents", operation_id="stateCustomerConsent", status_code=201)
def state_customer_consent(
    customer_id: str, body: ConsentIn, uow: UowDep, caller: Caller = Guard("customers.write")
) -> list[ConsentOut]:
    """Record what a customer granted or refused just now; returns what then holds."""
    person_id = person_id_of(customer_id)
    statement = ConsentStatement(
        person_id=person_id,
        channel=body.channel,
        purpose=body.purpose,
        state=body.state,
        stated_at=uow.now,
        source=MANUAL_SOURCE,
    )
    api.state_consent(uow, statement)
    return [_consent_out(consent) for consent in api.list_consents(uow, person_id)]


def _among(wanted: CustomerQuery, request: Request, uow: UnitOfWork) -> tuple[PersonId, ...] | None:
    """Return whom rooms above name by the parameters that are theirs; None when none was given."""
    chosen = [
        group.members(uow, key) for group in _groups(request) if (key := getattr(wanted, group.name, None))
    ]
    if not chosen:
        return None
    return tuple(sorted(set(chosen[0]).intersection(*chosen[1:])))


def _groups(request: Request) -> Sequence[PersonGroups]:
    groups: Sequence[PersonGroups] = getattr(request.app.state, "person_groups", ())
    return groups


def _filter(wanted: CustomerQuery, request: Request, uow: UnitOfWork) -> CustomerFilter:
    fields: dict[str, str] = {}
    for item in wanted.field:
        name, separator, value = item.partition(":")
        if not separator:
            raise FieldUnknown("filter is not name:value", field=item)
        fields[name] = value
    query = (wanted.query or "").strip() or None
    return CustomerFilter(
        query=query,
        has_orders=wanted.has_orders,
        last_ordered_from=wanted.last_ordered_from,
        last_ordered_to=wanted.last_ordered_to,
        net_spend_min=wanted.net_spend_min,
        net_spend_max=wanted.net_spend_max,
        city=wanted.city or None,
        source=wanted.source or None,
        identifier_kind=wanted.identifier_kind.value if wanted.identifier_kind else None,
        fields=fields,
        among=_among(wanted, request, uow),
        also_found=tuple(p for group in _groups(request) for p in group.find(uow, query)) if query else (),
    )


def _values(values: Mapping[str, Value]) -> dict[str, FieldValue | None]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}


def _value_out(value: FieldValue | None) -> Value:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value


def row_out(row: CustomerRow) -> CustomerRowOut:
    """Return a customer as lists show one."""
    return CustomerRowOut(
        id=opaque("c", row.person_id),
        name=row.name,
        nickname=row.nickname,
        phone=row.phone,
        gender=row.gender,
        birthday=row.birthday,
        country=row.country,
        province=row.province,
        city=row.city,
        identifier_kinds=list(row.identifier_kinds),
        sources=list(row.sources),
        record_count=row.member_count,
        currency=row.currency,
        orders=row.orders,
        net_spend=row.net_spend,
        refunds=row.refunds,
        refund_amount=row.refund_amount,
        return_rate=row.return_rate,
        first_ordered_at=row.first_ordered_at,
        last_ordered_at=row.last_ordered_at,
        registered_at=row.registered_at,
        created_at=row.created_at,
        custom={name: _value_out(value) for name, value in row.custom.items()},
    )


def _candidate_out(candidate: ValueCandidate) -> CandidateOut:
    return CandidateOut(
        value=_value_out(candidate.value),
        text=candidate.text,
        source=candidate.source,
        seen_at=candidate.seen_at,
        recorded_at=candidate.recorded_at,
        record_id=opaque("c", candidate.person_id),
        actor=candidate.actor,
    )


def _provenance_out(item: FieldProvenance) -> ProvenanceOut:
    return ProvenanceOut(
        field=field_out(item.field),
        chosen=_candidate_out(item.chosen) if item.chosen else None,
        rule=item.rule,
        losing=[_candidate_out(candidate) for candidate in item.losing],
        is_masked=item.is_masked,
    )


def _consent_out(consent: Consent) -> ConsentOut:
    return ConsentOut(
        channel=consent.channel,
        purpose=consent.purpose,
        state=consent.state,
        stated_at=consent.stated_at,
        source=consent.source,
        actor=consent.actor,
    )


def _customer_out(found: CustomerView) -> CustomerOut:
    head = found.head
    return CustomerOut(
        id=opaque("c", head.person_id),
        requested_id=opaque("c", found.requested_id),
        is_alias=found.is_alias,
        record_ids=[opaque("c", member) for member in head.members],
        display_name=head.display_name,
        name=head.name,
        gender=head.gender,
        birthday=head.birthday,
        city=head.city,
        sources=list(head.sources),
        created_at=head.created_at,
        is_erased=head.erased_at is not None,
        erased_at=head.erased_at,
        figures=FiguresOut(
            currency=found.figures.currency,
            orders=found.figures.orders,
            net_spend=found.figures.net_spend,
            product_sales=found.figures.product_sales,
            refunds=found.figures.refunds,
            refund_amount=found.figures.refund_amount,
            return_rate=found.figures.return_rate,
            average_basket=found.figures.average_basket,
            first_ordered_at=found.figures.first_ordered_at,
            last_ordered_at=found.figures.last_ordered_at,
            other_currencies=list(found.figures.other_currencies),
        ),
        fields=[_provenance_out(item) for item in found.fields],
        identifiers=[
            CustomerIdentifierOut(
                kind=i.kind,
                value=i.value,
                scope=i.scope,
                is_verified=i.is_verified,
                is_linking=i.is_linking,
                source=i.source,
                first_seen_at=i.first_seen_at,
                last_seen_at=i.last_seen_at,
                record_id=opaque("c", i.person_id),
            )
            for i in found.identifiers
        ],
        consents=[_consent_out(consent) for consent in found.consents],
        panels=[PanelOut(name=panel.name, content=dict(panel.content)) for panel in found.panels],
        is_masked=found.is_masked,
    )


def _file_pieces(path: Path, folder: "tempfile.TemporaryDirectory[str]") -> Iterator[bytes]:
    """Yield a file's content, and remove it when the last piece is sent or the caller hangs up."""
    with folder, path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
