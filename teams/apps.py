from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class TeamsConfig(AppConfig):
    name = "teams"

    def ready(self) -> None:
        from teams import sessions  # its models are there only now

        user_logged_in.connect(sessions.mark_new)
