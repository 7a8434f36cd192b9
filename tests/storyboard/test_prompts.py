"""Prompts: previews beside the fields, a scene's custom prompt, and a team's templates."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from generation.connections import roster_for
from generation.models import Generation, PromptTemplate, with_takes
from generation.prompting import TEMPLATES, TEXT_LIMIT
from generation.prompting.samples import EVERY_FIELD
from generation.providers.base import Task
from projects.models import Project, Scene, UndoEntry
from storyboard.prompt_previews import build_previews
from teams.models import Team, User
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
FIELDS = {"title": "The match", "action": "It burns.", "duration": "4"}


def prompts_in(page: str) -> dict[str, str]:
    found = re.findall(r'id="prompt-([\w-]+)".*?<pre[^>]*>(.*?)</pre>', page, re.DOTALL)
    return {name: text.replace("&#x27;", "'") for name, text in found}


# -- The preview -------------------------------------------------------------------------------------------------------


def test_scene_page_previews_the_prompt_of_every_template(as_user: AsUser, scene: Scene, vera: User):
    page = as_user(vera).get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert list(prompts_in(page)) == ["sora", "omni", "veo", "frame"]
    assert prompts_in(page)["sora"].startswith("One continuous shot: Something happens.")
    assert "Edit prompt" not in page


def test_preview_follows_the_form_and_saves_nothing(as_user: AsUser, scene: Scene, bob: User):
    url = reverse("prompt_preview", args=[scene.pk])
    answer = as_user(bob).post(url, FIELDS | {"weather": "rain", "continuity": "Left <hand>"}).content.decode()
    prompts = prompts_in(answer)
    assert {name: "It burns." in text for name, text in prompts.items()} == dict.fromkeys(prompts, True)
    assert "Setting: Rain." in prompts["veo"]
    assert "Continuity: Left &lt;hand&gt;." in prompts["sora"]
    assert answer.count('hx-swap-oob="true"') == 4
    scene.refresh_from_db()
    assert (scene.title, scene.weather) == ("Scene 1", "")


def test_preview_uses_saved_values_of_invalid_fields(as_user: AsUser, scene: Scene, bob: User):
    url = reverse("prompt_preview", args=[scene.pk])
    answer = as_user(bob).post(url, FIELDS | {"action": "", "duration": "soon", "weather": "acid"})
    prompt = prompts_in(answer.content.decode())["sora"]
    assert (answer.status_code, "Something happens." in prompt, "acid" in prompt) == (200, True, False)


def test_preview_counts_length_against_the_model_limit(as_user: AsUser, scene: Scene, bob: User):
    url = reverse("prompt_preview", args=[scene.pk])
    answer = (
        as_user(bob).post(url, FIELDS | {"custom_prompt": "x" * 32_000, "negative_prompt": "Rain"}).content.decode()
    )
    assert "32,013 of 32,000" in answer
    assert "13 characters over the limit of Sora 2" in answer
    assert answer.count("Custom prompt") == 3


def test_preview_of_the_chosen_model_is_marked(scene: Scene):
    scene.model_id = "veo-3.1-fast-generate-001"
    previews = build_previews(scene, roster_for(scene.project.team_id))
    chosen = [(preview.template.name, preview.model.id) for preview in previews if preview.is_chosen]
    assert chosen == [("veo", "veo-3.1-fast-generate-001")]


def test_scene_page_shows_the_prompt_of_the_take(as_user: AsUser, scene: Scene, bob: User, make_take):
    make_take(scene, prompt="As it was then.", status="completed", clip=b"clip")
    page = as_user(bob).get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert re.search(r"Sent with take 1:</p>\s*<pre[^>]*>As it was then\.</pre>", page)


def test_preview_of_thirty_scenes_takes_the_queries_of_one(
    as_user: AsUser, scene: Scene, make_scenes, team: Team, bob: User
):
    client, url = as_user(bob), reverse("prompt_preview", args=[scene.pk])
    with count_queries() as few:
        client.post(url, FIELDS)
    make_scenes(29)
    PromptTemplate.objects.create(team=team, name="veo", text="Ours")
    with count_queries() as many:
        client.post(url, FIELDS)
    assert (len(few), len(many)) == (8, 8)


def test_only_members_can_preview(as_user: AsUser, scene: Scene, vera: User, mallory: User):
    url = reverse("prompt_preview", args=[scene.pk])
    assert as_user(vera).post(url, FIELDS).status_code == 200
    assert as_user(mallory).post(url, FIELDS).status_code == 404


# -- A scene's custom prompt ----------------------------------------------------------------------------------------------


def test_edit_prompt_saves_the_form_with_the_rendered_text(as_user: AsUser, scene: Scene, bob: User):
    client, url = as_user(bob), reverse("custom_prompt", args=[scene.pk])
    rendered = prompts_in(client.post(reverse("prompt_preview", args=[scene.pk]), FIELDS).content.decode())["veo"]
    page = client.post(url, FIELDS | {"like": "veo"}, follow=True).content.decode()
    scene.refresh_from_db()
    assert (scene.title, scene.custom_prompt) == ("The match", rendered)
    assert prompts_in(page)["veo"] == rendered
    assert ("Use template" in page, "Edit prompt" in page) == (True, False)
    board = client.get(reverse("storyboard", args=[scene.project_id])).content.decode()
    assert board.count("Custom prompt") == 1


def test_removing_the_custom_prompt_returns_to_the_template(as_user: AsUser, scene: Scene, bob: User):
    Scene.objects.update(custom_prompt="Mine.")
    page = as_user(bob).post(
        reverse("custom_prompt", args=[scene.pk]), FIELDS | {"custom_prompt": "Mine!"}, follow=True
    )
    scene.refresh_from_db()
    assert scene.custom_prompt == ""
    assert prompts_in(page.content.decode())["sora"].startswith("One continuous shot: It burns.")


def test_removing_the_custom_prompt_can_be_undone(as_user: AsUser, scene: Scene, bob: User):
    client, url = as_user(bob), reverse("scene_page", args=[scene.pk])
    Scene.objects.update(custom_prompt="Mine!")
    page = client.post(reverse("custom_prompt", args=[scene.pk]), FIELDS | {"custom_prompt": "Mine!"}, follow=True)
    restore = reverse("undo_entry", args=[UndoEntry.objects.get().pk])
    assert f'formaction="{restore}"' in page.content.decode()
    answer = client.post(restore, headers={"referer": f"http://testserver{url}"})
    assert (answer.headers["Location"], Scene.objects.get().custom_prompt) == (url, "Mine!")


def test_undo_keeps_a_newer_custom_prompt(as_user: AsUser, scene: Scene, bob: User):
    client = as_user(bob)
    Scene.objects.update(custom_prompt="Mine!")
    client.post(reverse("custom_prompt", args=[scene.pk]), FIELDS | {"custom_prompt": "Mine!"})
    Scene.objects.update(custom_prompt="Hers.")
    client.post(reverse("undo_entry", args=[UndoEntry.objects.get().pk]))
    assert Scene.objects.get().custom_prompt == "Hers."


def test_edit_prompt_saves_nothing_if_a_field_is_invalid(as_user: AsUser, scene: Scene, bob: User):
    page = as_user(bob).post(reverse("custom_prompt", args=[scene.pk]), FIELDS | {"like": "sora", "duration": "soon"})
    assert page.status_code == 422
    assert "Enter the seconds as a number" in page.content.decode()
    scene.refresh_from_db()
    assert (scene.title, scene.custom_prompt) == ("Scene 1", "")


def test_removing_the_custom_prompt_saves_nothing_if_a_field_is_invalid(as_user: AsUser, scene: Scene, bob: User):
    Scene.objects.update(custom_prompt="Mine.")
    url = reverse("custom_prompt", args=[scene.pk])
    page = as_user(bob).post(url, FIELDS | {"custom_prompt": "Mine.", "duration": "soon"})
    assert (page.status_code, "Back to the prompt template." in page.content.decode()) == (422, False)
    assert Scene.objects.get().custom_prompt == "Mine."


@pytest.mark.parametrize("like", ["frame", "nothing", "../secret"])
def test_edit_prompt_with_an_unknown_template_400(as_user: AsUser, scene: Scene, bob: User, like: str):
    assert as_user(bob).post(reverse("custom_prompt", args=[scene.pk]), FIELDS | {"like": like}).status_code == 400


def test_only_editors_of_the_team_can_edit_the_prompt(as_user: AsUser, scene: Scene, vera: User, mallory: User):
    url = reverse("custom_prompt", args=[scene.pk])
    assert as_user(vera).post(url, FIELDS | {"like": "sora"}).status_code == 403
    assert as_user(mallory).post(url, FIELDS | {"like": "sora"}).status_code == 404
    scene.refresh_from_db()
    assert scene.custom_prompt == ""


# -- A team's copies -------------------------------------------------------------------------------------------------------


def test_team_template_changes_the_prompts_of_its_scenes(as_user: AsUser, team: Team, scene: Scene, bob: User):
    client, url = as_user(bob), reverse("prompt_template", args=[team.pk, "sora"])
    page = client.post(url, {"text": "Ours:\r\n{{ shot.action }}"}, follow=True).content.decode()
    assert "Edited by Bob" in page
    copy = PromptTemplate.objects.get()
    assert (copy.name, copy.text, copy.changed_by) == ("sora", "Ours:\n{{ shot.action }}", bob)
    shown = client.get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert prompts_in(shown)["sora"] == "Ours:\nSomething happens."
    assert "Edited by Bob" in client.get(reverse("prompt_templates", args=[team.pk])).content.decode()


def test_saving_the_built_in_template_creates_no_copy(as_user: AsUser, team: Team, bob: User):
    url = reverse("prompt_template", args=[team.pk, "veo"])
    as_user(bob).post(url, {"text": TEMPLATES["veo"].text.replace("\n", "\r\n")})
    assert PromptTemplate.objects.count() == 0


def test_reset_returns_to_the_built_in_template(as_user: AsUser, team: Team, bob: User):
    PromptTemplate.objects.create(team=team, name="sora", text="Ours")
    PromptTemplate.objects.create(team=team, name="veo", text="Ours too")
    client, url = as_user(bob), reverse("prompt_template_reset", args=[team.pk, "sora"])
    page = client.post(url, follow=True).content.decode()
    assert "Built-in template for Sora restored." in page
    assert [copy.name for copy in PromptTemplate.objects.all()] == ["veo"]
    assert "is back" not in client.post(url, follow=True).content.decode()


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("A\n{% for x in y %}{% endfor %}", "Line 2: A loop is not allowed in a prompt template."),
        ("{{ shot.secret }}", "Line 1: The shot has no field “secret”."),
        ("", "A template can&#x27;t be empty."),
        ("x" * (TEXT_LIMIT + 1), "A template has at most 6,000 characters; this one has 6,001."),
        ("a\x00b", "Null characters are not allowed."),
    ],
)
def test_invalid_template_is_not_saved(as_user: AsUser, team: Team, bob: User, text: str, note: str):
    client = as_user(bob)
    page = client.post(reverse("prompt_template", args=[team.pk, "sora"]), {"text": text})
    assert (page.status_code, note in page.content.decode()) == (422, True)
    preview = client.post(reverse("prompt_template_preview", args=[team.pk, "sora"]), {"text": text})
    assert (preview.status_code, note in preview.content.decode()) == (200, True)
    assert PromptTemplate.objects.count() == 0


def test_template_preview_shows_full_and_minimal_scene(as_user: AsUser, team: Team, bob: User):
    url = reverse("prompt_template_preview", args=[team.pk, "sora"])
    answer = as_user(bob).post(url, {"text": "{{ shot.action | in_order }} {{ shot.physics }}"}).content.decode()
    texts = re.findall(r"<pre[^>]*>(.*?)</pre>", answer, re.DOTALL)
    steps = (
        "First: His hands strike a match. Then: The flame trembles, then steadies. Finally: He lowers it to the wick."
    )
    assert texts == [f"{steps} {EVERY_FIELD['physics']}", "His hands strike a match."]


def test_viewer_can_read_but_not_change_templates(as_user: AsUser, team: Team, vera: User):
    client, arguments = as_user(vera), [team.pk, "sora"]
    assert client.get(reverse("prompt_templates", args=[team.pk])).status_code == 200
    page = client.get(reverse("prompt_template", args=arguments)).content.decode()
    assert ("<fieldset disabled>" in page, "Save template" in page) == (True, False)
    statuses = [
        client.post(reverse(name, args=arguments), {"text": "x"}).status_code
        for name in ("prompt_template", "prompt_template_preview", "prompt_template_reset")
    ]
    assert statuses == [403, 403, 403]
    assert PromptTemplate.objects.count() == 0


def test_templates_of_another_team_404(as_user: AsUser, team: Team, mallory: User):
    client = as_user(mallory)
    assert client.get(reverse("prompt_templates", args=[team.pk])).status_code == 404
    for name in ("prompt_template", "prompt_template_preview", "prompt_template_reset"):
        assert client.post(reverse(name, args=[team.pk, "sora"]), {"text": "x"}).status_code == 404


def test_unknown_template_404(as_user: AsUser, team: Team, bob: User):
    assert as_user(bob).get(reverse("prompt_template", args=[team.pk, "nothing"])).status_code == 404


def test_take_is_generated_with_the_team_template(scene: Scene, team: Team, bob: User, sora, project: Project):
    from generation import pipeline

    PromptTemplate.objects.create(team=team, name="sora", text="Ours: {{ shot.action }}")
    Scene.objects.update(model_id="sora-2", duration=4)
    pipeline.enqueue(with_takes(Scene.objects.all()).get(), number=1, member=bob)
    take = Generation.objects.get()
    assert (take.task, take.prompt) == (Task.CREATE, "Ours: Something happens.")
