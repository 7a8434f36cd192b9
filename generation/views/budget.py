"""What may be spent, and what was: caps of a project and its team, and the costs by project, member, model and month."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core.money import CENT
from core.spreadsheets import csv_response
from generation.billing import budget, reports
from generation.models import Budget, LedgerEntry
from projects.loaders import load_project
from projects.models import Project
from teams.access import current_user, load_team, require_role
from teams.models import Membership, Role


class CapsForm(forms.ModelForm[Budget]):
    """Empty means without a cap."""

    AMOUNTS = {"cap_total": "no cap", "cap_month": "no cap", "confirm_above": "never ask"}

    class Meta:
        model = Budget
        fields = ["cap_total", "cap_month", "confirm_above", "warn_at"]
        labels = {
            "cap_total": "In total",
            "cap_month": "Per month",
            "confirm_above": "Ask before a price above",
            "warn_at": "Warn when used, per cent",
        }
        error_messages = {
            "warn_at": dict.fromkeys(
                ["invalid", "required", "min_value", "max_value"], "Enter a whole number from 1 to 100."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, placeholder in self.AMOUNTS.items():
            field = self.fields[name]
            field.widget = forms.NumberInput(attrs={"step": "0.01", "min": "0", "placeholder": placeholder})
            field.error_messages |= {
                "invalid": "Enter an amount such as 25 or 9.50.",
                "min_value": "It cannot be negative.",
            }
            if self.initial.get(name) is not None:
                self.initial[name] = self.initial[name].quantize(CENT)


@require_http_methods(["GET", "HEAD", "POST"])
def project_budget(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody of the team sees it; owners change it."""
    project, role = load_project(request, pk)
    if request.method == "POST":
        require_role(role, Role.OWNER)
    of_team, of_project = budget.team_and_project_budgets(project)
    forms_of = {
        "project": CapsForm(request.POST or None, instance=of_project, prefix="project"),
        "team": CapsForm(request.POST or None, instance=of_team, prefix="team"),
    }
    if request.method == "POST" and all(form.is_valid() for form in forms_of.values()):
        with transaction.atomic():
            for whose, row in zip(("team", "project"), budget.lock_budgets(project), strict=True):
                budget.change_caps(row, forms_of[whose].cleaned_data, current_user(request))
        messages.success(request, "The budget is saved.")
        return redirect("project_budget", pk)
    # The project's latest, and what was decided about its whole team.
    entries = latest(Q(project=project) | Q(project=None, team=project.team))
    return shown(request, role, list(forms_of.values()), whose=project, project=project, entries=entries)


@require_http_methods(["GET", "HEAD", "POST"])
def team_budget(request: HttpRequest, pk: int) -> HttpResponse:
    """What all projects of the team may spend together."""
    team, role = load_team(request, pk)
    if request.method == "POST":
        require_role(role, Role.OWNER)
    form = CapsForm(request.POST or None, instance=budget.team_budget(team), prefix="team")
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            budget.change_caps(budget.lock_team_budget(team.pk), form.cleaned_data, current_user(request))
        messages.success(request, "The budget is saved.")
        return redirect("team_budget", pk)
    return shown(request, role, [form], whose=team, project=None, team=team, entries=latest(Q(team=team)))


def shown(request: HttpRequest, role: Role, forms: list[CapsForm], **context: Any) -> HttpResponse:
    month = budget.current_month()
    context |= {"can_change": role == Role.OWNER}
    context |= {"budgets": [(form, Gauge(form.instance, month)) for form in forms]}
    return render(request, "generation/budget.html", context, status=422 if request.method == "POST" else 200)


def latest(concerned: Q) -> QuerySet[LedgerEntry]:
    entries = LedgerEntry.objects.filter(concerned).select_related("member", "project", "take__scene", "images")
    return entries.order_by("-pk")[:50]


class Gauge:
    """How full a budget is, for people."""

    def __init__(self, row: Budget, month: str) -> None:
        self.row = row
        self.spent_month = row.spent_in(month)
        self.left = row.left(month)
        self.is_nearly_used = row.is_nearly_used(month)


@require_safe
def cost_page(request: HttpRequest) -> HttpResponse:
    """Over all teams of the person; with ?format=csv every line for a spreadsheet."""
    person = current_user(request)
    if request.GET.get("format") == "csv":
        return csv_response("costs.csv", reports.cost_table(person))
    lines = reports.cost_lines(person)
    by = request.GET.get("by", "project")
    by = by if by in reports.GROUPS else "project"
    mine = Budget.objects.filter(team__memberships__in=Membership.objects.open_for_user(person))
    capped = mine.exclude(cap_total=None, cap_month=None).select_related("team", "project", "connection")
    month = budget.current_month()
    context = {
        "groups": reports.group_lines(lines, by),
        "by": by,
        "choices": reports.GROUPS,
        "total": reports.sum_lines(lines),
        "projects": Project.objects.for_person(person),
        "capped": [Gauge(row, month) for row in capped.order_by("team", "project", "pk")],
    }
    return render(request, "generation/costs.html", context)
