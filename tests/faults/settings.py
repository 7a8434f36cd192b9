"""The application's own settings, with the faults of planted.py on top: DJANGO_SETTINGS_MODULE of the fault tests alone."""

from imageai_web import settings as earnest

globals().update({name: value for name, value in vars(earnest).items() if name.isupper()})
INSTALLED_APPS = [*earnest.INSTALLED_APPS, "tests.faults.planted"]
