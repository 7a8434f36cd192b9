"""An identity provider on loopback: discovery, authorization with PKCE, signed tokens, keys and user info.

Tests change `claims` and `userinfo`, or sign with another key, to see how the application reacts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "imageai", "open sesame, and keep it to yourself"


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


PUBLISHED = new_key()


class IdentityProvider:
    def __init__(self, url: str) -> None:
        self.url = url
        self.userinfo: dict[str, Any] = {
            "sub": "user-1",
            "email": "Alice@Example.com",
            "email_verified": True,
            "name": "Alice at the provider",
        }
        #: Claims to add to the ID token or to replace; None removes a claim.
        self.claims: dict[str, Any] = {}
        self.signs_with: Any = PUBLISHED
        self.algorithm = "RS256"
        #: Makes the list of keys longer.
        self.padding = ""
        #: The authorization request of each code.
        self.requests: dict[str, dict[str, str]] = {}

    def discovery(self) -> dict[str, Any]:
        paths = {
            "authorization_endpoint": "authorize",
            "token_endpoint": "token",
            "jwks_uri": "keys",
            "userinfo_endpoint": "userinfo",
        }
        return {"issuer": self.url} | {name: f"{self.url}/{path}" for name, path in paths.items()}

    def keys(self) -> dict[str, Any]:
        key = jwt.algorithms.RSAAlgorithm.to_jwk(PUBLISHED.public_key(), as_dict=True)
        return {"keys": [key | {"kid": "1", "use": "sig", "alg": "RS256"}], "padding": self.padding}

    def authorize(self, query: dict[str, str]) -> str:
        """The redirect after the user has agreed."""
        code = secrets.token_urlsafe(8)
        self.requests[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, fields: dict[str, str]) -> dict[str, Any] | None:
        """None for a request that a provider would reject."""
        request = self.requests.pop(fields["code"], None)
        if request is None or (fields["client_id"], fields["client_secret"]) != (CLIENT_ID, CLIENT_SECRET):
            return None
        digest = hashlib.sha256(fields["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != request["code_challenge"]:
            return None
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": "user-1",
            "iat": now,
            "exp": now + 60,
            "nonce": request["nonce"],
        } | self.claims
        claims = {name: value for name, value in claims.items() if value is not None}
        id_token = jwt.encode(claims, self.signs_with, self.algorithm, headers={"kid": "1"})
        return {"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": id_token}


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

        def answer(self, content: Any, status: int = 200) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/.well-known/openid-configuration":
                self.answer(provider.discovery())
            elif parts.path == "/keys":
                self.answer(provider.keys())
            elif parts.path == "/userinfo" and self.headers["Authorization"] == "Bearer access":
                self.answer(provider.userinfo)
            elif parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self.answer({}, 404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            answer = provider.token({name: values[0] for name, values in parse_qs(body).items()})
            self.answer(answer or {"error": "invalid_grant"}, 200 if answer else 400)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = IdentityProvider(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield provider
        server.shutdown()
        thread.join()
