"""From a scene to the prompt for a model."""

from __future__ import annotations

import dataclasses
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


def build_scene(**fields: object) -> Scene:
    values: dict[str, object] = {"title": "One", "action": "It rains.", "duration": Decimal(7), "position": 1}
    return Scene(project=Project(title="P", aspect_ratio="9:16", resolution="1080p"), **(values | fields))


@pytest.mark.parametrize("model_id", PROVIDERS.values(), ids=PROVIDERS)
def test_prompt_contains_every_filled_field(model_id: str):
    prompt = prompting.render(build_scene(**FULL), catalogue.find(model_id))
    words = ["strike a match", "to the wick", "yellow oilskin", "Not tonight.", "Why not?", "lantern room", "left hand"]
    words += ["Lonely, patient", "sweeps through the spray", "Sea fog", "Slow and heavy", "run back"]
    assert [word for word in words if word not in prompt] == []


@pytest.mark.parametrize("model_id", PROVIDERS.values(), ids=PROVIDERS)
def test_empty_fields_leave_no_gaps(model_id: str):
    prompt = prompting.render(build_scene(), catalogue.find(model_id))
    assert "It rains." in prompt
    assert re.search(r"None|: *$|: *\.|,\s*,|\(\)|  |\.\.|\{|\}", prompt, re.MULTILINE) is None


@pytest.mark.parametrize("model_id", PROVIDERS.values(), ids=PROVIDERS)
@pytest.mark.parametrize("fields", [{}, FULL], ids=["plain", "full"])
def test_prompt_never_contains_size_or_length(model_id: str, fields: dict[str, object]):
    prompt = prompting.render(build_scene(**fields), catalogue.find(model_id))
    assert re.search(r"9:16|1080|1920|\b7\b|seconds?\b|720p", prompt) is None


def test_negative_prompt_is_in_the_prompt_only_where_the_request_has_no_field_for_it():
    scene = build_scene(negative_prompt="Text, logos")
    assert "Text, logos" in prompting.render(scene, catalogue.find("sora-2"))
    assert "Text, logos" not in prompting.render(scene, catalogue.find("veo-3.1-generate-001"))


def test_custom_prompt_is_sent_as_written():
    scene = build_scene(custom_prompt="  Just a boat. {{ shot }}  ", negative_prompt="Rain")
    assert prompting.render(scene, catalogue.find("veo-3.1-generate-001")) == "Just a boat. {{ shot }}"
    assert prompting.render(scene, catalogue.find("sora-2")) == "Just a boat. {{ shot }}\nAvoid: Rain."


def test_provider_without_a_template_uses_the_common_one():
    model = dataclasses.replace(catalogue.find("sora-2"), provider="another")
    assert prompting.render(build_scene(), model) == prompting.render(build_scene(), catalogue.find("sora-2"))


def test_template_syntax_in_a_field_is_plain_text():
    prompt = prompting.render(build_scene(action="{{ 7*7 }} {% for x in y %}"), catalogue.find("sora-2"))
    assert "{{ 7*7 }} {% for x in y %}" in prompt


def test_still_prompt_has_no_movement_and_no_dialogue():
    prompt = prompting.render_frame(build_scene(**FULL))
    assert ("strike a match" in prompt, "Not tonight" in prompt, "Pan right" in prompt) == (True, False, False)


# -- Presets -------------------------------------------------------------------------------------------------------------


def preset_lines(field: str) -> dict[str, set[str]]:
    """The distinct prompts that a field's presets make, by template, with the preset's label masked."""
    masked: dict[str, set[str]] = {}
    for preset in presets.all_presets()[field]:
        for name, prompt in render_all(build_scene(**{field: preset.key})).items():
            masked.setdefault(name, set()).add(prompt.replace(preset.label, "LABEL"))
    return masked


@pytest.mark.parametrize("field", [name for name in presets.all_presets() if name != "depth_of_field"])
def test_all_presets_of_a_field_read_alike(field: str):
    assert {name: len(prompts) for name, prompts in preset_lines(field).items() if len(prompts) != 1} == {}


def test_rack_focus_is_left_out_of_a_still_and_of_nothing_else():
    """A still cannot show it. projects/presets.toml says so; no code names the preset."""
    different = {name: len(prompts) for name, prompts in preset_lines("depth_of_field").items() if len(prompts) != 1}
    assert different == {"frame": 2, "still": 2}
    scene = build_scene(depth_of_field="rack-focus")
    assert "Rack focus" not in prompting.render_frame(scene)
    assert "Depth of field: Rack focus." in prompting.render(scene, catalogue.find("sora-2"))


def test_a_preset_may_have_its_own_text_in_a_still(monkeypatch):
    rows = presets.all_presets()
    static = dataclasses.replace(rows["camera_angle"][0], still="Straight ahead")
    monkeypatch.setattr(presets, "all_presets", lambda: rows | {"camera_angle": (static, *rows["camera_angle"][1:])})
    scene = build_scene(camera_angle=static.key)
    assert "Composition: Straight ahead." in prompting.render_frame(scene)
    assert "Camera: Eye level." in prompting.render(scene, catalogue.find("sora-2"))


def test_a_preset_that_was_removed_reads_as_its_key():
    assert "Lens: pinhole." in prompting.render(build_scene(lens="pinhole"), catalogue.find("sora-2"))


# -- No gaps, whatever is filled -----------------------------------------------------------------------------------------

GAPS = re.compile(r"None|: *$|:\s*[.,]|,\s*[,.]|\(\)|  |\.\.|^[ .,]|[{}\[\]|]|^- *$", re.MULTILINE)
#: Only a label before a list may end a line.
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


def find_gaps(prompt: str) -> list[str]:
    return [line for line in prompt.split("\n") if line not in LISTS and GAPS.search(line)]


def render_all(scene: Scene) -> dict[str, str]:
    prompts = {name: prompting.render_with(template.text, name, scene) for name, template in TEMPLATES.items()}
    return prompts | {"still": prompting.render_frame(scene)}


@given(fields=st.sets(st.sampled_from(sorted(EVERY_FIELD))))
@settings(max_examples=150, deadline=None)
def test_any_set_of_filled_fields_leaves_no_gaps(fields: set[str]):
    scene = build_scene(**{name: EVERY_FIELD[name] for name in fields})
    assert {name: gaps for name, prompt in render_all(scene).items() if (gaps := find_gaps(prompt))} == {}


@given(fields=st.dictionaries(st.sampled_from(TEXTS), st.sampled_from(ODD)))
@settings(max_examples=150, deadline=None)
def test_fields_with_punctuation_only_leave_no_gaps(fields: dict[str, str]):
    prompts = render_all(build_scene(**fields))
    assert {name: gaps for name, prompt in prompts.items() if (gaps := find_gaps(prompt.replace("...", "")))} == {}


@given(fields=st.dictionaries(st.sampled_from(TEXTS), st.text(max_size=60)))
@settings(max_examples=150, deadline=None)
def test_any_text_makes_lines_without_double_spaces(fields: dict[str, str]):
    for prompt in render_all(build_scene(**fields)).values():
        lines = prompt.split("\n") if prompt else []
        assert [line for line in lines if not line.strip() or "  " in line] == []


def test_action_becomes_steps_for_models_that_follow_beats():
    scene = build_scene(action="She runs.\nShe falls\n- She laughs")
    steps = "First: She runs. Then: She falls. Finally: She laughs."
    has_steps = {name: steps in prompting.render(scene, catalogue.find(model)) for name, model in PROVIDERS.items()}
    assert has_steps == {"sora": False, "veo": True, "omni": True}


@pytest.mark.parametrize("model_id", PROVIDERS.values(), ids=PROVIDERS)
def test_lighting_comes_before_light_effects(model_id: str):
    scene = build_scene(lighting="rembrandt", light_effects="The lamp swings")
    for prompt in (prompting.render(scene, catalogue.find(model_id)), prompting.render_frame(scene)):
        assert "ight: Rembrandt lighting, The lamp swings." in prompt


def test_unchanged_draft_of_an_custom_prompt_sends_the_same_prompt():
    scene = build_scene(**FULL)
    for name, model_id in PROVIDERS.items():
        before = prompting.render(build_scene(**FULL), catalogue.find(model_id))
        scene.custom_prompt = prompting.draft_custom_prompt(build_scene(**FULL), name)
        assert prompting.render(scene, catalogue.find(model_id)) == before


# -- A team's copies -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_teams_copy_applies_to_its_own_scenes_only(scene: Scene, team: Team):
    other = Project.objects.create(team=Team.objects.create(name="Else"), title="Else")
    elsewhere = Scene(project=other, title="One", action="It rains.")
    before = prompting.render(elsewhere, catalogue.find("sora-2"))
    PromptTemplate.objects.create(team=team, name="sora", text="Ours: {{ shot.action }}")
    assert prompting.render(scene, catalogue.find("sora-2")) == "Ours: Something happens."
    assert prompting.render(elsewhere, catalogue.find("sora-2")) == before
    assert "Ours" not in prompting.render(scene, catalogue.find("veo-3.1-generate-001"))


@pytest.mark.django_db
def test_a_copy_that_is_no_longer_allowed_is_skipped_and_logged(scene: Scene, team: Team, caplog):
    before = prompting.render(scene, catalogue.find("sora-2"))
    PromptTemplate.objects.create(team=team, name="sora", text="{% for x in y %}{% endfor %}")
    assert prompting.render(Scene.objects.get(), catalogue.find("sora-2")) == before
    assert "is skipped: Line 1: A loop is not allowed" in caplog.text
