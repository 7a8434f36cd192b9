"""The registry of providers. A module is imported at first use, so that a missing SDK disables only its own provider.

To add a provider, write a module and an entry here; docs/providers.md has the steps.
"""

from importlib import import_module
from types import ModuleType
from typing import cast

from generation.providers.base import (
    Ability,
    Account,
    CancelsClips,
    DeletesClips,
    HasThumbnails,
    ImageProvider,
    ListsClips,
    ListsModels,
    LocalRenderer,
    RemoteProvider,
)
from generation.providers.description import Kind, Make, Option, Provider

VIDEO_SERVERS = (
    Make(
        "openai",
        "OpenAI",
        frozenset({Ability.LIST, Ability.DELETE, Ability.REMIX, Ability.EXTEND, Ability.EDIT, Ability.VARIANTS}),
        also=("openai_images",),
    ),
    Make(
        "vllm-omni",
        "vLLM-Omni",
        frozenset({Ability.LIST, Ability.CANCEL, Ability.DELETE, Ability.EXTRA_FIELDS, Ability.FREE_SIZES}),
    ),
    Make("sglang", "SGLang", frozenset({Ability.LIST, Ability.DELETE, Ability.EXTRA_FIELDS, Ability.FREE_SIZES})),
    Make("litellm", "LiteLLM", frozenset({Ability.REMIX, Ability.EXTEND, Ability.EDIT}), also=("openai_images",)),
    Make("other", "Other"),
)
#: By name, in the order of the page.
PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider(
            name="sora",
            module="generation.providers.sora",
            kind=Kind.REMOTE,
            title="Video server",
            family="Sora",
            brings="Sora and open models on a GPU server, gateway or clone",
            how="Set SORA_BASE_URL to a /v1/videos server",
            prefix="SORA",
            key_variables=("SORA_API_KEY", "OPENAI_API_KEY"),
            address_variables=("SORA_BASE_URL", "OPENAI_BASE_URL"),
            announced_by=("SORA_API_KEY", "OPENAI_API_KEY", "SORA_BASE_URL", "OPENAI_BASE_URL"),
            needs_key=False,
            address_help="A server of the /v1/videos protocol. Usually ends in /v1.",
            abilities=frozenset(Ability),
            makes=VIDEO_SERVERS,
        ),
        Provider(
            name="omni",
            module="generation.providers.omni",
            kind=Kind.REMOTE,
            title="Gemini",
            family="Gemini Omni",
            brings="Gemini Omni: clips with sound, frames and references",
            how="Set GEMINI_API_KEY",
            abilities=frozenset({Ability.CANCEL, Ability.DELETE, Ability.EXTEND, Ability.EDIT}),
            prefix="GEMINI",
            key_variables=("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            address_variables=("GOOGLE_GEMINI_BASE_URL",),
            address_help="Leave empty for Google's own.",
            options=(Option(name="api_version", variable="GEMINI_API_VERSION", initial="v1beta"),),
        ),
        Provider(
            name="veo",
            module="generation.providers.veo",
            kind=Kind.REMOTE,
            title="Google Cloud (Veo)",
            family="Veo",
            brings="Veo on Google Cloud",
            how="Set GOOGLE_CLOUD_PROJECT and sign in with Google credentials",
            abilities=frozenset({Ability.EXTEND}),
            prefix="VEO",
            key_variables=("GOOGLE_ACCESS_TOKEN",),
            address_variables=("GOOGLE_VERTEX_BASE_URL",),
            announced_by=("GOOGLE_CLOUD_PROJECT",),
            takes_service_account=True,
            options=(
                Option(
                    name="project",
                    variable="GOOGLE_CLOUD_PROJECT",
                    label="Google Cloud project",
                    is_needed=True,
                    pattern=r"[a-z0-9.:-]{1,100}",
                    example="films-1234",
                ),
                Option(
                    name="location",
                    variable="GOOGLE_CLOUD_LOCATION",
                    label="Location",
                    initial="us-central1",
                    is_needed=True,
                    pattern=r"[a-z]+(-[a-z]+\d+)?",
                    example="us-central1",
                ),
                Option(
                    name="output_gcs_uri",
                    variable="GOOGLE_VEO_OUTPUT_GCS_URI",
                    label="Bucket for finished clips",
                    help="Required to extend clips.",
                    pattern=r"gs://[a-z0-9._-]+(/[\w./-]*)?",
                    example="gs://bucket/takes",
                ),
                Option(
                    name="person_generation",
                    variable="VEO_PERSON_GENERATION",
                    label="People in clips",
                    choices=(
                        ("", "Google's default"),
                        ("allow_all", "Adults and children"),
                        ("allow_adult", "Adults only"),
                        ("dont_allow", "No people"),
                    ),
                ),
                Option(name="storage_url", variable="GOOGLE_STORAGE_URL", is_address=True),
            ),
        ),
        Provider(
            name="openai_images",
            module="generation.providers.openai_images",
            kind=Kind.IMAGES,
            title="OpenAI images",
            brings="images for frames and references",
            how="Set OPENAI_API_KEY",
            flag="openai",
            prefix="OPENAI",
            key_variables=("OPENAI_API_KEY",),
            address_variables=("OPENAI_BASE_URL",),
            address_help="Leave empty for OpenAI's own.",
        ),
        Provider(
            name="openrouter",
            module="generation.providers.openrouter",
            kind=Kind.REMOTE,
            title="OpenRouter",
            family="OpenRouter",
            brings="models of many makers with live prices",
            how="Set OPENROUTER_API_KEY",
            lists_models=True,
            prefix="OPENROUTER",
            key_variables=("OPENROUTER_API_KEY",),
            address_variables=("OPENROUTER_BASE_URL",),
            address_help="Leave empty for OpenRouter's own.",
        ),
        Provider(
            name="animatic",
            module="generation.providers.animatic",
            kind=Kind.LOCAL,
            title="This server",
            family="Animatic",
        ),
    )
}


def find_kind(provider: str) -> Kind | None:
    """None for a provider that has been removed."""
    return PROVIDERS[provider].kind if provider in PROVIDERS else None


def is_local(provider: str) -> bool:
    return find_kind(provider) == Kind.LOCAL


def lists_models(provider: str) -> bool:
    return provider in PROVIDERS and PROVIDERS[provider].lists_models


def providers_of_kind(*kinds: Kind) -> list[str]:
    return [provider.name for provider in PROVIDERS.values() if provider.kind in kinds]


def local_renderer(provider: str) -> LocalRenderer:
    return cast(LocalRenderer, _module(provider))


def remote_provider(provider: str) -> RemoteProvider:
    return cast(RemoteProvider, _module(provider))


def image_provider(provider: str) -> ImageProvider:
    return cast(ImageProvider, _module(provider))


def model_lister(provider: str) -> ListsModels:
    """Only for providers with `lists_models`."""
    return cast(ListsModels, _module(provider))


# -- Operations, or None unless both provider and account declare them -------------------------------------------------


def lister(provider: str, account: Account) -> ListsClips | None:
    return cast(ListsClips | None, _module_for(provider, account, Ability.LIST))


def canceller(provider: str, account: Account) -> CancelsClips | None:
    return cast(CancelsClips | None, _module_for(provider, account, Ability.CANCEL))


def deleter(provider: str, account: Account) -> DeletesClips | None:
    return cast(DeletesClips | None, _module_for(provider, account, Ability.DELETE))


def thumbnailer(provider: str, account: Account) -> HasThumbnails | None:
    return cast(HasThumbnails | None, _module_for(provider, account, Ability.VARIANTS))


def _module_for(provider: str, account: Account, ability: Ability) -> ModuleType | None:
    is_declared = ability in PROVIDERS[provider].abilities and ability in account.abilities
    return _module(provider) if is_declared else None


def _module(provider: str) -> ModuleType:
    return import_module(PROVIDERS[provider].module)
