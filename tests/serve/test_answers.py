"""What the server answers: pictures as Stylizer makes them, and one line to everything else."""

from __future__ import annotations

import socket
import struct
import time
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from faststyle import Stylizer
from faststyle.serve.server import Server
from tests.serve.conftest import PAGE
from tests.support.http import Answer, exchange, parse, request
from tests.support.pictures import noise_picture, png


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def same(painted: Image.Image, expected: Image.Image) -> bool:
    """Whether two pictures are equal pixel for pixel."""
    return np.array_equal(np.asarray(painted), np.asarray(expected))


PHOTO = noise_picture(0)
BODY = file_of(PHOTO)


def ask(
    server: Server, method: str, target: str, body: bytes | None = None, **headers: str
) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return exchange(server.server_port, request(method, target, body, named))


def paint(server: Server, query: str = "style=tiny", body: bytes = BODY, **headers: str) -> Answer:
    return ask(server, "POST", f"/paint?{query}", body, **headers)


# --- good requests -------------------------------------------------------------------------------


def test_the_page(server: Server) -> None:
    answer = ask(server, "GET", "/")
    assert (answer.status, answer.body.decode()) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["server"] == "faststyle"
    head = ask(server, "HEAD", "/")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(PAGE))


def test_the_styles(server: Server) -> None:
    assert ask(server, "GET", "/styles").json == [{"name": "tiny", "title": "Tiny"}]


def test_the_health(server: Server) -> None:
    health = ask(server, "GET", "/health?anything").json
    assert health["status"] == "ok"
    assert (health["styles"], health["in_line"], health["max_pixels"]) == (1, 0, 20_000)


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("", {}),
        ("&strength=0.3", {"strength": 0.3}),
        ("&strength=1.5", {"strength": 1.5}),
        ("&keep_color=luminance&stroke_scale=2", {"keep_color": "luminance", "stroke_scale": 2}),
        ("&keep%5Fcolor=histogram", {"keep_color": "histogram"}),
    ],
)
def test_a_picture_is_that_of_stylizer(
    query: str, arguments: dict, server: Server, stylizer: Stylizer
) -> None:
    answer = paint(server, f"style=tiny{query}")
    assert answer.headers["content-type"] == "image/png"
    assert same(answer.picture, stylizer(PHOTO, **arguments))


def test_a_picture_is_upright_and_keeps_transparency_and_copyright(
    server: Server, stylizer: Stylizer
) -> None:
    photo = PHOTO.convert("RGBA")
    photo.putalpha(noise_picture(1).convert("L"))
    exif = Image.Exif()
    exif.update({0x0112: 6, 0x8298: "someone"})
    file = file_of(photo, exif=exif)
    painted = paint(server, body=file).picture
    with Image.open(BytesIO(file)) as opened:
        assert same(painted, stylizer(opened))
    assert painted.size == (PHOTO.height, PHOTO.width)
    assert dict(painted.getexif()) == {0x8298: "someone"}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("image/jpeg", "JPEG"),
        ("image/JPEG;q=0.9, image/png", "JPEG"),
        ("image/png, image/jpeg", "PNG"),
        ("text/html,image/avif,*/*;q=0.8", "PNG"),
        (",,;", "PNG"),
    ],
)
def test_png_or_jpeg(accept: str, kind: str, server: Server, stylizer: Stylizer) -> None:
    answer = paint(server, Accept=accept)
    assert answer.picture.format == kind
    assert answer.headers["content-type"] == f"image/{kind.lower()}"
    off = np.asarray(answer.picture, float) - np.asarray(stylizer(PHOTO), float)
    assert np.abs(off).mean() < (5 if kind == "JPEG" else 1e-9)


def test_a_client_that_waits_for_100_continue(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as connection:
        head, body = request("POST", "/paint?style=tiny", BODY, {"Expect": "100-continue"}).split(
            b"\r\n\r\n", 1
        )
        connection.sendall(head + b"\r\n\r\n")
        assert connection.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        received = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert parse(received).picture.size == PHOTO.size


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("", 400, "style: missing; one of tiny"),
        ("style=", 404, "style: '' is not one of tiny"),
        ("style=tinny", 404, "did you mean 'tiny'?"),
        ("style=../../etc/passwd", 404, "style: '../../etc/passwd' is not one of tiny"),
        ("style=tiny%00", 404, r"style: 'tiny\x00' is not one of tiny"),
        ("style=" + "x" * 1900, 404, "xxx...' is not one of"),
        ("style=" + "x" * 2000, 400, "the query has 2006 characters, 2000 allowed"),
        ("style=%ff", 400, "the query is not UTF-8"),
        ("style=tiny&style=tiny", 400, "style: given twice"),
        ("style=tiny&stength=1", 400, "did you mean 'strength'?"),
        ("&".join(["style=tiny"] * 9), 400, "not of style, strength"),
        ("style=tiny&strength=nan", 400, "strength: nan is not between 0"),
        ("style=tiny&strength=-1", 400, "strength: -1 is not between 0"),
        ("style=tiny&strength=1e999", 400, "strength: inf is not between 0"),
        ("style=tiny&strength=much", 400, "strength: 'much' is not a number"),
        ("style=tiny&strength=", 400, "strength: '' is not a number"),
        ("style=tiny&stroke_scale=-2", 400, "stroke_scale: -2 is not between 0.25 and 4"),
        ("style=tiny&keep_color=yes", 400, "keep_color: 'yes' is not one of luminance, histogram"),
    ],
)
def test_orders_that_are_not_good(query: str, status: int, said: str, server: Server) -> None:
    answer = paint(server, query)
    assert answer.status == status
    assert said in answer.error


def test_pictures_that_are_not_good(server: Server) -> None:
    for body, said in {
        b"hello": "not a picture: the body",
        BODY[: len(BODY) // 2]: "it is truncated",
        b"%!PS-Adobe-3.0 EPSF-3.0": "cannot read PostScript file the body",
        b"\xc5\xd0\xd3\xc6" + bytes(60): "cannot read PostScript file the body",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>": "cannot read SVG file the body",
        bytes(1000): "not a picture: the body",
    }.items():
        answer = paint(server, body=body)
        assert answer.status == 422
        assert said in answer.error
    assert paint(server, body=b"").status == 400


def test_pictures_that_are_too_large(server: Server) -> None:
    size_of = [(20_000, 1), (141, 142), (30_000, 30_000), (2**31 - 1, 2**31 - 1)]
    bombs = [png(*size, 8, 2, bytes(100)) for size in size_of]
    assert paint(server, body=bombs[0]).status == 422  # allowed, but its pixels are missing
    for (width, height), body in zip(size_of[1:], bombs[1:], strict=True):
        answer = paint(server, body=body)
        assert answer.status == 413
        assert f"it claims {width} x {height} pixels, more than the 0.02 million" in answer.error
    # The network would see 16 times as many.
    answer = paint(server, "style=tiny&stroke_scale=0.25")
    assert answer.status == 413
    assert "more than the 0.00125 million allowed" in answer.error
    assert "this one paints 16 times as many" in answer.error
    tall = file_of(Image.new("RGB", (1, 20_000)))
    assert paint(server, body=tall).status == 200


@pytest.mark.parametrize(
    ("length", "status", "said"),
    [
        ("200001", 413, "more than the 0.2 million bytes allowed"),
        ("9" * 5000, 413, "more than the 0.2 million bytes allowed"),
        ("-5", 400, "not one whole number"),
        ("1e3", 400, "not one whole number"),
        ("\u00b2", 400, "not one whole number"),
        ("12, 12", 400, "not one whole number"),
        ("0", 400, "no picture"),
        ("000", 400, "no picture"),
        ("", 411, "not in chunks"),
    ],
)
def test_lengths_that_are_not_good(length: str, status: int, said: str, server: Server) -> None:
    answer = paint(server, Content_Length=length)
    assert answer.status == status
    assert said in answer.error


def test_bodies_in_chunks_and_of_another_length(server: Server) -> None:
    assert paint(server, Transfer_Encoding="chunked").status == 411
    assert paint(server, Content_Length=str(len(BODY) - 100)).status == 422
    began = time.monotonic()
    answer = paint(server, Content_Length=str(len(BODY) + 1))
    assert answer.status == 408
    assert time.monotonic() - began < 10
    longer = request("POST", "/paint?style=tiny", BODY, {"Content-Length": "100000"})
    with pytest.raises(ConnectionError):
        exchange(server.server_port, longer, hang_up=True)


def test_paths_and_methods(server: Server) -> None:
    for target in ("/nowhere", "/../../etc/passwd", "//etc/passwd", "/%00", "/styles/", "*", "/["):
        answer = ask(server, "GET", target)
        assert answer.status == 404, target
        assert answer.error == "no such path; there are /, /styles, /health, /paint"
    assert ask(server, "GET", "http://127.0.0.1/").status == 404
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        answer = ask(server, method, "/paint?style=tiny")
        assert (answer.status, answer.headers["allow"]) == (405, "POST")
    answer = ask(server, "POST", "/styles", b"{}")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.error == "/styles takes GET and HEAD, not POST"
    assert ask(server, "BREW", "/").status == 501


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost@evil.example:80"}, 403),
        ({"Host": "169.254.169.254"}, 403),
        ({"Host": ""}, 400),
        ({"Host": "localhost", "host": "evil.example"}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://127.0.0.1"}, 403),
        ({"Host": "localhost:8000", "Origin": "http://localhost:3000"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "localhost"}, 200),
        ({"Host": "LOCALHOST:9000", "Origin": "http://localhost:9000"}, 200),
        ({"Host": "[::1]:8000", "Origin": "http://[::1]:8000"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_other_web_sites_are_kept_out(headers: dict[str, str], status: int, server: Server) -> None:
    for target, body in (("/styles", None), ("/paint?style=tiny", BODY)):
        method = "GET" if body is None else "POST"
        sent = request(method, target, body, headers)
        assert exchange(server.server_port, sent).status == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", 505),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\na: " + b"x" * 70_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_not_a_request(sent: bytes, status: int, server: Server) -> None:
    answer = exchange(server.server_port, sent)
    assert answer.status == status
    assert len(answer.error) < 600


def test_headers_that_drip_in(server: Server) -> None:
    """Each byte comes within a second, the whole never."""
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as connection:
        began = time.monotonic()
        connection.settimeout(0.3)
        received = b""
        for byte in b"GET /" + b"x" * 100:
            connection.sendall(bytes([byte]))
            try:
                received = connection.recv(1 << 16)
                break
            except TimeoutError:
                continue
    assert parse(received).status == 408
    assert 1 < time.monotonic() - began < 8


def test_a_client_that_resets_leaves_no_trace(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    for sent in (b"", b"GET /", request("POST", "/paint?style=tiny", BODY)):
        connection = socket.create_connection(("127.0.0.1", server.server_port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(sent)
        connection.close()
    assert paint(server).status == 200
    assert capfd.readouterr() == ("", "")


def test_a_bug_leaves_a_traceback_and_an_answer(
    server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> bytes:
        raise ZeroDivisionError("a bug")

    with monkeypatch.context() as patched:
        patched.setattr("faststyle.serve.handler.paint", broken)
        answer = paint(server)
    assert answer.status == 500
    assert "a bug of faststyle" in answer.error
    assert "ZeroDivisionError: a bug" in capfd.readouterr().err
    assert paint(server).status == 200


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: no")])
def test_too_little_memory(
    error: Exception, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setitem(server.stylizers, "tiny", greedy)
        answer = paint(server)
    assert (answer.status, answer.error) == (413, "not enough memory; send a smaller picture")
