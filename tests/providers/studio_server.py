"""A remote provider for tests: a module like the real ones, and a small HTTP server that counts charges.

`Studio` is the server. It charges for every clip it accepts, lists its clips, and has faults on demand.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

from generation.providers.base import (
    Ability,
    Account,
    ErrorKind,
    OnProgress,
    Progress,
    ProgressState,
    ProviderError,
    RemoteClip,
    Request,
)
from generation.providers.description import Kind, Provider

STUDIO = Provider(
    name="studio",
    module="tests.providers.studio_server",
    kind=Kind.REMOTE,
    title="Studio",
    family="Studio",
    brings="clips of one studio",
    how="Set STUDIO_KEY",
    prefix="STUDIO",
    key_variables=("STUDIO_KEY",),
    address_variables=("STUDIO_URL",),
    address_help="Leave empty for the studio's own.",
    abilities=frozenset({Ability.LIST, Ability.CANCEL}),
)
address = ""


class Studio:
    def __init__(self) -> None:
        self.charges: list[str] = []
        self.clips: dict[str, dict[str, object]] = {}
        self.deleted: list[str] = []
        self.content = b""
        #: Whether a clip is finished at the first poll.
        self.finishes = False
        #: Faults of the next calls by operation: an HTTP status, or "drop" to accept and hang up.
        self.faults: dict[str, list[int | str]] = {}


class _Handler(BaseHTTPRequestHandler):
    studio: Studio

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, status: int, body: object) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def fault(self, name: str) -> int | str | None:
        waiting = self.studio.faults.get(name, [])
        return waiting.pop(0) if waiting else None

    def do_POST(self) -> None:
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["prompt"]
        fault = self.fault("submit")
        if isinstance(fault, int):
            return self.answer(fault, {"error": "no"})
        remote_id = f"clip-{len(self.studio.charges) + 1}"
        self.studio.charges.append(remote_id)
        state = {"state": "done", "percent": 100} if self.studio.finishes else {"state": "running", "percent": 40}
        self.studio.clips[remote_id] = {"id": remote_id, "prompt": prompt, **state}
        if fault == "drop":
            self.close_connection = True
            return None
        return self.answer(200, {"id": remote_id})

    def do_GET(self) -> None:
        parts = self.path.strip("/").split("/")
        if parts == ["clips"]:
            if fault := self.fault("clips"):
                assert isinstance(fault, int)
                return self.answer(fault, {"error": "no"})
            return self.answer(200, list(self.studio.clips.values()))
        if fault := self.fault(parts[-1] if parts[-1] == "content" else "check"):
            assert isinstance(fault, int)
            return self.answer(fault, {"error": "no"})
        if parts[1] not in self.studio.clips:
            return self.answer(404, {"error": "unknown"})
        return self.answer(200, self.studio.content if parts[-1] == "content" else self.studio.clips[parts[1]])

    def do_DELETE(self) -> None:
        remote_id = self.path.split("/")[-1]
        self.studio.deleted.append(remote_id)
        fault = self.fault("cancel")
        if fault:
            del self.studio.clips[remote_id]
        self.answer(fault if isinstance(fault, int) else 200, {})


@contextmanager
def studio_open() -> Iterator[Studio]:
    global address
    studio = Studio()
    handler = type("Handler", (_Handler,), {"studio": studio})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield studio
    finally:
        server.shutdown()
        server.server_close()


# -- The provider module -----------------------------------------------------------------------------------------------


def _send(method: str, path: str, *, json: object = None) -> requests.Response:
    response = requests.request(method, address + path, timeout=5, json=json)
    if response.status_code == 429:
        raise ProviderError(ErrorKind.RATE_LIMIT, "Too many requests.", retry_after=7)
    if response.status_code == 404:
        raise ProviderError(ErrorKind.LOST, "The studio does not have this clip.")
    if response.status_code == 409:
        raise ProviderError(ErrorKind.INVALID, "Cancellation in progress. Please try again later.")
    if response.status_code == 400:
        raise ProviderError(ErrorKind.MODERATION, "The studio declined the prompt.", code="declined")
    if response.status_code >= 500:
        raise ProviderError(ErrorKind.PROVIDER, f"The studio answered {response.status_code}.")
    return response


def submit(account: Account, request: Request) -> str:
    try:
        return _send("POST", "/clips", json={"prompt": request.prompt}).json()["id"]
    except requests.ConnectionError as error:
        raise ProviderError(ErrorKind.UNKNOWN, "The studio hung up.") from error


async def check(account: Account, remote_id: str) -> Progress:
    clip = _send("GET", f"/clips/{remote_id}").json()
    error = ProviderError(ErrorKind.MODERATION, clip["reason"], code="policy") if clip.get("reason") else None
    return Progress(ProgressState(clip["state"]), clip["percent"], error)


def fetch(account: Account, remote_id: str, destination: Path, on_progress: OnProgress) -> None:
    destination.write_bytes(_send("GET", f"/clips/{remote_id}/content").content)
    on_progress(1.0)


def find(account: Account, request: Request, since: datetime, known: frozenset[str]) -> str | None:
    oldest_first = reversed(list_clips(account))
    return next((clip.id for clip in oldest_first if clip.prompt == request.prompt and clip.id not in known), None)


def list_clips(account: Account) -> list[RemoteClip]:
    return [
        RemoteClip(clip["id"], "studio-1", datetime.now(UTC), ProgressState(clip["state"]), clip["prompt"])
        for clip in reversed(_send("GET", "/clips").json())
    ]


def cancel(account: Account, remote_id: str) -> bool:
    _send("DELETE", f"/clips/{remote_id}")
    return True


def test(account: Account, models: Sequence[str]) -> str:
    _send("GET", "/clips")
    return f"{models[0]} is available."
