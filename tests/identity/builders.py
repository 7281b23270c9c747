"""Short ways to say what records claim."""

from collections.abc import Sequence

from feilun.identity import api
from feilun.identity.contracts import IdentifierClaim, IdentifierKind, Resolution
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin


def phone(value: str, *, verified: bool = True) -> IdentifierClaim:
    return IdentifierClaim(IdentifierKind.PHONE, value, verified=verified)


def unionid(value: str) -> IdentifierClaim:
    return IdentifierClaim(IdentifierKind.UNIONID, value)


def openid(value: str, app: str = "mini") -> IdentifierClaim:
    return IdentifierClaim(IdentifierKind.OPENID, value, app)


def erp(value: str, system: str = "") -> IdentifierClaim:
    return IdentifierClaim(IdentifierKind.ERP_CODE, value, system)


def card(value: str) -> IdentifierClaim:
    return IdentifierClaim(IdentifierKind.CARD, value)


def email(value: str) -> IdentifierClaim:
    return IdentifierClaim(IdentifierKind.EMAIL, value)


def device(value: str) -> IdentifierClaim:
    return IdentifierClaim(IdentifierKind.DEVICE, value)


def resolve(
    uow: UnitOfWork, *records: Sequence[IdentifierClaim], source: str = "erp", origin: Origin = Origin.LIVE
) -> list[Resolution]:
    return api.resolve_records(uow, records, source=source, origin=origin)


def person(uow: UnitOfWork, *claims: IdentifierClaim, source: str = "erp") -> PersonId:
    """The origin person record of one record."""
    resolution = resolve(uow, claims, source=source)[0]
    assert resolution.person_id is not None
    return resolution.person_id


def root(uow: UnitOfWork, person_id: PersonId) -> PersonId:
    return api.root_of(uow, [person_id])[person_id]


def values(uow: UnitOfWork, person_id: PersonId) -> set[str]:
    """Revealed identifier values of a person."""
    return {identifier.value for identifier in api.list_identifiers(uow, person_id, reveal=True)}
