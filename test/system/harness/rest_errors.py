"""Answers of PostgREST that are errors: its own, and those of the database."""

import dataclasses
import json
import re


class NotSpoken(NotImplementedError):
    """PostgREST may know it; the protocol of these tests does not."""


@dataclasses.dataclass
class Response:
    status: int
    headers: dict  # by names in small letters
    body: bytes = b""

    @property
    def json(self):
        return json.loads(self.body)


class Refused(Exception):
    def __init__(self, status, code, message, details=None, hint=None, headers=()):
        super().__init__(message)
        body = {"code": code, "message": message, "details": details, "hint": hint}
        self.response = Response(
            status,
            {"content-type": "application/json; charset=utf-8", **dict(headers)},
            json.dumps(body).encode(),
        )


STATUS_OF_SQLSTATE = {
    "21000": 500,
    "23503": 409,
    "23505": 409,
    "25006": 405,
    "42883": 404,
    "42P01": 404,
    "42P17": 500,
    "53400": 500,
    "57P01": 503,
    "P0001": 400,
}
STATUS_OF_CLASS = {
    "08": 503,
    "0L": 403,
    "0P": 403,
    "28": 403,
    "53": 503,
    **dict.fromkeys(
        ("09", "25", "2D", "38", "39", "3B", "40", "54", "55", "57", "58", "F0", "HV", "P0", "XX"), 500
    ),
}


def status_of(sqlstate, message, signed_in):
    """The HTTP status of an error of the database."""
    if sqlstate.startswith("PT"):
        return int(sqlstate[2:]) if sqlstate[2:].isdigit() else 500
    if sqlstate == "42501":
        return 403 if signed_in else 401
    if sqlstate == "22023" and re.match("role.* does not exist$", message):
        return 401
    return STATUS_OF_SQLSTATE.get(sqlstate, STATUS_OF_CLASS.get(sqlstate[:2], 400))


def refusal_of(error, signed_in):
    if error.sqlstate == "PGRST":  # the error is the answer
        body, answer = json.loads(error.message), json.loads(error.detail)
        return Refused(
            answer["status"],
            body["code"],
            body["message"],
            body.get("details"),
            body.get("hint"),
            {name.lower(): value for name, value in answer["headers"].items()},
        )
    status = status_of(error.sqlstate, error.message, signed_in)
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}
    return Refused(status, error.sqlstate, error.message, error.detail, error.hint, headers)
