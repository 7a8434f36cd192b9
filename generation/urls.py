from django.urls import path

from generation.views import budget, connections, downloads, prompt_templates, storage, team_connections

urlpatterns = [
    path("scenes/<int:pk>/panel.webp", downloads.panel, name="scene_panel"),
    path("takes/<int:pk>/poster.webp", downloads.poster, name="take_poster"),
    path("takes/<int:pk>/filmstrip.webp", downloads.filmstrip, name="take_filmstrip"),
    path("takes/<int:pk>/clip.mp4", downloads.clip, name="take_clip"),
    path("takes/<int:pk>/clip-with-slate.mp4", downloads.slated_clip, name="take_slated_clip"),
    path("projects/<int:pk>/clips.zip", downloads.clips_zip, name="clips_zip"),
    path("projects/<int:pk>/budget", budget.project_budget, name="project_budget"),
    path("teams/<int:pk>/budget", budget.team_budget, name="team_budget"),
    path("teams/<int:pk>/storage", storage.team_storage, name="team_storage"),
    path("teams/<int:pk>/storage/empty", storage.trash_empty, name="trash_empty"),
    path("costs", budget.cost_page, name="costs"),
    path("connections", connections.connection_list, name="connections"),
    path("connections/<int:pk>/test", team_connections.team_connection_test, name="team_connection_test"),
    path("connections/<int:pk>/edit", team_connections.connection_edit, name="connection_edit"),
    path("connections/<int:pk>/switch", team_connections.connection_switch, name="connection_switch"),
    path("connections/<int:pk>/move", team_connections.connection_move, name="connection_move"),
    path("connections/<int:pk>/remove", team_connections.connection_remove, name="connection_remove"),
    path("connections/<int:pk>/restore", team_connections.connection_restore, name="connection_restore"),
    path("connections/<slug:slug>/test", connections.connection_test, name="connection_test"),
    path("teams/<int:pk>/connections", team_connections.team_connection_list, name="team_connections"),
    path("teams/<int:pk>/connections/add/<slug:provider>", team_connections.connection_add, name="connection_add"),
    path("teams/<int:pk>/prompts", prompt_templates.prompt_templates, name="prompt_templates"),
    path("teams/<int:pk>/prompts/<slug:name>", prompt_templates.prompt_template, name="prompt_template"),
    path(
        "teams/<int:pk>/prompts/<slug:name>/preview",
        prompt_templates.prompt_template_preview,
        name="prompt_template_preview",
    ),
    path(
        "teams/<int:pk>/prompts/<slug:name>/reset", prompt_templates.prompt_template_reset, name="prompt_template_reset"
    ),
]
