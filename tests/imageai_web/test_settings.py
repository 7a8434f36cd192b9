"""What can be set is explained, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

from generation.providers.registry import PROVIDERS

ROOT = Path(settings.BASE_DIR)
READ = re.compile(r'env\.\w+\("([A-Z_]+)"')
#: By the helpers beside them; without an underscore it is an account.
READ_BY_HELPERS = re.compile(r'env, "([A-Z]+_[A-Z_]+)"')
EXPLAINED = re.compile(r"^# ([A-Z_]+)=", re.MULTILINE)
#: Told by the commands themselves to the processes they start.
INTERNAL = {"IMAGEAI_WEB_PROCESS"}
#: Read by what no module of the settings is: the scripts, the first start, and Google's library.
ELSEWHERE = {"HOST", "PORT", "IMAGEAI_OWNER", "GOOGLE_APPLICATION_CREDENTIALS"}


def of_accounts() -> set[str]:
    """What is read of each provider's account, by its entry in the registry."""
    found: set[str] = set()
    for provider in PROVIDERS.values():
        found |= {*provider.key_variables, *provider.address_variables, *provider.announced_by}
        found |= {option.variable for option in provider.options}
        if provider.makes:
            found |= {f"{provider.prefix}_{name}" for name in ("PRESET", "ABILITIES", "MODELS", "PRICE_PER_SECOND")}
    return found


def test_every_setting_is_explained():
    sources = [(ROOT / "imageai_web" / name).read_text() for name in ("settings.py", "oidc.py")]
    read = {name for source in sources for name in READ.findall(source) + READ_BY_HELPERS.findall(source)} - INTERNAL
    read |= of_accounts()
    explained = set(EXPLAINED.findall((ROOT / ".env.example").read_text()))
    of_each_account = {name for name in explained if name.endswith(("_NAME", "_MAX_IN_FLIGHT", "_REQUESTS_PER_MINUTE"))}
    assert read - explained == set()
    assert explained - read - of_each_account == ELSEWHERE
