"""A request that is refused: a status of HTTP and one line."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus


class Refusal(Exception):
    """Becomes the answer to a request: `status`, and `{"error": message}` as JSON.

    Args:
        message: one line: what was given, what is allowed.
        headers: further headers of the answer, such as Retry-After.
    """

    def __init__(self, status: HTTPStatus, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
