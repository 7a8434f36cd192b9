from django.apps import AppConfig


class ImageAIWebConfig(AppConfig):
    name = "imageai_web"
    verbose_name = "ImageAI Web"
