"""All settings, read from the environment. .env.example documents each variable.

IMAGEAI_DATA is the only directory an installation writes to: database, media, keys and logs.
"""

import os
import secrets
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from imageai_web import oidc, provider_env

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# What the product writes is for its own user alone: database, media, keys and logs.
os.umask(0o077)
DATA_DIR = Path(env.str("IMAGEAI_DATA", default=str(BASE_DIR / "data"))).resolve()


def read_or_create_secret(name: str) -> str:
    # Kept in the data directory, so that sessions and signatures survive a restart.
    path = DATA_DIR / "keys" / name
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f"{name}.{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_text(secrets.token_urlsafe(50))
        try:
            os.link(temporary, path)  # unlike a rename, fails if the file exists
        except FileExistsError:
            pass  # another process was first: use its secret
        finally:
            temporary.unlink()
    return path.read_text().strip()


#: Keys that encrypt stored secrets (core/secrets.py), newest first. If empty, the file keys/secrets is used.
SECRET_KEYS = env.list("IMAGEAI_SECRET_KEYS", default=[])

# -- Serving -----------------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or read_or_create_secret("secret_key")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    # Each trusted proxy appends an address to X-Forwarded-For. The visitor's is this many from the end; the ones before
    # it can be forged.
    ALLAUTH_TRUSTED_PROXY_COUNT = provider_env.whole(env, "PROXY_COUNT", 1, most=20)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
if HTTPS:
    # Browsers accept __Host- cookies only over HTTPS and only from this host, not from its subdomains.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Above the limits of the form fields, so that the form can name the field that is too long.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
#: Larger requests are rejected unread, uploads included. The largest allowed picture has 20 MB.
MAX_REQUEST_BYTES = 64 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

ROOT_URLCONF = "imageai_web.urls"
ASGI_APPLICATION = "imageai_web.asgi.application"

INSTALLED_APPS = [
    "imageai_web",
    "core",
    "teams",
    "projects",
    "generation",
    "storyboard",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.forms",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_q",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "django_htmx.middleware.HtmxMiddleware",  # first: error pages need request.htmx, also for errors in the middleware below
    "imageai_web.headers.isolation",
    "imageai_web.reloads.to_page",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "teams.sessions.LastSeenMiddleware",
    "imageai_web.errors.BusyMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "teams.context.team_switch",
            ],
            # In every template, so that no amount is printed as a bare Decimal because of a missing load tag.
            "builtins": ["core.templatetags.money"],
        },
    }
]

FORM_RENDERER = "imageai_web.forms.Renderer"

LANGUAGE_CODE = "en"
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
USE_I18N = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- Data --------------------------------------------------------------------------------------------------------------

EMBEDDED: dict[str, Any] = {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA_DIR / "db.sqlite3"}
DATABASES = {"default": env.db("DATABASE_URL") if env.str("DATABASE_URL", default="") else EMBEDDED}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    # IMMEDIATE takes the write lock when a transaction begins. DEFERRED fails with "database is locked" under concurrent
    # writers, without waiting for the timeout.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
    # Under ASGI each request runs in its own thread. A persistent connection would leak when the thread ends.
    _database["CONN_MAX_AGE"] = 0 if env.bool("IMAGEAI_WEB_PROCESS", default=False) else None
    # A file, as in production: SQLite in memory shares one cache between threads and locks differently.
    _database["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
elif env.bool("IMAGEAI_WEB_PROCESS", default=False):
    # Under ASGI each request runs in its own thread, so connections are pooled. Not in workers: they fork, and a forked
    # pool hangs.
    pool = {"min_size": 1, "max_size": provider_env.whole(env, "DATABASE_POOL", 10, most=1000), "timeout": 10}
    _database["OPTIONS"] = {"pool": pool, "connect_timeout": 5}
    _database["CONN_MAX_AGE"] = 0
    _database["CONN_HEALTH_CHECKS"] = True
else:
    _database["CONN_MAX_AGE"] = None
    _database["CONN_HEALTH_CHECKS"] = True

MEDIA_ROOT = DATA_DIR / "media"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        # A clip's name is fixed by its generation: a repeated step replaces the file instead of adding a second one.
        "OPTIONS": {"location": MEDIA_ROOT, "allow_overwrite": True},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# -- Sign-in -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "teams.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "teams.sign_in_forms.LoginForm", "reset_password": "teams.sign_in_forms.ResetPasswordForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# In addition to allauth's defaults. See core/rate_limits.py.
ACCOUNT_RATE_LIMITS = {"secret_link": "30/m/ip"}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "project_list"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

MFA_ADAPTER = "teams.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "teams.sign_in_forms.AuthenticateForm",
    "reauthenticate": "teams.sign_in_forms.ReauthenticateForm",
    "activate_totp": "teams.sign_in_forms.ActivateTOTPForm",
    "add_webauthn": "teams.sign_in_forms.AddPasskeyForm",
    "edit_webauthn": "teams.sign_in_forms.RenamePasskeyForm",
    "login_webauthn": "teams.sign_in_forms.LoginPasskeyForm",
    "authenticate_webauthn": "teams.sign_in_forms.AuthenticatePasskeyForm",
    "reauthenticate_webauthn": "teams.sign_in_forms.ReauthenticatePasskeyForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
# Accounts are created by invitation only, so that no account can be registered with the address of another person.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "ImageAI"
# Accepts a code 30 s before and after its own period; teams/sign_in_forms.py accepts it only once.
MFA_TOTP_TOLERANCE = 1

SOCIALACCOUNT_ADAPTER = "teams.adapter.SocialAccountAdapter"
SOCIALACCOUNT_PROVIDERS = oidc.providers(env)
#: Whether the identity provider can create accounts. They belong to no team at first.
OIDC_SIGNUP = env.bool("OIDC_SIGNUP", default=False)
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
# allauth's confirmation form would be blocked by our form-action policy when it redirects to the provider. Without it,
# sign-in is still protected by state, nonce and PKCE.
SOCIALACCOUNT_LOGIN_ON_GET = True

EMAIL_CONFIG = env.email("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="imageai@localhost")

# -- Background work ---------------------------------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
# Rate limits have to be shared by all web processes. `migrate` creates the table (imageai_web/apps.py).
SHARED_CACHE: dict[str, Any] = {
    "BACKEND": "django.core.cache.backends.db.DatabaseCache",
    "LOCATION": "shared_cache",
    "OPTIONS": {"MAX_ENTRIES": 100_000},  # large, because culling resets rate limits
}
REDIS_CACHE: dict[str, Any] = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
OWN_CACHE: dict[str, Any] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
CACHES = {
    "default": REDIS_CACHE if REDIS_URL else SHARED_CACHE,
    "queue": REDIS_CACHE
    if REDIS_URL
    else OWN_CACHE,  # django-q writes its state twice a second: too often for the database
}

#: Seconds until another worker takes over a generation whose worker has gone silent.
LEASE_SECONDS = provider_env.number(env, "IMAGEAI_LEASE_SECONDS", 20.0, least=0.1, most=3600)
#: Seconds without any executed task, the watchdog's probe included, after which a queue is restarted.
FROZEN_SECONDS = provider_env.number(env, "IMAGEAI_FROZEN_SECONDS", 30.0, least=0.1, most=86_400)
#: Clips that run longer at their provider need review: a person decides whether to keep waiting.
LONGEST_RUN_HOURS = provider_env.number(env, "IMAGEAI_LONGEST_RUN_HOURS", 6.0, least=0, most=8760)
#: New work waits while less disk space is free, so that clips already paid for still fit.
LEAST_FREE_BYTES = provider_env.whole(env, "IMAGEAI_LEAST_FREE_MB", 500, least=0, most=10**8) * 1024**2
MEDIA_WORKERS = provider_env.whole(env, "IMAGEAI_MEDIA_WORKERS", max(1, min(4, os.cpu_count() or 1)), most=256)


def queue(workers: int, timeout: int) -> dict[str, int]:
    # One django-q queue. `retry` must outlast every task the cluster can hold, or the broker delivers a task twice.
    queue_limit, bulk = workers, 1
    return {
        "workers": workers,
        "queue_limit": queue_limit,
        "bulk": bulk,
        "timeout": timeout,
        "retry": timeout * (1 + -(-(queue_limit + bulk) // workers)) + 60,
    }


Q_CLUSTER = {
    "name": "imageai",
    "cluster_name": "remote",
    # A team's own servers can hold two of them, one to submit and one to poll.
    **queue(workers=provider_env.whole(env, "IMAGEAI_REMOTE_WORKERS", 3, most=256), timeout=240),
    "ALT_CLUSTERS": {"media": queue(workers=MEDIA_WORKERS, timeout=1800)},
    "poll": 0.1,
    "guard_cycle": 0.5,
    "scheduler": False,
    "catch_up": False,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "log_level": "WARNING",
    "cache": "queue",
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}

#: What a team's clips and pictures may take up before free takes and uploads are refused; 0 is no limit.
TEAM_STORAGE_BYTES = provider_env.whole(env, "IMAGEAI_TEAM_STORAGE_GB", 100, least=0, most=1_000_000) * 1024**3
#: What was deleted keeps its files for so long.
TRASH_DAYS = provider_env.whole(env, "IMAGEAI_TRASH_DAYS", 30, most=36_500)

# -- Providers ---------------------------------------------------------------------------------------------------------

CONNECTIONS = provider_env.connections(env)
#: Hosts, or host:port, that team connections may use although they are private or use plain http.
TEAM_HOSTS = provider_env.hosts(env, "IMAGEAI_TEAM_HOSTS")

# -- Teams -------------------------------------------------------------------------------------------------------------

#: Caps of a team whose owners have set none yet, in US dollars.
TEAM_CAPS = {
    "cap_month": provider_env.amount(env, "IMAGEAI_TEAM_CAP_MONTH"),
    "cap_total": provider_env.amount(env, "IMAGEAI_TEAM_CAP_TOTAL"),
}
#: Connections of its own that a team can have.
TEAM_CONNECTIONS = provider_env.whole(env, "IMAGEAI_TEAM_CONNECTIONS", 20, least=0, most=10_000)
#: Who may create teams: “owners” of the installation, that is of its first team, or all “editors”.
TEAM_FOUNDERS = provider_env.choice(env, "IMAGEAI_TEAM_FOUNDERS", ("owners", "editors"))

LOG_DIR = DATA_DIR / "logs"
LOG_DIR.mkdir(parents=True, exist_ok=True)
LINE = "%(asctime)s %(levelname)-7s %(name)s  %(message)s"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "imageai_web.logs.Redacting", "format": LINE}},
    "filters": {"refusals": {"()": "imageai_web.logs.WithoutRefusedTracebacks"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]},
        # All processes append to it. Log rotation can move the file away: it is reopened.
        "file": {
            "class": "logging.handlers.WatchedFileHandler",
            "filename": LOG_DIR / "imageai.log",
            "formatter": "line",
            "filters": ["refusals"],
            "delay": True,
        },
    },
    "root": {"handlers": ["console", "file"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {name: {"level": "WARNING"} for name in ("django-q", "httpx2", "google_genai")},
}

if HTTPS and "SECRET_KEY" in os.environ and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY has fewer than 50 characters. Remove it to have one generated.")
