"""Reading connections from the environment."""

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


def test_without_variables_there_is_no_connection():
    assert connections() == {}


def test_one_openai_key_configures_images_and_video():
    configured = connections(OPENAI_API_KEY=" sk-1 ")
    assert {slug: (connection["key"], connection["base_url"]) for slug, connection in configured.items()} == {
        "sora": ("sk-1", ""),
        "openai_images": ("sk-1", ""),
    }
    assert configured["sora"]["preset"] == "openai"


def test_video_and_images_can_use_different_servers():
    configured = connections(OPENAI_API_KEY="sk-1", SORA_BASE_URL="http://gpu:8000/v1/", SORA_PRESET="vllm-omni")
    assert (configured["sora"]["base_url"], configured["sora"]["preset"]) == ("http://gpu:8000/v1", "vllm-omni")
    assert (configured["sora"]["name"], configured["openai_images"]["base_url"]) == ("Sora at gpu:8000", "")


def test_a_server_needs_no_key():
    sora = connections(SORA_BASE_URL="http://gpu:8000/v1")["sora"]
    assert (sora["key"], sora["preset"]) == ("", "other")


def test_limits_models_and_price_of_a_self_hosted_server():
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


def test_default_limits_are_two_in_flight_and_sixty_per_minute():
    sora = connections(OPENAI_API_KEY="k", SORA_MAX_IN_FLIGHT=" ")["sora"]
    assert (sora["max_in_flight"], sora["requests_per_minute"], sora["price_per_second"]) == (2, 60, Decimal(0))


def test_google_and_openrouter_options():
    configured = connections(
        GEMINI_API_KEY="g", GOOGLE_CLOUD_PROJECT="films", VEO_PERSON_GENERATION="allow_adult", OPENROUTER_API_KEY="o"
    )
    assert configured["omni"]["options"] == {"api_version": "v1beta"}
    assert (configured["veo"]["options"]["project"], configured["veo"]["options"]["person_generation"]) == (
        "films",
        "allow_adult",
    )
    assert (configured["openrouter"]["name"], configured["openrouter"]["base_url"]) == ("OpenRouter", "")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"OPENAI_BASE_URL": "gpu:8000"}, "OPENAI_BASE_URL is not a valid http(s) URL: 'gpu:8000'."),
        ({"SORA_BASE_URL": "ftp://gpu/v1"}, "SORA_BASE_URL is not a valid http(s) URL: 'ftp://gpu/v1'."),
        ({"OPENAI_API_KEY": "k", "SORA_MAX_IN_FLIGHT": "0"}, "SORA_MAX_IN_FLIGHT should be greater than 0, not '0'."),
        (
            {"OPENAI_API_KEY": "k", "SORA_MAX_IN_FLIGHT": "two"},
            "SORA_MAX_IN_FLIGHT should be a whole number, not 'two'",
        ),
        ({"GEMINI_API_KEY": "k", "GEMINI_REQUESTS_PER_MINUTE": "1.5"}, "GEMINI_REQUESTS_PER_MINUTE should be a whole"),
        ({"SORA_BASE_URL": "http://[bad/v1"}, "SORA_BASE_URL is not a valid http(s) URL: 'http://[bad/v1'."),
        ({"SORA_BASE_URL": "http://gpu:99999/v1"}, "SORA_BASE_URL is not a valid http(s) URL: 'http://gpu:99999/v1'."),
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
def test_an_invalid_value_is_rejected_with_the_name_of_its_variable(variables: dict[str, str], message: str):
    with pytest.raises(ImproperlyConfigured) as caught:
        connections(**variables)
    assert str(caught.value).startswith(message)


def test_all_invalid_values_of_a_connection_are_named_without_its_key():
    with pytest.raises(ImproperlyConfigured) as caught:
        connections(SORA_API_KEY="sk-secret", SORA_MAX_IN_FLIGHT="0", SORA_PRICE_PER_SECOND="ten")
    assert str(caught.value) == (
        "SORA_MAX_IN_FLIGHT should be greater than 0, not '0'. SORA_PRICE_PER_SECOND should be a valid decimal, not 'ten'."
    )
