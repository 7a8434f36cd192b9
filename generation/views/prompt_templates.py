"""A team's copies of the prompt templates."""

from __future__ import annotations

from inspect import getdoc

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.htmx import HtmxHttpRequest
from generation.forms.prompt_template import PromptTemplateForm
from generation.prompting import FIELDS, FILTERS, TEMPLATES, Template
from generation.prompting.team_templates import delete_copy, save_copy
from teams.access import current_user, load_team
from teams.models import Role, Team


def load_template(request: HtmxHttpRequest, pk: int, name: str, *, at_least: Role) -> tuple[Team, Template, Role]:
    team, role = load_team(request, pk, at_least=at_least)
    if name not in TEMPLATES:
        raise Http404
    return team, TEMPLATES[name], role


@require_safe
def prompt_templates(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    team, role = load_team(request, pk)
    copies = {copy.name: copy for copy in team.prompt_templates.select_related("changed_by")}
    rows = [(template, copies.get(template.name)) for template in TEMPLATES.values()]
    context = {"team": team, "rows": rows, "can_edit": role.includes(Role.EDITOR)}
    return render(request, "generation/prompt_templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def prompt_template(request: HtmxHttpRequest, pk: int, name: str) -> HttpResponse:
    # Saving unchanged built-in text creates no copy, so that the team gets later versions of it.
    needed = Role.EDITOR if request.method == "POST" else Role.VIEWER
    team, template, role = load_template(request, pk, name, at_least=needed)
    copy = team.prompt_templates.select_related("changed_by").filter(name=name).first()
    form = PromptTemplateForm(request.POST or None, initial={"text": copy.text if copy else template.text})
    if form.is_valid():
        text = form.cleaned_data["text"]
        if text != form.initial["text"]:
            save_copy(team, template, text, current_user(request))
        messages.success(request, "Template saved. It applies to new takes.")
        return redirect("prompt_template", pk, name)
    context = {"team": team, "template": template, "copy": copy, "form": form, "can_edit": role.includes(Role.EDITOR)}
    words = [(name, getdoc(word)) for name, word in FILTERS.items()]
    context |= {"fields": FIELDS, "words": words, "samples": form.samples(name)}
    return render(request, "generation/prompt_template.html", context, status=422 if form.is_bound else 200)


@require_POST
def prompt_template_preview(request: HtmxHttpRequest, pk: int, name: str) -> HttpResponse:
    # Prompts of the sample scenes, or the text's errors. Saves nothing.
    load_template(request, pk, name, at_least=Role.EDITOR)
    form = PromptTemplateForm(request.POST)
    return render(request, "generation/_prompt_samples.html", {"form": form, "samples": form.samples(name)})


@require_POST
def prompt_template_reset(request: HtmxHttpRequest, pk: int, name: str) -> HttpResponse:
    team, template, _ = load_template(request, pk, name, at_least=Role.EDITOR)
    if delete_copy(team, template, current_user(request)):
        messages.success(request, f"Built-in template for {template.title} restored.")
    return redirect("prompt_template", pk, name)
