"""Keeps other web sites out: a browser on this computer can be made to send requests here.

A page of another site may post to this address ("cross-site request forgery"): its requests have
an Origin header that names that site. Or it gives its own name this address ("DNS rebinding"):
then the Host header has that name.
"""

from __future__ import annotations

import re
from email.message import Message
from http import HTTPStatus

from faststyle.serve.refusals import Refusal

# ssh -L may bring the server to another port.
LOCAL_HOST = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


def check_local(headers: Message) -> None:
    """Check that a request was meant for this computer and comes from no other site.

    Raises:
        Refusal: 400 without exactly one Host header; 403 if it is not a name of this computer, or
            if the request comes from a page of another origin.
    """
    hosts = headers.get_all("Host", [])
    if len(hosts) != 1:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"Host: {len(hosts)} headers given, 1 is needed")
    host = str(hosts[0]).strip()
    if not LOCAL_HOST.fullmatch(host):
        raise Refusal(
            HTTPStatus.FORBIDDEN, "Host: not this computer; ask for localhost or 127.0.0.1"
        )
    for origin in headers.get_all("Origin", []):
        if str(origin).strip().lower() != f"http://{host}".lower():
            raise Refusal(HTTPStatus.FORBIDDEN, "Origin: requests of other sites are refused")
    # Browsers also say so of requests without an Origin, such as those of <img>.
    if "cross-site" in headers.get_all("Sec-Fetch-Site", []):
        raise Refusal(HTTPStatus.FORBIDDEN, "Sec-Fetch-Site: requests of other sites are refused")
