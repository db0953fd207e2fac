"""What is kept for those who come back, and who wants what."""

import asyncio
import random

import msgspec
import pytest
from msgspec.structs import replace

from infra.gateway.presence import UNKNOWN, Presence
from infra.gateway.push.hub import MAX_CLIENTS, MAX_QUEUED, CapacityError, Client, Hub
from infra.gateway.push.replay_buffer import (
    REPLAY_MS,
    InvalidCommandError,
    PushMessage,
    ReplayBuffer,
    parse_last_ids,
    to_message,
)
from infra.kafka.reading import Record
from models.session_state import person_digest
from tests.support.event_builders import now_ms
from tests.support.state_builders import command, command_record


def each(n: int, session_id: str | None = "anna", at_ms: int = 0, partition: int = 0) -> PushMessage:
    return PushMessage(partition, n, session_id, f"c{partition}-{n}", now_ms() + 60_000, at_ms, "{}")


def test_history_keeps_what_a_plain_list_would_keep() -> None:
    chance, history = random.Random(8), ReplayBuffer(max_commands=50)
    plain: list[PushMessage] = []
    at_ms = 0
    for n in range(5_000):
        at_ms += chance.choice([0, 10, 5_000, 60_000])
        one = each(n, chance.choice(["anna", "bertha", None]), at_ms)
        assert history.add(one)
        assert not history.add(one)
        plain = [old for old in [*plain, one] if old.appended_at_ms >= at_ms - REPLAY_MS][-50:]
        if n % 50 == 0:
            assert list(history.of(None)) == plain
            for name in ("anna", "bertha", "nobody"):
                assert list(history.of(name)) == [old for old in plain if old.session_id == name]


def pushed(n: int, **more: object) -> PushMessage:
    """A message whose text is a whole one."""
    told = {"id": f"0-{n}", "command": {"command_id": f"c0-{n}", "parameters": {"text": "at_break"}, **more}}
    return replace(each(n), text=msgspec.json.encode(told).decode())


def commands_of(client: Client, count: int) -> list[dict[str, object]]:
    async def all_of() -> list[dict[str, object]]:
        return [msgspec.json.decode((await client.next()).text)["command"] for _ in range(count)]

    return asyncio.run(all_of())


def test_a_page_that_was_opened_after_a_command_need_not_wait_for_a_break() -> None:
    hub = Hub()
    given = [pushed(0, apply="at_break"), pushed(1, apply="now"), pushed(2)]
    for one in given:
        hub.replay.add(one)
    wanted: list[dict[str, object]] = [msgspec.json.decode(one.text)["command"] for one in given]
    again = hub.join("anna", {0: -1})
    assert commands_of(again, 3) == wanted
    opened = hub.join("anna", None)
    assert commands_of(opened, 3) == [wanted[0] | {"apply": "now"}, *wanted[1:]]
    assert next(hub.replay.of("anna")) == given[0]
    # What comes from then on waits.
    later = pushed(3, apply="at_break")
    asyncio.run(hub.publish([later]))
    assert commands_of(opened, 1) == [msgspec.json.decode(later.text)["command"]]


def test_who_connects_anew_gets_nothing_that_was_meant_for_somebody_before() -> None:
    """Zora has signed out of the session, and Anton uses it since 100."""
    hub, anton = Hub(), Presence(True, person_digest("anton"), 100)
    for n, (user_id, issued_at_ms, reverts) in enumerate(
        [
            ("zora", 50, None),
            ("zora", 150, None),
            (None, 50, None),
            (None, 150, None),
            ("anton", 150, None),
            ("zora", 50, "c"),
        ]
    ):
        hub.replay.add(replace(each(n), user_id=user_id, issued_at_ms=issued_at_ms, reverts=reverts))

    def caught_up(present: Presence, seen: dict[int, int] | None = None) -> list[int]:
        found = asyncio.run(drained(hub.join("anna", seen, present=present)))
        return [int(each.partition("-")[2]) for each in found]

    assert caught_up(UNKNOWN) == [0, 1, 2, 3, 4, 5]
    assert caught_up(anton) == [3, 4, 5]
    assert caught_up(anton, {0: 3}) == [4, 5]
    assert caught_up(Presence(True, None, 0)) == [2, 3, 5]


def test_a_command_of_the_future_drops_nothing_and_stays_no_longer_than_others() -> None:
    hub = Hub()
    day_ms = 24 * 3_600_000
    asyncio.run(hub.publish([each(1, at_ms=now_ms()), each(2, at_ms=now_ms() + day_ms), each(3, at_ms=now_ms())]))
    assert [old.offset for old in hub.replay.of("anna")] == [1, 2, 3]
    hub.replay.add(each(4, at_ms=now_ms() + REPLAY_MS + 60_000))
    assert [old.offset for old in hub.replay.of("anna")] == [4]


def test_ids_are_remembered_for_longer_than_commands_but_not_for_ever() -> None:
    history = ReplayBuffer(max_commands=1, max_ids=3)
    for n in range(4):
        assert history.add(each(n))
    assert not history.add(each(1))
    assert history.add(each(0))


def test_the_message_holds_the_command_as_it_stands_on_one_line() -> None:
    key, raw = command_record(command("anna", parameters={"text": "a\nb"}))
    one = to_message(Record("adjustments.v1", 3, 17, 5, key.encode(), raw.replace(b",", b" ,\r\n")))
    assert "\n" not in one.text
    assert "\r" not in one.text
    assert msgspec.json.decode(one.text) == {"id": "3-17", "command": msgspec.json.decode(raw)}
    assert (one.session_id, one.id) == (key, "3-17")
    deep = raw[:-1] + b',"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    for broken in (
        deep,
        None,
        b"",
        b"[]",
        b"{}",
        b'{"command_id":"c","session_id":"\xff","expires_at_ms":1}',
        raw[:-1],
    ):
        with pytest.raises(InvalidCommandError):
            to_message(Record("adjustments.v1", 0, 0, 0, None, broken))


@pytest.mark.parametrize("text", ["", "1", "-", "1-", "-1", "1-2,", "1-2-3", "a-b", "１-２", "1-" + "9" * 20, "1--2"])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="partition-offset"):
        parse_last_ids(text)


async def drained(client: Client) -> list[str]:
    found = []
    while True:
        try:
            found.append((await asyncio.wait_for(client.next(), 0.01)).id)
        except TimeoutError:
            return found


def test_a_client_of_all_names_a_last_id_of_each_partition() -> None:
    async def story() -> None:
        hub = Hub()
        await hub.publish([each(n, None, partition=partition) for n in range(3) for partition in range(2)])
        assert await drained(hub.join(None, {0: 1})) == ["1-0", "1-1", "0-2", "1-2"]
        assert await drained(hub.join(None, {0: 1, 1: 0})) == ["1-1", "0-2", "1-2"]
        assert await drained(hub.join(None, None)) == []

    asyncio.run(story())


def test_a_gateway_that_still_loads_repeats_nothing_to_who_has_seen_it() -> None:
    async def story() -> None:
        hub = Hub()
        client = hub.join("anna", {0: 2})
        await hub.publish([each(n) for n in range(5)])
        assert await drained(client) == ["0-3", "0-4"]

    asyncio.run(story())


def test_who_takes_nothing_is_cut_and_what_was_missed_before_does_not_count() -> None:
    async def story() -> None:
        hub = Hub()
        await hub.publish([each(n) for n in range(1_000)])
        late, idle = hub.join("anna", {0: -1}), hub.join("anna", {0: 999})
        await hub.publish([each(1_000 + n) for n in range(MAX_QUEUED)])
        assert not late.was_cut.is_set()
        assert not idle.was_cut.is_set()
        await hub.publish([each(5_000)])
        assert late.was_cut.is_set()
        assert idle.was_cut.is_set()
        assert len(await drained(late)) == 1_000 + MAX_QUEUED

    asyncio.run(story())


def test_a_client_that_is_cut_gets_nothing_behind_the_gap() -> None:
    async def story() -> None:
        hub = Hub()
        client = hub.join("anna", {0: -1})
        await hub.publish([each(n) for n in range(MAX_QUEUED + 1)])
        assert client.was_cut.is_set()
        for _ in range(10):
            await client.next()
        await hub.publish([each(MAX_QUEUED + 1)])
        assert (await drained(client))[-1] == f"0-{MAX_QUEUED - 1}"

    asyncio.run(story())


def test_a_gateway_has_room_for_so_many_and_gets_it_back() -> None:
    async def story() -> None:
        hub = Hub()
        clients = [hub.join(f"s{n}", None) for n in range(MAX_CLIENTS)]
        with pytest.raises(CapacityError):
            hub.join("one more", None)
        hub.leave(clients.pop())
        hub.join("one more", None)

    asyncio.run(story())
