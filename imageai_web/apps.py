from typing import Any

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db.models.signals import post_migrate


class ImageAIWebConfig(AppConfig):
    name = "imageai_web"
    verbose_name = "ImageAI Web"

    def ready(self) -> None:
        post_migrate.connect(make_cache_table, sender=apps.get_app_config("teams"))  # of apps with models, once


def make_cache_table(using: str, **kwargs: Any) -> None:
    """With `migrate`, so that nobody has to know of a further command; does nothing where it exists or Redis is used."""
    call_command("createcachetable", database=using, verbosity=0)
