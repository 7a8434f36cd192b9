"""Hosts of a team's connections must be public, in every notation and after DNS rebinding."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import google.auth
import httpx2
import pytest

from generation.providers import (
    addresses,
    download,
    egress,
    omni,
    openai_images,
    openrouter,
    service_accounts,
    sora,
    veo,
)
from generation.providers.base import Account, ErrorKind, ImageRequest, ProviderError
from generation.providers.bounds import Bounds
from tests.generation.providers.conftest import a_request, catch_error
from tests.standin import StandIn

KEY = "sk-secret-of-a-team-that-is-long"
PUBLIC = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e", "::ffff:93.184.215.14"]
PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "192.0.0.8",
    "192.88.99.1",
    "203.0.113.255",
    "::1",
    "::",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "2001:2::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "100::1",
    "2002:5db8:d70e::1",
    "::ffff:192.0.0.8",
    "64:ff9b::c058:6301",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::1",
    "2002:c0a8:101::1",
    "2001:0:5db8:d70e:0:0:80ff:fffe",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str):
    assert addresses.is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address: str):
    assert not addresses.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1",
        "https://127.0.0.1.",
        "https://localhost",
        "https://LOCALHOST.:8443/v1",
        "https://good.example@127.0.0.1/v1",
        "https://2130706433/v1",
        "https://0x7f000001/v1",
        "https://0177.0.0.1/v1",
        "https://127.1/v1",
        "https://[::1]:9/v1",
        "https://[::ffff:169.254.169.254]/latest/meta-data",
        "https://[64:ff9b::10.0.0.1]/v1",
        "https://①②⑦.0.0.1/v1",
    ],
)
def test_a_private_address_is_refused_in_every_notation(url: str):
    with pytest.raises(egress.PrivateAddressError, match="is inside a private network and is not used"):
        egress.require_public(url, "")


@pytest.mark.parametrize("url", ["https://", "ftp://x", "https://a b/", "https://x\\@127.0.0.1", "https://[::1", "x"])
def test_an_invalid_url_is_refused(url: str):
    assert catch_error(egress.parse_origin, url).message == "Not a valid http(s) URL."


def test_hosts_are_compared_in_their_dns_form():
    assert egress.parse_host("https://GPU.Bücher.example./v1") == "gpu.xn--bcher-kva.example"
    assert egress.parse_origin("https://gpu.example/v1") == egress.parse_origin("https://GPU.example:443")
    assert egress.matches_host("http://gpu.lan:8000/v1", "gpu.lan")
    assert egress.matches_host("http://gpu.lan:8000/v1", "gpu.lan:8000")
    assert not egress.matches_host("http://gpu.lan:22/v1", "gpu.lan:8000")
    assert not egress.matches_host("http://gpu.lan.evil.example/v1", "gpu.lan")
    assert not egress.matches_host("http://gpu.lan@evil.example/v1", "gpu.lan")


# -- With the real SDKs against a real server --------------------------------------------------------------------------


def team_account(base_url: str, **changes: Any) -> Account:
    values: dict[str, Any] = {"base_url": base_url, "key": KEY, "public_only": True}
    return Account(**(values | changes))


def poll_with(provider: Any) -> Callable[[Account], Any]:
    return lambda account: asyncio.run(provider.check(account, "video_1"))


def probe_with(provider: Any, *models: str) -> Callable[[Account], Any]:
    return lambda account: provider.test(account, models)


CALLS: dict[str, tuple[str, Callable[[Account], Any]]] = {
    "sora": ("/openai/v1", lambda account: sora.submit(account, a_request())),
    "sora-poll": ("/openai/v1", poll_with(sora)),
    "sora-test": ("/openai/v1", probe_with(sora, "sora-2")),
    "omni": ("/gemini", lambda account: omni.submit(account, a_request(model="gemini-omni-1.2-flash"))),
    "omni-poll": ("/gemini", poll_with(omni)),
    "omni-test": ("/gemini", probe_with(omni, "gemini-omni-1.2-flash")),
    "veo": ("", lambda account: veo.submit(account, a_request(model="veo-3.1-generate-001"))),
    "veo-poll": ("", lambda account: asyncio.run(veo.check(account, "projects/p/operations/1"))),
    "images": ("/openai/v1", lambda account: openai_images.make(account, ImageRequest("A boat.", "gpt-image-2"))),
    "openrouter": ("/openrouter/api/v1", probe_with(openrouter)),
    "openrouter-poll": ("/openrouter/api/v1", poll_with(openrouter)),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_teams_account_sends_nothing_to_a_private_address(stand_in: StandIn, call: str, scheme: str):
    path, send = CALLS[call]
    base_url = stand_in.url.replace("http:", f"{scheme}:") + path
    error = catch_error(send, team_account(base_url, options=(("project", "films"),)))
    reason = {"https": "is inside a private network and is not used.", "http": "must be reached over https."}[scheme]
    assert (error.kind, reason in error.message) == (ErrorKind.INVALID, True), error.message
    assert stand_in.state.arrived == []


def test_a_teams_account_reaches_a_host_that_the_operator_allows(stand_in: StandIn):
    port = stand_in.url.rpartition(":")[2]
    base_url = f"{stand_in.url}/openai/v1"
    stand_in.state.key = KEY
    test = probe_with(sora, "sora-2")
    assert test(team_account(base_url, allowed_host="127.0.0.1")).startswith("The server speaks")
    assert test(team_account(base_url, allowed_host=f"127.0.0.1:{port}")).startswith("The server speaks")
    assert catch_error(test, team_account(base_url, allowed_host="127.0.0.1:9")).kind == ErrorKind.INVALID


def test_the_checked_address_is_connected_to_despite_rebinding(monkeypatch):
    """The name resolves to a public address when it is checked and to a private one from then on."""
    lookups: list[str] = []

    def rebind(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        lookups.append(host)
        address = "93.184.215.14" if len(lookups) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    sent: list[httpx2.Request] = []

    def answer(self: Any, request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        return httpx2.Response(200, json={})

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", answer)
    with httpx2.Client(**egress.client_options(team_account("https://rebind.example/v1"), Bounds(5))) as client:
        client.get("https://rebind.example/v1/videos", headers={"Authorization": f"Bearer {KEY}"})
    (request,) = sent
    assert (request.url.host, request.headers["host"], request.extensions["sni_hostname"], lookups) == (
        "93.184.215.14",
        "rebind.example",
        "rebind.example",
        ["rebind.example"],
    )


def test_a_host_with_one_private_address_is_refused(monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: both)
    assert catch_error(probe_with(sora, "sora-2"), team_account("https://both.example/v1")).kind == ErrorKind.INVALID


@pytest.mark.parametrize("call", ["sora-test", "omni-test", "openrouter", "images"])
def test_calls_follow_no_redirects(stand_in: StandIn, monkeypatch, call: str):
    path, send = CALLS[call]
    arrived: list[httpx2.Request] = []

    def answer(self: Any, request: httpx2.Request) -> httpx2.Response:
        arrived.append(request)
        return httpx2.Response(307, headers={"Location": "http://127.0.0.1:9/steal"})

    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", answer)
    with pytest.raises(ProviderError):
        send(team_account(stand_in.url + path, allowed_host="127.0.0.1"))
    assert [request.url.path.startswith("/steal") for request in arrived] == [False] * len(arrived)


def test_a_clips_url_may_be_private_on_the_allowed_host_only(stand_in: StandIn, tmp_path):
    def save(trusted: str) -> None:
        download.save_from_url(f"{stand_in.url}/nothing", tmp_path / "clip.mp4", lambda done: None, trusted=trusted)

    assert "inside a private network" in catch_error(save, team_account(stand_in.url).trusted).message
    allowed = team_account(stand_in.url, allowed_host="127.0.0.1")
    assert catch_error(save, allowed.trusted).message == "The clip's URL returned 404."


# -- Service accounts --------------------------------------------------------------------------------------------------


def test_a_service_accounts_file_cannot_choose_the_token_host(service_account: dict[str, str]):
    file = json.dumps(service_account | {"token_uri": "http://169.254.169.254/", "universe_domain": "evil.example"})
    credentials = service_accounts.read_credentials(file)
    assert credentials._token_uri == "https://oauth2.googleapis.com/token"
    assert credentials.universe_domain == "googleapis.com"


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"private_key": "x"}', '"text"'])
def test_an_invalid_service_account_file_is_refused(text: str):
    error = catch_error(service_accounts.read_credentials, text)
    assert (error.kind, error.message.partition(".")[0]) == (ErrorKind.AUTH, "Not a service account key file")


def test_a_team_never_uses_the_servers_google_credentials(monkeypatch):
    monkeypatch.setattr(google.auth, "default", lambda **_: pytest.fail("the server's own credentials"))
    assert veo._credentials(team_account("", key="")).token == ""
