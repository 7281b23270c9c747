"""The options of the two intakes, read from and proposed for a mapping."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from feilun.accounts.internal.domain import own_words
from feilun.ingestion.contracts import MappedRow
from feilun.kernel.currencies import CURRENCIES, currency_code

_NO = frozenset({"false", "0", "no", "n", "否"})


@dataclass(frozen=True, slots=True)
class IntakeOptions:
    """What a mapping says beside columns."""

    state_words: Mapping[str, str]
    has_verified_phones: bool
    currency: str

    def state_of(self, word: str) -> str | None:
        """Return the standard state a word means, None when nobody has said."""
        return self.state_words.get(word.strip().lower())


def read_options(options: Mapping[str, str], words: Mapping[str, str]) -> IntakeOptions:
    """Read a mapping's options; `words` are the usual ones, to which the mapping adds its own."""
    return IntakeOptions(
        state_words={**words, **own_words(options.get("state_words", ""), frozenset(words.values()))},
        has_verified_phones=options.get("phones_verified", "true").strip().lower() not in _NO,
        currency=currency_code(options.get("currency", "")) or "CNY",
    )


def propose_options(sample: Sequence[MappedRow]) -> dict[str, str]:
    """Propose the currency that most rows name: rows without one are likely in it too."""
    named = Counter(currency_code(str(row.values["currency"])) for row in sample if "currency" in row.values)
    known = {code: count for code, count in named.items() if code in CURRENCIES}
    return {"currency": max(sorted(known), key=lambda code: known[code])} if known else {}
