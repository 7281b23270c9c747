"""What each kind of identifier may do: its name space, whether a person has only one, whether it may merge known people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from feilun.identity.contracts import IdentifierKind


class ScopeRule(StrEnum):
    """Where the name space of a kind comes from."""

    NONE = "none"
    """The value is world-wide by itself; a claimed scope is ignored."""
    CLAIMED = "claimed"
    """As claimed; several sources share one name space."""
    SOURCE = "source"
    """As claimed, else the source of the record: each system numbers for itself."""


@dataclass(frozen=True, slots=True)
class KindRule:
    """How one kind behaves when records are linked."""

    scope: ScopeRule
    is_single: bool
    """A person has at most one per scope. Two different ones contradict each other: a review opens, nothing merges."""
    merges_known: bool
    """May tie two people who are both known by something better; false for what several people share."""


KIND_RULES: Final[Mapping[IdentifierKind, KindRule]] = MappingProxyType(
    {
        # One WeChat account has exactly one of these per platform account, company or app. Two of them under one phone
        # mean a second account or a phone number with a new owner, and only a person can tell which.
        IdentifierKind.UNIONID: KindRule(ScopeRule.CLAIMED, is_single=True, merges_known=True),
        IdentifierKind.EXTERNAL_USERID: KindRule(ScopeRule.CLAIMED, is_single=True, merges_known=True),
        IdentifierKind.OPENID: KindRule(ScopeRule.SOURCE, is_single=True, merges_known=True),
        # The ERP says that these are two customers; a shared phone is not enough to overrule it.
        IdentifierKind.ERP_CODE: KindRule(ScopeRule.SOURCE, is_single=True, merges_known=True),
        # Lost cards are replaced, and people have two phones and three mail addresses.
        IdentifierKind.CARD: KindRule(ScopeRule.SOURCE, is_single=False, merges_known=True),
        IdentifierKind.PHONE: KindRule(ScopeRule.NONE, is_single=False, merges_known=True),
        IdentifierKind.EMAIL: KindRule(ScopeRule.NONE, is_single=False, merges_known=True),
        # The shop's tablet and the family's computer see many people.
        IdentifierKind.DEVICE: KindRule(ScopeRule.CLAIMED, is_single=False, merges_known=False),
    }
)

STRENGTH: Final[Mapping[IdentifierKind, int]] = MappingProxyType(
    {kind: rank for rank, kind in enumerate(IdentifierKind)}
)
"""0 is strongest; the order of `IdentifierKind`."""

KIND_NAMES: Final[Mapping[IdentifierKind, str]] = MappingProxyType(
    {kind: kind.value for kind in IdentifierKind}
)
"""Kind to its value: a look-up costs a tenth of the attribute, which is computed each time."""
