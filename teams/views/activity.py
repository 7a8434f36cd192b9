"""The activity log of a team: newest first, with filters, and as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from core.money import CURRENCY
from core.spreadsheets import csv_response
from core.text import file_stem
from teams.access import load_team, parse_id
from teams.models import Activity, Team
from teams.models.activity import verb_choices

PAGE_SIZE = 50
#: Filter value for entries without a user account.
NO_ACCOUNT = "none"


class DayField(forms.DateField):
    """Limited to years 2000-2999: conversion between time zones overflows at the ends of the calendar."""

    widget = forms.DateInput(attrs={"type": "date"})
    default_validators = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


class ActivityFilter(forms.Form):
    """Empty fields do not filter."""

    who = forms.ChoiceField(label="Person", required=False)
    did = forms.ChoiceField(label="Action", required=False)
    project = forms.ChoiceField(required=False)
    since = DayField(label="From", required=False)
    until = DayField(label="Until", required=False)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"auto_id": "filter_%s"})
        people = team.activities.order_by().values_list("actor").annotate(name=Max("actor_name"))
        users = sorted(((str(pk), name) for pk, name in people if pk), key=lambda user: user[1].casefold())
        self._set_choices("who", "Everyone", [*users, (NO_ACCOUNT, "Administrators and deleted accounts")])
        self._set_choices("did", "All actions", verb_choices())
        titles = team.activities.order_by().exclude(project_id=None).values_list("project_id")
        projects = [(str(pk), title) for pk, title in titles.annotate(title=Max("project_title"))]
        self._set_choices("project", "All projects", sorted(projects, key=lambda project: project[1].casefold()))

    def _set_choices(self, name: str, empty_label: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", empty_label), *choices]

    def apply(self, activities: QuerySet[Activity]) -> QuerySet[Activity]:
        filters = self.cleaned_data
        if actor := filters["who"]:
            activities = activities.filter(actor=None if actor == NO_ACCOUNT else actor)
        if verb := filters["did"]:
            activities = activities.filter(Q(verb=verb) | Q(verb__startswith=f"{verb}."))
        if project := filters["project"]:
            activities = activities.filter(project_id=project)
        if filters["since"]:
            activities = activities.filter(created_at__gte=_start_of_day(filters["since"]))
        if filters["until"]:
            activities = activities.filter(created_at__lt=_start_of_day(filters["until"] + timedelta(days=1)))
        return activities

    def query_string(self, **more: object) -> str:
        values = {name: self.data.get(name) for name in self.fields if self.data.get(name)}
        return f"?{urlencode(values | more)}"


def _start_of_day(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@require_safe
def activity(request: HttpRequest, pk: int) -> HttpResponse:
    # `?before=` is the id of an entry and shows older ones: new entries do not shift pages. `?format=csv` exports all.
    team, role = load_team(request, pk)
    form = ActivityFilter(request.GET, team=team)
    before_text = request.GET.get("before", "")
    before = parse_id(before_text)
    if before_text and before is None:
        return HttpResponseBadRequest("“before” is not the id of an entry.")
    activities = form.apply(team.activities.all()) if form.is_valid() else team.activities.none()
    if request.GET.get("format") == "csv" and form.is_valid():
        return csv_response(f"{file_stem(team.name, 'team')}-activity.csv", list_cells(activities))
    rows = list((activities.filter(pk__lt=before) if before else activities)[: PAGE_SIZE + 1])
    context: dict[str, Any] = {"team": team, "role": role, "form": form, "rows": rows[:PAGE_SIZE], "before": before}
    context["is_filtered"] = any(form.data.get(name) for name in form.fields)
    context["older"] = form.query_string(before=rows[PAGE_SIZE - 1].pk) if len(rows) > PAGE_SIZE else ""
    context |= {"newest": form.query_string(), "csv": form.query_string(format="csv")}
    return render(request, "teams/activity.html", context, status=200 if form.is_valid() else 400)


def list_cells(activities: Iterable[Activity]) -> Iterator[list[object]]:
    yield ["Time", "Person", "Kind", "Action", "Details", "Project", f"Amount ({CURRENCY})"]
    for entry in activities:
        yield [
            timezone.localtime(entry.created_at).isoformat(sep=" ", timespec="seconds"),
            entry.actor_name,
            entry.kind,
            entry.get_verb_display(),
            entry.what,
            entry.project_title,
            entry.amount,
        ]
