"""`/api/token`: tokens for codes, new tokens for old. Takes forms only."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from djforge.spotify.simulator.refusals import GrantRefusal
from djforge.spotify.simulator.sign_in.grants import Grants, Issued

FORM = "application/x-www-form-urlencoded"


class TokenEndpoint:
    """Answers the token requests of public clients (PKCE, no secret)."""

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    async def answer(self, request: Request) -> Response:
        """One token request."""
        told: dict[str, str] = {}
        if request.headers.get("content-type", "").split(";")[0].strip().lower() == FORM:
            async with request.form(max_files=0, max_fields=20) as form:
                told = {name: value for name, value in form.items() if isinstance(value, str)}
        try:
            issued = self._issue(told)
        except GrantRefusal as refusal:
            return refusal.response()
        return JSONResponse(msgspec.to_builtins(issued), headers={"cache-control": "no-store"})

    def _issue(self, told: Mapping[str, str]) -> Issued:
        grant_type = told.get("grant_type")
        if grant_type is None:
            raise GrantRefusal("unsupported_grant_type", "grant_type parameter is missing")
        client_id = told.get("client_id")
        if not client_id:
            raise GrantRefusal("invalid_client", "Invalid client")
        if grant_type == "authorization_code":
            return self._grants.exchange(
                _given(told, "code"), client_id, _given(told, "redirect_uri"), _given(told, "code_verifier")
            )
        if grant_type == "refresh_token":
            return self._grants.refresh(_given(told, "refresh_token"), client_id)
        raise GrantRefusal("unsupported_grant_type", f"grant_type {grant_type} is not supported")


def _given(told: Mapping[str, str], name: str) -> str:
    value = told.get(name)
    if not value:
        raise GrantRefusal("invalid_request", f"{name} must be supplied")
    return value
