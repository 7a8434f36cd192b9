from allauth.account.signals import password_reset
from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class TeamsConfig(AppConfig):
    name = "teams"

    def ready(self) -> None:
        from core import secrets  # imports models, which exist only now
        from teams import address_proof, factor_secrets, sessions

        user_logged_in.connect(sessions.mark_seen)
        password_reset.connect(address_proof.on_password_reset)
        secrets.EXTRA_STORES.append(factor_secrets.STORE)
