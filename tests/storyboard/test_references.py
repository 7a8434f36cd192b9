"""Frames and references: what uploads accept, how pictures are stored, and who can see them."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from projects import references, scene_edits
from projects.models import Project, Reference, Scene
from teams.models import User
from tests.queries import count_queries

pytestmark = pytest.mark.django_db
AsUser = Callable[[User], Client]
Role = Reference.Role


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def plain(width: int = 320, height: int = 180, color: str = "teal", kind: str = "PNG") -> bytes:
    return encoded(Image.new("RGB", (width, height), color), kind)


def upload(client: Client, scene: Scene, data: bytes, role: str = "start_frame", name: str = "a.png", **fields: str):
    file = SimpleUploadedFile(name, data, content_type="image/png")
    url = reverse("scene_picture_add", args=[scene.pk])
    return client.post(url, {"image": file, "role": role} | fields, follow=True)


def stored(tmp_path: Path) -> list[str]:
    return [path.name for path in (tmp_path / "media").rglob("*") if path.is_file()]


def test_uploaded_start_frame_is_stored_and_shown(as_user: AsUser, scene: Scene, bob: User):
    page = upload(as_user(bob), scene, plain()).content.decode()
    picture = Reference.objects.get()
    assert (picture.scene, picture.role, picture.created_by, picture.fit) == (scene, "start_frame", bob, "crop")
    assert (picture.width, picture.height) == (320, 180)
    assert "The clip is 1280 x 720. The image has the same aspect ratio." in page
    assert reverse("frame_preview", args=[picture.pk, "pad"]) in page


@pytest.mark.parametrize(
    ("kind", "suffix", "content_type"),
    [("PNG", ".png", "image/png"), ("JPEG", ".jpg", "image/jpeg"), ("WEBP", ".png", "image/png")],
)
def test_pictures_are_served_with_their_own_content_type(
    as_user: AsUser, scene: Scene, bob: User, kind: str, suffix: str, content_type: str
):
    client = as_user(bob)
    upload(client, scene, plain(kind=kind), name="../../../etc/passwd.html")
    picture = Reference.objects.get()
    assert (Path(picture.image.name).suffix, "passwd" in picture.image.name) == (suffix, False)
    response = client.get(reverse("picture_file", args=[picture.pk]))
    assert (response.headers["Content-Type"], response.headers["X-Content-Type-Options"]) == (content_type, "nosniff")
    assert "private" in response.headers["Cache-Control"]
    small = client.get(reverse("picture_file", args=[picture.pk]) + "?size=small")
    assert Image.open(io.BytesIO(small.content)).format == "WEBP"


def test_transparent_pictures_stay_transparent():
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    for data in (encoded(image), encoded(image, "WEBP", lossless=True), encoded(image.convert("P"))):
        kept = Image.open(io.BytesIO(references.clean_picture(io.BytesIO(data), len(data)).read()))
        assert (kept.format, kept.getchannel("A").getextrema()) == ("PNG", (0, 0))


def test_photo_is_turned_upright_and_loses_its_metadata():
    photo = Image.new("RGB", (300, 200), "navy")
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of Alice"
    data = encoded(photo, "JPEG", exif=exif)
    kept = Image.open(io.BytesIO(references.clean_picture(io.BytesIO(data), len(data)).read()))
    assert (kept.format, kept.size, dict(kept.getexif())) == ("JPEG", (200, 300), {})


@pytest.mark.parametrize("mode", ["CMYK", "L", "I;16", "1"])
def test_unusual_colour_modes_become_rgb(mode: str):
    data = encoded(Image.new(mode, (100, 100)), "JPEG" if mode == "CMYK" else "PNG")
    assert Image.open(io.BytesIO(references.clean_picture(io.BytesIO(data), len(data)).read())).mode == "RGB"


def test_large_pictures_are_scaled_down():
    data = plain(6000, 1000)
    assert Image.open(io.BytesIO(references.clean_picture(io.BytesIO(data), len(data)).read())).size == (4096, 683)


NOISE = plain(400, 400)


@pytest.mark.parametrize(
    ("make", "words"),  # the pictures are made in the test: some take long
    [
        (lambda: b"<html><script>alert(1)</script></html>", "This file is not a readable image."),
        (lambda: NOISE[: len(NOISE) // 2], "This file is not a readable image."),
        (lambda: b"GIF89a" + b"\0" * 100, "GIF is not supported. Save one frame of it as a PNG"),
        (bytes, "This file is empty."),
        (lambda: plain(63, 300), "This image is 63 x 300 pixels; each side needs at least 64."),
        (lambda: plain(8700, 6000), "This image is 8700 x 6000 pixels; the limit is 52 million."),
        (lambda: b"\x89PNG" + b"\0" * (21 * 1024**2), "This image is 21 MB; the limit is 20 MB."),
    ],
)
def test_refused_upload_shows_the_reason_and_stores_nothing(
    as_user: AsUser, scene: Scene, bob: User, tmp_path: Path, make: Callable[[], bytes], words: str
):
    page = upload(as_user(bob), scene, make()).content.decode()
    assert words in page
    assert Reference.objects.count() == 0
    assert stored(tmp_path) == []


def test_decompression_bomb_is_refused_before_decoding(as_user: AsUser, scene: Scene, bob: User, monkeypatch):
    bomb = bytearray(plain(100, 100))
    bomb[16:24] = (100_000).to_bytes(4, "big") * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4, "big")
    assert "pixels" in upload(as_user(bob), scene, bytes(bomb)).content.decode()
    assert Reference.objects.count() == 0


def test_upload_without_a_file_is_refused(as_user: AsUser, scene: Scene, bob: User):
    url = reverse("scene_picture_add", args=[scene.pk])
    page = as_user(bob).post(url, {"role": "start_frame"}, follow=True).content.decode()
    assert "Choose an image first." in page


def test_new_frame_replaces_the_old_one(as_user: AsUser, scene: Scene, bob: User, tmp_path: Path):
    client = as_user(bob)
    for color in ("red", "blue"):
        upload(client, scene, plain(color=color))
    old, new = Reference.objects.order_by("pk")
    assert (old.deleted_at is None, new.deleted_at is None) == (False, True)
    assert len(stored(tmp_path)) == 2


def test_removed_frame_can_be_restored_unless_replaced(as_user: AsUser, scene: Scene, bob: User):
    client = as_user(bob)
    upload(client, scene, plain())
    picture = Reference.objects.get()
    page = client.post(reverse("picture_remove", args=[picture.pk]), follow=True).content.decode()
    assert "Start frame removed." in page
    assert reverse("picture_restore", args=[picture.pk]) in page
    client.post(reverse("picture_restore", args=[picture.pk]))
    assert Reference.objects.live().get() == picture
    client.post(reverse("picture_remove", args=[picture.pk]))
    upload(client, scene, plain())
    page = client.post(reverse("picture_restore", args=[picture.pk]), follow=True).content.decode()
    assert "There is another start frame now. Remove that one first." in page


def test_removing_a_picture_twice_404(as_user: AsUser, scene: Scene, bob: User):
    client = as_user(bob)
    upload(client, scene, plain())
    url = reverse("picture_remove", args=[Reference.objects.get().pk])
    client.post(url)
    changed_at = Scene.objects.get().changed_at
    assert client.post(url).status_code == 404
    assert Scene.objects.get().changed_at == changed_at


def test_choose_crop_or_pad(as_user: AsUser, scene: Scene, bob: User):
    client = as_user(bob)
    upload(client, scene, plain(300, 300))
    assert (
        "Cropping removes 44 % at top and bottom."
        in client.get(reverse("scene_page", args=[scene.pk])).content.decode()
    )
    picture = Reference.objects.get()
    url = reverse("picture_fit", args=[picture.pk])
    page = client.post(url, {"fit": "pad"}, follow=True).content.decode()
    picture.refresh_from_db()
    assert picture.fit == "pad"
    assert "Padding adds black bars." in page
    changed_at = Scene.objects.get().changed_at
    client.post(url, {"fit": "pad"})
    client.post(url, {"fit": "stretch"})
    assert Scene.objects.get().changed_at == changed_at


@pytest.mark.parametrize(("fit", "corner"), [("crop", (255, 0, 0)), ("pad", (0, 0, 0))])
def test_frame_preview_shows_the_fitted_picture(
    as_user: AsUser, scene: Scene, bob: User, fit: str, corner: tuple[int, ...]
):
    client = as_user(bob)
    upload(client, scene, plain(300, 300, "red"))
    response = client.get(reverse("frame_preview", args=[Reference.objects.get().pk, fit]))
    shown = Image.open(io.BytesIO(response.content)).convert("RGB")
    assert shown.size == (640, 360)
    assert max(abs(a - b) for a, b in zip(shown.crop((5, 5, 6, 6)).tobytes(), corner, strict=True)) < 8


def test_scene_shows_its_own_references_then_the_projects(as_user: AsUser, scene: Scene, project: Project, bob: User):
    client = as_user(bob)
    upload(client, scene, plain(), role="reference", kind="character", label="<b>The keeper</b>")
    file = SimpleUploadedFile("b.png", plain(), content_type="image/png")
    fields = {"image": file, "role": "reference", "kind": "style", "label": "Fog"}
    page = client.post(reverse("project_picture_add", args=[project.pk]), fields, follow=True).content.decode()
    assert "Fog" in page
    page = client.get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert "&lt;b&gt;The keeper&lt;/b&gt;" in page
    assert 'Fog <span class="muted">project reference</span>' in page
    assert [picture.label for picture in Scene.objects.get().shown_references()] == ["<b>The keeper</b>", "Fog"]


def test_project_cannot_have_frames(as_user: AsUser, project: Project, bob: User):
    file = SimpleUploadedFile("b.png", plain(), content_type="image/png")
    url = reverse("project_picture_add", args=[project.pk])
    page = as_user(bob).post(url, {"image": file, "role": "start_frame"}, follow=True).content.decode()
    assert "Frames belong to a scene. Upload a reference for the project." in page
    assert Reference.objects.count() == 0


def test_scene_has_a_limit_of_references(as_user: AsUser, scene: Scene, bob: User, monkeypatch):
    monkeypatch.setattr(references, "MAX_PER_SCENE", 1)
    client = as_user(bob)
    upload(client, scene, plain(), role="reference")
    page = upload(client, scene, plain(), role="reference").content.decode()
    assert "A scene can have up to 1 references. Remove one first." in page
    assert Reference.objects.count() == 1


def test_copies_share_the_pictures(scene: Scene, project: Project, bob: User):
    data = plain()
    frame = references.add_reference(
        project, scene, Role.START_FRAME, references.clean_picture(io.BytesIO(data), len(data)), member=bob, fit="pad"
    )
    references.add_reference(
        project, None, Role.REFERENCE, references.clean_picture(io.BytesIO(data), len(data)), member=bob
    )
    Scene.objects.update(model_id="sora-2", seed=7)
    copy = scene_edits.duplicate(Scene.objects.select_related("project").get())
    copied = copy.frame(Role.START_FRAME)
    assert copied is not None
    assert (copied.image.name, copied.fit, copy.model_id, copy.seed) == (frame.image.name, "pad", "sora-2", 7)
    other = scene_edits.duplicate_project(project, bob)
    assert other.references.count() == 3
    assert [len(scene.shown_references()) for scene in other.scenes.all()] == [1, 1]


def test_the_panel_does_not_depend_on_the_pictures(scene: Scene, project: Project, bob: User):
    panel, data = scene.panel_digest, plain()
    references.add_reference(
        project, scene, Role.START_FRAME, references.clean_picture(io.BytesIO(data), len(data)), member=bob
    )
    assert Scene.objects.get().panel_digest == panel


def test_only_editors_of_the_team_can_change_pictures(
    as_user: AsUser, scene: Scene, project: Project, bob: User, vera: User, mallory: User
):
    upload(as_user(bob), scene, plain())
    picture = Reference.objects.get()
    posts = [reverse(name, args=[picture.pk]) for name in ("picture_fit", "picture_remove", "picture_restore")]
    posts += [reverse("scene_picture_add", args=[scene.pk]), reverse("project_picture_add", args=[project.pk])]
    views = [reverse("picture_file", args=[picture.pk]), reverse("frame_preview", args=[picture.pk, "crop"])]
    assert [as_user(vera).post(url).status_code for url in posts] == [403] * 5
    assert [as_user(mallory).post(url).status_code for url in posts] == [404] * 5
    assert [as_user(vera).get(url).status_code for url in views] == [200, 200]
    assert [as_user(mallory).get(url).status_code for url in views] == [404, 404]
    page = as_user(vera).get(reverse("scene_page", args=[scene.pk])).content.decode()
    assert reverse("picture_remove", args=[picture.pk]) not in page
    assert Reference.objects.live().count() == 1


def test_scene_page_with_six_pictures_takes_the_queries_of_one(
    as_user: AsUser, scene: Scene, project: Project, bob: User
):
    data = plain()

    def put(role: Reference.Role, of: Scene | None) -> None:
        references.add_reference(project, of, role, references.clean_picture(io.BytesIO(data), len(data)), member=bob)

    client, url = as_user(bob), reverse("scene_page", args=[scene.pk])
    put(Role.START_FRAME, scene)
    with count_queries() as one:
        client.get(url)
    put(Role.END_FRAME, scene)
    for _ in range(2):
        put(Role.REFERENCE, scene)
        put(Role.REFERENCE, None)
    with count_queries() as six:
        client.get(url)
    assert len(one) == len(six)


def test_missing_picture_file_404(as_user: AsUser, scene: Scene, bob: User, tmp_path: Path):
    client = as_user(bob)
    upload(client, scene, plain())
    picture = Reference.objects.get()
    Path(picture.image.path).unlink()
    assert client.get(reverse("picture_file", args=[picture.pk])).status_code == 404
    assert client.get(reverse("frame_preview", args=[picture.pk, "crop"])).status_code == 404


def test_16_bit_grey_keeps_its_brightness():
    data = encoded(Image.new("I;16", (100, 100), 0x4000))
    kept = Image.open(io.BytesIO(references.clean_picture(io.BytesIO(data), len(data)).read()))
    assert kept.getpixel((5, 5)) == (63, 63, 63)


def test_restoring_a_picture_respects_the_limit_and_deleted_scenes(
    as_user: AsUser, scene: Scene, bob: User, monkeypatch
):
    client = as_user(bob)
    upload(client, scene, plain(), role="reference")
    url = reverse("picture_restore", args=[Reference.objects.get().pk])
    changed_at = Scene.objects.get().changed_at
    client.post(url)
    assert Scene.objects.get().changed_at == changed_at
    client.post(reverse("picture_remove", args=[Reference.objects.get().pk]))
    upload(client, scene, plain(), role="reference")
    monkeypatch.setattr(references, "MAX_PER_SCENE", 1)
    assert "up to 1 references" in client.post(url, follow=True).content.decode()
    Scene.objects.update(deleted_at="2026-01-01T00:00Z")
    assert client.post(url).status_code == 404
    assert client.get(reverse("picture_file", args=[Reference.objects.latest("pk").pk])).status_code == 404


def test_storyboard_needs_no_extra_queries_for_finished_takes(
    as_user: AsUser, make_scenes: Callable[..., list[Scene]], make_take: Callable[..., Any], bob: User, project: Project
):
    client, url = as_user(bob), reverse("storyboard", args=[project.pk])
    counts = []
    for _ in range(2):
        for scene in make_scenes(3):
            make_take(scene, status="completed", clip=b"clip")
        with count_queries() as queries:
            client.get(url)
        counts.append(len(queries))
    assert counts == [11, 11]
