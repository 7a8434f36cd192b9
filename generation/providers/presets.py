"""What servers of the /v1/videos protocol can do, by their make. Kept apart from the client so that reading it is cheap."""

from generation.providers.base import Ability

PRESETS: dict[str, frozenset[Ability]] = {
    "openai": frozenset({Ability.LIST, Ability.DELETE, Ability.REMIX, Ability.EXTEND, Ability.EDIT, Ability.VARIANTS}),
    "vllm-omni": frozenset({Ability.LIST, Ability.CANCEL, Ability.DELETE, Ability.EXTRA_FIELDS, Ability.FREE_SIZES}),
    "sglang": frozenset({Ability.LIST, Ability.DELETE, Ability.EXTRA_FIELDS, Ability.FREE_SIZES}),
    "litellm": frozenset({Ability.REMIX, Ability.EXTEND, Ability.EDIT}),
    "other": frozenset(),
}
