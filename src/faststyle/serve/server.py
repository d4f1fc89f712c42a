"""A server for this computer alone."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from faststyle.errors import UserError
from faststyle.rendering.stylizer import Stylizer
from faststyle.serve.handler import Handler
from faststyle.serve.limits import Limits
from faststyle.serve.line import Line
from faststyle.serve.styles import ServedStyle

ADDRESS = "127.0.0.1"


class Server(ThreadingHTTPServer):
    """Listens from the start; `open` gives it styles, then `serve_forever` answers.

    Args:
        port: 0 for any that is free; `server_port` has it.

    Raises:
        UserError: the port cannot be had.
    """

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = os.name != "nt"  # on Windows two programs could have one port

    def __init__(self, port: int, limits: Limits):
        self.limits = limits
        self.line = Line(limits.waiting, limits.wait_seconds)
        self._connections = threading.Semaphore(limits.connections)
        self.styles: dict[str, ServedStyle] = {}
        self.stylizers: dict[str, Stylizer] = {}
        self.page = b""
        self.show: Callable[[str], object] = lambda line: None
        try:
            super().__init__((ADDRESS, port), Handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = "another program has it"
            else:
                reason = error.strerror or str(error)
            raise UserError(f"--port: cannot listen on {port}: {reason}; give another") from error

    def open(
        self,
        styles: Mapping[str, ServedStyle],
        page: str,
        show: Callable[[str], object] = lambda line: None,
    ) -> None:
        """Set what is served.

        Args:
            page: the HTML that GET / answers.
            show: called with a line about each picture that was painted.
        """
        self.styles = dict(styles)
        self.stylizers = {name: style.stylizer for name, style in styles.items()}
        self.page = page.encode()
        self.show = show

    def server_bind(self) -> None:
        """As of http.server, without asking the network for this computer's name."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = ADDRESS, self.server_address[1]

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def about_styles(self) -> list[dict[str, Any]]:
        """What GET /styles answers."""
        return [style.about(name) for name, style in self.styles.items()]

    def health(self) -> dict[str, Any]:
        """What GET /health answers."""
        return {
            "status": "ok",
            "styles": len(self.styles),
            "in_line": self.line.taken,
            "max_pixels": self.limits.max_pixels,
            "max_bytes": self.limits.max_bytes,
        }

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own; above the limit wait until one has ended."""
        self._connections.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As of socketserver."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def server_close(self) -> None:
        """Stop listening, turn away who waits, and finish the picture at hand."""
        super().server_close()
        self.line.close()
