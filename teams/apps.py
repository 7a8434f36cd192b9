from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class TeamsConfig(AppConfig):
    name = "teams"

    def ready(self) -> None:
        from teams import factor_secrets, secrets, sessions  # their models are there only now

        user_logged_in.connect(sessions.mark_new)
        secrets.MORE_PLACES.append(factor_secrets.PLACE)
