from django.apps import AppConfig


class StoryboardConfig(AppConfig):
    name = "storyboard"
