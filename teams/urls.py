from django.urls import path

from teams import views

urlpatterns = [
    path("sign-in/<str:token>", views.sign_in, name="sign_in"),
]
