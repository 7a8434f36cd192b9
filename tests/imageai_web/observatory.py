"""Computes the score of Mozilla's HTTP Observatory for a response (rules: github.com/mdn/mdn-http-observatory).

The score is 100 plus the points of each finding. Only the findings that our responses can have are implemented; any other
fails an assertion, so that a weaker header never keeps its score.
"""

from __future__ import annotations

from typing import Any

BROAD = {"*", "http:", "https:", "data:", "ftp:", "ws:", "wss:", "blob:"}
SIX_MONTHS = 15_768_000


def parse_policy(response: Any) -> dict[str, set[str]]:
    parts = response.headers["Content-Security-Policy"].split(";")
    return {name: set(sources) for name, *sources in (part.split() for part in parts if part.strip())}


def csp(response: Any) -> int:
    policy = parse_policy(response)
    default = policy["default-src"]
    unsafe = BROAD | {"'unsafe-inline'", "'unsafe-eval'"}
    assert not policy.get("script-src", default) & unsafe
    assert not policy.get("style-src", default) & unsafe
    assert not policy.get("object-src", default) & BROAD
    assert not any(source.startswith(("http:", "ftp:")) for sources in policy.values() for source in sources)
    assert policy["form-action"] <= {"'self'", "'none'"}
    assert policy["base-uri"] <= {"'self'", "'none'"}
    return 10 if default == {"'none'"} else 5


def cookies(response: Any) -> int:
    if not response.cookies:
        return 0
    for name, cookie in response.cookies.items():
        assert cookie["secure"], name
        assert cookie["samesite"] in ("Lax", "Strict"), name
        assert cookie["httponly"] or "sess" not in name, name
    return 5


def hsts(response: Any) -> int:
    """Without the five points for hosts in the browsers' preload list, which only an operator can join."""
    age = response.headers["Strict-Transport-Security"].split(";")[0].removeprefix("max-age=")
    assert int(age) >= SIX_MONTHS
    return 0


def content_type_options(response: Any) -> int:
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    return 0


def frame_options(response: Any) -> int:
    assert not parse_policy(response)["frame-ancestors"] & BROAD
    return 5


def referrer_policy(response: Any) -> int:
    private = {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}
    assert response.headers["Referrer-Policy"] in private
    return 5


def resource_policy(response: Any) -> int:
    assert response.headers["Cross-Origin-Resource-Policy"] in ("same-origin", "same-site")
    return 10


def opener_policy(response: Any) -> int:
    assert response.headers["Cross-Origin-Opener-Policy"].startswith("same-origin")
    return 10


def embedder_policy(response: Any) -> int:
    assert response.headers["Cross-Origin-Embedder-Policy"] in ("require-corp", "credentialless")
    return 10


def resource_sharing(response: Any) -> int:
    assert "Access-Control-Allow-Origin" not in response.headers
    return 0


FINDINGS = (
    csp,
    cookies,
    hsts,
    content_type_options,
    frame_options,
    referrer_policy,
    resource_policy,
    opener_policy,
    embedder_policy,
    resource_sharing,
)


def score(response: Any) -> int:
    return 100 + sum(finding(response) for finding in FINDINGS)
