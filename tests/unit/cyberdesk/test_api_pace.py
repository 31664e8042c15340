from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowdsl.cyberdesk import errors
from flowdsl.cyberdesk.client import CyberdeskClient
from flowdsl.cyberdesk.limits import ClientOptions
from flowdsl.cyberdesk.models.workflow import WorkflowCreate
from flowdsl.cyberdesk.pace import Pace
from flowdsl.cyberdesk.transport import asgi_transport
from flowdsl.emulator.middleware import RateLimit, RateLimiter
from tests.support.effort import examples
from tests.support.rows import in_rows
from tests.support.virtual_time import now, run_virtually

EPOCH = 1_700_000_000.0
WORKFLOW = {"id": "w1", "main_prompt": "p", "updated_at": "t"}


@dataclass
class Window:
    """A service that takes `limit` requests in every `length` seconds.

    `reset` is how it says so.
    """

    limit: int
    length: float
    reset: str = "seconds"
    latency: float = 0.1
    skew: float = 0.0
    started: list[float] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.started.append(now())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        begun = now() // self.length
        seen = sum(1 for start in self.started if start // self.length == begun)
        await asyncio.sleep(self.latency)
        self.under_way -= 1
        left, resets_in = self.limit - seen, (begun + 1) * self.length - now()
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, left)),
            "X-RateLimit-Reset": f"{resets_in:.3f}",
        }
        if self.reset != "seconds":
            theirs = EPOCH + now() + self.skew
            headers["X-RateLimit-Reset"] = f"{theirs + resets_in:.0f}"
            headers["Date"] = formatdate(theirs, usegmt=True)
        status = 200 if left >= 0 else 429
        self.statuses.append(status)
        if left < 0:
            headers["Retry-After"] = f"{resets_in:.3f}"
        return httpx.Response(status, headers=headers, json=WORKFLOW)


def client(answer: Any, **options: Any) -> CyberdeskClient:
    return CyberdeskClient(
        ClientOptions(base_url="https://api.cyberdesk.io", api_key="key", **options),
        transport=httpx.MockTransport(answer),
        random=lambda: 0.5,
        clock=lambda: EPOCH + now(),
        monotonic=now,
    )


async def read(first: CyberdeskClient, count: int, workers: int) -> None:
    """`count` requests over `workers` workers, each as soon as the one before is answered."""
    waiting = list(range(count))

    async def work() -> None:
        async with first.make_worker() as own:
            while waiting:
                waiting.pop()
                await own.workflows.get("w1")

    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(work())


@pytest.mark.parametrize(
    ("reset", "skew"), [("seconds", 0.0), ("unix", 0.0), ("unix", -7200.0), ("unix", 86_400.0)]
)
@pytest.mark.parametrize("workers", [1, 8, 30])
def test_the_announced_limit_is_never_hit(reset: str, skew: float, workers: int) -> None:
    window = Window(limit=50, length=20.0, reset=reset, skew=skew)
    run_virtually(read(client(window), 220, workers))
    assert window.statuses == [200] * 220
    # Five windows are needed; what is left of one is used up, with little waste.
    assert window.started[-1] < (6 if workers < 30 else 7) * window.length
    reserve = [b - a for a, b in zip(window.started, window.started[1:], strict=False)][42:49]
    if workers < 30:
        assert min(reserve) > 0.5


def test_the_limit_of_the_emulator_is_never_hit() -> None:
    answered: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = json.dumps(WORKFLOW).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async def inside() -> None:
        start = datetime(2026, 3, 2, 8, 0, 0, 250_000, tzinfo=UTC)
        limiter = RateLimiter(app, RateLimit(20, 30.0), lambda: start + timedelta(seconds=now()))
        first = CyberdeskClient(
            ClientOptions(base_url="http://localhost", api_key="key"),
            transport=asgi_transport(limiter),
            clock=lambda: start.timestamp() + now(),
            monotonic=now,
            listener=lambda attempt: answered.append(attempt.status or 0),
        )
        await read(first, 100, 8)
        assert 120.0 <= now() < 180.0

    run_virtually(inside())
    assert answered == [200] * 100


def test_without_an_announcement_nothing_is_slowed_down() -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.1)
        return httpx.Response(200, json=WORKFLOW)

    async def inside() -> float:
        await read(client(answer), 200, 10)
        return now()

    assert run_virtually(inside()) == pytest.approx(2.0)


@in_rows("workers", [2, 8, 40])
def test_after_a_429_no_worker_sends_until_the_pause_is_over(workers: int) -> None:
    started: list[float] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        started.append(now())
        position = len(started)
        await asyncio.sleep(0.1)
        if position == 5:
            return httpx.Response(429, headers={"Retry-After": "30"}, json={})
        return httpx.Response(200, json=WORKFLOW)

    run_virtually(read(client(answer), 100, workers))
    told = started[4] + 0.1
    assert [start for start in started if told < start < told + 30.0] == []
    assert len(started) == 101
    assert max(started) >= told + 30.0


def test_a_pause_beyond_the_ceiling_fails_the_others_at_once_and_ends() -> None:
    sent = 0

    async def answer(request: httpx.Request) -> httpx.Response:
        nonlocal sent
        sent += 1
        if sent == 1:
            return httpx.Response(429, headers={"Retry-After": "3600"}, json={"detail": "quota"})
        return httpx.Response(200, json=WORKFLOW)

    async def inside() -> None:
        first = client(answer)
        other = first.make_worker()
        for each in (first, other, first):
            with pytest.raises(errors.RateLimited) as caught:
                await each.workflows.get("w1")
        assert (sent, now()) == (1, 0.0)
        assert caught.value.retry_after == 3600.0
        assert "3600 seconds are left" in str(caught.value)
        await asyncio.sleep(3500)
        await other.workflows.get("w1")
        assert now() == 3600.0

    run_virtually(inside())


def test_a_lost_write_stays_unknown_when_a_pause_stops_its_repetition() -> None:
    async def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            raise httpx.ReadTimeout("", request=request)
        return httpx.Response(429, headers={"Retry-After": "900"}, json={})

    async def inside() -> None:
        first = client(answer)
        body = WorkflowCreate(main_prompt="p")
        create = first.workflows.create(body, idempotency_key="k", once=False)
        writing = asyncio.create_task(create)
        await asyncio.sleep(0)
        with pytest.raises(errors.RateLimited) as read_error:
            await first.make_worker().workflows.get("w1")
        with pytest.raises(errors.RateLimited) as write_error:
            await writing
        assert not read_error.value.outcome_unknown
        assert write_error.value.outcome_unknown

    run_virtually(inside())


@in_rows("limit", [1, 3, 64])
def test_a_client_and_its_workers_share_the_bound(limit: int) -> None:
    window = Window(limit=10**6, length=1000.0)
    run_virtually(read(client(window, max_in_flight=limit), 100, 20))
    assert window.most_under_way == min(limit, 20)


def pace(**changed: Any) -> Pace:
    return Pace(**{"max_in_flight": 2, "ceiling": 100.0, "clock": now, "wall": now, **changed})


def test_requests_begin_in_the_order_in_which_they_came() -> None:
    async def inside() -> list[int]:
        order: list[int] = []
        shared = pace()

        async def one(number: int) -> None:
            async with shared.slot():
                order.append(number)
                await asyncio.sleep(1.0 + number % 3)

        shared.pause(5.0)
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(one(number))
        return order

    assert run_virtually(inside()) == list(range(20))


STEP = st.tuples(
    st.floats(0, 3), st.floats(0, 2), st.booleans(), st.sampled_from([None, None, 0.5, 4.0])
)


@settings(max_examples=examples(200))
@given(tasks=st.lists(STEP, min_size=1, max_size=12), left=st.integers(0, 4))
def test_no_cancellation_stops_the_others(
    tasks: list[tuple[float, float, bool, float | None]], left: int
) -> None:
    async def inside() -> None:
        shared = pace()
        running = done = 0
        headers = {"x-ratelimit-remaining": str(left), "x-ratelimit-reset": "3"}

        async def one(length: float, pause: float | None) -> None:
            nonlocal running, done
            async with shared.slot():
                running += 1
                assert running <= 2
                try:
                    await asyncio.sleep(length)
                    shared.learn(headers)
                    if pause is not None:
                        shared.pause(pause)
                finally:
                    running -= 1
            done += 1

        started = []
        for delay, length, cancelled, pause in tasks:
            task = asyncio.create_task(one(length, pause))
            started.append(task)
            await asyncio.sleep(delay)
            if cancelled:
                started[len(started) // 2].cancel()
        results = await asyncio.gather(*started, return_exceptions=True)
        assert all(r is None or isinstance(r, asyncio.CancelledError) for r in results)
        assert done == results.count(None)
        async with shared.slot():
            assert running == 0

    run_virtually(inside())


HEADER = st.text(alphabet="0123456789.-e infa", max_size=14) | st.integers().map(str)


@given(limit=HEADER, remaining=HEADER, reset=HEADER, date=st.just("") | HEADER)
def test_no_announcement_holds_longer_than_the_ceiling(
    limit: str, remaining: str, reset: str, date: str
) -> None:
    async def inside() -> None:
        shared = pace(wall=lambda: EPOCH)
        shared.learn(
            {
                "x-ratelimit-limit": limit,
                "x-ratelimit-remaining": remaining,
                "x-ratelimit-reset": reset,
                "date": date,
            }
        )
        for _ in range(3):
            before = now()
            async with shared.slot():
                assert now() - before <= 100.001

    run_virtually(inside())


@in_rows(
    ("reset", "date", "held"),
    [
        ("40", "", 41.0),
        ("0.5", "", 0.5),
        (f"{EPOCH + 40:.0f}", "", 41.0),
        (f"{EPOCH + 40:.0f}", formatdate(EPOCH + 10, usegmt=True), 31.0),
        (f"{EPOCH - 40:.0f}", "", 0.0),
        ("100", "", 0.0),
        ("0", "", 0.0),
        (f"{(EPOCH + 40) * 1000:.0f}", "", 0.0),
        ("soon", "", 0.0),
        ("-5", "", 0.0),
        ("", "", 0.0),
    ],
)
def test_when_a_window_ends(reset: str, date: str, held: float) -> None:
    async def inside() -> float:
        shared = pace(wall=lambda: EPOCH)
        shared.learn({"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset, "date": date})
        async with shared.slot():
            return now()

    assert run_virtually(inside()) == pytest.approx(held)


def test_replies_that_overtake_each_other_do_not_raise_what_is_left() -> None:
    async def inside() -> float:
        shared = pace()
        for left in ("0", "9"):
            shared.learn({"x-ratelimit-remaining": left, "x-ratelimit-reset": "10.0"})
        async with shared.slot():
            return now()

    assert run_virtually(inside()) == 10.0


def test_an_earlier_end_of_the_window_corrects_the_known_one() -> None:
    async def inside() -> list[float]:
        shared, moments = pace(), list[float]()
        shared.learn({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "50.0"})
        shared.learn({"x-ratelimit-remaining": "90", "x-ratelimit-reset": "5.0"})
        async with shared.slot():
            moments.append(now())
        # Two are left until 95: the second begins half-way, at 50, unless the end is nearer.
        limit = {"x-ratelimit-limit": "100"}
        shared.learn({**limit, "x-ratelimit-remaining": "2", "x-ratelimit-reset": "90.0"})
        async with shared.slot():
            pass
        shared.learn({**limit, "x-ratelimit-remaining": "90", "x-ratelimit-reset": "10.0"})
        async with shared.slot():
            moments.append(now())
        return moments

    assert run_virtually(inside()) == [5.0, 15.0]
