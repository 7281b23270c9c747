"""An account file, a receivable file and a device file as an operator drops them in: through intake, wired as in the program."""

from pathlib import Path

from sqlalchemy import text

from feilun.accounts import api
from feilun.devices import api as devices
from feilun.devices.contracts import DeviceFilter
from feilun.entrypoints.wiring import handlers
from feilun.ingestion import api as ingestion
from feilun.ingestion.contracts import Import, ImportState
from feilun.platform.config import Settings, load_settings
from feilun.platform.db import Database
from feilun.profiles import api as profiles
from tests.accounts.builders import TODAY, account

ACCOUNTS = """公司编码,公司名称,统一社会信用代码,账期,信用额度,联系人,联系人手机,职务
K1,杭州某某贸易有限公司,91330100799655058B,30,"100,000",王小二,13800000001,采购经理
K1,杭州某某贸易有限公司,91330100799655058B,30,"100,000",李雷,13800000002,总经理
K2,"=cmd|' /C calc'!A0",,,,,,
K3,错码公司,91330100799655058A,,,,,
"""
RECEIVABLES = """应收单号,公司编码,应收金额,已收金额,开单日期,到期日,核销状态
R1,K1,"1,200.50",200.5,2026-09-01,2026-10-01,部分核销
R2,K1,300,300,2026/9/5,2026/10/5,已核销
R3,K9,1,,,,
"""
DEVICES = """设备标识,设备类型,手机号,门店编码,绑定时间
D1,净水器,13800000001,,2026-05-01 10:00
D2,客流计数器,,S01,
"""


def taken(database: Database, folder: Path, kind: str, content: str) -> Import:
    settings: Settings = load_settings(data_dir=folder / "data")
    path = folder / f"{kind}.csv"
    path.write_text(content, encoding="gb18030")
    registry = handlers()
    with database.transaction() as uow:
        file = ingestion.take_file(uow, settings, path)
        proposal = ingestion.propose_mapping(uow, settings, registry, file.file_id, kind, source="erp")
        started = ingestion.start_import(uow, settings, registry, file.file_id, proposal.mapping)
    assert ingestion.run_import(database, settings, started.import_id, registry)
    with database.transaction() as uow:
        ended = ingestion.get_import(uow, started.import_id)
    assert ended.state is ImportState.DONE
    return ended


def test_files_become_accounts_contacts_receivables_and_devices(database: Database, tmp_path: Path) -> None:
    accounts = taken(database, tmp_path, "accounts", ACCOUNTS)
    receivables = taken(database, tmp_path, "receivables", RECEIVABLES)
    taken(database, tmp_path, "devices", DEVICES)

    assert [(r.code, r.rows) for r in accounts.reasons] == [("accounts.credit_code_invalid", 1)]
    assert [(r.code, r.rows) for r in receivables.reasons] == [("accounts.account_unknown", 1)]
    with database.transaction() as uow:
        company = account(uow, "K1")
        contacts = api.list_contacts(uow, company.account_id)
        totals = api.totals_of(uow, [company.account_id], as_of=TODAY)[company.account_id]
        mine = devices.list_devices(uow, DeviceFilter(person_ids=(contacts[0].person_id,)), limit=9)[0]
        customer = profiles.get_customer(uow, contacts[0].person_id, reveal=True)
        origins = uow.connection.execute(text("SELECT DISTINCT origin FROM event_inbox")).scalars().all()

    assert [contact.title for contact in contacts] == ["采购经理", "总经理"]
    assert [(str(t.open_amount), t.days_overdue) for t in totals] == [("1000.0000", 45)]
    assert [device.code for device in mine] == ["D1"]
    assert "王小二" in repr(customer)
    assert list(origins) == ["backfill"]


def test_the_same_files_again_change_nothing(database: Database, tmp_path: Path) -> None:
    for kind, content in (("accounts", ACCOUNTS), ("receivables", RECEIVABLES), ("devices", DEVICES)):
        taken(database, tmp_path, kind, content)
        again = taken(database, tmp_path, kind, content)

        assert (again.records.taken, again.records.changed) == (0, 0)
