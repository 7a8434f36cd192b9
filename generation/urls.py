from django.urls import path

from generation.views import downloads, stream, takes

urlpatterns = [
    path("scenes/<int:pk>/generate", takes.generate, name="generate"),
    path("projects/<int:pk>/generate-missing", takes.generate_missing, name="generate_missing"),
    path("takes/<int:pk>/cancel", takes.cancel, name="take_cancel"),
    path("takes/<int:pk>/select", takes.select, name="take_select"),
    path("scenes/<int:pk>/player", takes.player, name="scene_player"),
    path("scenes/<int:pk>/sketch.webp", downloads.sketch_picture, name="scene_sketch"),
    path("takes/<int:pk>/poster.webp", downloads.poster, name="take_poster"),
    path("takes/<int:pk>/clip.mp4", downloads.clip, name="take_clip"),
    path("projects/<int:pk>/clips.zip", downloads.clips_zip, name="clips_zip"),
    path("projects/<int:pk>/stream", stream.project_stream, name="project_stream"),
    path("scenes/<int:pk>/stream", stream.scene_stream, name="scene_stream"),
    path("queue", takes.queue, name="queue"),
]
