from typing import Any

from django.apps import AppConfig, apps
from django.core.management import call_command
from django.db.models.signals import post_migrate


class ImageAIWebConfig(AppConfig):
    name = "imageai_web"
    verbose_name = "ImageAI Web"

    def ready(self) -> None:
        # post_migrate is sent once per app; one with models is enough.
        post_migrate.connect(create_cache_table, sender=apps.get_app_config("teams"))


def create_cache_table(using: str, **kwargs: Any) -> None:
    # Part of `migrate`, to spare a separate command. Does nothing if the table exists or Redis is the cache.
    call_command("createcachetable", database=using, verbosity=0)
