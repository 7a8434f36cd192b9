"""Answers of LiteLLM, vLLM-Omni, SGLang and gateways that differ from OpenAI's own."""

from __future__ import annotations

import dataclasses

import pytest

from generation.providers import openai_images, openrouter, sora
from generation.providers.base import Account, ErrorKind, ImageRequest, Task
from tests.commands import KEY
from tests.generation.providers.conftest import a_picture, a_request, catch_error
from tests.generation.providers.test_sora import account_at
from tests.standin import Fault, StandIn


@pytest.fixture
def account(stand_in: StandIn) -> Account:
    return account_at(stand_in, "litellm")


@pytest.mark.parametrize("task", list(Task))
def test_a_proxy_does_not_repeat_a_clip_whose_answer_was_lost(stand_in, account, task):
    request = a_request(source_id=sora.submit(account, a_request()))
    stand_in.state.charges.clear()
    stand_in.state.fail(f"sora.{task}", Fault(drop=True))

    error = catch_error(sora.submit, account, dataclasses.replace(request, task=task))

    assert (error.kind, len(stand_in.state.charges)) == (ErrorKind.UNKNOWN, 1)


@pytest.mark.parametrize("operation", ["generate", "edit"])
def test_a_proxy_does_not_repeat_images_whose_answer_was_lost(stand_in, account, tmp_path, operation):
    images = (a_picture(tmp_path / "in.png"),) if operation == "edit" else ()
    stand_in.state.fail(f"images.{operation}", Fault(drop=True))

    error = catch_error(openai_images.make, account, ImageRequest("A boat.", "gpt-image-2", images=images))

    assert (error.kind, len(stand_in.state.charges)) == (ErrorKind.UNKNOWN, 1)


@pytest.mark.parametrize("status", [429, 400])
def test_a_budget_of_the_proxy_is_quota_and_not_a_rate_limit(stand_in, account, status):
    message = "Budget has been exceeded! Current cost: 10.2, Max budget: 10.0"
    error = {"message": message, "type": "budget_exceeded", "param": None, "code": str(status)}
    stand_in.state.fail("sora.create", Fault(status=status, body={"error": error}))
    stand_in.state.fail("images.generate", Fault(status=status, body={"error": error}))

    clip = catch_error(sora.submit, account, a_request())
    images = catch_error(openai_images.make, account, ImageRequest("A boat.", "gpt-image-2"))

    assert [(error.kind, error.message) for error in (clip, images)] == [(ErrorKind.QUOTA, message)] * 2


@pytest.mark.parametrize(
    ("headers", "inner", "seconds"),
    [
        ({"llm_provider-retry-after": "20"}, {}, 20),
        ({"retry-after-ms": "1500"}, {}, 1.5),
        ({"retry-after": "1", "llm_provider-retry-after": "30"}, {}, 30),
        ({}, {"headers": {"Retry-After": 12}}, 12),
        ({}, {"metadata": {"headers": {"retry-after-ms": "2500"}}}, 2.5),
        ({"retry-after": "soon"}, {"headers": ["retry-after"], "metadata": "none"}, None),
    ],
)
def test_a_wait_is_read_wherever_a_server_asks_for_it(stand_in, account, headers, inner, seconds):
    body = {"error": {"message": "Slow down", **inner}}
    stand_in.state.fail("sora.create", Fault(status=429, body=body, headers=headers))
    stand_in.state.fail("openrouter.create", Fault(status=429, body=body, headers=headers))
    at_openrouter = Account(base_url=f"{stand_in.url}/openrouter/api/v1", key=KEY)

    clip = catch_error(sora.submit, account, a_request())
    other = catch_error(openrouter.submit, at_openrouter, a_request(model="google/veo-3.1"))

    assert (clip.retry_after, other.retry_after) == (seconds, seconds)
