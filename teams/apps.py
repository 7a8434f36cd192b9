from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class TeamsConfig(AppConfig):
    name = "teams"

    def ready(self) -> None:
        from core import secrets  # their models are there only now
        from teams import factor_secrets, sessions

        user_logged_in.connect(sessions.mark_new)
        secrets.MORE_PLACES.append(factor_secrets.PLACE)
