"""Imports scripts and exports storyboards."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from core.attachments import attachment_response
from core.htmx import HtmxHttpRequest
from core.once import create_once
from core.spreadsheets import csv_response
from core.text import file_stem
from projects.exporters import fountain, table
from projects.loaders import load_project
from projects.models import Project, Scene
from storyboard import bulk
from storyboard.forms.script import ImportForm, ScriptForm
from storyboard.views.undo import offer_entry_undo
from teams.access import current_user
from teams.models import Role


def render_preview(request: HtmxHttpRequest, form: ScriptForm, project: Project | None = None) -> HttpResponse:
    # The preview alone, for HTMX while the person types.
    context = {"script": form, "project": project, "alone": True}
    return render(request, "storyboard/_script_preview.html", context, status=422 if form.errors else 200)


def add_scenes(request: HtmxHttpRequest, form: ScriptForm, project: Project, *, after: int | None = None) -> Scene:
    """Add the selected scenes and offer to undo that. Returns the first one. Raises ValidationError."""
    added, change = bulk.import_scenes(project, form.scenes(project), after=after, member=current_user(request))
    offer_entry_undo(request, change.text, change.entry)
    return added[0]


@require_http_methods(["GET", "HEAD", "POST"])
@create_once
def script_import(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    if request.method == "POST":
        form = ImportForm(request.POST, request.FILES, project=project)
    else:
        form = ImportForm(initial={"after": request.GET.get("after")}, project=project)
    is_valid = form.is_valid()
    if request.htmx:
        return render_preview(request, form, project)
    if is_valid and form.was_previewed:
        after = form.cleaned_data["after"]
        try:
            first = add_scenes(request, form, project, after=after.pk if after else None)
            return redirect(f"{reverse('storyboard', args=[pk])}#scene-{first.pk}")
        except ValidationError as error:
            form.add_error(None, error)
    context = {"script": form, "project": project}
    return render(request, "storyboard/script_import.html", context, status=422 if form.errors else 200)


@require_safe
def scenes_csv(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    project, _ = load_project(request, pk)
    name = f"{file_stem(project.title, 'storyboard')}.csv"
    return csv_response(name, table.build_rows(project.scenes.filter(deleted_at=None)))


@require_safe
def scenes_fountain(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    project, _ = load_project(request, pk)
    name = f"{file_stem(project.title, 'storyboard')}.fountain"
    script = fountain.write_fountain(project, project.scenes.filter(deleted_at=None))
    return attachment_response(name, "text/plain; charset=utf-8", script)
