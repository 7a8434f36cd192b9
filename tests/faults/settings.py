"""The application's own settings plus the faults of planted/: DJANGO_SETTINGS_MODULE of the fault tests' installations."""

from imageai_web import settings as application

globals().update({name: value for name, value in vars(application).items() if name.isupper()})
INSTALLED_APPS = [*application.INSTALLED_APPS, "tests.faults.planted"]
