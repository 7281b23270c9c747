"""When refunds are matched: at the end of an import for everyone it touched, and after people were merged or split."""

from collections.abc import Iterable, Mapping
from typing import Final

from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.orders.events import REFUND_MATCHED
from feilun.orders.internal import store_named
from feilun.orders.internal import store_refunds as store
from feilun.orders.internal.store_intake import add_matching_due
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, Origin, append_events

_PEOPLE_AT_ONCE: Final = 50_000
"""Person records whose facts are sorted in one statement; bounds its working tables."""
_ORDERS_AT_ONCE: Final = 50_000
_MANY: Final = 1_000
"""From so many touched people on, an import was big enough to refresh the planner's statistics."""


def match_due(uow: UnitOfWork, origin: Origin) -> None:
    """Match the refunds that name orders noted as due, then those of all people noted as due.

    Idempotent: what is matched already changes nothing.
    """
    _match_named(uow, origin)
    is_first = True
    while due := store.take_due(uow, _PEOPLE_AT_ONCE):
        if is_first and len(due) >= _MANY:
            store.refresh_statistics(uow)
        is_first = False
        roots = set(identity.root_of(uow, due).values())
        members_by_root = identity.members_by_root(uow, roots)
        returning = store.having_refunds(
            uow, {member for members in members_by_root.values() for member in members}
        )
        chosen = {
            root: members for root, members in members_by_root.items() if not returning.isdisjoint(members)
        }
        if not chosen:
            continue
        identity.lock_persons(uow, sorted(chosen))
        _announce(uow, store.match(uow, chosen), origin)


def _match_named(uow: UnitOfWork, origin: Origin) -> None:
    """Match the refunds that name their order; whoever bought those orders is due afterwards, with what is left of them."""
    while orders := store_named.take_orders_due(uow, _ORDERS_AT_ONCE):
        returning, buying = store_named.stage_orders(uow, orders)
        identity.lock_persons(uow, sorted(returning))
        _announce(uow, store_named.match_named(uow), origin)
        add_matching_due(uow, buying)


def _announce(uow: UnitOfWork, changed: Mapping[int, PersonId | None], origin: Origin) -> None:
    append_events(
        uow,
        [
            NewEvent(
                type=REFUND_MATCHED,
                occurred_at=uow.now,
                origin=origin,
                person_id=person_id,
                payload={"refund_id": refund_id},
            )
            for refund_id, person_id in sorted(changed.items())
        ],
    )


def rematch(uow: UnitOfWork, person_ids: Iterable[PersonId], origin: Origin) -> None:
    """Match the refunds of these person records and of everyone merged with them."""
    members = identity.members_by_root(uow, set(identity.root_of(uow, person_ids).values()))
    add_matching_due(uow, {member for group in members.values() for member in group})
    match_due(uow, origin)
