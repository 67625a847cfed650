"""The administrator's side: JSON API under /api/llm-logs and pages under /llmlog, as one mountable ASGI app."""

from llmlog.admin.access import Access, TokenAccess, Viewer
from llmlog.admin.app import create_admin

__all__ = ["Access", "TokenAccess", "Viewer", "create_admin"]
