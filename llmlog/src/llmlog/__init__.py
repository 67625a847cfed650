"""llmlog records every LLM call of an application: never slows it, never breaks it, never loses it.

    from llmlog import LLMLoggingService

Importing does nothing; `LLMLoggingService.open()` does.
"""

from llmlog.capture.interaction import Interaction
from llmlog.entry import (
    Attempt,
    Cost,
    ErrorInfo,
    LlmCall,
    LlmRequest,
    LlmResponse,
    LogEntry,
    Result,
    Step,
    Usage,
)
from llmlog.errors import BadRequest, LlmlogError, SettingsError, StoreUnavailable
from llmlog.query.results import LogResult, QueryOptions, SearchResult, Statistics
from llmlog.service import LLMLoggingService
from llmlog.settings import Settings

__version__ = "0.1.0"

__all__ = [
    "Attempt",
    "BadRequest",
    "Cost",
    "ErrorInfo",
    "Interaction",
    "LLMLoggingService",
    "LlmCall",
    "LlmRequest",
    "LlmResponse",
    "LlmlogError",
    "LogEntry",
    "LogResult",
    "QueryOptions",
    "Result",
    "SearchResult",
    "Settings",
    "SettingsError",
    "Statistics",
    "Step",
    "StoreUnavailable",
    "Usage",
    "__version__",
]
