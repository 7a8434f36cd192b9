"""Clips and pictures over HTTP: ranges, file names, the ZIP, and access."""

import io
import os
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import av
import pytest
from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile, File
from django.db.models import Value
from django.db.models.functions import Concat
from django.test import AsyncClient, Client
from django.urls import reverse
from PIL import Image

from generation.media import archive, panels, range_responses
from generation.media.probe import inspect_clip
from generation.media.range_responses import Unsatisfiable, parse_range
from generation.models import Generation
from generation.states import Status
from projects.models import Project, Scene
from teams.models import User
from tests.clips import make_clip

CLIP = bytes(range(256)) * 4
AsUser = Callable[[User], Client]


@pytest.fixture
def take(scene: Scene, make_take: Callable[..., Generation]) -> Generation:
    take = make_take(scene, status=Status.COMPLETED, clip=CLIP)
    Generation.objects.filter(pk=take.pk).update(is_selected=True)
    return take


async def get(user: User, url: str, **headers: str):
    client = AsyncClient()
    await sync_to_async(client.force_login)(user)
    return await client.get(url, headers=headers)


async def body(response) -> bytes:
    return b"".join([chunk async for chunk in response.streaming_content])


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("", None),
        ("bytes=0-", (0, 99)),
        ("bytes=0-0", (0, 0)),
        ("bytes=10-19", (10, 19)),
        ("bytes=90-500", (90, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-500", (0, 99)),
        ("bytes= 5 - 6", (5, 6)),
        ("bytes=20-10", None),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("bytes=a-b", None),
        ("bytes=٣-٤", None),
        ("items=0-1", None),
        (f"bytes={'9' * 5000}-", None),
    ],
)
def test_ranges_are_parsed_by_the_standard(header: str, part: tuple[int, int] | None):
    assert parse_range(header, 100) == part


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_outside_the_file_is_unsatisfiable(header: str):
    with pytest.raises(Unsatisfiable):
        parse_range(header, 100)


@pytest.mark.django_db(transaction=True)
async def test_the_whole_clip_200(take: Generation, vera: User):
    response = await get(vera, reverse("take_clip", args=[take.pk]))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "video/mp4"
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Length"] == "1024"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert await body(response) == CLIP


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "content_type", "extension"), [("a.webm", "video/webm", "webm"), ("a.mov", "video/quicktime", "mov")]
)
async def test_a_clip_has_the_type_and_name_of_what_it_is(
    take: Generation, vera: User, tmp_path: Path, name: str, content_type: str, extension: str
):
    codec = "libvpx" if extension == "webm" else "libx264"
    info = inspect_clip(make_clip(tmp_path / name, codec=codec, frames=1)).info
    await Generation.objects.aupdate(media=info.model_dump(mode="json"))
    response = await get(vera, reverse("take_clip", args=[take.pk]) + "?download")
    assert response.headers["Content-Type"] == content_type
    assert response.headers["Content-Disposition"] == f'attachment; filename="01-scene-1-take-1.{extension}"'


@pytest.mark.django_db(transaction=True)
async def test_players_get_the_copy_and_downloads_the_clip(take: Generation, vera: User):
    take.browser_copy.save("browser.mp4", ContentFile(b"copy"), save=False)
    await Generation.objects.aupdate(browser_copy=take.browser_copy.name)
    url = reverse("take_clip", args=[take.pk])
    played, downloaded = await get(vera, url), await get(vera, f"{url}?download")
    assert [await body(response) for response in (played, downloaded)] == [b"copy", CLIP]
    assert played.headers["ETag"] != downloaded.headers["ETag"]
    archive = await body(await get(vera, reverse("clips_zip", args=[take.scene.project_id])))
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        assert [zipped.read(name) for name in zipped.namelist()] == [CLIP]


@pytest.mark.django_db(transaction=True)
async def test_a_part_of_the_clip_206(take: Generation, vera: User):
    response = await get(vera, reverse("take_clip", args=[take.pk]), Range="bytes=1000-")
    assert (response.status_code, response.headers["Content-Range"]) == (206, "bytes 1000-1023/1024")
    assert (response.headers["Content-Length"], await body(response)) == ("24", CLIP[1000:])


@pytest.mark.django_db(transaction=True)
async def test_a_part_beyond_the_end_416(take: Generation, vera: User):
    response = await get(vera, reverse("take_clip", args=[take.pk]), Range="bytes=5000-")
    assert (response.status_code, response.headers["Content-Range"]) == (416, "bytes */1024")


@pytest.mark.django_db(transaction=True)
async def test_a_clip_the_browser_has_is_not_sent_again_304(take: Generation, vera: User):
    url = reverse("take_clip", args=[take.pk])
    etag = (await get(vera, url)).headers["ETag"]
    assert (await get(vera, url, **{"If-None-Match": etag})).status_code == 304
    changed = await get(vera, url, **{"If-Range": '"another"', "Range": "bytes=0-1"})
    assert (changed.status_code, changed.headers["Content-Length"]) == (200, "1024")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("The match", '"01-the-match-take-1.mp4"'),
        ("../../etc/passwd", '"01-etcpasswd-take-1.mp4"'),
        ('a"; filename="x.exe', '"01-a-filenamexexe-take-1.mp4"'),
        ("🎬", '"01-scene-take-1.mp4"'),
        ("CON", '"01-con-scene-take-1.mp4"'),
        ("x" * 120, f'"01-{"x" * 60}-take-1.mp4"'),
    ],
)
async def test_a_download_is_named_by_scene_and_take(take: Generation, vera: User, title: str, name: str):
    await Scene.objects.aupdate(title=title)
    response = await get(vera, reverse("take_clip", args=[take.pk]) + "?download")
    assert response.headers["Content-Disposition"] == f"attachment; filename={name}"


@pytest.mark.django_db(transaction=True)
async def test_a_download_keeps_letters_of_every_script(take: Generation, vera: User):
    await Scene.objects.aupdate(title="夜の灯台\u202e")
    response = await get(vera, reverse("take_clip", args=[take.pk]) + "?download")
    assert response.headers["Content-Disposition"] == (
        f"attachment; filename*=utf-8''01-{quote('夜の灯台')}-take-1.mp4"
    )


@pytest.mark.django_db(transaction=True)
async def test_the_files_of_a_hundred_scenes_sort_in_story_order(project: Project, make_scenes, make_take, vera: User):
    def prepare() -> Generation:
        scenes = make_scenes(100)
        Scene.objects.update(title=Concat("title", Value(" غروب")))
        chosen = [make_take(scenes[number - 1], status=Status.COMPLETED, clip=CLIP) for number in (2, 11, 100)]
        Generation.objects.update(is_selected=True)
        return chosen[0]

    first = await sync_to_async(prepare)()
    names = ["002-scene-2-غروب-take-1.mp4", "011-scene-11-غروب-take-1.mp4", "100-scene-100-غروب-take-1.mp4"]
    data = await body(await get(vera, reverse("clips_zip", args=[project.pk])))
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        assert (zipped.namelist(), sorted(zipped.namelist())) == (names, names)
    response = await get(vera, reverse("take_clip", args=[first.pk]) + "?download")
    assert response.headers["Content-Disposition"] == f"attachment; filename*=utf-8''{quote(names[0])}"


@pytest.mark.django_db
def test_the_zip_counts_the_scenes_once(scene: Scene, make_scenes, make_take, django_assert_num_queries):
    for each in (scene, *make_scenes(3)):
        make_take(each, status=Status.COMPLETED, clip=CLIP)
    Generation.objects.update(is_selected=True)
    with django_assert_num_queries(2):
        archive.stream_zip(archive.selected_clips(scene.project))


@pytest.mark.django_db(transaction=True)
async def test_a_clip_missing_from_storage_404(take: Generation, vera: User):
    take.clip.storage.delete(take.clip.name)
    assert (await get(vera, reverse("take_clip", args=[take.pk]))).status_code == 404


@pytest.mark.django_db(transaction=True)
async def test_the_zip_has_the_selected_takes_of_live_scenes(project: Project, make_scenes, make_take, vera: User):
    def prepare() -> None:
        first, second, _third, fourth = make_scenes(4)
        for scene in (second, first, fourth):
            chosen = make_take(scene, status=Status.COMPLETED, clip=CLIP + scene.title.encode())
            Generation.objects.filter(pk=chosen.pk).update(is_selected=True)
        make_take(first, status=Status.COMPLETED, clip=b"not selected")
        Scene.objects.filter(pk=fourth.pk).update(deleted_at="2026-01-01T00:00Z")

    await sync_to_async(prepare)()
    response = await get(vera, reverse("clips_zip", args=[project.pk]))
    data = await body(response)
    assert response.headers["Content-Disposition"] == 'attachment; filename="the-ferry.zip"'
    assert response.headers["Content-Length"] == str(len(data))
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        assert zipped.testzip() is None
        assert {name: zipped.read(name)[len(CLIP) :] for name in zipped.namelist()} == {
            "01-scene-1-take-1.mp4": b"Scene 1",
            "02-scene-2-take-1.mp4": b"Scene 2",
        }


@pytest.mark.django_db(transaction=True)
async def test_a_zip_with_a_missing_clip_is_not_started(take: Generation, vera: User):
    take.clip.storage.delete(take.clip.name)
    response = await get(vera, reverse("clips_zip", args=[take.scene.project_id]))
    assert response.headers["Location"] == reverse("storyboard", args=[take.scene.project_id])


@pytest.mark.django_db(transaction=True)
async def test_a_project_without_clips_has_no_zip_404(project: Project, vera: User):
    assert (await get(vera, reverse("clips_zip", args=[project.pk]))).status_code == 404


async def drain(chunks: AsyncIterator[bytes]) -> tuple[int, int]:
    """How many bytes arrived, and how many were allocated at most."""
    tracemalloc.start()
    sent = 0
    async for chunk in chunks:
        sent += len(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return sent, peak


@pytest.mark.django_db(transaction=True)
async def test_memory_does_not_grow_with_the_zip(project: Project, make_scenes, make_take):
    def prepare() -> list[Generation]:
        clip = b"\x01" * 8_000_000
        for scene in make_scenes(4):
            make_take(scene, status=Status.COMPLETED, clip=clip)
        return list(Generation.objects.select_related("scene__project"))

    takes = await sync_to_async(prepare)()
    chunks, size = await sync_to_async(archive.stream_zip)(takes)
    sent, peak = await drain(chunks)
    assert (sent, sent > 32_000_000, peak < 4_000_000) == (size, True, True)


async def test_memory_does_not_grow_with_the_clip(tmp_path):
    path = tmp_path / "clip"
    path.write_bytes(b"\x01" * 32_000_000)
    with path.open("rb") as opened:
        sent, peak = await drain(range_responses.read_chunks(File(opened, name=str(path)), 0, 32_000_000))
    assert (sent, peak < 4_000_000) == (32_000_000, True)


# -- Pictures ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("aspect", "size"), [("16:9", (640, 360)), ("9:16", (360, 640)), ("1:1", (360, 360))])
def test_the_scenes_picture_has_the_projects_shape_and_is_cached_for_good(
    as_user: AsUser, project: Project, scene: Scene, vera: User, aspect: str, size
):
    Project.objects.update(aspect_ratio=aspect)
    version = Scene.objects.select_related("project").get().panel_digest
    response = as_user(vera).get(reverse("scene_panel", args=[scene.pk]), {"v": version})
    assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    with Image.open(io.BytesIO(response.content)) as picture:
        assert (picture.format, picture.size) == ("WEBP", size)


@pytest.mark.django_db
def test_the_digest_follows_what_the_panel_shows(scene: Scene):
    """The title, the action and the position show nowhere in it."""
    before = scene.panel_digest
    scene.title, scene.action, scene.position = "Something else", "It rains.", 9
    assert scene.panel_digest == before
    scene.lens = "macro"
    assert scene.panel_digest != before


@pytest.mark.django_db
def test_a_scenes_picture_is_drawn_once(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    first = panels.draw_panel(scene)
    monkeypatch.setattr(panels.gate, "run", lambda *args, **kwargs: b"drawn again")
    assert panels.draw_panel(scene) == first


@pytest.mark.django_db
def test_a_scenes_picture_is_drawn_on_a_full_disk(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with Image.open(io.BytesIO(panels.draw_panel(scene))) as picture:
        assert picture.format == "WEBP"


@pytest.mark.django_db
def test_the_panel_has_a_clean_version_and_a_last_frame(as_user: AsUser, scene: Scene, vera: User):
    Scene.objects.update(camera_move="dolly-in", subject="A lamp")
    client, url = as_user(vera), reverse("scene_panel", args=[scene.pk])
    pictures = [client.get(url, query).content for query in ({}, {"overlay": "0"}, {"at": "end"}, {"size": "large"})]
    assert len(set(pictures)) == 4
    answer = client.get(url, {"size": "large", "overlay": "0", "download": ""})
    assert answer.headers["Content-Disposition"] == 'attachment; filename="01-scene-1-previz.webp"'


@pytest.fixture
def rendered_take(local_take: Generation, advance) -> Generation:
    return advance(local_take)


@pytest.mark.django_db(transaction=True)
async def test_a_clip_is_downloaded_with_a_slate_and_stays_clean_itself(rendered_take: Generation, vera: User):
    clean = Path(rendered_take.clip.path).read_bytes()
    answer = await get(vera, reverse("take_slated_clip", args=[rendered_take.pk]))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="01-scene-1-take-1-slate.mp4"'
    slated = await body(answer)
    frames = [first_frames(content) for content in (clean, slated)]
    assert [len(each) for each in frames] == [24, 24]
    strip = slice(150, 176)
    assert abs(frames[0][3][:120].astype(int) - frames[1][3][:120]).mean() < 4
    assert frames[1][3][strip].min() < 90 < 200 < frames[1][3][strip].max()
    assert Path(rendered_take.clip.path).read_bytes() == clean


def first_frames(clip: bytes) -> list[Any]:
    with av.open(io.BytesIO(clip), "r") as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


@pytest.mark.django_db
def test_a_clip_that_cannot_be_decoded_gets_no_slate(as_user: AsUser, take: Generation, vera: User):
    answer = as_user(vera).get(reverse("take_slated_clip", args=[take.pk]), follow=True)
    assert "Download the clip without it." in answer.content.decode()


@pytest.mark.django_db
def test_a_take_without_poster_and_filmstrip_404(as_user: AsUser, local_take: Generation, vera: User):
    client = as_user(vera)
    names = ("take_poster", "take_filmstrip")
    assert [client.get(reverse(name, args=[local_take.pk])).status_code for name in names] == [404, 404]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["take_clip", "take_poster", "scene_panel", "clips_zip"])
async def test_outsiders_404_and_visitors_to_sign_in(take: Generation, vera: User, mallory: User, name: str):
    pk = {"scene_panel": take.scene_id, "clips_zip": take.scene.project_id}.get(name, take.pk)
    url = reverse(name, args=[pk])
    assert (await get(vera, url)).status_code == 200
    assert (await get(mallory, url)).status_code == 404
    assert (await AsyncClient().get(url)).status_code == 302
