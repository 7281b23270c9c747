"""Money is a decimal with a currency; it is never a float. Unit prices have 6 decimals, amounts 4, settled ones the currency's."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

AMOUNT_QUANTUM: Final = Decimal("0.0001")
UNIT_PRICE_QUANTUM: Final = Decimal("0.000001")
_SETTLED_DECIMALS: Final = {"JPY": 0, "KRW": 0, "VND": 0}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217, upper case)."""

    amount: Decimal
    currency: str

    def settled(self) -> "Money":
        """Return the amount rounded half up to the currency's smallest unit, as it is paid."""
        quantum = Decimal(1).scaleb(-_SETTLED_DECIMALS.get(self.currency, 2))
        return Money(self.amount.quantize(quantum, ROUND_HALF_UP), self.currency)
