from django.apps import AppConfig


class GenerationConfig(AppConfig):
    name = "generation"

    def ready(self) -> None:
        from generation import checks, tasks  # noqa: F401  registers system checks and worker signals
