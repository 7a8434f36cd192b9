"""From a scene to the words a model is given."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from generation import catalogue, prompting
from projects.models import Project, Scene

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


@pytest.mark.parametrize("model_id", PROVIDERS.values(), ids=PROVIDERS)
def test_lighting_goes_before_what_else_is_said_of_the_light(model_id: str):
    scene = scene_of(lighting="rembrandt", light_effects="The lamp swings")
    for prompt in (prompting.render(scene, catalogue.find(model_id)), prompting.render_frame(scene)):
        assert "ight: Rembrandt lighting, The lamp swings." in prompt


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
