"""Pure rules of accounts: how codes compare, the check character of credit codes, what states mean, when money is overdue."""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from feilun.accounts.contracts import AccountState, ReceivableState

ZERO: Final = Decimal(0)
_CREDIT_CODE_CHARACTERS: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: 31 characters, without I, O, S, V and Z."""
_CREDIT_CODE_WEIGHTS: Final = tuple(pow(3, index, 31) for index in range(17))
_CREDIT_CODE_LENGTH: Final = 18


def _words(meanings: Mapping[str, str]) -> dict[str, str]:
    return {word: state for state, words in meanings.items() for word in words.split(",")}


ACCOUNT_WORDS: Final = _words(
    {
        AccountState.ACTIVE.value: "active,enabled,normal,open,正常,启用,有效,合作中,已审核,生效",
        AccountState.SUSPENDED.value: "suspended,frozen,hold,on hold,blocked,paused,冻结,暂停,停用,禁用,锁定,黑名单",
        AccountState.CLOSED.value: "closed,terminated,inactive,deleted,关闭,终止,注销,失效,已删除,停止合作",
    }
)
RECEIVABLE_WORDS: Final = _words(
    {
        ReceivableState.OPEN.value: "open,unpaid,outstanding,due,overdue,未收,未收款,未核销,未结清,未付款,待收款,已到期,逾期,应收",
        ReceivableState.PART_SETTLED.value: "part_settled,partially paid,partial,部分收款,部分核销,部分结清,部分付款",
        ReceivableState.SETTLED.value: "settled,paid,closed,cleared,已收,已收款,已核销,全部核销,已结清,结清,已付款,已收讫",
        ReceivableState.WRITTEN_OFF.value: "written_off,written off,bad debt,write-off,坏账,已核销坏账,坏账核销,已坏账",
    }
)


def code_key(code: str) -> str:
    """Return the form in which account codes are compared: NFKC, upper case, no outer blanks."""
    return unicodedata.normalize("NFKC", code).strip().upper()


def credit_code(text: str) -> str | None:
    """Return a unified social credit code as it is written officially, or None when its check character does not fit."""
    code = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text)).upper()
    if len(code) != _CREDIT_CODE_LENGTH or any(c not in _CREDIT_CODE_CHARACTERS for c in code):
        return None
    total = sum(
        _CREDIT_CODE_CHARACTERS.index(character) * weight
        for character, weight in zip(code, _CREDIT_CODE_WEIGHTS, strict=False)
    )
    return code if _CREDIT_CODE_CHARACTERS[-total % 31] == code[-1] else None


def own_words(text: str, states: frozenset[str]) -> dict[str, str]:
    """Return what a mapping says words mean ('待收=open, 呆账=written_off'); states nobody knows are left out."""
    pairs = (item.rpartition("=") for item in re.split(r"[,,、;;\n]", text) if item.strip())
    return {
        word.strip().lower(): state.strip().lower()
        for word, _, state in pairs
        if word.strip() and state.strip().lower() in states
    }


def settled_state(amount: Decimal, settled: Decimal) -> ReceivableState:
    """Return the state that the amounts speak for, where the source names none."""
    if abs(settled) >= abs(amount):
        return ReceivableState.SETTLED
    return ReceivableState.PART_SETTLED if settled else ReceivableState.OPEN


def is_settlement(amount: Decimal, settled: Decimal) -> bool:
    """Tell whether `settled` can have been paid on `amount`: no more than it, and of the same sign."""
    return abs(settled) <= abs(amount) and amount * settled >= ZERO


def like_pattern(text: str) -> str:
    """Return an ILIKE pattern that finds `text` anywhere and takes its wildcards literally."""
    return "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"
