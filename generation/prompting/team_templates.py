"""A team's copies of the prompt templates, which replace the built-in ones in its projects."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from generation.models import PromptTemplate
from generation.prompting.rendering import Template
from teams import activity
from teams.models import Team, User, Verb


@transaction.atomic
def save_copy(team: Team, template: Template, text: str, member: User) -> None:
    changes = {"text": text, "changed_by": member, "changed_at": Now()}
    PromptTemplate.objects.update_or_create(team=team, name=template.name, defaults=changes)
    activity.record(Verb.PROMPT_EDITED, member, template.title, team=team.pk, page=("prompt_templates", team.pk))


@transaction.atomic
def delete_copy(team: Team, template: Template, member: User) -> bool:
    """Returns False if the team had no copy."""
    deleted, _ = PromptTemplate.objects.filter(team=team, name=template.name).delete()
    if deleted:
        activity.record(Verb.PROMPT_RESET, member, template.title, team=team.pk, page=("prompt_templates", team.pk))
    return bool(deleted)
