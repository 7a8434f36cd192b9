"""Answers of LiteLLM, vLLM-Omni, SGLang and gateways that differ from OpenAI's own."""

from __future__ import annotations

import dataclasses

import pytest

from generation.providers import openai_images, sora
from generation.providers.base import Account, ErrorKind, ImageRequest, Task
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
