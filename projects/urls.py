from django.urls import path

from projects.views import picture, project, scene, script

urlpatterns = [
    path("", project.project_list, name="project_list"),
    path("projects/new", project.project_create, name="project_create"),
    path("projects/<int:pk>", project.storyboard, name="storyboard"),
    path("projects/<int:pk>/settings", project.project_edit, name="project_edit"),
    path("projects/<int:pk>/duplicate", project.project_duplicate, name="project_duplicate"),
    path("projects/<int:pk>/delete", project.project_delete, name="project_delete"),
    path("projects/<int:pk>/restore", project.project_restore, name="project_restore"),
    path("projects/<int:pk>/scenes/new", scene.scene_create, name="scene_create"),
    path("projects/<int:pk>/import", script.script_import, name="script_import"),
    path("projects/<int:pk>/import/undo", script.script_undo, name="script_undo"),
    path("projects/<int:pk>/scenes.csv", script.scenes_csv, name="scenes_csv"),
    path("projects/<int:pk>/scenes.fountain", script.scenes_fountain, name="scenes_fountain"),
    path("scenes/<int:pk>", scene.scene_page, name="scene_page"),
    path("scenes/<int:pk>/card", scene.scene_card, name="scene_card"),
    path("scenes/<int:pk>/card/edit", scene.scene_card_edit, name="scene_card_edit"),
    path("scenes/<int:pk>/move", scene.scene_move, name="scene_move"),
    path("scenes/<int:pk>/duplicate", scene.scene_duplicate, name="scene_duplicate"),
    path("scenes/<int:pk>/delete", scene.scene_delete, name="scene_delete"),
    path("scenes/<int:pk>/restore", scene.scene_restore, name="scene_restore"),
    path("scenes/<int:pk>/pictures", picture.scene_picture_add, name="scene_picture_add"),
    path("projects/<int:pk>/pictures", picture.project_picture_add, name="project_picture_add"),
    path("pictures/<int:pk>", picture.picture_file, name="picture_file"),
    path("pictures/<int:pk>/fit", picture.picture_fit, name="picture_fit"),
    path("pictures/<int:pk>/remove", picture.picture_remove, name="picture_remove"),
    path("pictures/<int:pk>/restore", picture.picture_restore, name="picture_restore"),
]
