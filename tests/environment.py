"""Keeps tests away from existing data and accounts. pytest loads it before the settings are read."""

import os
import sys
import tempfile

import certifi

os.environ["IMAGEAI_DATA"] = tempfile.mkdtemp(prefix="imageai-test-")
os.mkdir(os.path.join(os.environ["IMAGEAI_DATA"], "static"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "imageai_web.settings")
for name in ("REDIS_URL", "HTTPS", "IMAGEAI_WEB_PROCESS", "IMAGEAI_OWNER", "IMAGEAI_SECRET_KEYS", "BEHIND_PROXY"):
    os.environ.pop(name, None)
for name in [name for name in os.environ if name.startswith("OIDC_")]:
    os.environ.pop(name)
#: Provider accounts from the environment: only tests/verification may use them, and only within a spending limit.
ACCOUNTS = {
    name: os.environ.pop(name)
    for name in list(os.environ)
    if name.startswith(("OPENAI_", "SORA_", "GEMINI_", "GOOGLE_", "VEO_", "OPENROUTER_", "VERIFY_"))
}

if not ACCOUNTS:
    # Every SDK client parses the whole certificate bundle, which takes 25 ms. Tests talk to local servers: one is enough.
    authority = os.path.join(os.environ["IMAGEAI_DATA"], "authority.pem")
    with open(certifi.where()) as bundle, open(authority, "w") as file:
        for line in bundle:
            file.write(line)
            if line.startswith("-----END"):
                break
    os.environ["SSL_CERT_FILE"] = authority

if __name__ == "__main__":
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *sys.argv[1:]])
