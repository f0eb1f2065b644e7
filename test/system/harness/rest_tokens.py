"""Tokens: made like an authentication service, and verified like PostgREST."""

import base64
import hashlib
import hmac
import json
import time

from .rest_errors import Refused

SECRET = "a secret of at least thirty-two characters"


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _sign(head_and_body, secret):
    return _encode(hmac.new(secret.encode(), head_and_body.encode(), hashlib.sha256).digest())


def make_token(claims, secret=SECRET, algorithm="HS256"):
    parts = ({"alg": algorithm, "typ": "JWT"}, {"exp": int(time.time()) + 600, **claims})
    text = ".".join(_encode(json.dumps(part).encode()) for part in parts)
    return f"{text}.{_sign(text, secret)}"


def claims_of(header):
    """The claims of a header Authorization."""
    no = {"www-authenticate": 'Bearer error="invalid_token"'}
    try:
        head, body, signature = header.removeprefix("Bearer ").split(".")
        padded = [base64.urlsafe_b64decode(part + "==") for part in (head, body)]
        signed = hmac.compare_digest(signature, _sign(f"{head}.{body}", SECRET))
        if json.loads(padded[0])["alg"] != "HS256" or not signed:
            raise ValueError("JWT cryptographic operation failed")
        claims = json.loads(padded[1])
    except (ValueError, KeyError) as error:
        raise Refused(401, "PGRST301", str(error), headers=no) from error
    skew = 30
    if claims.get("exp", time.time()) + skew < time.time():
        raise Refused(401, "PGRST303", "JWT expired", headers=no)
    if max(claims.get("nbf", 0), claims.get("iat", 0)) - skew > time.time():
        raise Refused(401, "PGRST303", "JWT not yet valid", headers=no)
    return claims
