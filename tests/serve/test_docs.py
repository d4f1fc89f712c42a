"""The commands and the code of docs/serve.md run."""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from PIL import Image

from faststyle import load_style
from faststyle.serve.command import _parser
from faststyle.serve.limits import Limits
from tests.serve.conftest import serving
from tests.serve.test_answers import file_of, same
from tests.support.checkout import CHECKOUT
from tests.support.pictures import noise_picture

TEXT = (CHECKOUT / "docs" / "serve.md").read_text(encoding="utf-8")
LINES = [
    line
    for block in re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)
    for line in block.split("\n")
]
(CODE,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_commands_of_curl(
    tiny_style: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    noise_picture(0).save("photo.jpg")
    style = shutil.copy(tiny_style, "starry_night.safetensors")
    commands = [shlex.split(line) for line in LINES if line.startswith("curl ")]
    with serving(Path(style), Limits()) as server:
        for command in commands:
            here = [word.replace("http://127.0.0.1:8000/", server.url) for word in command]
            assert any(server.url in word for word in here)
            subprocess.run([*here, "--silent", "--noproxy", "*"], check=True, timeout=60)
    stylizer = load_style(tiny_style, "cpu")
    with Image.open("photo.jpg") as photo, Image.open("painted.png") as painted:
        assert same(painted, stylizer(photo))
    with Image.open("painted.jpg") as painted:
        assert (painted.format, painted.size) == ("JPEG", noise_picture(0).size)


def test_options_and_limits_are_those_of_the_code() -> None:
    options = set(re.findall(r"^\| `(--[\w-]+)", TEXT, re.MULTILINE))
    known = {option for action in _parser()._actions for option in action.option_strings}
    assert options == known - {"-h", "--help"}
    limits = Limits()
    for said in (
        f"default: {limits.max_pixels // 10**6} million",
        f"{limits.head_seconds:g} seconds for the headers, {limits.body_seconds:g} for the body",
        f"{limits.max_bytes // 10**6} million bytes",
    ):
        assert said in TEXT
    assert (limits.waiting, limits.wait_seconds) == (8, 120)  # eight wait, two minutes


def test_the_service_is_short_and_compiles() -> None:
    assert len([line for line in CODE.splitlines() if line]) <= 26
    compile(CODE, "service.py", "exec")


def test_the_service_paints() -> None:
    pytest.importorskip("fastapi")
    service: dict[str, Any] = {"__name__": "service"}
    exec(compile(CODE, "service.py", "exec"), service)
    photo = noise_picture(0)
    expected = load_style("great_wave", "cpu")(photo, 0.7)
    query = {"style": "great_wave", "strength": "0.7"}
    status, body = post(service["app"], query, file_of(photo))
    assert status == 200
    painted = Image.open(BytesIO(body))
    assert same(painted, expected)
    huge = file_of(Image.new("1", (4000, 4000)))
    for status, query, sent in (
        (404, {"style": "grate_wave"}, file_of(photo)),
        (422, {"style": "great_wave", "strength": "3"}, file_of(photo)),
        (422, {"style": "great_wave"}, b"hello"),
        (422, {"style": "great_wave"}, file_of(photo)[:900]),
        (413, {"style": "great_wave"}, huge),
    ):
        assert post(service["app"], query, sent)[0] == status


def post(app: Any, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """Status and body of what an ASGI application answers to POST /paint."""
    sent: list[dict[str, Any]] = []
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST"},
        **{"scheme": "http", "path": "/paint", "raw_path": b"/paint", "root_path": ""},
        **{"query_string": urlencode(query).encode(), "headers": []},
        **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], b"".join(part.get("body", b"") for part in sent[1:])
