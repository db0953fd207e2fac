"""The table of seen ids in a real Redis: what it keeps, what it forgets, what it takes."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import pytest
from redis.asyncio import Redis

from infra.gateway.ingest.deduplication import Deduplicator, RedisSeenIds
from tests.support.redis import RedisServer

pytestmark = pytest.mark.kafka

T = TypeVar("T")


def asked(server: RedisServer, question: Callable[[Redis], Awaitable[T]]) -> T:
    async def ask() -> T:
        client = Redis.from_url(server.url)
        try:
            await client.flushall()
            return await question(client)
        finally:
            await client.aclose()

    return asyncio.run(ask())


async def add(seen: RedisSeenIds, ids: Sequence[str]) -> None:
    await seen.add(seen.slots(ids))


async def among(seen: RedisSeenIds, ids: Sequence[str]) -> set[str]:
    found = await seen.contains(seen.slots(ids))
    return {each for each, hit in zip(ids, found, strict=True) if hit}


def test_what_was_added_is_known_and_nothing_else(redis_server: RedisServer) -> None:
    async def question(client: Redis) -> tuple[set[str], set[str]]:
        seen = RedisSeenIds(client, 100_000)
        added = [f"id-{number}" for number in range(5_000)]
        for begin in range(0, 5_000, 100):
            await add(seen, added[begin : begin + 100])
        return await among(seen, added), await among(seen, [f"other-{number}" for number in range(5_000)])

    known, others = asked(redis_server, question)
    assert len(known) == 5_000
    assert others == set()


def test_a_full_table_forgets_the_oldest_and_grows_no_more(redis_server: RedisServer) -> None:
    async def question(client: Redis) -> tuple[float, float, int, int]:
        seen = RedisSeenIds(client, 10_000)
        ids = [f"id-{number}" for number in range(60_000)]
        for begin in range(0, len(ids), 500):
            await add(seen, ids[begin : begin + 500])
        newest, oldest = await among(seen, ids[-5_000:]), await among(seen, ids[:5_000])
        memory = sum([await client.memory_usage(key) or 0 for key in await client.keys("ma:seen:*")])
        return len(newest) / 5_000, len(oldest) / 5_000, await client.dbsize(), memory

    newest, oldest, keys, memory = asked(redis_server, question)
    print(f"\n{newest:.3f} of the newest half known, {oldest:.3f} of the oldest, {keys} keys, {memory} bytes")
    assert newest > 0.99
    assert oldest == 0
    assert keys <= 1_000
    assert memory <= 10_000 * 30


def test_every_key_has_a_day_to_live(redis_server: RedisServer) -> None:
    async def question(client: Redis) -> list[int]:
        await add(RedisSeenIds(client, 1_000), ["a", "b", "c"])
        return [await client.pttl(key) for key in await client.keys("ma:seen:*")]

    left = asked(redis_server, question)
    assert 1 <= len(left) <= 3
    assert all(86_000_000 < left_ms <= 86_400_000 for left_ms in left)


def test_an_id_of_a_day_ago_counts_as_new(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    async def question(client: Redis) -> list[set[str]]:
        seen, now_s = RedisSeenIds(client, 1_000), 1_800_000_000.0
        found = []
        for later_s in (0, 23 * 3600, 25 * 3600):
            monkeypatch.setattr("infra.gateway.ingest.seen_ids.time.time", lambda later_s=later_s: now_s + later_s)
            if later_s == 0:
                await add(seen, ["a"])
            found.append(await among(seen, ["a"]))
        return found

    assert asked(redis_server, question) == [{"a"}, {"a"}, set()]


def test_of_two_requests_at_once_one_writes_and_the_other_waits(redis_server: RedisServer) -> None:
    async def question(client: Redis) -> None:
        seen = Deduplicator(RedisSeenIds(client, 1_000))
        one, two = await asyncio.gather(seen.claim(["a", "b"]), seen.claim(["b", "c"]))
        assert (one.fresh, two.fresh) == (["a", "b"], ["c"])
        assert two.others == {one.done}
        written = asyncio.get_running_loop().create_future()
        seen.complete_when(one, written)
        assert not one.done.done()
        written.set_result(None)
        await asyncio.wait_for(one.done, 1)
        assert (await seen.claim(["a", "b"])).duplicates == 2

    asked(redis_server, question)


def test_what_was_not_written_is_free_again(redis_server: RedisServer) -> None:
    async def question(client: Redis) -> None:
        seen = Deduplicator(RedisSeenIds(client, 1_000))
        claim = await seen.claim(["a"])
        waits = await seen.claim(["a"])
        seen.release(claim, ConnectionError("down"))
        with pytest.raises(ConnectionError):
            await next(iter(waits.others))
        assert (await seen.claim(["a"])).fresh == ["a"]

    asked(redis_server, question)
