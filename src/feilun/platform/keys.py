"""Master keys, per-person keys and blind indexes.

Direct personal values are sealed under a key of the person's own; that key is stored wrapped by a master key which lives
outside the data directory. Destroying the wrapped key erases every copy of the values, in logs and backups too.
Blind indexes are keyed BLAKE2b-128. Formats: sealed = version byte 1 ‖ 12-byte nonce ‖ AES-256-GCM ciphertext; wrapped key = 2-byte master version ‖ sealed.
"""

import hashlib
import hmac
import json
import os
import secrets
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from feilun.kernel.errors import FeilunError

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
BLIND_BYTES: Final = 16
"""128 bits: collisions among a billion identifiers stay below 1e-20."""


class KeyMissing(FeilunError):
    """A key that sealed data needs is not in the key directory."""

    code = "keys.missing"
    http_status = 500


class PersonKey:
    """An unwrapped key of one person; seals and opens that person's direct personal values."""

    __slots__ = ("_cipher", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._cipher = AESGCM(raw)

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same key."""
        return isinstance(other, PersonKey) and hmac.compare_digest(self.raw, other.raw)

    def __hash__(self) -> int:
        """Hash by the key."""
        return hash(self.raw)

    def seal(self, text: str) -> bytes:
        """Return `text` sealed under this key; two calls give different bytes."""
        return _seal(self._cipher, text.encode())

    def open(self, sealed: bytes) -> str:
        """Return the text in `sealed`. Raises: KeyMissing when this key did not seal it."""
        return _open(self._cipher, sealed).decode()


class Keyring:
    """The master keys by version, the newest first, and the blind-index key (which is never rotated)."""

    def __init__(self, masters: dict[int, bytes], index_key: bytes) -> None:
        self._masters = masters
        self._ciphers = {version: AESGCM(key) for version, key in masters.items()}
        self._index_key = index_key
        self.current_version = max(masters)

    def new_wrapped_key(self) -> tuple[PersonKey, bytes]:
        """Make a person key; returns it and its wrapped form to store."""
        key = PersonKey(secrets.token_bytes(_KEY_BYTES))
        return key, self.wrap(key)

    def wrap(self, key: PersonKey) -> bytes:
        """Wrap a person key under the newest master key."""
        return self.current_version.to_bytes(2, "big") + _seal(self._ciphers[self.current_version], key.raw)

    def unwrap(self, wrapped: bytes) -> PersonKey:
        """Unwrap a stored person key. Raises: KeyMissing when its master key is not here."""
        version = int.from_bytes(wrapped[:2], "big")
        master = self._ciphers.get(version)
        if master is None:
            raise KeyMissing(f"master key version {version} is not in the key directory", version=version)
        return PersonKey(_open(master, wrapped[2:]))

    def blind(self, kind: str, value: str) -> bytes:
        """Return the blind index of a normalised value: equal values of one kind give equal bytes, nothing else is told."""
        return hashlib.blake2b(
            f"{kind}\x1f{value}".encode(), key=self._index_key, digest_size=BLIND_BYTES
        ).digest()

    def fingerprint(self) -> str:
        """Return a short digest that tells whether two key directories hold the same index key."""
        return hashlib.sha256(b"feilun-index" + self._index_key).hexdigest()[:16]


def _seal(cipher: AESGCM, plain: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return b"\x01" + nonce + cipher.encrypt(nonce, plain, None)


def _open(cipher: AESGCM, sealed: bytes) -> bytes:
    if sealed[:1] != b"\x01":
        raise KeyMissing("sealed value has an unknown format")
    try:
        return cipher.decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], None)
    except InvalidTag:
        raise KeyMissing("sealed value was made with another key") from None


def load_keyring(keys_dir: Path, *, create: bool = False) -> Keyring:
    """Read `keys_dir/keyring.json`; with `create`, make it on first use (mode 0600, directory 0700).

    Raises: KeyMissing when the file is not there and `create` is False.
    """
    path = keys_dir / "keyring.json"
    if not path.exists():
        if not create:
            raise KeyMissing(f"no key file at {path}; restore it from your key backup", path=str(path))
        _write(path, {1: secrets.token_bytes(_KEY_BYTES)}, secrets.token_bytes(_KEY_BYTES))
    document = json.loads(path.read_text())
    masters = {int(version): b64decode(value) for version, value in document["masters"].items()}
    return Keyring(masters, b64decode(document["index"]))


def rotate_master(keys_dir: Path) -> int:
    """Add a newer master key; existing wrapped keys stay readable. Returns the new version."""
    keyring = load_keyring(keys_dir)
    version = keyring.current_version + 1
    masters = {**keyring._masters, version: secrets.token_bytes(_KEY_BYTES)}  # noqa: SLF001 — same module owns both
    _write(keys_dir / "keyring.json", masters, keyring._index_key)  # noqa: SLF001
    return version


def _write(path: Path, masters: dict[int, bytes], index_key: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    document = {
        "masters": {str(version): b64encode(value).decode() for version, value in masters.items()},
        "index": b64encode(index_key).decode(),
    }
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
