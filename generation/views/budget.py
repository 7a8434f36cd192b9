"""What may be spent, and what was: caps of a project and its team, and the costs by project, member, model and month."""

from __future__ import annotations

import csv
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from generation import budget, costs
from generation.cost import CENT
from generation.models import Budget, LedgerEntry
from projects.loaders import load_project
from projects.models import Project
from teams.access import require, signed_in
from teams.models import Role

CURRENCY = "USD"
WARN_AT = 0.8


class CapsForm(forms.ModelForm[Budget]):
    """Empty means without a cap."""

    class Meta:
        model = Budget
        fields = ["cap_total", "cap_month", "confirm_above"]
        labels = {"cap_total": "In total", "cap_month": "Per month", "confirm_above": "Ask before a price above"}
        widgets = {
            name: forms.NumberInput(attrs={"step": "0.01", "min": "0", "placeholder": "no cap"}) for name in fields
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if self.initial.get(name) is not None:
                self.initial[name] = self.initial[name].quantize(CENT)
            field.error_messages |= {
                "invalid": "Enter an amount such as 25 or 9.50.",
                "min_value": "It cannot be negative.",
            }


@require_http_methods(["GET", "POST"])
def project_budget(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody of the team sees it; owners change it."""
    project, role = load_project(request, pk)
    if request.method == "POST":
        require(role, Role.OWNER)
    with transaction.atomic():
        of_team, of_project = budget.locked(project, CURRENCY)
    forms_of = [
        CapsForm(request.POST or None, instance=of_project, prefix="project"),
        CapsForm(request.POST or None, instance=of_team, prefix="team"),
    ]
    if request.method == "POST" and all(form.is_valid() for form in forms_of):
        save_caps(project, forms_of, request)
        messages.success(request, "The budget is saved.")
        return redirect("project_budget", pk)
    month = budget.this_month()
    context = {
        "project": project,
        "can_change": role == Role.OWNER,
        "budgets": [(form, Gauge(form.instance, month)) for form in forms_of],
        "entries": LedgerEntry.objects.filter(project=project).select_related("member", "take")[::-1][:50],
    }
    return render(request, "generation/budget.html", context, status=422 if request.method == "POST" else 200)


def save_caps(project: Project, forms_of: list[CapsForm], request: HttpRequest) -> None:
    with transaction.atomic():
        current = {row.pk: row for row in budget.locked(project, CURRENCY)}
        for form in forms_of:
            budget.change_caps(current[form.instance.pk], form.cleaned_data, signed_in(request))


class Gauge:
    """How full a budget is, for people."""

    def __init__(self, row: Budget, month: str) -> None:
        self.row = row
        self.spent_month = row.spent_in(month)
        self.left = row.left(month)

    @property
    def is_nearly_used(self) -> bool:
        caps = [(self.row.cap_total, self.row.spent), (self.row.cap_month, self.spent_month)]
        return any(cap is not None and float(spent + self.row.reserved) >= WARN_AT * float(cap) for cap, spent in caps)


@require_safe
def cost_page(request: HttpRequest) -> HttpResponse:
    """Over all teams of the person; with ?format=csv every line for a spreadsheet."""
    lines = costs.lines_for(signed_in(request))
    if request.GET.get("format") == "csv":
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="costs.csv"'
        writer = csv.writer(response)
        writer.writerows(costs.as_table(lines))
        return response
    by = request.GET.get("by", "project")
    by = by if by in costs.GROUPS else "project"
    context = {"groups": costs.grouped(lines, by), "by": by, "choices": costs.GROUPS, "totals": costs.totals(lines)}
    return render(request, "generation/costs.html", context)
