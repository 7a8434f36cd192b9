"""The log of who did what in a team, for its members: newest first, filtered, and as CSV."""

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

from core.attachments import file_stem
from core.money import CURRENCY
from core.spreadsheets import csv_response
from teams.access import load_team, parse_id
from teams.models import Activity, Team
from teams.models.activity import verb_choices

PAGE = 50
NOBODY = "none"


class DayField(forms.DateField):
    """A day that a time zone and a database can reckon with."""

    widget = forms.DateInput(attrs={"type": "date"})
    default_validators = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


class ActivityFilter(forms.Form):
    """What is left empty does not narrow."""

    who = forms.ChoiceField(label="Person", required=False)
    did = forms.ChoiceField(label="Action", required=False)
    project = forms.ChoiceField(required=False)
    since = DayField(label="From", required=False)
    until = DayField(label="Until", required=False)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs | {"auto_id": "filter_%s"})
        people = team.activities.order_by().values_list("actor").annotate(name=Max("actor_name"))
        known = sorted(((str(pk), name) for pk, name in people if pk), key=lambda person: person[1].casefold())
        self._choices("who", "Everybody", [*known, (NOBODY, "Nobody with an account")])
        self._choices("did", "Everything", verb_choices())
        titles = team.activities.order_by().exclude(project_id=None).values_list("project_id")
        projects = [(str(pk), title) for pk, title in titles.annotate(title=Max("project_title"))]
        self._choices("project", "All projects", sorted(projects, key=lambda project: project[1].casefold()))

    def _choices(self, name: str, everything: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", everything), *choices]

    def narrow(self, activities: QuerySet[Activity]) -> QuerySet[Activity]:
        asked = self.cleaned_data
        if who := asked["who"]:
            activities = activities.filter(actor=None if who == NOBODY else who)
        if did := asked["did"]:
            activities = activities.filter(Q(verb=did) | Q(verb__startswith=f"{did}."))
        if project := asked["project"]:
            activities = activities.filter(project_id=project)
        if asked["since"]:
            activities = activities.filter(created_at__gte=_beginning_of(asked["since"]))
        if asked["until"]:
            activities = activities.filter(created_at__lt=_beginning_of(asked["until"] + timedelta(days=1)))
        return activities

    def query(self, **more: object) -> str:
        """The filter as part of an address."""
        asked = {name: self.data.get(name) for name in self.fields if self.data.get(name)}
        return f"?{urlencode(asked | more)}"


def _beginning_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


@require_safe
def activity(request: HttpRequest, pk: int) -> HttpResponse:
    """`before` is the id of an entry: what is older than that. With ?format=csv all of it for a spreadsheet."""
    team, role = load_team(request, pk)
    form = ActivityFilter(request.GET, team=team)
    asked = request.GET.get("before", "")
    before = parse_id(asked)
    if asked and before is None:
        return HttpResponseBadRequest("Which part of the log is wanted is not known.")
    found = form.narrow(team.activities.all()) if form.is_valid() else team.activities.none()
    if request.GET.get("format") == "csv" and form.is_valid():
        return csv_response(f"{file_stem(team.name, 'team')}-activity.csv", table(found))
    rows = list((found.filter(pk__lt=before) if before else found)[: PAGE + 1])
    context: dict[str, Any] = {"team": team, "role": role, "form": form, "rows": rows[:PAGE], "before": before}
    context["is_filtered"] = any(form.data.get(name) for name in form.fields)
    context["older"] = form.query(before=rows[PAGE - 1].pk) if len(rows) > PAGE else ""
    context |= {"newest": form.query(), "csv": form.query(format="csv")}
    return render(request, "teams/activity.html", context, status=200 if form.is_valid() else 400)


def table(activities: Iterable[Activity]) -> Iterator[list[object]]:
    yield ["When", "Who", "Kind", "Did", "What", "Project", f"Amount ({CURRENCY})"]
    for one in activities:
        at = timezone.localtime(one.created_at).isoformat(sep=" ", timespec="seconds")
        yield [
            at,
            one.actor_name,
            one.kind,
            one.get_verb_display(),
            one.what,
            one.project_title,
            one.amount,
        ]
