"""Answers one request."""

from __future__ import annotations

import json
import socket
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BufferedReader
from typing import TYPE_CHECKING, Any

from faststyle.errors import one_line
from faststyle.serve.body import TimedReader, TooSlow, body_length, read_body
from faststyle.serve.guards import check_local
from faststyle.serve.order import kind_wanted, parse_order
from faststyle.serve.painting import paint
from faststyle.serve.refusals import Refusal

if TYPE_CHECKING:
    from faststyle.serve.server import Server

METHODS = {"/": "GET", "/styles": "GET", "/health": "GET", "/paint": "POST"}
SHOWN = 500  # characters of a message: those of http.server quote whatever came
LINGER_SECONDS = 2.0  # that a client may go on sending what nobody reads
# A page of another site may neither show nor read what is answered. What the page itself may load
# stands in its own policy.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Connection": "close",
}


class Handler(BaseHTTPRequestHandler):
    """One connection, which has one request. Every answer that is not good is JSON."""

    server: Server
    server_version = "faststyle"
    sys_version = ""
    protocol_version = "HTTP/1.1"  # as curl and browsers then wait for "100 Continue"

    def setup(self) -> None:
        super().setup()
        self._reader = TimedReader(self.connection, self.server.limits.head_seconds)
        self.rfile = BufferedReader(self._reader)
        # What an answer needs if the request never comes to its end.
        self.command, self.requestline, self.request_version = "", "", self.protocol_version
        self._answered = False

    def handle(self) -> None:
        """Answer; a client that hangs up gets none, a bug leaves a traceback."""
        self.close_connection = True
        try:
            try:
                self.handle_one_request()
            except TooSlow:
                if self._reader.received:  # browsers open connections ahead of need
                    raise Refusal(
                        HTTPStatus.REQUEST_TIMEOUT, "the request did not arrive in time"
                    ) from None
        except Refusal as refusal:
            self._send_refusal(refusal)
        except ConnectionError:
            pass
        except Exception:
            traceback.print_exc()
            if not self._answered:
                error = "a bug of faststyle; the traceback is where the server runs"
                self._send_refusal(Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, error))

    def handle_expect_100(self) -> bool:
        """Not yet: a body that will be refused is better not sent."""
        return True

    def do_GET(self) -> None:
        """Answer any method: which one fits depends on the path."""
        check_local(self.headers)
        path, _, query = self.path.partition("?")
        method = METHODS.get(path)
        if method is None:
            raise Refusal(HTTPStatus.NOT_FOUND, f"no such path; there are {', '.join(METHODS)}")
        allowed = ("GET", "HEAD") if method == "GET" else (method,)
        if self.command not in allowed:
            raise Refusal(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"{path} takes {' and '.join(allowed)}, not {self.command}",
                {"Allow": ", ".join(allowed)},
            )
        if path == "/":
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page)
        elif path == "/styles":
            self._send_json(HTTPStatus.OK, self.server.about_styles())
        elif path == "/health":
            self._send_json(HTTPStatus.OK, self.server.health())
        else:
            self._paint(query)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = do_GET

    def _paint(self, query: str) -> None:
        server = self.server
        order = parse_order(query, server.styles)
        length = body_length(self.headers, server.limits.max_bytes)
        kind, suffix = kind_wanted(self.headers.get_all("Accept", []))
        # Before the body, so that only who has a place can make this process hold one.
        with server.line.place():
            self._reader.allow(server.limits.body_seconds)
            if "100-continue" in str(self.headers.get("Expect", "")).lower():
                self.send_response_only(HTTPStatus.CONTINUE)
                self.end_headers()
            body = read_body(self.rfile, length)
            began = time.monotonic()
            picture = server.line.run(
                lambda: paint(server.stylizers, order, body, suffix, server.limits.max_pixels)
            )
            self._send(HTTPStatus.OK, kind, picture)
            server.show(f"{order.style}: {time.monotonic() - began:.1f} s")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what http.server itself cannot understand."""
        status = HTTPStatus(code)
        self._send_refusal(Refusal(status, message or status.phrase))

    def _send_refusal(self, refusal: Refusal) -> None:
        message = one_line(str(refusal))
        if len(message) > SHOWN:
            message = f"{message[:SHOWN]}..."
        answer = {"error": message, "status": int(refusal.status)}
        with suppress(OSError):
            self._send_json(refusal.status, answer, refusal.headers)

    def _send_json(
        self, status: HTTPStatus, value: Any, headers: Mapping[str, str] | None = None
    ) -> None:
        self._send(status, "application/json", json.dumps(value).encode() + b"\n", headers)

    def _send(
        self, status: HTTPStatus, kind: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> None:
        self._answered = True
        self.request_version = self.protocol_version  # else there may be no headers at all
        self.connection.settimeout(self.server.limits.send_seconds)
        self.send_response(status)
        own = {"Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in {**own, **HEADERS, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def finish(self) -> None:
        """Read on a little where not all was read: the client would else not see the answer."""
        super().finish()
        with suppress(OSError, TooSlow):
            self.connection.shutdown(socket.SHUT_WR)
            reader = TimedReader(self.connection, LINGER_SECONDS)
            buffer = bytearray(1 << 16)
            while reader.readinto(buffer):
                pass

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what a client sends is not for the terminal."""
