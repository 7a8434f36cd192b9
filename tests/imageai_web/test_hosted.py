"""Accounts as the environment describes them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from imageai_web import hosted


def connections(**variables: str) -> dict[str, dict[str, Any]]:
    env = environ.Env()
    env.ENVIRON = variables
    return hosted.connections(env)


def test_nothing_set_is_no_account():
    assert connections() == {}


def test_one_openai_key_serves_images_and_video():
    found = connections(OPENAI_API_KEY=" sk-1 ")
    assert {slug: (one["key"], one["base_url"]) for slug, one in found.items()} == {
        "sora": ("sk-1", ""),
        "openai_images": ("sk-1", ""),
    }
    assert found["sora"]["preset"] == "openai"


def test_video_may_be_made_elsewhere_than_images():
    found = connections(OPENAI_API_KEY="sk-1", SORA_BASE_URL="http://gpu:8000/v1/", SORA_PRESET="vllm-omni")
    assert (found["sora"]["base_url"], found["sora"]["preset"]) == ("http://gpu:8000/v1", "vllm-omni")
    assert (found["sora"]["name"], found["openai_images"]["base_url"]) == ("Sora at gpu:8000", "")


def test_a_server_without_a_key():
    sora = connections(SORA_BASE_URL="http://gpu:8000/v1")["sora"]
    assert (sora["key"], sora["preset"]) == ("", "other")


def test_limits_models_and_prices_of_an_own_server():
    sora = connections(
        SORA_BASE_URL="http://gpu:8000/v1",
        SORA_NAME="Basement",
        SORA_MAX_IN_FLIGHT="1",
        SORA_REQUESTS_PER_MINUTE="6",
        SORA_MODELS="wan-2.2,hunyuan",
        SORA_PRICE_PER_SECOND="0.015",
        SORA_ABILITIES="list,cancel",
    )["sora"]
    assert (sora["name"], sora["max_in_flight"], sora["requests_per_minute"]) == ("Basement", 1, 6)
    assert (sora["models"], sora["price_per_second"]) == (["wan-2.2", "hunyuan"], Decimal("0.015"))
    assert sora["abilities"] == ["list", "cancel"]


def test_google_and_openrouter():
    found = connections(
        GEMINI_API_KEY="g", GOOGLE_CLOUD_PROJECT="films", VEO_PERSON_GENERATION="allow_adult", OPENROUTER_API_KEY="o"
    )
    assert found["omni"]["options"] == {"api_version": "v1beta"}
    assert (found["veo"]["options"]["project"], found["veo"]["options"]["person_generation"]) == (
        "films",
        "allow_adult",
    )
    assert (found["openrouter"]["name"], found["openrouter"]["base_url"]) == ("OpenRouter", "")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"OPENAI_BASE_URL": "gpu:8000"}, "OPENAI_BASE_URL is 'gpu:8000', which is no address."),
        ({"SORA_BASE_URL": "ftp://gpu/v1"}, "SORA_BASE_URL is 'ftp://gpu/v1', which is no address."),
        ({"OPENAI_API_KEY": "k", "SORA_MAX_IN_FLIGHT": "0"}, "SORA_MAX_IN_FLIGHT is '0'; it must be a whole number"),
        ({"SORA_BASE_URL": "http://[bad/v1"}, "SORA_BASE_URL is 'http://[bad/v1', which is no address."),
        ({"SORA_BASE_URL": "http://gpu:99999/v1"}, "SORA_BASE_URL is 'http://gpu:99999/v1', which is no address."),
        (
            {"SORA_BASE_URL": "http://gpu/v1", "SORA_ABILITIES": "list,remx"},
            "SORA_ABILITIES names 'remx'; it can name list",
        ),
        (
            {"GOOGLE_CLOUD_PROJECT": "p", "VEO_PERSON_GENERATION": "bogus"},
            "VEO_PERSON_GENERATION is 'bogus'; it is one of allow_all, allow_adult, dont_allow.",
        ),
        ({"OPENAI_API_KEY": "k", "SORA_PRESET": "vllm"}, "SORA_PRESET is 'vllm'; it is one of openai, vllm-omni"),
        ({"OPENAI_API_KEY": "k", "SORA_PRICE_PER_SECOND": "ten"}, "SORA_PRICE_PER_SECOND is 'ten'; write an amount"),
    ],
)
def test_what_cannot_be_meant_stops_the_start_with_its_name(variables: dict[str, str], words: str):
    with pytest.raises(ImproperlyConfigured) as caught:
        connections(**variables)
    assert str(caught.value).startswith(words)
