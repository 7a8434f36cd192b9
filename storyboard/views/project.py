from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.htmx import HtmxHttpRequest
from core.once import create_once
from core.undo_message import offer_undo
from generation.billing import budget
from generation.media import quota
from projects import scene_edits
from projects.loaders import load_project
from projects.models import Project
from storyboard.board import storyboard_context
from storyboard.forms.scene import ProjectForm
from storyboard.forms.script import ScriptForm
from storyboard.navigation import render_view
from storyboard.project_summaries import summarize_projects
from storyboard.scene_page import upload_context
from storyboard.views.script import add_scenes, render_preview
from teams import activity
from teams.access import can_edit_somewhere, current_user, locked_out_teams, open_teams
from teams.current_team import current_team
from teams.models import Role, Team, Verb


@require_safe
def project_list(request: HtmxHttpRequest) -> HttpResponse:
    user = current_user(request)
    projects = Project.objects.for_person(user).select_related("team")
    team = current_team(request)
    if team is not None:
        projects = projects.filter(team=team)
    context = {
        "summaries": summarize_projects(projects),
        "team": team,
        "storage": _nearly_full(list(open_teams(user)[:2]) if team is None else [team]),
        "can_create": can_edit_somewhere(user),
        "closed_teams": locked_out_teams(user),
    }
    return render(request, "storyboard/project_list.html", context)


def _nearly_full(teams: list[Team]) -> tuple[Team, quota.Usage] | None:
    # The list of several teams' projects says nothing of storage.
    usage = quota.usage_of(teams[0].pk) if len(teams) == 1 else None
    return (teams[0], usage) if usage and usage.is_nearly_full else None


@require_http_methods(["GET", "HEAD", "POST"])
@create_once
def project_create(request: HtmxHttpRequest) -> HttpResponse:
    user = current_user(request)
    if not can_edit_somewhere(user):
        return render(request, "storyboard/project_form.html", {"no_team": True}, status=403)
    form = ProjectForm(request.POST or None, user=user, initial={"team": current_team(request)})
    script = ScriptForm(request.POST, request.FILES, needed=False) if form.is_bound else ScriptForm()
    is_readable = script.is_valid()
    if request.htmx:
        return render_preview(request, script)
    if form.is_valid() and is_readable and (script.parsed is None or script.was_previewed):
        form.instance.created_by = user
        try:
            return redirect("storyboard", create_with_script(request, form, script).pk)
        except ValidationError as error:
            script.add_error(None, error)
    status = 422 if form.errors or script.errors else 200
    return render(request, "storyboard/project_form.html", {"form": form, "script": script}, status=status)


@transaction.atomic
def create_with_script(request: HtmxHttpRequest, form: ProjectForm, script: ScriptForm) -> Project:
    """All or nothing: a script that cannot be imported creates no project. Raises ValidationError."""
    project = form.save()
    activity.record(Verb.PROJECT_CREATED, current_user(request), project=project)
    if script.parsed:
        add_scenes(request, script, project)
    return project


@require_safe
def storyboard(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    return render_view(request, "storyboard", storyboard_context(request, pk))


@require_http_methods(["GET", "HEAD", "POST"])
def project_edit(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    form = ProjectForm(request.POST or None, instance=project, user=current_user(request))
    if form.is_valid():
        scene_edits.write_fields(pk, {}, of_project={name: form.cleaned_data[name] for name in form.changed_data})
        messages.success(request, "Project settings saved.")
        return redirect("storyboard", pk)
    deleted = project.scenes.exclude(deleted_at=None).order_by("-deleted_at")[:50]
    references = project.references.live().filter(scene=None)
    context = {"form": form, "project": project, "deleted_scenes": deleted, "references": references}
    context |= upload_context(project)
    return render(request, "storyboard/project_form.html", context, status=422 if form.is_bound else 200)


@require_POST
def project_duplicate(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    with transaction.atomic():
        copy = scene_edits.duplicate_project(project, current_user(request))
        budget.copy_caps(project, copy)
    messages.success(request, f"“{project.title}” duplicated. This is the copy.")
    return redirect("storyboard", copy.pk)


@require_POST
def project_delete(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    project, _ = load_project(request, pk, at_least=Role.EDITOR)
    scene_edits.delete_project(pk, current_user(request))
    offer_undo(request, f"“{project.title}” deleted.", reverse("project_restore", args=[pk]))
    return redirect("project_list")


@require_POST
def project_restore(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    project, _ = load_project(request, pk, at_least=Role.EDITOR, deleted=True)
    scene_edits.restore_project(pk, current_user(request))
    messages.success(request, f"“{project.title}” restored.")
    return redirect("storyboard", pk)
