"""Connections as environment variables describe them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from imageai_web import provider_env


def connections(**variables: str) -> dict[str, dict[str, Any]]:
    env = environ.Env()
    env.ENVIRON = variables
    return provider_env.connections(env)


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
    assert (sora["models"], sora["price_per_second"]) == (("wan-2.2", "hunyuan"), Decimal("0.015"))
    assert sora["abilities"] == {"list", "cancel"}


def test_limits_are_two_requests_at_once_and_sixty_a_minute_where_nothing_is_set():
    sora = connections(OPENAI_API_KEY="k", SORA_MAX_IN_FLIGHT=" ")["sora"]
    assert (sora["max_in_flight"], sora["requests_per_minute"], sora["price_per_second"]) == (2, 60, Decimal(0))


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
        ({"OPENAI_API_KEY": "k", "SORA_MAX_IN_FLIGHT": "0"}, "SORA_MAX_IN_FLIGHT should be greater than 0, not '0'."),
        (
            {"OPENAI_API_KEY": "k", "SORA_MAX_IN_FLIGHT": "two"},
            "SORA_MAX_IN_FLIGHT should be a whole number, not 'two'",
        ),
        ({"GEMINI_API_KEY": "k", "GEMINI_REQUESTS_PER_MINUTE": "1.5"}, "GEMINI_REQUESTS_PER_MINUTE should be a whole"),
        ({"SORA_BASE_URL": "http://[bad/v1"}, "SORA_BASE_URL is 'http://[bad/v1', which is no address."),
        ({"SORA_BASE_URL": "http://gpu:99999/v1"}, "SORA_BASE_URL is 'http://gpu:99999/v1', which is no address."),
        ({"SORA_BASE_URL": "http://gpu/v1", "SORA_ABILITIES": "list,remx"}, "SORA_ABILITIES should be 'list'"),
        (
            {"GOOGLE_CLOUD_PROJECT": "p", "VEO_PERSON_GENERATION": "bogus"},
            "VEO_PERSON_GENERATION should be one of allow_all, allow_adult, dont_allow, not 'bogus'.",
        ),
        ({"OPENAI_API_KEY": "k", "SORA_PRESET": "vllm"}, "SORA_PRESET should be one of openai, vllm-omni"),
        ({"OPENAI_API_KEY": "k", "SORA_PRICE_PER_SECOND": "ten"}, "SORA_PRICE_PER_SECOND should be a valid decimal"),
        ({"OPENAI_API_KEY": "k", "SORA_PRICE_PER_SECOND": "-1"}, "SORA_PRICE_PER_SECOND should be greater than or"),
        ({"OPENAI_API_KEY": "k", "SORA_PRICE_PER_SECOND": "NaN"}, "SORA_PRICE_PER_SECOND should be a finite number"),
    ],
)
def test_an_invalid_value_stops_the_start_and_names_its_variable(variables: dict[str, str], words: str):
    with pytest.raises(ImproperlyConfigured) as caught:
        connections(**variables)
    assert str(caught.value).startswith(words)


def test_every_invalid_value_of_a_connection_is_named_and_its_key_is_not():
    with pytest.raises(ImproperlyConfigured) as caught:
        connections(SORA_API_KEY="sk-secret", SORA_MAX_IN_FLIGHT="0", SORA_PRICE_PER_SECOND="ten")
    assert str(caught.value) == (
        "SORA_MAX_IN_FLIGHT should be greater than 0, not '0'. SORA_PRICE_PER_SECOND should be a valid decimal, not 'ten'."
    )
