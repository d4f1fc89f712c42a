"""A thousand requests, good and hostile, twenty at once: the server answers each and lives on."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest

from faststyle import Stylizer
from tests.serve.conftest import serving
from tests.serve.test_answers import same
from tests.support.http import Answer, exchange, request
from tests.support.pictures import noise_picture, png

REQUESTS, AT_ONCE = 1000, 20


def file_of(seed: int) -> bytes:
    file = BytesIO()
    noise_picture(seed, 20 + seed, 30).save(file, "PNG")
    return file.getvalue()


PHOTOS = [file_of(seed) for seed in range(5)]
BOMB = png(40_000, 40_000, 8, 2, bytes(1000))
GOOD = "/paint?style=tiny&strength=0.7"


def post(target: str, body: bytes, **headers: str) -> bytes:
    return request("POST", target, body, {k.replace("_", "-"): v for k, v in headers.items()})


# What is sent, and the statuses that may answer it. Of those with a 0 a client that hangs up gets
# no answer.
HOSTILE: list[tuple[bytes, set[int]]] = [
    (post("/paint?style=../../etc/passwd", PHOTOS[0]), {404}),
    (post("/paint?style=%2e%2e%2f%2e%2e%2fetc%2fpasswd", PHOTOS[0]), {404}),
    (post("/paint?style=tiny%00.safetensors", PHOTOS[0]), {404}),
    (post("/paint?style=" + "a" * 60_000, PHOTOS[0]), {400}),
    (post("/paint?style=tiny&strength=nan", PHOTOS[0]), {400}),
    (post("/paint?style=tiny&strength=" + "9" * 1900, PHOTOS[0]), {400}),
    (post("/paint?style=tiny&stroke_scale=-1", PHOTOS[0]), {400}),
    (post("/paint?style=tiny&stroke_scale=0", PHOTOS[0]), {400}),
    (post("/paint?style=tiny&width=-5&height=-5", PHOTOS[0]), {400}),
    (post("/paint?" + "&" * 1999, PHOTOS[0]), {400}),
    (post(GOOD, PHOTOS[0], Content_Length="-1"), {400}),
    (post(GOOD, PHOTOS[0], Content_Length="99999999999"), {413}),
    (post(GOOD, PHOTOS[0], Content_Length=""), {411}),
    (post(GOOD, PHOTOS[0], Content_Length="10"), {422}),
    (post(GOOD, PHOTOS[0], Content_Length="5000"), {0, 408}),
    (post(GOOD, b"5\r\nhello\r\n0\r\n\r\n", Transfer_Encoding="chunked"), {411}),
    (post(GOOD, PHOTOS[0][:200]), {422}),
    (post(GOOD, bytes(range(256)) * 4), {422}),
    (post(GOOD, b"\x89PNG\r\n\x1a\n" + bytes(500)), {422}),
    (post(GOOD, b"GIF89a" + b"\xff" * 300), {413, 422}),
    (post(GOOD, b"II*\x00" + b"\xff" * 300), {422}),
    (post(GOOD, b"\x00\x00\x00\x20ftypheic" + b"\xff" * 300), {422}),
    (post(GOOD, b"%!PS\n(/etc/passwd) (r) file"), {422}),
    (post(GOOD, b"\xc5\xd0\xd3\xc6" + b"\x00" * 300), {422}),
    (post(GOOD, b"<svg><image href='file:///etc/passwd'/></svg>"), {422}),
    (post(GOOD, BOMB), {413}),
    (post(GOOD, PHOTOS[0], Origin="http://evil.example"), {403}),
    (post(GOOD, PHOTOS[0], Host="evil.example"), {403}),
    (request("GET", "/../../../../etc/passwd"), {404}),
    (request("GET", "/%2e%2e/%00"), {404}),
    (request("GET", "/" + "x" * 60_000), {404}),
    (request("DELETE", "/styles"), {405}),
    (request("GET", "/paint?style=tiny"), {405}),
    (b"\x00" * 50 + b"\r\n\r\n", {400}),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 500 + b"\r\n", {431}),
    (b"POST /paint?style=tiny HTTP/1.1\r\nHost", {0, 400, 408}),
]


def answer_to(port: int, sent: bytes) -> Answer | None:
    try:
        return exchange(port, sent, hang_up=True)
    except ConnectionError:
        return None


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_thousand_requests(
    tiny_style: Path, stylizer: Stylizer, capfd: pytest.CaptureFixture[str]
) -> None:
    expected = [stylizer(noise_picture(seed, 20 + seed, 30), 0.7) for seed in range(5)]
    chance = random.Random(0)
    kinds = [chance.choice([*range(5), *range(-len(HOSTILE), 0)]) for _ in range(REQUESTS)]
    assert set(kinds) == {*range(5), *range(-len(HOSTILE), 0)}
    with serving(tiny_style) as server, ThreadPoolExecutor(AT_ONCE) as clients:
        sent = [post(GOOD, PHOTOS[kind]) if kind >= 0 else HOSTILE[kind][0] for kind in kinds]
        answers = list(clients.map(lambda bytes: answer_to(server.server_port, bytes), sent))
        health = exchange(server.server_port, request("GET", "/health"))
    for kind, answer in zip(kinds, answers, strict=True):
        if kind >= 0:
            assert answer is not None
            assert same(answer.picture, expected[kind])
        else:
            allowed = HOSTILE[kind][1]
            assert (answer.status if answer else 0) in allowed, HOSTILE[kind][0][:80]
            assert answer is None or "/root" not in answer.error
    assert health.json["in_line"] == 0
    assert capfd.readouterr().err == ""
