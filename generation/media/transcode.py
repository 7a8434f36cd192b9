"""Makes the copy of a clip that every browser plays. Runs in a decoding child, without Django."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from generation.media.decoding import NotAClip, open_clip
from generation.media.probe import MAX_FRAMES
from generation.media_info import MediaInfo
from generation.providers.base import OnProgress

if TYPE_CHECKING:
    from av.container import InputContainer, OutputContainer
    from av.filter import Graph
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

#: The longest side of the copy.
MAX_SIDE = 1920
VIDEO_OPTIONS = {"preset": "veryfast", "crf": "20", "profile": "high"}
SAMPLE_RATE = 48_000
#: FFmpeg's filters by the degrees counterclockwise that turn a frame upright.
TURNS: dict[int, list[tuple[str, str]]] = {
    0: [],
    90: [("transpose", "cclock")],
    180: [("hflip", ""), ("vflip", "")],
    270: [("transpose", "clock")],
}


def make_browser_copy(
    source: Path, destination: Path, info: MediaInfo, on_progress: OnProgress = lambda fraction: None
) -> None:
    """Write H.264 (High, 4:2:0) and AAC in an MP4 that plays while it loads: upright, with square pixels, times as they are.

    Raises NotAClip for a clip that can't be decoded, and OSError; `destination` may then be incomplete.
    """
    import av

    options = {"movflags": "+faststart"}
    with open_clip(source) as (clip, video), av.open(str(destination), "w", format="mp4", options=options) as copy:
        encoder = _Encoder(copy, clip, video, info)
        for packet in clip.demux(encoder.inputs):
            encoder.convert(packet)
            on_progress(min(1.0, encoder.frames / max(1, info.frames)))
        encoder.finish()


class _Encoder:
    def __init__(self, copy: OutputContainer, clip: InputContainer, video: VideoStream, info: MediaInfo) -> None:
        self.copy, self.video, self.frames = copy, video, 0
        scale = min(1.0, MAX_SIDE / max(info.width, info.height))
        size = max(2, int(info.width * scale) // 2 * 2), max(2, int(info.height * scale) // 2 * 2)
        film: Any = copy.add_stream("libx264", rate=info.fps, options=VIDEO_OPTIONS)
        film.width, film.height, film.pix_fmt = *size, "yuv420p"
        film.codec_context.time_base = video.time_base
        self.film, self.graph = film, _build_graph(video, size[::-1] if info.rotation % 180 else size, info.rotation)
        sound: Any = clip.streams.best("audio")
        self.track: Any = None
        if sound:
            self.track = copy.add_stream("aac", rate=SAMPLE_RATE, layout="stereo" if sound.channels > 1 else "mono")
        self.inputs = [video, sound] if sound else [video]

    def convert(self, packet: Any) -> None:
        for frame in packet.decode():
            if packet.stream.index != self.video.index:
                self.copy.mux(self.track.encode(frame))
                continue
            self.frames += 1
            if self.frames > MAX_FRAMES:
                raise NotAClip(f"it has more than {MAX_FRAMES:,} frames")
            if self.frames == 1:
                self._copy_colours(frame)
            self.graph.vpush(frame)
            self._encode(self.graph.vpull())

    def finish(self) -> None:
        for stream in filter(None, (self.film, self.track)):
            self.copy.mux(stream.encode(None))

    def _encode(self, frame: VideoFrame) -> None:
        frame.pict_type = 0  # or the encoder repeats the key frames of the source
        self.copy.mux(self.film.encode(frame))

    def _copy_colours(self, frame: VideoFrame) -> None:
        # The filters keep the values of YUV, so their meaning stays; they turn RGB into HDTV's.
        context = self.film.codec_context
        if frame.format.is_rgb:
            context.colorspace = context.color_primaries = context.color_trc = 1
            context.color_range = 1
        else:
            context.colorspace, context.color_range = frame.colorspace, frame.color_range
            context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc


def _build_graph(video: VideoStream, size: tuple[int, int], rotation: int) -> Graph:
    from av.filter import Graph

    graph = Graph()
    to_video = ":out_color_matrix=bt709:out_range=tv" if video.format and video.format.is_rgb else ""
    filters = [("scale", f"{size[0]}:{size[1]}{to_video}"), *TURNS[rotation], ("setsar", "1"), ("format", "yuv420p")]
    nodes = [graph.add_buffer(template=video), *(graph.add(name, value or None) for name, value in filters)]
    graph.link_nodes(*nodes, graph.add("buffersink")).configure()
    return graph
