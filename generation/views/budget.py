"""Budgets of projects and teams, and the costs page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core.spreadsheets import csv_response
from generation.billing import budget, reports
from generation.forms.caps import CapsForm
from generation.models import Budget, LedgerEntry
from projects.loaders import load_project
from projects.models import Project
from teams.access import current_user, load_team, require_role
from teams.models import Membership, Role


@require_http_methods(["GET", "HEAD", "POST"])
def project_budget(request: HttpRequest, pk: int) -> HttpResponse:
    # The project's caps and its team's. Every member sees them, owners change them.
    project, role = load_project(request, pk)
    if request.method == "POST":
        require_role(role, Role.OWNER)
    team_row, project_row = budget.team_and_project_budgets(project)
    caps_forms = {
        "project": CapsForm(request.POST or None, instance=project_row, prefix="project"),
        "team": CapsForm(request.POST or None, instance=team_row, prefix="team"),
    }
    if request.method == "POST" and all(form.is_valid() for form in caps_forms.values()):
        with transaction.atomic():
            for name, row in zip(("team", "project"), budget.lock_budgets(project), strict=True):
                budget.change_caps(row, caps_forms[name].cleaned_data, current_user(request))
        messages.success(request, "Budget saved.")
        return redirect("project_budget", pk)
    # A cap of the team has no project; takes of the team's other projects stay out.
    entries = latest_entries(Q(project=project) | Q(project=None, team=project.team))
    return render_budget(
        request, role, list(caps_forms.values()), budget_name=project, project=project, entries=entries
    )


@require_http_methods(["GET", "HEAD", "POST"])
def team_budget(request: HttpRequest, pk: int) -> HttpResponse:
    # The caps on all projects of the team together.
    team, role = load_team(request, pk)
    if request.method == "POST":
        require_role(role, Role.OWNER)
    form = CapsForm(request.POST or None, instance=budget.team_budget(team), prefix="team")
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            budget.change_caps(budget.lock_team_budget(team.pk), form.cleaned_data, current_user(request))
        messages.success(request, "Budget saved.")
        return redirect("team_budget", pk)
    entries = latest_entries(Q(team=team))
    return render_budget(request, role, [form], budget_name=team, project=None, team=team, entries=entries)


def render_budget(request: HttpRequest, role: Role, forms: list[CapsForm], **context: Any) -> HttpResponse:
    month = budget.current_month()
    context |= {"can_change": role == Role.OWNER, "month": budget.month_start(month), "zone": budget.zone_name()}
    context |= {"budgets": [(form, Gauge(form.instance, month)) for form in forms]}
    return render(request, "generation/budget.html", context, status=422 if request.method == "POST" else 200)


def latest_entries(condition: Q) -> QuerySet[LedgerEntry]:
    entries = LedgerEntry.objects.filter(condition).select_related("member", "project", "take__scene", "images")
    return entries.order_by("-pk")[:50]


class Gauge:
    """How much of a budget is used in a month."""

    def __init__(self, row: Budget, month: str) -> None:
        self.row = row
        self.spent_month = row.spent_in(month)
        self.left = row.left(month)
        self.is_nearly_used = row.is_nearly_used(month)


@require_safe
def cost_page(request: HttpRequest) -> HttpResponse:
    # The costs in all of the person's teams; with ?format=csv, one row for each take and image request.
    person = current_user(request)
    if request.GET.get("format") == "csv":
        return csv_response("costs.csv", reports.cost_table(person))
    lines = reports.cost_lines(person)
    by = request.GET.get("by", "project")
    by = by if by in reports.GROUPS else "project"
    budgets = Budget.objects.filter(team__memberships__in=Membership.objects.open_for_user(person))
    capped = budgets.exclude(cap_total=None, cap_month=None).select_related("team", "project", "connection")
    month = budget.current_month()
    context = {
        "groups": reports.group_lines(lines, by),
        "by": by,
        "choices": reports.GROUPS,
        "total": reports.sum_lines(lines),
        "deviating": reports.list_deviating_takes(person),
        "projects": Project.objects.for_person(person),
        "capped": [Gauge(row, month) for row in capped.order_by("team", "project", "pk")],
        "zone": budget.zone_name(),
    }
    return render(request, "generation/costs.html", context)
