from django.urls import path

from teams.views import account, second_factor, sign_in

urlpatterns = [
    path("sign-in/<str:token>", sign_in.sign_in, name="sign_in"),
    path("account", account.account, name="account"),
    path("account/sessions/<int:pk>/end", account.session_end, name="session_end"),
    path("account/sessions/end-others", account.sessions_end_others, name="sessions_end_others"),
    path("teams/<int:pk>/second-factor", second_factor.team_second_factor, name="team_second_factor"),
]
