"""The port the room owns: the directory of items, which is the catalog."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Protocol

from feilun.kernel.ids import ProductId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin


class Item(Protocol):
    """What the catalog knows of an item that facts about its sales are grouped by."""

    @property
    def category_path(self) -> str | None:
        """Levels from the widest, joined by ' / '."""
        ...

    @property
    def brand(self) -> str | None:
        """Its brand."""
        ...

    @property
    def style(self) -> str | None:
        """Its style."""
        ...

    @property
    def cost(self) -> Decimal | None:
        """What one costs us."""
        ...

    @property
    def launch_on(self) -> date | None:
        """When it came to the market."""
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

    def items_of(self, uow: UnitOfWork, *, product_ids: Iterable[ProductId]) -> Mapping[ProductId, Item]:
        """Return what is known of items; one that is mapped to a SKU has the SKU's. Unknown ids are absent."""
        ...
