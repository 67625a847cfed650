"""The pages under /llmlog: one page, one small file, one template of the same name."""

from llmlog.admin.pages.routes import Pages
from llmlog.admin.pages.sign_in import SignInPage

__all__ = ["Pages", "SignInPage"]
