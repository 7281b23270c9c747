"""Ids that more than one room carries, and their opaque outside form."""

from typing import Final, NewType

PersonId = NewType("PersonId", int)
"""One person record, from a sequence, never reused. Facts keep the id they came with; `identity` resolves aliases."""
OrderId = NewType("OrderId", int)
ProductId = NewType("ProductId", int)
StoreId = NewType("StoreId", int)
OperatorId = NewType("OperatorId", int)
ImportId = NewType("ImportId", int)

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford base 32 without i, l, o, u: can be read aloud and typed back."""
_DIGITS: Final = 10
_MODULUS: Final = 32**_DIGITS
_MULTIPLIER: Final = 0x2_5A2D_9B3C_6F1D % _MODULUS | 1
_INVERSE: Final = pow(_MULTIPLIER, -1, _MODULUS)


def opaque(prefix: str, number: int) -> str:
    """Return the outside form of an id, e.g. `c_7k3n0q9xw2`: stable, and telling nothing of order or count at a glance.

    It is an obfuscation for pages and APIs, not a secret: rights are checked on every access.
    """
    if not 0 < number < _MODULUS:
        raise ValueError(f"id out of range: {number}")
    scrambled = number * _MULTIPLIER % _MODULUS
    digits = []
    for _ in range(_DIGITS):
        scrambled, digit = divmod(scrambled, 32)
        digits.append(_ALPHABET[digit])
    return f"{prefix}_{''.join(reversed(digits))}"


def from_opaque(prefix: str, text: str) -> int | None:
    """Return the number behind `text`, or None when it is not an id of this kind."""
    head, _, tail = text.partition("_")
    if head != prefix or len(tail) != _DIGITS:
        return None
    scrambled = 0
    for character in tail:
        digit = _ALPHABET.find(character)
        if digit < 0:
            return None
        scrambled = scrambled * 32 + digit
    number = scrambled * _INVERSE % _MODULUS
    return number or None
