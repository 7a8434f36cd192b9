"""Every number field of every form has digits and a range, and absurd numbers get a short answer."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import DecimalValidator, MaxValueValidator, MinValueValidator
from django.test import Client
from django.urls import reverse

import core
import generation
import imageai_web
import projects
import storyboard
import teams
from core import number_fields
from core.numbers import MAX_INTEGER, BadNumber, read_decimal, read_integer
from imageai_web import provider_env
from projects.models import Scene
from tests.attacks.test_odd_values import NAMES, SIGNED_IN_URLS
from tests.attacks.world import OURS, World, rolled_back

ABSURD = [
    "1e100000000",
    "1e-100000000",
    "-1",
    "NaN",
    "Infinity",
    "9" * 400,
    "9" * 5000,
    "١٢",
    "1_000",
    "99999999999999",
]
NUMBERS = (forms.IntegerField, forms.DecimalField, forms.FloatField)


def subclasses(of: type) -> Iterator[type]:
    for found in of.__subclasses__():
        yield found
        yield from subclasses(found)


def our_forms() -> set[type[forms.BaseForm]]:
    for app in (core, generation, imageai_web, projects, storyboard, teams):
        for module in pkgutil.walk_packages(app.__path__, f"{app.__name__}."):
            if not {"migrations", "asgi"}.intersection(module.name.split(".")):
                importlib.import_module(module.name)
    return {form for form in subclasses(forms.BaseForm) if form.__module__.split(".")[0] in OURS}


def is_bounded(form: Any, name: str, field: forms.Field) -> bool:
    validators = list(field.validators)
    model = getattr(getattr(form, "_meta", None), "model", None)
    if model and name in {stored.name for stored in model._meta.fields}:
        validators += model._meta.get_field(name).validators
    upper = [rule.limit_value for rule in validators if isinstance(rule, MaxValueValidator)]
    digits = [rule for rule in validators if isinstance(rule, DecimalValidator) and rule.max_digits]
    has_minimum = any(isinstance(rule, MinValueValidator) for rule in validators)
    return has_minimum and bool(digits or (upper and min(upper) <= MAX_INTEGER))


@pytest.fixture
def forms_seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[forms.BaseForm, str]]:
    """Every number field of each form that is checked or shown, fields that its __init__ added included."""
    seen: list[tuple[forms.BaseForm, str]] = []
    clean = forms.BaseForm.full_clean

    def full_clean(form: forms.BaseForm) -> None:
        seen.extend((form, name) for name, field in form.fields.items() if isinstance(field, NUMBERS))
        clean(form)

    monkeypatch.setattr(forms.BaseForm, "full_clean", full_clean)
    return seen


def test_every_form_class_bounds_its_numbers():
    fields = [(form, name, field) for form in our_forms() for name, field in getattr(form, "base_fields", {}).items()]
    numbers = [(form, name, field) for form, name, field in fields if isinstance(field, NUMBERS)]
    assert {name for _, name, _ in numbers} >= {"cap_month", "count", "duration", "seconds", "seed", "take", "warn_at"}
    assert [f"{form.__name__}.{name}" for form, name, field in numbers if not is_bounded(form, name, field)] == []


@pytest.mark.django_db
def test_every_page_answers_absurd_numbers_shortly(
    world: World, visitors: dict[str, Client], forms_seen: list[tuple[forms.BaseForm, str]]
):
    owner = visitors["alice"]
    posted: set[str] = set(NAMES)
    pages = set()
    for pattern in SIGNED_IN_URLS:
        with rolled_back(owner):
            owner.post(world.address(pattern), dict.fromkeys(posted, "1"))
        if forms_seen:
            pages.add(world.address(pattern))
            posted |= {form.add_prefix(name) for form, name in forms_seen}
            unbounded = [name for form, name in forms_seen if not is_bounded(form, name, form.fields[name])]
            assert unbounded == [], pattern.name
            forms_seen.clear()
    assert len(pages) > 10

    for value in ABSURD:
        for page in pages:
            with rolled_back(owner):
                began = time.monotonic()
                answer = owner.post(page, dict.fromkeys(posted, value), headers={"HX-Request": "true"})
            assert answer.status_code < 500, (page, value)
            assert len(answer.content) < 300_000 + 60 * len(value), (page, value)
            assert time.monotonic() - began < 5, (page, value)
            for form, name in forms_seen:
                taken = form.cleaned_data.get(name) if form.is_bound and hasattr(form, "cleaned_data") else None
                assert taken is None or abs(taken) < 10**9, (page, name, value)
            forms_seen.clear()


@pytest.mark.django_db
@pytest.mark.parametrize("value", ABSURD)
def test_an_absurd_moment_of_a_clip_is_named_as_an_error(value: str, world: World, visitors: dict[str, Client]):
    take = world.objects["takes"]
    answer = visitors["bob"].post(
        reverse("take_frame", args=[take.pk]),
        {"use": "start_frame", "moment": "at", "seconds": value},
        headers={"HX-Request": "true"},
    )
    assert (answer.status_code, len(answer.content) < 200) == (422, True)


@pytest.mark.parametrize("value", ABSURD)
def test_a_number_field_takes_a_few_plain_digits(value: str):
    whole = number_fields.IntegerField(min_value=0, max_value=100)
    exact = number_fields.DecimalField(min_value=0, max_value=100, decimal_places=2)
    for field in (whole, exact):
        with pytest.raises(ValidationError):
            field.clean(value)
    for read in (read_integer, lambda text: read_decimal(text, most=100)):
        with pytest.raises(BadNumber, match="number from 0 to"):
            read(value)
    assert (whole.clean("12"), exact.clean("12.5")) == (12, Decimal("12.5"))


@pytest.mark.django_db
def test_a_seed_that_one_database_could_not_store_is_refused_by_both(scene: Scene, visitors: dict[str, Client]):
    scene.seed = 99_999_999_999_999
    with pytest.raises(ValidationError) as refused:
        scene.full_clean()
    assert list(refused.value.message_dict) == ["seed"]


@pytest.mark.django_db
def test_nested_brackets_do_not_exhaust_the_parser(scene: Scene, visitors: dict[str, Client]):
    answer = visitors["bob"].post(reverse("scene_page", args=[scene.pk]), {"seen": "[" * 100_000})
    assert answer.status_code == 422


@pytest.mark.parametrize("value", [*ABSURD, "0"])
def test_the_server_does_not_start_with_an_absurd_setting(value: str, monkeypatch: pytest.MonkeyPatch):
    from imageai_web.settings import env

    monkeypatch.setenv("IMAGEAI_LEASE_SECONDS", value)
    monkeypatch.setenv("IMAGEAI_MEDIA_WORKERS", value)
    with pytest.raises(ImproperlyConfigured, match=r"IMAGEAI_LEASE_SECONDS: .* is not a number from"):
        provider_env.number(env, "IMAGEAI_LEASE_SECONDS", 20.0, least=0.1, most=3600)
    with pytest.raises(ImproperlyConfigured, match=r"IMAGEAI_MEDIA_WORKERS: .* is not a whole number from 1 to 256"):
        provider_env.whole(env, "IMAGEAI_MEDIA_WORKERS", 2, most=256)
