"""What a camera sees of a shot, in pixels and metres."""

import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

from previz.blocking import BLOCK, PERSON
from previz.camera import Camera, project, to_view
from previz.light import light_for
from previz.moves import camera_at
from previz.picture import frames, panel
from previz.render import draw
from previz.shot import Shot
from previz.stage import build_stage

PRESETS = tomllib.loads((Path(__file__).parents[2] / "projects" / "presets.toml").read_text(encoding="utf-8"))
HD = (1280, 720)
SMALL = (320, 180)


def points_of(shot: Shot, camera: Camera, number: int = 0, t: float = 0.0, size=HD):
    """Pixels of every corner of a figure."""
    return project(camera, build_stage(shot, t).figures[number].faces.reshape(-1, 3), size)


def on_screen(pixels, size=HD):
    ahead = pixels[:, 2] > 0
    return ahead & (pixels[:, :2] >= 0).all(axis=1) & (pixels[:, :2] <= size).all(axis=1)


class TestProjection:
    def test_a_point_lies_where_the_lens_puts_it(self):
        # 1 m to the right and 0.5 m up at 5 m: 50 mm lens, 36 mm of sensor over 1280 pixels.
        x, y, depth = project(Camera((0, 0, 1)), np.array([[1.0, 5.0, 1.5]]), HD)[0]
        assert x == pytest.approx(640 + 50 / 5 * 1280 / 36, abs=0.01)
        assert y == pytest.approx(360 - 50 * 0.5 / 5 * 1280 / 36, abs=0.01)
        assert depth == pytest.approx(5)

    def test_a_panned_camera_has_what_it_looks_at_in_the_middle(self):
        camera = Camera((0, 0, 0), yaw=90, pitch=45)
        assert project(camera, np.array([[2.0, 0.0, 2.0]]), HD)[0] == pytest.approx([640, 360, math.sqrt(8)])

    def test_roll_turns_the_picture_the_other_way(self):
        x, y, _ = project(Camera((0, 0, 0), roll=90), np.array([[0.0, 5.0, 1.0]]), HD)[0]
        assert x < 640
        assert y == pytest.approx(360)

    def test_the_horizon_of_a_level_camera_is_at_mid_height(self):
        far = project(Camera((0, 0, 1.6)), np.array([[0.0, 1e6, 1.6], [500.0, 1e6, 0.0]]), HD)
        assert far[:, 1] == pytest.approx([360, 360], abs=0.1)
        picture = draw(build_stage(Shot(location="EXT. FIELD")), Camera((30, 0, 1.6)), HD, light_for(Shot())).astype(
            int
        )
        rows = picture[:, 40].sum(axis=1)
        assert np.flatnonzero(rows[340:] < rows[350] - 12)[0] == pytest.approx(20, abs=2)

    def test_half_the_focal_length_is_half_the_size(self):
        near, wide = (project(Camera((0, 0, 1), focal=f), np.array([[-1, 6.0, 1], [1, 6.0, 1]]), HD) for f in (100, 50))
        assert near[1, 0] - near[0, 0] == pytest.approx(2 * (wide[1, 0] - wide[0, 0]))

    def test_a_portrait_picture_uses_the_height_of_the_sensor(self):
        _, y, _ = project(Camera((0, 0, 0)), np.array([[0.0, 5.0, 1.0]]), (720, 1280))[0]
        assert y == pytest.approx(640 - 50 / 5 * 1280 / 24)

    def test_blur_is_the_circle_of_confusion(self):
        camera = Camera((0, 0, 0), focal=85, focus=2, f_stop=1.8)
        # 85² / 1.8 x 2 / (4 x (2000 - 85)) mm on the sensor
        assert float(camera.blur(np.array(4.0), HD)) == pytest.approx(
            85**2 / 1.8 * 2 / (4 * 1915) * 1280 / 36, rel=0.001
        )
        assert float(camera.blur(np.array(2.0), HD)) == float(Camera((0, 0, 0)).blur(np.array(9.0), HD)) == 0


class TestFraming:
    def test_a_full_shot_holds_the_figure_from_head_to_toe(self):
        shot = Shot(shot_type="full", cast=("Mara",))
        pixels = points_of(shot, camera_at(shot, 0))
        assert on_screen(pixels).all()
        assert np.ptp(pixels[:, 1]) > 0.7 * 720

    @pytest.mark.parametrize(
        ("shot_type", "lowest", "highest"),
        [
            ("close-up", 1.50, 1.75),
            ("extreme-close-up", 1.58, 1.70),
            ("medium", 1.0, 1.75),
            ("medium-wide", 0.55, 1.75),
        ],
    )
    def test_the_frame_cuts_where_the_books_say(self, shot_type, lowest, highest):
        shot = Shot(shot_type=shot_type, cast=("Mara",))
        y = project(camera_at(shot, 0), np.array([[0, 0, highest], [0, 0, lowest], [0, 0, lowest - 0.25]]), HD)[:, 1]
        assert 0 <= y[0] < 180
        assert y[1] <= 720 < y[2]

    def test_tighter_types_stand_in_order(self):
        order = list(PRESETS["shot_type"])[1:10]
        heights = []
        for shot_type in order:
            shot = Shot(shot_type=shot_type, cast=("Mara",))
            heights.append(np.ptp(points_of(shot, camera_at(shot, 0))[:, 1]))
        assert heights == sorted(heights)

    def test_a_lens_keeps_the_framing_and_changes_the_distance(self):
        wide, long = (Shot(shot_type="medium", cast=("Mara",), lens=lens) for lens in ("wide", "telephoto"))
        sizes = [np.ptp(project(camera_at(s, 0), np.array([[0, 0, 1.2], [0, 0, 1.7]]), HD)[:, 1]) for s in (wide, long)]
        assert sizes[0] == pytest.approx(sizes[1], rel=0.08)
        assert camera_at(long, 0).position[1] < 4 * camera_at(wide, 0).position[1]

    def test_angles_set_height_and_pitch(self):
        cameras = {
            a: camera_at(Shot(shot_type="full", cast=("Mara",), camera_angle=a), 0) for a in PRESETS["camera_angle"]
        }
        assert 1.5 < cameras["eye-level"].position[2] < 1.75
        assert cameras["hip-level"].position[2] == pytest.approx(0.93, abs=0.1)
        assert cameras["ground-level"].position[2] < 0.2
        assert cameras["low"].pitch > 5
        assert cameras["high"].pitch < -25
        assert cameras["overhead"].pitch == pytest.approx(-90)
        assert cameras["worms-eye"].pitch > 40
        assert cameras["dutch"].roll > 8
        assert cameras["eye-level"].roll == 0

    def test_over_the_shoulder_sees_a_back_and_a_face(self):
        shot = Shot(shot_type="over-the-shoulder", cast=("Anna", "Ben"), location="INT. OFFICE")
        camera = camera_at(shot, 0)
        far, near = build_stage(shot).figures[:2]
        depths = [float(to_view(camera, np.array(f.mark.middle))[2]) for f in (far, near)]
        assert depths[1] < depths[0] - 1
        near_pixels = points_of(shot, camera, 1)
        assert near_pixels[on_screen(near_pixels)][:, 0].max() < 640
        assert on_screen(points_of(shot, camera, 0)).any()

    def test_a_group_is_in_the_frame(self):
        shot = Shot(shot_type="wide", cast=tuple("ABCDEF"))
        assert all(on_screen(points_of(shot, camera_at(shot, 0), n)).mean() > 0.95 for n in range(6))

    def test_a_portrait_picture_holds_both_people_of_a_two_shot(self):
        shot = Shot(shot_type="two-shot", cast=("Anna", "Ben"))
        camera = camera_at(shot, 0, aspect=9 / 16)
        heads = np.array([[f.mark.x, f.mark.y, 1.65] for f in build_stage(shot).figures])
        assert on_screen(project(camera, heads, (720, 1280)), (720, 1280)).all()


class TestMoves:
    def move(self, key: str, **fields) -> Shot:
        return Shot(
            **{"shot_type": "medium-full", "cast": ("Mara",), "location": "EXT. FIELD", "camera_move": key, **fields}
        )

    @pytest.mark.parametrize("key", PRESETS["camera_move"])
    @pytest.mark.parametrize("shot_type", ["wide", "medium", "close-up"])
    def test_the_subject_is_in_the_first_and_the_last_frame(self, key, shot_type):
        for cast in (("Mara",), ()):
            shot = self.move(key, shot_type=shot_type, cast=cast, subject="Robot")
            for t in (0.0, 1.0):
                assert on_screen(points_of(shot, camera_at(shot, t), t=t)).mean() > 0.04, (cast, t)

    def test_a_dolly_changes_near_and_far_by_their_distances_and_a_zoom_does_not(self):
        near_far = np.array([[-0.5, 0, 1.2], [0.5, 0, 1.2], [-0.5, 10, 1.2], [0.5, 10, 1.2]])
        for key in ("dolly-out", "zoom-out"):
            start, end = (camera_at(self.move(key), t) for t in (0, 1))
            widths = [
                [px[1, 0] - px[0, 0], px[3, 0] - px[2, 0]] for px in (project(c, near_far, HD) for c in (start, end))
            ]
            growth = np.divide(widths[1], widths[0])
            depths = [to_view(c, near_far)[[0, 2], 2] for c in (start, end)]
            expected = depths[0] / depths[1] if key == "dolly-out" else np.full(2, 1 / 1.8)
            assert growth == pytest.approx(expected, rel=0.01)
        assert camera_at(self.move("zoom-out"), 1).position == camera_at(self.move("zoom-out"), 0).position

    def test_dolly_zoom_keeps_the_subject_and_stretches_what_is_behind(self):
        shot, post = self.move("dolly-zoom"), np.array([[0, 8.0, 0], [0, 8.0, 1.7]])
        sizes, behind = [], []
        for t in np.linspace(0, 1, 9):
            camera = camera_at(shot, float(t))
            sizes.append(np.ptp(project(camera, np.array([[-0.2, 0, 1.30], [0.2, 0, 1.30]]), HD)[:, 0]))
            behind.append(np.ptp(project(camera, post, HD)[:, 1]))
        assert max(sizes) / min(sizes) < 1.02
        assert behind[-1] < 0.8 * behind[0]

    @pytest.mark.parametrize(("key", "side"), [("orbit-left", -1), ("orbit-right", 1)])
    def test_an_orbit_shows_the_other_side(self, key, side):
        shot = self.move(key)
        middle, end = camera_at(shot, 0.5), camera_at(shot, 1)
        assert middle.position[0] * side > 1
        assert end.position[1] > 1
        nose = build_stage(shot).figures[0].faces.reshape(-1, 3)
        assert to_view(camera_at(shot, 0), nose)[nose[:, 1].argmin(), 2] < to_view(end, nose)[nose[:, 1].argmin(), 2]

    def test_pans_tilts_trucks_and_cranes_go_the_way_they_are_named(self):
        def change(key, name):
            start, end = (camera_at(self.move(key), t) for t in (0, 1))
            return getattr(end, name), getattr(start, name)

        assert np.subtract(*change("pan-left", "yaw")) < -5
        assert np.subtract(*change("pan-right", "yaw")) > 5
        assert np.subtract(*change("tilt-up", "pitch")) > 5
        assert np.subtract(*change("tilt-down", "pitch")) < -5
        assert np.subtract(*change("roll", "roll")) > 15
        assert np.subtract(*change("truck-left", "position"))[0] < -0.5
        assert np.subtract(*change("truck-right", "position"))[0] > 0.5
        assert np.subtract(*change("pedestal-up", "position"))[2] > 0.2
        assert np.subtract(*change("pedestal-down", "position"))[2] < -0.2
        assert np.subtract(*change("crane-up", "position"))[2] > 1
        assert np.subtract(*change("crane-down", "position"))[2] < -1

    def test_a_whip_pan_lands_on_the_subject_and_smears_on_its_way(self):
        shot = self.move("whip-pan")
        x, _, _ = project(camera_at(shot, 1), np.array([[0.0, 0.0, 1.3]]), HD)[0]
        assert x == pytest.approx(640, abs=40)
        detail = [np.abs(np.diff(f.astype(int), axis=1)).max() for f in frames(shot, SMALL, 2)]
        assert min(detail[20:28]) < 0.7 * detail[-1]

    def test_figures_walk_and_the_camera_keeps_its_distance(self):
        for key, way in (("follow", 1), ("lead", -1)):
            shot = self.move(key)
            there = build_stage(shot, 1.0, 4.0).figures[0].mark.y
            assert there == pytest.approx(way * 5.2)
            start, end = camera_at(shot, 0, 4.0), camera_at(shot, 1, 4.0)
            assert end.position[1] - there == pytest.approx(start.position[1], abs=0.01)
        back, face = (build_stage(self.move(key)).figures[0].mark.facing for key in ("follow", "lead"))
        assert abs(back - face) > 150

    def test_rack_focus_moves_the_sharp_distance_only(self):
        shot = Shot(shot_type="medium", cast=("A", "B"), depth_of_field="rack-focus")
        start, end = camera_at(shot, 0), camera_at(shot, 1)
        assert end.focus > 2 * start.focus
        assert end.position == start.position

    def test_no_camera_stands_in_a_figure_or_behind_a_wall(self):
        for shot_type in ("close-up", "over-the-shoulder", "wide", "aerial"):
            for key in PRESETS["camera_move"]:
                shot = Shot(shot_type=shot_type, cast=("A", "B", "C"), camera_move=key, location="INT. HALL")
                room = build_stage(shot).room
                for t in (0.0, 0.3, 0.6, 1.0):
                    position = np.array(camera_at(shot, t).position)
                    assert room is not None
                    assert (position > room.low).all()
                    assert (position < room.high).all()
                    for figure in build_stage(shot, t).figures:
                        if figure.mark.kind is PERSON and position[2] < 1.8:
                            assert math.dist(position[:2], (figure.mark.x, figure.mark.y)) > 0.3


class TestStage:
    @pytest.mark.parametrize(
        "location",
        [
            "INT. KITCHEN - DAY",
            "int. kitchen",
            "INNEN. KÜCHE",
            "Intérieur - cuisine",
            "INTERNO CASA",
            "ИНТ. КУХНЯ",
            "内景 茶馆",
        ]
        + ["WNĘTRZE. POKÓJ", "内 厨房", "室内プール", "12. INT. CAR"],
    )
    def test_a_slug_makes_a_room(self, location):
        assert build_stage(Shot(location=location)).room is not None

    @pytest.mark.parametrize(
        "location",
        [
            "EXT. STREET",
            "INT./EXT. CAR",
            "INT/EXT CAR",
            "Kitchen",
            "Internal affairs office",
            "内蒙古草原",
            "AUSSEN. HOF",
            "",
        ],
    )
    def test_anything_else_is_outside(self, location):
        assert build_stage(Shot(location=location)).room is None

    def test_without_a_location_the_floor_runs_into_the_backdrop(self):
        assert build_stage(Shot()).cyclorama
        assert not build_stage(Shot(location="EXT. BEACH")).cyclorama

    def test_nothing_is_read_out_of_prose(self):
        figures = build_stage(Shot(subject="Three men and a dog", location="Football match with a crowd")).figures
        assert [f.mark.kind for f in figures] == [BLOCK]
        assert figures[0].mark.words == "Three men and a dog"

    @pytest.mark.parametrize(
        ("fields", "names"),
        [
            ({"cast": ["Anna", "Ben", "Anna"]}, ["Anna", "Ben"]),
            ({"dialogue": "ANNA: You are late.\nBEN: I know.\nANNA: Again."}, ["ANNA", "BEN"]),
            ({"dialogue": "ANNA\nYou are late.\n\nBEN (V.O.)\nI know.\n\nCLEO (quietly)\nHello."}, ["ANNA", "CLEO"]),
            ({"cast": ["Anna Berg"], "dialogue": "ANNA: Hello.\n王芳：你好。"}, ["Anna Berg", "王芳"]),
            ({"dialogue": "Meet me at 12:30.\nHe thinks: no.\nSee https://example.org"}, ["The robot"]),
            ({"shot_type": "two-shot"}, ["The robot", ""]),
            ({"shot_type": "over-the-shoulder", "cast": ["Anna"]}, ["Anna", ""]),
            ({"cast": "A, B, C, D, E, F, G, H"}, ["A", "B", "C", "D", "E", "F"]),
            ({"shot_type": "insert", "cast": ["Anna"]}, ["The robot", "Anna"]),
        ],
    )
    def test_figures_are_the_cast_and_the_speakers(self, fields, names):
        shot = Shot.from_fields({"subject": "The robot", "title": "ignored", "number": 7, **fields})
        assert [f.mark.words for f in build_stage(shot).figures] == names

    def test_faces_look_outwards(self):
        for shot in (
            Shot(subject="x"),
            Shot(cast=("A",)),
            Shot(cast=("A",), camera_move="lead"),
            Shot(shot_type="insert"),
        ):
            for figure in build_stage(shot, 0.3).figures:
                volume = np.einsum(
                    "ij,ij->i", figure.faces[:, 0], np.cross(figure.faces[:, 1], figure.faces[:, 2])
                ).sum()
                assert volume > 0
                assert figure.faces[..., 2].min() >= -1e-6


class TestPictures:
    @pytest.mark.parametrize("field", [field for field in PRESETS if field in Shot.__dataclass_fields__])
    def test_every_preset_draws_its_subject(self, field):
        for key in [*PRESETS[field], "no-such-key"]:
            for location in ("INT. ROOM", "EXT. FIELD"):
                shot = Shot(**{"shot_type": "medium", "cast": ("Mara",), "location": location, field: key})
                for at in (0.0, 0.5, 1.0):
                    picture = panel(shot, SMALL, at=at)
                    assert picture.shape == (180, 320, 3)
                    assert on_screen(points_of(shot, camera_at(shot, at), t=at, size=SMALL), SMALL).any(), key

    def test_unknown_keys_are_the_neutral_default(self):
        odd = Shot(cast=("Mara",), shot_type="x", camera_angle="x", camera_move="x", lens="x", depth_of_field="x")
        assert camera_at(odd, 0.5) == camera_at(Shot(cast=("Mara",)), 0.5)
        assert np.array_equal(panel(odd, SMALL), panel(Shot(cast=("Mara",)), SMALL))

    def test_a_clip_is_the_same_every_time(self):
        shot = Shot(
            cast=("A", "B"), camera_move="handheld", weather="snow", depth_of_field="shallow", location="EXT. X"
        )
        first, again = list(frames(shot, SMALL, 0.5)), list(frames(shot, SMALL, 0.5))
        assert len(first) == 12
        assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
        assert not np.array_equal(first[0], first[-1])

    def test_a_static_clip_is_one_picture(self):
        clip = list(frames(Shot(cast=("A",)), SMALL, 2))
        assert len(clip) == 48
        assert all(frame is clip[0] for frame in clip)

    def test_frames_carry_no_label_and_no_arrow(self):
        shot = Shot(cast=("Mara",), camera_move="dolly-in")
        plain, marked = panel(shot, SMALL, overlay=False), panel(shot, SMALL)
        assert np.array_equal(next(frames(shot, SMALL, 4)), plain)
        assert (plain != marked).any(axis=2).sum() > 300
        assert np.ptp(plain.astype(int), axis=2).max() < 25  # greys only

    def test_weather_falls(self):
        clip = list(frames(Shot(cast=("A",), weather="rain", location="EXT. X"), SMALL, 0.2))
        assert not np.array_equal(clip[0], clip[1])

    def test_night_is_darker_than_noon(self):
        noon, night = (panel(Shot(time_of_day=t, location="EXT. X"), SMALL).mean() for t in ("noon", "night"))
        assert night < 0.6 * noon

    def test_only_the_subject_is_sharp_in_shallow_focus(self):
        deep, shallow = (
            panel(
                Shot(shot_type="close-up", cast=("A",), location="INT. X", depth_of_field=d), HD, overlay=False
            ).astype(int)
            for d in ("deep", "shallow")
        )
        wall = (slice(0, 100), slice(300, 600))
        assert np.abs(np.diff(shallow[wall], axis=1)).max() < 0.5 * np.abs(np.diff(deep[wall], axis=1)).max()

    @pytest.mark.parametrize("size", [(360, 640), (640, 640), (641, 361), (16, 16)])
    def test_any_shape_of_picture(self, size):
        shot = Shot(
            cast=("A", "B"), camera_move="orbit-left", location="INT. X", depth_of_field="shallow", camera_angle="dutch"
        )
        assert panel(shot, size).shape == (size[1], size[0], 3)
