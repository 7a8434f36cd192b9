"""What the card of a failed take says: one sentence about money, never two, and never against the row."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from generation.models import Generation
from generation.pipeline import resolve
from generation.providers.base import ErrorKind
from generation.states import Status
from generation.takes.failures import NEXT_STEPS, TITLES, explain_failure
from projects.models import Scene
from teams.models import User

MONEY = re.compile(r"\b(charged|spent|paid)\b", re.IGNORECASE)
#: What stores a message on a row.
MESSAGES = {"ProviderError", "storage_error", "NotAClip"}


def messages_in(path: Path) -> Iterator[str]:
    """The literal texts in messages of errors, and in `error_message` and `waiting_for` of rows."""
    for node in ast.walk(ast.parse(path.read_text())):
        values: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            values = [*node.args] if name in MESSAGES else []
            values += [word.value for word in node.keywords if word.arg in ("error_message", "waiting_for")]
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "message":
            values = [node.value]
        for value in values:
            yield from (
                part.value for part in ast.walk(value) if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )


def test_messages_of_errors_leave_money_to_the_one_sentence_about_it():
    folders = [Path(settings.BASE_DIR) / "generation" / name for name in ("pipeline", "providers", "media", "jobs")]
    texts = [text for folder in folders for path in folder.glob("*.py") for text in messages_in(path)]
    assert len(texts) > 100
    assert [text for text in texts if MONEY.search(text)] == []


def test_every_kind_has_a_title_and_a_next_step():
    assert set(TITLES) == set(NEXT_STEPS) == set(ErrorKind)
    assert [text for text in (*TITLES.values(), *NEXT_STEPS.values()) if re.search("charged|spent|paid", text)] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "title", "money"),
    [
        ({"status": Status.UNKNOWN, "error_kind": "unknown"}, "Status unknown", "It may have been charged."),
        (
            {"status": Status.UNKNOWN, "error_kind": "provider", "remote_id": "v1"},
            "Finished, but not downloaded",
            "Charged. The clip can still be downloaded.",
        ),
        ({"status": Status.FAILED, "error_kind": "moderation"}, "Declined by the provider", "Nothing was charged."),
        (
            {"status": Status.FAILED, "error_kind": "lost", "actual_cost": 1},
            "Clip lost by the provider",
            "$1.00 was charged.",
        ),
    ],
)
def test_the_sentence_about_money_is_the_rows(
    scene: Scene, make_take: Callable[..., Generation], fields: dict[str, Any], title: str, money: str
):
    failure = explain_failure(make_take(scene, error_message="The server said no.", **fields))
    assert failure is not None
    assert (failure.title, failure.words, failure.money) == (title, "The server said no.", money)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("decide", "title", "money"),
    [
        (resolve.mark_not_created, "Not created", "Nothing was charged. Generate a new take."),
        (resolve.mark_charged, "Written off", "$0.40 was charged. Ask the provider for a refund"),
    ],
)
def test_a_resolved_take_no_longer_says_that_its_status_is_unknown(
    as_user: Callable[[User], Client],
    scene: Scene,
    make_take: Callable[..., Generation],
    bob: User,
    decide,
    title,
    money,
):
    unknown = {"error_kind": "unknown", "error_message": "The connection dropped.", "estimated_cost": "0.4"}
    take = make_take(scene, status=Status.UNKNOWN, provider="sora", model_id="sora-2", **unknown)
    decide(take, bob)
    for page in (reverse("storyboard", args=[scene.project_id]), reverse("queue")):
        text = as_user(bob).get(page).content.decode()
        assert (title in text, money in text, "The connection dropped." in text) == (True, True, True)
        assert ("Status unknown" in text, "resolve the take" in text, "may have been charged" in text) == (False,) * 3
