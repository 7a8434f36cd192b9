"""Presets and their pictures: complete, plain text, and safe SVG."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils.html import escape

from generation.providers.photo_moves import MOVES
from projects import presets
from projects.models import Scene

FOLDER = settings.BASE_DIR / "static/img/presets"
FIELDS = list(presets.all_presets())
SVG = "{http://www.w3.org/2000/svg}"
#: What a sprite holds besides presets: nothing chosen, and what camera moves are drawn over.
EXTRAS = {"none", "scene"}


def keys(field: str) -> list[str]:
    return [preset.key for preset in presets.all_presets()[field]]


@pytest.mark.parametrize("field", FIELDS)
def test_labels_and_meanings_are_plain_text(field: str):
    offered = presets.all_presets()[field]
    assert len({preset.label for preset in offered}) == len(offered)
    for preset in offered:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", preset.key)
        assert 3 <= len(preset.label) <= 40
        assert 8 <= len(preset.meaning) <= 80
        assert not preset.meaning.endswith(".")


@pytest.mark.parametrize("field", FIELDS)
def test_every_preset_has_a_picture_and_vice_versa(field: str):
    groups = ElementTree.parse(FOLDER / f"{field}.svg").getroot().findall(f"{SVG}g")
    ids = [group.get("id") for group in groups]
    assert [name for name in ids if name not in EXTRAS] == keys(field)
    assert len(set(ids)) == len(ids)


def test_every_field_has_a_sprite_and_vice_versa():
    assert {path.stem for path in FOLDER.iterdir()} == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS)
def test_pictures_of_a_field_differ(field: str):
    groups = ElementTree.parse(FOLDER / f"{field}.svg").getroot().findall(f"{SVG}g")
    shapes = [[ElementTree.tostring(shape) for shape in group] for group in groups]
    assert all(shapes.count(one) == 1 for one in shapes)


@pytest.mark.parametrize("field", FIELDS)
def test_pictures_contain_only_shapes(field: str):
    """No style, script, link, text or reference: policies forbid some, <use> breaks the others."""
    shapes = {f"{SVG}{name}" for name in ("svg", "g", "path", "rect", "circle", "ellipse")}
    for element in ElementTree.parse(FOLDER / f"{field}.svg").iter():
        assert element.tag in shapes
        assert not {"style", "class", "href"} & set(element.attrib)
        assert not any("url(" in value for value in element.attrib.values())


def test_a_photo_moves_by_every_camera_movement():
    assert set(MOVES) == set(keys("camera_move"))


# -- The pages that show them ------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("field", FIELDS)
def test_preset_page_explains_every_choice(as_user, vera, field: str):
    page = as_user(vera).get(reverse("preset_pictures", args=[field])).content.decode()
    for preset in presets.all_presets()[field]:
        assert escape(preset.label) in page
        assert escape(preset.meaning) in page
        assert f'img/presets/{field}.svg#{preset.key}"' in page


@pytest.mark.django_db
def test_preset_picker_is_a_radio_group(as_user, vera):
    url = reverse("preset_pictures", args=["lens"])
    fragment = as_user(vera).get(url, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert 'role="radiogroup" aria-labelledby="preset-title"' in fragment
    assert re.findall(r'type="radio" name="preset" value="([^"]+)"', fragment) == keys("lens")


@pytest.mark.django_db
def test_preset_page_of_another_field_404(as_user, vera):
    assert as_user(vera).get(reverse("preset_pictures", args=["title"])).status_code == 404


@pytest.mark.django_db
def test_select_shows_the_meaning_of_its_choices(as_user, scene: Scene, bob):
    Scene.objects.update(lens="macro")
    page = as_user(bob).get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert '<option value="macro" selected title="Small things, very close">Macro</option>' in page
    assert '<small class="helptext" data-preset-meaning>Small things, very close</small>' in page
    assert 'aria-label="Browse lens presets"' in page


@pytest.mark.django_db
def test_removed_preset_key_is_harmless(as_user, scene: Scene, bob):
    Scene.objects.update(lens="pinhole")
    response = as_user(bob).get(reverse("scene_page", args=[scene.pk]))
    assert response.status_code == 200
    assert presets.meaning("lens", "pinhole") == ""
