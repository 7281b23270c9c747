"""Pure rules of devices: what words for their state mean, and the state that a binding speaks for."""

import re
from datetime import datetime
from typing import Final

from feilun.devices.contracts import DeviceState

STATE_WORDS: Final = {
    word: state.value
    for state, words in {
        DeviceState.BOUND: "bound,active,in use,online,offline,normal,已绑定,绑定,在用,使用中,正常,在线,离线,已激活,激活",
        DeviceState.UNBOUND: "unbound,inactive,in stock,new,未绑定,已解绑,解绑,未激活,库存,闲置",
        DeviceState.FAULTY: "faulty,broken,repair,fault,error,故障,维修,维修中,损坏,报修",
        DeviceState.RETIRED: "retired,scrapped,disposed,lost,报废,已报废,停用,退役,丢失",
    }.items()
    for word in words.split(",")
}


def own_words(text: str) -> dict[str, str]:
    """Return what a mapping says words mean ('待机=bound'); states nobody knows are left out."""
    pairs = (item.rpartition("=") for item in re.split(r"[,,、;;\n]", text) if item.strip())
    return {
        word.strip().lower(): state.strip().lower()
        for word, _, state in pairs
        if word.strip() and state.strip().lower() in set(DeviceState)
    }


def binding_state(*, has_owner: bool, bound_at: datetime | None, unbound_at: datetime | None) -> DeviceState:
    """Return the state that a device's owner and times speak for, where the source names none."""
    is_unbound = unbound_at is not None and (bound_at is None or unbound_at >= bound_at)
    return DeviceState.BOUND if has_owner and not is_unbound else DeviceState.UNBOUND


def like_pattern(text: str) -> str:
    """Return an ILIKE pattern that finds `text` anywhere and takes its wildcards literally."""
    return "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"
