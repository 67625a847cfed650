"""The JSON API under /api/llm-logs."""

from llmlog.admin.api.finding import FindingApi
from llmlog.admin.api.routes import Api

__all__ = ["Api", "FindingApi"]
