"""What a dead letter keeps of a row: sealed cells, masked values, blind indexes of identifiers, the fingerprint."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import FieldSpec, RecordKind, Rejection
from feilun.ingestion.internal.store_letters import NewLetter
from feilun.platform.keys import Keyring, PersonKey

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_MASKED_CHARACTERS_MAX: Final = 200
_PHONE_DIGITS_MIN: Final = 7


def fingerprint(keyring: Keyring, texts: Mapping[str, str], occurrence: int) -> bytes:
    """Return what tells a raw row again: its mapped cells by field (order of columns and headings do not matter) and which
    of several identical rows it is. Keyed, so that it cannot be guessed from outside.
    """
    content = "\x1f".join(f"{name}\x1e{texts[name]}" for name in sorted(texts))
    return keyring.blind("dead_letter", f"{occurrence}\x1d{content}")


def occurrences(rows: Iterable[tuple[str, Mapping[str, str]]]) -> list[int]:
    """Number identical rows (part, texts) within their part, from 1: the same row in another part is the same occurrence."""
    seen: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
    numbers = []
    for part, texts in rows:
        key = (part, tuple(sorted(texts.items())))
        seen[key] += 1
        numbers.append(seen[key])
    return numbers


def mask(text: str) -> str:
    """Return personal text with its middle hidden: 138****1234, a***@x.cn, 王*."""
    head, at, domain = text.partition("@")
    if at and domain:
        return f"{head[:1]}***@{domain}"
    digits = sum(character.isdigit() for character in text)
    if digits >= _PHONE_DIGITS_MIN and digits * 2 > len(text):
        return f"{text[:3]}****{text[-4:]}"
    return f"{text[:1]}*" + ("*" if len(text) > 2 else "")  # noqa: PLR2004


def identifier_blind(keyring: Keyring, kind: IdentifierKind, value: str) -> bytes:
    """Return the blind index under which an erasure finds a row. Coarser than identity's own: last 11 digits of a phone."""
    plain = value.strip().casefold()
    if kind is IdentifierKind.PHONE:
        plain = re.sub(r"\D", "", plain)[-11:]
    return keyring.blind(f"dead_letter:{kind.value}", plain)


def masked_texts(specs: Mapping[str, FieldSpec], texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts by field as those without the right to personal data see them."""
    shown = {}
    for name, text in texts.items():
        plain = _CONTROL.sub(" ", text)[:_MASKED_CHARACTERS_MAX]
        spec = specs.get(name)
        shown[name] = mask(plain) if spec is None or spec.is_personal else plain
    return shown


class Sealer:
    """Builds the dead letters of one import under its key."""

    def __init__(self, keyring: Keyring, key: PersonKey, kind: RecordKind) -> None:
        self._keyring = keyring
        self._key = key
        self._specs = {spec.name: spec for spec in kind.fields}

    def letter(
        self, *, row_number: int, part: str, raw: Mapping[str, str], texts: Mapping[str, str], rejection: Rejection,
        row_fingerprint: bytes,
    ) -> NewLetter:  # fmt: skip
        """Seal one rejected row."""
        return NewLetter(
            fingerprint=row_fingerprint,
            row_number=row_number,
            part=_CONTROL.sub(" ", part),
            code=rejection.code,
            field=rejection.field or "",
            detail=rejection.detail,
            sealed_value=self._key.seal(rejection.value),
            sealed_raw=self._key.seal(json.dumps(dict(raw), ensure_ascii=False)),
            masked_value=self.masked_value(rejection),
            masked=masked_texts(self._specs, texts),
            blinds=self.blinds(texts),
        )

    def masked_value(self, rejection: Rejection) -> str:
        """Return the offending cell as those without the right see it."""
        return (
            masked_texts(self._specs, {rejection.field or "": rejection.value})[rejection.field or ""]
            if rejection.value
            else ""
        )

    def blinds(self, texts: Mapping[str, str]) -> list[bytes]:
        """Return the blind indexes of the identifiers in a row."""
        found = []
        for name, text in texts.items():
            spec = self._specs.get(name)
            if spec is not None and spec.identifier is not None:
                found.append(identifier_blind(self._keyring, spec.identifier, text))
        return found


def blinds_of(keyring: Keyring, identifiers: Iterable[tuple[IdentifierKind, str]]) -> Sequence[bytes]:
    """Return the blind indexes of identifiers of a person who is to be erased."""
    return [identifier_blind(keyring, kind, value) for kind, value in identifiers]
