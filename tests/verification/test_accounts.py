"""The providers' contract against real accounts. It spends money, so it runs only with keys and a limit.

    VERIFY_LIMIT_USD=0.50 GEMINI_API_KEY=... script/test tests/verification

Each provider whose variables are set makes one clip of its cheapest model, the shortest and smallest, and fetches it.
Together they cost at most the limit. With CI=true no other test is ever skipped.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import av
import environ
import pytest

from generation import catalogue
from generation.catalogue import Model
from generation.providers.base import Account, ProgressState, ProviderError, Request
from generation.providers.description import Kind
from generation.providers.registry import PROVIDERS, find_kind, remote_provider
from imageai_web import provider_env
from previz.shot import Shot
from tests.environment import ACCOUNTS

LIMIT = Decimal(ACCOUNTS.get("VERIFY_LIMIT_USD", "0"))
MINUTES = 15


def configured() -> dict[str, dict[str, Any]]:
    env = environ.Env()
    env.ENVIRON = ACCOUNTS
    described = provider_env.connections(env)
    return {slug: values for slug, values in described.items() if find_kind(slug) == Kind.REMOTE}


def build_account(values: dict[str, Any]) -> Account:
    options = tuple((name, value) for name, value in values.get("options", {}).items() if value)
    abilities = PROVIDERS[values["provider"]].connection_abilities(values.get("preset", ""))
    return Account(values["base_url"], values["key"], abilities, options)


def find_cheapest(provider: str) -> Model | None:
    models = [
        model
        for model in catalogue.all_models().values()
        if model.provider == provider and model.kind == "video" and model.retired_on is None and model.price_per_second
    ]
    return min(models, key=lambda model: min(model.price_per_second.values()), default=None)


def affordable_cases() -> Iterator[Any]:
    left = LIMIT
    for slug, values in configured().items():
        model = find_cheapest(values["provider"])
        if model is None:
            continue
        resolution = min(model.price_per_second, key=lambda name: model.price_per_second[name])
        seconds = model.seconds.nearest(Decimal(1))
        left -= model.price_per_second[resolution] * seconds
        if left >= 0:
            yield pytest.param(values, model, resolution, seconds, id=slug)


@pytest.mark.skipif(LIMIT <= 0, reason="VERIFY_LIMIT_USD sets how much may be spent; nothing by default")
@pytest.mark.timeout(60 * (MINUTES + 5))
@pytest.mark.parametrize(("values", "model", "resolution", "seconds"), list(affordable_cases()))
def test_a_clip_from_submit_to_file(
    values: dict[str, Any], model: Model, resolution: str, seconds: Decimal, tmp_path: Path
):
    provider, account = remote_provider(values["provider"]), build_account(values)
    assert provider.test(account, [model.id])
    width, height = model.sizes[resolution]["16:9"]
    request = Request(
        "A paper boat drifts across a still pond.",
        Shot(),
        width,
        height,
        seconds,
        model=model.id,
        resolution=resolution,
    )
    remote_id = provider.submit(account, request)
    deadline, state = time.monotonic() + 60 * MINUTES, ProgressState.RUNNING
    while state == ProgressState.RUNNING and time.monotonic() < deadline:
        time.sleep(5)
        try:
            progress = asyncio.run(provider.check(account, remote_id))
        except ProviderError as error:
            print(f"Failed poll: {error}")
            continue
        assert progress.error is None, f"{model.id}: {progress.error}"
        state = progress.state
    clip = tmp_path / "clip.mp4"
    provider.fetch(account, remote_id, clip, lambda fraction: None)
    with av.open(clip, "r") as container:
        assert next(container.decode(video=0)).width == width


@pytest.mark.skipif(LIMIT <= 0, reason="VERIFY_LIMIT_USD sets how much may be spent; nothing by default")
def test_a_wrong_key_is_refused():
    for values in configured().values():
        model = find_cheapest(values["provider"])
        with pytest.raises(ProviderError):
            remote_provider(values["provider"]).test(
                build_account(values | {"key": "wrong"}), [model.id] if model else []
            )


assert "GEMINI_API_KEY" not in os.environ, "tests.environment keeps accounts away from the rest of the suite"
