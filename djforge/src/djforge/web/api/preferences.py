"""`/api/preferences`: which model a person wants to be understood by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from djforge.commands.models import Models, NotOffered
from djforge.web import bodies
from djforge.web.callers import Caller
from djforge.web.connections import Connections
from djforge.web.policies import Policies

PATH = "/api/preferences/models"


class PreferencesApi:
    """The routes of the choice of a model."""

    def __init__(self, models: Models, connections: Connections) -> None:
        self._models = models
        self._connections = connections

    def routes(self, policies: Policies) -> Sequence[Route]:
        """All routes with their policies."""
        return [policies.signed_in("GET", PATH, self.offered), policies.signed_in("POST", PATH, self.choose)]

    async def offered(self, request: Request, caller: Caller) -> Response:
        """What is offered, by maker, the person's own choice and the default."""
        makers: dict[str, list[dict[str, str]]] = {}
        for model in self._models.offered:
            told = model_info(model)
            makers.setdefault(told["maker"], []).append(told)
        chosen = await self._models.chosen(self._connections.pseudonym(caller.session))
        current = chosen or self._models.default
        return JSONResponse({"models": makers, "currentModel": current, "defaultModel": self._models.default})

    async def choose(self, request: Request, caller: Caller) -> Response:
        """Choose a model by its id; null goes back to the default."""
        body = await bodies.json_object(request)
        if "modelId" not in body:
            raise bodies.Invalid("modelId", "modelId is missing; null goes back to the default.")
        model = None if body["modelId"] is None else bodies.text(body["modelId"], "modelId")
        await choose_model(self._models, self._connections.pseudonym(caller.session), model)
        current = model or self._models.default
        told: dict[str, Any] = {"success": True, "modelId": current, "modelInfo": model_info(current)}
        return JSONResponse(told)


async def choose_model(models: Models, pseudonym: str, model: str | None) -> None:
    """Remember a choice. Raises Invalid for a model that is not offered."""
    try:
        await models.choose(pseudonym, model)
    except NotOffered as error:
        raise bodies.Invalid("modelId", str(error)) from None


def model_info(model: str) -> dict[str, str]:
    """What is known of a model by its id: `google/gemini-2.5-flash` is gemini-2.5-flash of google."""
    maker, _, name = model.rpartition("/")
    return {"id": model, "name": name, "maker": maker or "openai"}
