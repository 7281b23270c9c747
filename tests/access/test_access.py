"""Log-in, lock-out, one-time passwords, roles, API keys, at the facade."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from feilun.access import api
from feilun.access.contracts import PERMISSIONS_BY_ROLE, Role
from feilun.access.errors import (
    AccountLocked,
    ApiKeyNotFound,
    LastAdmin,
    LoginFailed,
    OperatorNotFound,
    UsernameInvalid,
    UsernameTaken,
    WeakPassword,
)
from feilun.kernel.ids import OperatorId
from feilun.platform.db import Database, UnitOfWork
from tests.fakes.clock import FixedClock


def _an_operator(database: Database, username: str, role: Role = Role.OPERATOR) -> str:
    with database.transaction() as uow:
        return api.create_operator(uow, username=username, display_name="", role=role)[1]


def test_the_first_administrator_is_made_once(database: Database) -> None:
    with database.transaction() as uow:
        first = api.ensure_first_admin(uow)
    with database.transaction() as uow:
        second = api.ensure_first_admin(uow)

    assert first is not None
    assert second is None
    assert api.log_in(database, username="ADMIN", password=first).operator.must_change_password


def test_a_wrong_password_and_an_unknown_name_look_alike(database: Database) -> None:
    _an_operator(database, "li.lei")

    for username in ("li.lei", "nobody"):
        with pytest.raises(LoginFailed):
            api.log_in(database, username=username, password="wrong")


def test_five_wrong_passwords_lock_the_account_even_for_the_right_one(
    database: Database, clock: FixedClock
) -> None:
    password = _an_operator(database, "locked")
    for _ in range(5):
        with pytest.raises(LoginFailed):
            api.log_in(database, username="locked", password="wrong")

    with pytest.raises(AccountLocked) as caught:
        api.log_in(database, username="locked", password=password)
    assert caught.value.detail == {"minutes": 15}

    clock.advance(timedelta(minutes=15, seconds=1))
    assert api.log_in(database, username="locked", password=password).operator.username == "locked"


def test_a_right_password_resets_the_count(database: Database) -> None:
    password = _an_operator(database, "careless")
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(LoginFailed):
                api.log_in(database, username="careless", password="wrong")
        api.log_in(database, username="careless", password=password)


def test_changing_the_password_ends_other_sessions(database: Database) -> None:
    password = _an_operator(database, "han")
    mine = api.log_in(database, username="han", password=password)
    other = api.log_in(database, username="han", password=password)

    with database.transaction() as uow:
        api.change_password(
            uow,
            mine.operator.operator_id,
            current_password=password,
            new_password="一个很长的新密码-2026",
            keep_token=mine.token,
        )

    with database.transaction() as uow:
        operator = api.find_session_operator(uow, mine.token)
        assert operator is not None
        assert not operator.must_change_password
        assert api.find_session_operator(uow, other.token) is None


@pytest.mark.parametrize("password", ["short", "1234567890", "aaaaaaaaaaaa", "mei@shop-2026", "x" * 201])
def test_weak_passwords_are_refused(database: Database, password: str) -> None:
    with database.transaction() as uow:
        operator = next((o for o in api.list_operators(uow) if o.username == "mei@shop"), None)
    one_time = _an_operator(database, "mei@shop") if operator is None else None
    if one_time is None:
        with database.transaction() as uow:
            one_time = api.reset_password(uow, username="mei@shop")
    session = api.log_in(database, username="mei@shop", password=one_time)

    with pytest.raises(WeakPassword), database.transaction() as uow:
        api.change_password(
            uow,
            session.operator.operator_id,
            current_password=one_time,
            new_password=password,
            keep_token=session.token,
        )


def test_the_same_password_again_is_refused(database: Database) -> None:
    password = _an_operator(database, "same")
    session = api.log_in(database, username="same", password=password)

    with pytest.raises(WeakPassword), database.transaction() as uow:
        api.change_password(
            uow,
            session.operator.operator_id,
            current_password=password,
            new_password=password,
            keep_token=session.token,
        )


def test_a_session_ends_after_idling_and_after_a_week(database: Database, clock: FixedClock) -> None:
    password = _an_operator(database, "idle")
    idle = api.log_in(database, username="idle", password=password)
    clock.advance(timedelta(hours=12, seconds=1))
    with database.transaction() as uow:
        assert api.find_session_operator(uow, idle.token) is None

    busy = api.log_in(database, username="idle", password=password)
    found = None
    for _ in range(7 * 24 // 8):
        clock.advance(timedelta(hours=8))
        with database.transaction() as uow:
            found = api.find_session_operator(uow, busy.token)
    assert found is None


def test_logging_out_ends_the_session(database: Database) -> None:
    session = api.log_in(database, username="out", password=_an_operator(database, "out"))

    with database.transaction() as uow:
        api.log_out(uow, session.token)

    with database.transaction() as uow:
        assert api.find_session_operator(uow, session.token) is None


def test_a_reset_password_is_new_one_time_and_unlocks(database: Database) -> None:
    old = _an_operator(database, "reset")
    for _ in range(5):
        with pytest.raises(LoginFailed):
            api.log_in(database, username="reset", password="wrong")

    with database.transaction() as uow:
        new = api.reset_password(uow, username="reset")

    assert new != old
    assert api.log_in(database, username="reset", password=new).operator.must_change_password
    with pytest.raises(LoginFailed):
        api.log_in(database, username="reset", password=old)


def test_the_last_administrator_stays(uow: UnitOfWork) -> None:
    uow.connection.execute(text("DELETE FROM operators"))
    admin, _ = api.create_operator(uow, username="only", display_name="", role=Role.ADMIN)

    with pytest.raises(LastAdmin):
        api.update_operator(uow, admin.operator_id, is_active=False)
    with pytest.raises(LastAdmin):
        api.update_operator(uow, admin.operator_id, role=Role.VIEWER)

    api.create_operator(uow, username="second", display_name="", role=Role.ADMIN)
    assert api.update_operator(uow, admin.operator_id, role=Role.VIEWER).role is Role.VIEWER


def test_a_disabled_operator_is_out_at_once(database: Database) -> None:
    password = _an_operator(database, "leaver")
    session = api.log_in(database, username="leaver", password=password)

    with database.transaction() as uow:
        api.update_operator(uow, session.operator.operator_id, is_active=False)

    with database.transaction() as uow:
        assert api.find_session_operator(uow, session.token) is None
    with pytest.raises(LoginFailed):
        api.log_in(database, username="leaver", password=password)


@pytest.mark.parametrize("username", ["a", "with space", "x" * 65, "semi;colon", ""])
def test_bad_user_names_are_refused(uow: UnitOfWork, username: str) -> None:
    with pytest.raises(UsernameInvalid):
        api.create_operator(uow, username=username, display_name="", role=Role.VIEWER)


def test_user_names_differ_by_more_than_case(uow: UnitOfWork) -> None:
    api.create_operator(uow, username="Wang", display_name="", role=Role.VIEWER)

    with pytest.raises(UsernameTaken):
        api.create_operator(uow, username="wANG", display_name="", role=Role.VIEWER)


def test_an_unknown_operator_is_an_error(uow: UnitOfWork) -> None:
    with pytest.raises(OperatorNotFound):
        api.update_operator(uow, OperatorId(10**9), role=Role.VIEWER)
    with pytest.raises(OperatorNotFound):
        api.reset_password(uow, username="nobody-here")


def test_an_api_key_opens_until_it_expires_or_is_revoked(database: Database, clock: FixedClock) -> None:
    with database.transaction(actor="operator:1") as uow:
        key, secret = api.create_api_key(
            uow, name="till", role=Role.OPERATOR, expires_at=clock.now() + timedelta(days=1)
        )
        forever, forever_secret = api.create_api_key(uow, name="erp", role=Role.VIEWER, expires_at=None)

    with database.transaction() as uow:
        caller = api.find_api_key_caller(uow, secret)
        assert caller is not None
        assert (caller.actor, caller.permissions) == (
            f"api_key:{key.key_id}",
            PERMISSIONS_BY_ROLE[Role.OPERATOR],
        )
        assert api.find_api_key_caller(uow, secret[:-1] + "x") is None
        assert api.find_api_key_caller(uow, "nonsense") is None

    clock.advance(timedelta(days=1, seconds=1))
    with database.transaction() as uow:
        assert api.find_api_key_caller(uow, secret) is None
        api.revoke_api_key(uow, forever.key_id)
        assert api.find_api_key_caller(uow, forever_secret) is None
        assert api.list_api_keys(uow)[0].revoked_at is not None
        with pytest.raises(ApiKeyNotFound):
            api.revoke_api_key(uow, 10**9)


def test_nothing_secret_is_stored_in_the_clear(database: Database) -> None:
    password = _an_operator(database, "secretive")
    session = api.log_in(database, username="secretive", password=password)
    with database.transaction() as uow:
        _, secret = api.create_api_key(uow, name="k", role=Role.VIEWER, expires_at=None)

    with database.engine.connect() as connection:
        stored = "".join(
            str(row)
            for table in ("operators", "sessions", "api_keys")
            for row in connection.execute(text(f"SELECT t::text FROM {table} t"))
        )
    for value in (password, session.token, secret.split("_", 2)[2]):
        assert value not in stored
