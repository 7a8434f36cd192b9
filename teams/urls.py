from django.urls import path

from teams.views import account, activity, invitations, second_factor, sign_in, team

urlpatterns = [
    path("sign-in/<str:token>", sign_in.sign_in, name="sign_in"),
    path("teams/new", team.team_create, name="team_create"),
    path("teams/choose", team.team_choose, name="team_choose"),
    path("teams/<int:pk>", team.team_page, name="team_page"),
    path("teams/<int:pk>/rename", team.team_rename, name="team_rename"),
    path("teams/<int:pk>/leave", team.team_leave, name="team_leave"),
    path("teams/<int:pk>/invite", invitations.invite, name="team_invite"),
    path("teams/<int:pk>/activity", activity.activity, name="team_activity"),
    path("members/<int:pk>/role", team.member_role, name="member_role"),
    path("members/<int:pk>/remove", team.member_remove, name="member_remove"),
    path("invitations/<int:pk>/resend", invitations.invitation_resend, name="invitation_resend"),
    path("invitations/<int:pk>/revoke", invitations.invitation_revoke, name="invitation_revoke"),
    path("invitations/<str:token>", invitations.invitation, name="invitation"),
    path("account", account.account, name="account"),
    path("account/sessions/<int:pk>/end", account.session_end, name="session_end"),
    path("account/sessions/end-others", account.sessions_end_others, name="sessions_end_others"),
    path("teams/<int:pk>/second-factor", second_factor.team_second_factor, name="team_second_factor"),
]
