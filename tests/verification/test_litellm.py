"""Submit, poll, download and remix through a LiteLLM proxy in front of the stand-in.

LiteLLM is large and not among the requirements, so it needs its own environment:

    python3 -m venv /tmp/litellm && /tmp/litellm/bin/pip install 'litellm[proxy]'
    LITELLM=/tmp/litellm/bin/litellm script/test tests/verification/test_litellm.py
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from bench.installation import clean_environment, free_port
from generation.providers import sora
from generation.providers.base import Account, ErrorKind, ProgressState, ProviderError, Task
from generation.providers.registry import PROVIDERS
from tests.generation.providers.conftest import a_request
from tests.standin import StandIn, standing_in

LITELLM = os.environ.get("LITELLM", "")
pytestmark = [
    pytest.mark.skipif(not LITELLM, reason="LITELLM is the path of the litellm program"),
    pytest.mark.timeout(300),
]
KEY = "sk-of-the-proxy"


@pytest.fixture(scope="module")
def upstream() -> Iterator[StandIn]:
    with standing_in() as running:
        running.state.content = b"\0\0\0\x18ftypmp42" * 10_000
        yield running


@pytest.fixture(scope="module")
def proxy(upstream: StandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder: Path = tmp_path_factory.mktemp("litellm")
    config = folder / "config.yaml"
    config.write_text(
        f"""
model_list:
  - model_name: sora-2
    litellm_params: {{model: openai/sora-2, api_base: "{upstream.url}/openai/v1", api_key: any}}
general_settings: {{master_key: {KEY}}}
"""
    )
    port = free_port()
    command = [LITELLM, "--config", str(config), "--port", str(port), "--host", "127.0.0.1", "--telemetry", "False"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=clean_environment(), stdout=log, stderr=log, cwd=folder)
    try:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if requests.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=10).ok:
                    break
            except (requests.ConnectionError, requests.Timeout):
                time.sleep(0.5)
        else:
            raise TimeoutError((folder / "log").read_text()[-3000:])
        yield Account(f"http://127.0.0.1:{port}/v1", KEY, PROVIDERS["sora"].connection_abilities("litellm"))
    finally:
        process.kill()
        process.wait()


def test_create_poll_download_and_remix(proxy: Account, upstream: StandIn, tmp_path: Path):
    remote_id = sora.submit(proxy, a_request())
    assert asyncio.run(sora.check(proxy, remote_id)).state == ProgressState.DONE
    sora.fetch(proxy, remote_id, tmp_path / "clip.mp4", lambda fraction: None)
    assert (tmp_path / "clip.mp4").read_bytes() == upstream.state.content
    remixed = sora.submit(proxy, a_request(task=Task.REMIX, source_id=remote_id, prompt="At night"))
    assert asyncio.run(sora.check(proxy, remixed)).state == ProgressState.DONE
    assert len(upstream.state.charges) == 2


def test_a_wrong_key_is_refused(proxy: Account):
    with pytest.raises(ProviderError) as caught:
        sora.submit(Account(proxy.base_url, "sk-wrong", proxy.abilities), a_request())
    assert (caught.value.kind, caught.value.message) == (ErrorKind.AUTH, "No connected db.")
