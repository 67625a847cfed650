"""The spool's door to the disk: everything it does to files goes through `Files`."""

from llmlog.spool.files.door import Files, Look, Mode, OpenFile, Pages, ReadPages
from llmlog.spool.files.local import LOCAL_FILES, LocalFiles

__all__ = ["LOCAL_FILES", "Files", "LocalFiles", "Look", "Mode", "OpenFile", "Pages", "ReadPages"]
