"""The two ports the room owns: the directory of items (the catalog) and the sink for customer details (profiles)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from feilun.kernel.ids import ProductId
from feilun.orders.contracts import CustomerDetails
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin


class CustomerDetailsSink(Protocol):
    """Implemented by the room that owns customer attributes; called once per batch, in the batch's transaction."""

    def offer(self, uow: UnitOfWork, details: Sequence[CustomerDetails]) -> None:
        """Take what orders say about customers, newest per person; idempotent."""
        ...


class ItemDirectory(Protocol):
    """Implemented by the catalog: which product an item code of a source means."""

    def listed_kinds(self, uow: UnitOfWork, *, source: str, codes: Iterable[str]) -> Mapping[str, str]:
        """Return the kind of those codes that a product file lists as something else than a product."""
        ...

    def resolve_items(
        self,
        uow: UnitOfWork,
        *,
        source: str,
        names_by_code: Mapping[str, Mapping[str, int]],
        kind_by_code: Mapping[str, str],
        origin: Origin,
    ) -> Mapping[str, ProductId]:
        """Return the product of every code, creating what is new; counts say how many new lines described it how."""
        ...

    def see_stores(self, uow: UnitOfWork, *, source: str, codes: Iterable[str]) -> None:
        """Make store codes known. Idempotent."""
        ...

    def categories_of(
        self, uow: UnitOfWork, *, product_ids: Iterable[ProductId]
    ) -> Mapping[ProductId, str | None]:
        """Return each product's category path."""
        ...
