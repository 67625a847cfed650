"""The JSON API under /api/llm-logs."""

from llmlog.admin.api.finding import FindingApi
from llmlog.admin.api.people import Forget, PeopleApi
from llmlog.admin.api.routes import Api
from llmlog.admin.api.tail import TailApi

__all__ = ["Api", "FindingApi", "Forget", "PeopleApi", "TailApi"]
