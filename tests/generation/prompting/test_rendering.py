"""From a scene to the words a model is given."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generation import catalogue, prompting
from generation.models import PromptTemplate
from generation.prompting import TEMPLATES
from generation.prompting.samples import EVERY_FIELD
from projects import presets
from projects.models import Project, Scene
from teams.models import Team

PROVIDERS = {"sora": "sora-2", "veo": "veo-3.1-generate-001", "omni": "gemini-omni-1.2-flash"}
FULL = {
    "title": "The match",
    "action": "His hands strike a match.\nHe lowers it to the wick",
    "subject": "A keeper in a yellow oilskin",
    "dialogue": 'KEEPER: "Not tonight."\nBOY (whispering): Why not?',
    "shot_type": "close-up",
    "camera_move": "pan-right",
    "location": "The lantern room",
    "time_of_day": "night",
    "weather": "rain",
    "atmosphere": "Lonely, patient",
    "light_effects": "The beam sweeps through the spray",
    "particles": "Sea fog",
    "motion_quality": "Slow and heavy",
    "physics": "Waves break and run back",
    "continuity": "He carries the lamp in his left hand",
    "negative_prompt": "Text, logos",
}


def scene_of(**fields: object) -> Scene:
    values: dict[str, object] = {"title": "One", "action": "It rains.", "duration": Decimal(7), "position": 1}
    return Scene(project=Project(title="P", aspect_ratio="9:16", resolution="1080p"), **(values | fields))


@pytest.mark.parametrize("model_id", PROVIDERS.values(), ids=PROVIDERS)
def test_everything_that_was_written_is_in_the_prompt(model_id: str):
    prompt = prompting.render(scene_of(**FULL), catalogue.find(model_id))
    words = ["strike a match", "to the wick", "yellow oilskin", "Not tonight.", "Why not?", "lantern room", "left hand"]
    words += ["Lonely, patient", "sweeps through the spray", "Sea fog", "Slow and heavy", "run back"]
    assert [word for word in words if word not in prompt] == []


@pytest.mark.parametrize("model_id", PROVIDERS.values(), ids=PROVIDERS)
def test_empty_fields_leave_no_holes(model_id: str):
    prompt = prompting.render(scene_of(), catalogue.find(model_id))
    assert "It rains." in prompt
    assert re.search(r"None|: *$|: *\.|,\s*,|\(\)|  |\.\.|\{|\}", prompt, re.MULTILINE) is None


@pytest.mark.parametrize("model_id", PROVIDERS.values(), ids=PROVIDERS)
@pytest.mark.parametrize("fields", [{}, FULL], ids=["plain", "full"])
def test_sizes_and_seconds_are_never_words(model_id: str, fields: dict[str, object]):
    prompt = prompting.render(scene_of(**fields), catalogue.find(model_id))
    assert re.search(r"9:16|1080|1920|\b7\b|seconds?\b|720p", prompt) is None


def test_what_to_avoid_is_said_where_there_is_no_field_for_it():
    scene = scene_of(negative_prompt="Text, logos")
    assert "Text, logos" in prompting.render(scene, catalogue.find("sora-2"))
    assert "Text, logos" not in prompting.render(scene, catalogue.find("veo-3.1-generate-001"))


def test_an_own_prompt_is_sent_as_it_stands():
    scene = scene_of(own_prompt="  Just a boat. {{ shot }}  ", negative_prompt="Rain")
    assert prompting.render(scene, catalogue.find("veo-3.1-generate-001")) == "Just a boat. {{ shot }}"
    assert prompting.render(scene, catalogue.find("sora-2")) == "Just a boat. {{ shot }}\nAvoid: Rain."


def test_a_provider_without_a_template_of_its_own_gets_the_common_one():
    import dataclasses

    model = dataclasses.replace(catalogue.find("sora-2"), provider="somebody")
    assert prompting.render(scene_of(), model) == prompting.render(scene_of(), catalogue.find("sora-2"))


def test_what_people_write_is_text_and_no_template():
    prompt = prompting.render(scene_of(action="{{ 7*7 }} {% for x in y %}"), catalogue.find("sora-2"))
    assert "{{ 7*7 }} {% for x in y %}" in prompt


def test_a_still_has_no_movement_and_no_dialogue():
    prompt = prompting.render_frame(scene_of(**FULL))
    assert ("strike a match" in prompt, "Not tonight" in prompt, "Pan right" in prompt) == (True, False, False)


# -- No holes, whatever is filled ----------------------------------------------------------------------------------------

HOLES = re.compile(r"None|: *$|:\s*[.,]|,\s*[,.]|\(\)|  |\.\.|^[ .,]|[{}\[\]|]|^- *$", re.MULTILINE)
#: A label in front of a list is the one that may end a line.
LISTS = ("Dialogue:", "What is said, heard and not written:")
TEXTS = [name for name in EVERY_FIELD if name not in presets.all_presets()]
ODD = [
    "",
    " ",
    "-",
    "...",
    "\n\n",
    "- \n-",
    " , ;: ",
    "One\r\nTwo.",
    "* A\n* B!",
    '"Said"',
    "ANNA:\nYes.\nNo",
    "…",
    ":",
]


def holes_in(prompt: str) -> list[str]:
    return [line for line in prompt.split("\n") if line not in LISTS and HOLES.search(line)]


def prompts_of(scene: Scene) -> dict[str, str]:
    every = {name: prompting.render_with(template.text, name, scene) for name, template in TEMPLATES.items()}
    return every | {"still": prompting.render_frame(scene)}


@given(fields=st.sets(st.sampled_from(sorted(EVERY_FIELD))))
@settings(max_examples=150, deadline=None)
def test_any_set_of_filled_fields_leaves_no_holes(fields: set[str]):
    scene = scene_of(**{name: EVERY_FIELD[name] for name in fields})
    assert {name: found for name, prompt in prompts_of(scene).items() if (found := holes_in(prompt))} == {}


@given(fields=st.dictionaries(st.sampled_from(TEXTS), st.sampled_from(ODD)))
@settings(max_examples=150, deadline=None)
def test_fields_that_say_nothing_leave_no_holes(fields: dict[str, str]):
    prompts = prompts_of(scene_of(**fields))
    assert {name: found for name, prompt in prompts.items() if (found := holes_in(prompt.replace("...", "")))} == {}


@given(fields=st.dictionaries(st.sampled_from(TEXTS), st.text(max_size=60)))
@settings(max_examples=150, deadline=None)
def test_any_text_is_one_line_of_the_prompt_without_double_spaces(fields: dict[str, str]):
    for prompt in prompts_of(scene_of(**fields)).values():
        lines = prompt.split("\n") if prompt else []
        assert [line for line in lines if not line.strip() or "  " in line] == []


def test_what_happens_is_told_in_its_order_to_models_that_follow_beats():
    scene = scene_of(action="She runs.\nShe falls\n- She laughs")
    told = "First: She runs. Then: She falls. Finally: She laughs."
    found = {name: told in prompting.render(scene, catalogue.find(model_id)) for name, model_id in PROVIDERS.items()}
    assert found == {"sora": False, "veo": True, "omni": True}


@pytest.mark.parametrize("model_id", PROVIDERS.values(), ids=PROVIDERS)
def test_lighting_goes_before_what_else_is_said_of_the_light(model_id: str):
    scene = scene_of(lighting="rembrandt", light_effects="The lamp swings")
    for prompt in (prompting.render(scene, catalogue.find(model_id)), prompting.render_frame(scene)):
        assert "ight: Rembrandt lighting, The lamp swings." in prompt


def test_going_on_by_hand_sends_the_same_until_something_is_changed():
    scene = scene_of(**FULL)
    for name, model_id in PROVIDERS.items():
        before = prompting.render(scene_of(**FULL), catalogue.find(model_id))
        scene.own_prompt = prompting.draft_own_prompt(scene_of(**FULL), name)
        assert prompting.render(scene, catalogue.find(model_id)) == before


# -- A team's copies -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_teams_copy_makes_the_prompt_for_its_own_scenes_only(scene: Scene, team: Team):
    other = Project.objects.create(team=Team.objects.create(name="Else"), title="Else")
    elsewhere = Scene(project=other, title="One", action="It rains.")
    before = prompting.render(elsewhere, catalogue.find("sora-2"))
    PromptTemplate.objects.create(team=team, name="sora", text="Ours: {{ shot.title }}")
    assert prompting.render(scene, catalogue.find("sora-2")) == "Ours: Scene 1"
    assert prompting.render(elsewhere, catalogue.find("sora-2")) == before
    assert "Ours" not in prompting.render(scene, catalogue.find("veo-3.1-generate-001"))


@pytest.mark.django_db
def test_a_copy_that_is_no_longer_allowed_is_passed_over(scene: Scene, team: Team, caplog):
    before = prompting.render(scene, catalogue.find("sora-2"))
    PromptTemplate.objects.create(team=team, name="sora", text="{% for x in y %}{% endfor %}")
    assert prompting.render(Scene.objects.get(), catalogue.find("sora-2")) == before
    assert "is passed over: Line 1: A loop is not allowed" in caplog.text
