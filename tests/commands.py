"""Runs `manage.py` commands in this process as from a shell, with the stand-in as every provider."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import load_command_class

from generation.pipeline import fetch, reconcile, submit
from teams.models import Team
from tests.standin import StandIn
from tests.storyboard.test_references import plain

KEY = "sk-secret-of-alice"


class CommandResult:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


@pytest.fixture
def run(
    team: Team, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., CommandResult]:
    monkeypatch.setattr(submit, "FIRST_POLL_SECONDS", 0.05)
    monkeypatch.setattr(reconcile, "LOOK_UP_AFTER_SECONDS", 0.05)
    for module in (reconcile, fetch):
        monkeypatch.setattr(module, "back_off", lambda attempt, error=None: 0.01)

    def run(*arguments: object) -> CommandResult:
        name, *rest = [str(argument) for argument in arguments]
        capsys.readouterr()
        command = load_command_class("generation", name)
        code = 0
        try:
            command.run_from_argv(["manage.py", name, "--skip-checks", *rest])
        except SystemExit as end:
            code = int(end.code or 0)
        written = capsys.readouterr()
        return CommandResult(code, written.out.strip(), written.err)

    return run


@pytest.fixture
def everywhere(stand_in: StandIn, settings: Any) -> StandIn:
    common = {"key": KEY, "max_in_flight": 9, "requests_per_minute": 99}
    url = stand_in.url
    settings.CONNECTIONS = {
        "sora": common | {"provider": "sora", "name": "Sora", "base_url": f"{url}/openai/v1", "preset": "openai"},
        "omni": common | {"provider": "omni", "name": "Gemini", "base_url": f"{url}/gemini"},
        "veo": common
        | {"provider": "veo", "name": "Google Cloud", "base_url": f"{url}/vertex", "options": {"project": "films"}},
        "openai_images": common
        | {"provider": "openai_images", "name": "OpenAI images", "base_url": f"{url}/openai/v1"},
    }
    return stand_in


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    path = tmp_path / "frame.png"
    path.write_bytes(plain(300, 300))
    return path
