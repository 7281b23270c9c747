"""What browser tests have in the shop: files taken in as a page would, and waiting until something is so."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.program import Program

_PATIENCE_SECONDS: Final = 60.0


def day(days_ago: int) -> str:
    """Return a moment of a day before today, as files write it."""
    return f"{datetime.now(UTC) - timedelta(days=days_ago):%Y-%m-%d} 10:00"


def take_in(site: Program, cookie: str, kind: str, content: str) -> None:
    """Import a CSV file with the mapping that is proposed for it, to its end."""
    boundary = "feilun-boundary"
    body = (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="file"; filename="{kind}.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
        f"{content}\r\n--{boundary}--\r\n"
    ).encode()
    form = f"multipart/form-data; boundary={boundary}"
    sent = site.request("POST", f"/api/v1/files?kind={kind}", body, cookie=cookie, content_type=form)
    file = answer_of(sent)
    wanted = {"file_id": file["id"], "mapping": file["proposal"]["mapping"]}
    started = answer_of(site.request("POST", "/api/v1/imports", wanted, cookie=cookie))
    path = f"/api/v1/imports/{started['id']}"
    wait_until(lambda: answer_of(site.request("GET", path, cookie=cookie))["state"] == "done")


def answer_of(response: tuple[int, str, bytes]) -> dict[str, Any]:
    """Return the answer to a request that has to succeed."""
    status, _, body = response
    assert status in (200, 201), body
    answer: dict[str, Any] = json.loads(body)
    return answer


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    limit = time.monotonic() + _PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < limit, "the program did not get there in time"
        time.sleep(0.5)
