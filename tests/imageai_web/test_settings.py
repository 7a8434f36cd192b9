""".env.example documents every environment variable, and no others."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from bench.installation import clean_environment
from generation.providers.registry import PROVIDERS

ROOT = Path(settings.BASE_DIR)
READ = re.compile(r'env\.\w+\("([A-Z_]+)"')
#: Read through helper functions. Names without an underscore are provider prefixes.
READ_BY_HELPERS = re.compile(r'env, "([A-Z]+_[A-Z_]+)"')
DOCUMENTED = re.compile(r"^# ([A-Z_]+)=", re.MULTILINE)
#: Set by our commands for the processes they start.
INTERNAL = {"IMAGEAI_WEB_PROCESS"}
#: Read elsewhere: by the scripts, at the first start, and by Google's library.
ELSEWHERE = {"HOST", "PORT", "IMAGEAI_OWNER", "GOOGLE_APPLICATION_CREDENTIALS"}


def find_provider_variables() -> set[str]:
    variables: set[str] = set()
    for provider in PROVIDERS.values():
        variables |= {*provider.key_variables, *provider.address_variables, *provider.announced_by}
        variables |= {option.variable for option in provider.options}
        if provider.makes:
            variables |= {f"{provider.prefix}_{name}" for name in ("PRESET", "ABILITIES", "MODELS", "PRICE_PER_SECOND")}
    return variables


def test_env_example_documents_every_variable():
    sources = [(ROOT / "imageai_web" / name).read_text() for name in ("settings.py", "oidc.py")]
    read = {name for source in sources for name in READ.findall(source) + READ_BY_HELPERS.findall(source)} - INTERNAL
    read |= find_provider_variables()
    documented = set(DOCUMENTED.findall((ROOT / ".env.example").read_text()))
    per_provider = {
        name for name in documented if name.endswith(("_NAME", "_MAX_IN_FLIGHT", "_REQUESTS_PER_MINUTE", "_CAP_MONTH"))
    }
    assert read - documented == set()
    assert documented - read - per_provider == ELSEWHERE


def test_what_is_written_is_for_its_user_alone(tmp_path: Path):
    program = "import django; django.setup(); import logging; logging.warning('x')"
    environment = clean_environment() | {
        "IMAGEAI_DATA": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "imageai_web.settings",
    }
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)
    logs = tmp_path / "data" / "logs"
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (logs, logs / "imageai.log")}
    assert modes == {"logs": "0o700", "imageai.log": "0o600"}
