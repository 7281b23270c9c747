"""Keys: sealed values open only with their key; masters rotate; a lost key is said in words."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feilun.platform.keys import KeyMissing, Keyring, load_keyring, rotate_master

_RING = Keyring({1: bytes(range(32))}, bytes(32))


@given(st.text(max_size=200))
def test_a_sealed_text_opens_with_its_key_and_no_other(text: str) -> None:
    key, wrapped = _RING.new_wrapped_key()
    other, _ = _RING.new_wrapped_key()
    sealed = key.seal(text)

    assert _RING.unwrap(wrapped).open(sealed) == text
    assert key.seal(text) != sealed
    with pytest.raises(KeyMissing):
        other.open(sealed)


def test_blind_indexes_tell_equality_within_a_kind_only() -> None:
    assert _RING.blind("phone", "+8613800001111") == _RING.blind("phone", "+8613800001111")
    assert _RING.blind("phone", "+8613800001111") != _RING.blind("email", "+8613800001111")
    assert _RING.blind("phone", "+8613800001111") != Keyring({1: bytes(32)}, bytes([1]) * 32).blind(
        "phone", "+8613800001111"
    )


def test_a_key_file_is_private_and_made_once(tmp_path: Path) -> None:
    first = load_keyring(tmp_path / "keys", create=True)
    second = load_keyring(tmp_path / "keys", create=True)

    assert first.fingerprint() == second.fingerprint()
    assert stat.S_IMODE((tmp_path / "keys" / "keyring.json").stat().st_mode) == 0o600


def test_a_missing_key_file_is_not_replaced_silently(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match="restore it"):
        load_keyring(tmp_path / "keys")


def test_after_rotation_old_keys_open_and_new_ones_use_the_new_master(tmp_path: Path) -> None:
    before = load_keyring(tmp_path, create=True)
    key, wrapped = before.new_wrapped_key()
    sealed = key.seal("李雷")

    assert rotate_master(tmp_path) == 2
    after = load_keyring(tmp_path)

    assert after.unwrap(wrapped).open(sealed) == "李雷"
    assert after.new_wrapped_key()[1][:2] == b"\x00\x02"
    assert after.fingerprint() == before.fingerprint()


def test_a_key_wrapped_by_a_lost_master_is_said_so(tmp_path: Path) -> None:
    load_keyring(tmp_path, create=True)
    rotate_master(tmp_path)
    _, wrapped = load_keyring(tmp_path).new_wrapped_key()
    document = json.loads((tmp_path / "keyring.json").read_text())
    del document["masters"]["2"]
    (tmp_path / "keyring.json").write_text(json.dumps(document))

    with pytest.raises(KeyMissing) as caught:
        load_keyring(tmp_path).unwrap(wrapped)
    assert caught.value.detail == {"version": 2}
