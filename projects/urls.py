from django.urls import path

from projects.views import picture, preset, project, scene, style, undo

urlpatterns = [
    path("", project.project_list, name="project_list"),
    path("projects/new", project.project_create, name="project_create"),
    path("projects/<int:pk>", project.storyboard, name="storyboard"),
    path("projects/<int:pk>/settings", project.project_edit, name="project_edit"),
    path("projects/<int:pk>/style", style.project_style, name="project_style"),
    path("projects/<int:pk>/style/undo", style.project_style_undo, name="project_style_undo"),
    path("projects/<int:pk>/duplicate", project.project_duplicate, name="project_duplicate"),
    path("projects/<int:pk>/delete", project.project_delete, name="project_delete"),
    path("projects/<int:pk>/restore", project.project_restore, name="project_restore"),
    path("projects/<int:pk>/scenes/new", scene.scene_create, name="scene_create"),
    path("scenes/<int:pk>", scene.scene_page, name="scene_page"),
    path("scenes/<int:pk>/autosave", scene.scene_autosave, name="scene_autosave"),
    path("scenes/<int:pk>/menu", scene.scene_menu, name="scene_menu"),
    path("scenes/<int:pk>/card", scene.scene_card, name="scene_card"),
    path("scenes/<int:pk>/card/edit", scene.scene_card_edit, name="scene_card_edit"),
    path("scenes/<int:pk>/move", scene.scene_move, name="scene_move"),
    path("scenes/<int:pk>/duplicate", scene.scene_duplicate, name="scene_duplicate"),
    path("scenes/<int:pk>/delete", scene.scene_delete, name="scene_delete"),
    path("scenes/<int:pk>/restore", scene.scene_restore, name="scene_restore"),
    path("acts/<int:pk>/undo", undo.act_undo, name="act_undo"),
    path("scenes/<int:pk>/pictures", picture.scene_picture_add, name="scene_picture_add"),
    path("projects/<int:pk>/pictures", picture.project_picture_add, name="project_picture_add"),
    path("pictures/<int:pk>", picture.picture_file, name="picture_file"),
    path("pictures/<int:pk>/fit", picture.picture_fit, name="picture_fit"),
    path("pictures/<int:pk>/remove", picture.picture_remove, name="picture_remove"),
    path("presets/<slug:field>", preset.preset_pictures, name="preset_pictures"),
    path("pictures/<int:pk>/restore", picture.picture_restore, name="picture_restore"),
    path("pictures/<int:pk>/take-back", picture.picture_take_back, name="picture_take_back"),
]
