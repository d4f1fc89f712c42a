"""One picture at a time; who comes too late or waits too long is turned away."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from faststyle.serve.line import Line
from faststyle.serve.refusals import Refusal
from tests.serve.conftest import QUICK, serving
from tests.serve.test_answers import ask, paint


def in_line(line: Line, work) -> object:  # type: ignore[no-untyped-def]
    with line.place():
        return line.run(work)


def wait_until(line: Line, taken: int) -> None:
    deadline = time.monotonic() + 20
    while line.taken != taken:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_one_at_a_time_in_order() -> None:
    line, order, inside = Line(9, 60), [], []
    gate = threading.Event()

    def work(number: int) -> int:
        inside.append(number)
        gate.wait(20)
        assert inside == [number]
        inside.remove(number)
        order.append(number)
        return number

    with ThreadPoolExecutor(9) as callers:
        results = []
        for number in range(9):
            results.append(callers.submit(in_line, line, lambda n=number: work(n)))
            wait_until(line, number + 1)
            time.sleep(0.01)  # from the place to the queue
        gate.set()
        assert [result.result() for result in results] == list(range(9)) == order
    assert line.taken == 0
    line.close()


def test_what_work_raises_is_raised_and_the_line_goes_on() -> None:
    line = Line(0, 60)
    with pytest.raises(ZeroDivisionError):
        in_line(line, lambda: 1 / 0)
    assert in_line(line, lambda: 3) == 3
    line.close()


def test_the_line_has_an_end_and_patience_too(tiny_style: Path) -> None:
    gate = threading.Event()
    with (
        serving(tiny_style, replace(QUICK, waiting=1, wait_seconds=0.3)) as server,
        ThreadPoolExecutor(2) as clients,
    ):
        held = clients.submit(in_line, server.line, lambda: gate.wait(20))
        wait_until(server.line, 1)
        waiting = clients.submit(paint, server)
        wait_until(server.line, 2)
        refused = paint(server)
        assert refused.status == 503
        assert refused.error == "2 pictures are in line already; try again later"
        assert int(refused.headers["retry-after"]) >= 1
        assert ask(server, "GET", "/health").json["in_line"] == 2
        late = waiting.result()
        assert late.status == 503
        assert late.error == "no turn in 0.3 seconds; try again later"
        assert "retry-after" in late.headers
        gate.set()
        assert held.result() is True
        wait_until(server.line, 0)
        assert paint(server).status == 200


def test_closing_finishes_the_work_at_hand_and_turns_away_who_waits() -> None:
    line = Line(3, 60)
    gate = threading.Event()
    with ThreadPoolExecutor(3) as callers:
        at_hand = callers.submit(in_line, line, lambda: gate.wait(20))
        wait_until(line, 1)
        waiting = callers.submit(in_line, line, lambda: pytest.fail("its turn never comes"))
        wait_until(line, 2)
        closing = callers.submit(line.close)
        with pytest.raises(Refusal, match="the server is being stopped"):
            waiting.result()
        assert not closing.done()
        gate.set()
        assert at_hand.result() is True
        closing.result()
    with pytest.raises(Refusal, match="the server is being stopped"):
        in_line(line, lambda: None)
    line.close()


def test_no_more_threads_than_connections(tiny_style: Path) -> None:
    before = threading.active_count()
    most = 0
    with (
        serving(tiny_style, replace(QUICK, connections=3)) as server,
        ThreadPoolExecutor(12) as clients,
    ):
        answers = [clients.submit(ask, server, "GET", "/health") for _ in range(60)]
        while not all(answer.done() for answer in answers):
            # The server's own, that which paints, and the clients.
            most = max(most, threading.active_count() - before - 12)
        assert {answer.result().status for answer in answers} == {200}
    assert most <= 3 + 2
