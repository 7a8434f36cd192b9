from django.urls import path

from generation.views import budget, connections, downloads, frames, images, look, models, queue, stream, takes

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
    path("takes/<int:pk>/make", takes.take_from, name="take_from"),
    path("projects/<int:pk>/model", models.project_model, name="project_model"),
    path("scenes/<int:pk>/pictures/make", images.scene_picture_make, name="scene_picture_make"),
    path("projects/<int:pk>/pictures/make", images.project_picture_make, name="project_picture_make"),
    path("scenes/<int:pk>/pictures/panel", images.pictures_panel, name="pictures_panel"),
    path("pictures/<int:pk>/as/<slug:fit>", frames.frame_preview, name="frame_preview"),
    path("projects/<int:pk>/budget", budget.project_budget, name="project_budget"),
    path("costs", budget.cost_page, name="costs"),
    path("connections", connections.connection_list, name="connections"),
    path("connections/<slug:slug>/test", connections.connection_test, name="connection_test"),
    path("takes/<int:pk>/look", look.take_look, name="take_look"),
    path("images/<int:pk>/look", look.images_look, name="images_look"),
    path("queue", queue.queue, name="queue"),
    path("queue/seen", queue.recovery_seen, name="recovery_seen"),
    path("takes/<int:pk>/dismiss", queue.dismiss, name="take_dismiss"),
]
