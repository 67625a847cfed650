"""What capture needs to begin: the pseudonym keys, the masker and its sieve."""

from __future__ import annotations

import logging
import os

from llmlog.capture.masking import Masker
from llmlog.capture.pseudonyms import PseudonymKeys
from llmlog.capture.sieve import Sieve
from llmlog.settings import CaptureSettings, Settings

_logger = logging.getLogger("llmlog")


def maskers(capture: CaptureSettings, known: list[str]) -> tuple[Masker, Sieve | None]:
    """The masker, and the sieve before it; None where nothing is to be masked. known: secrets of the host."""
    emails = capture.mask_emails
    masker = Masker(known, mask_emails=emails, patterns=capture.mask_secrets)
    masks = capture.mask_secrets or emails or known
    return masker, Sieve(known, mask_emails=emails) if masks else None


def pseudonym_keys(settings: Settings) -> tuple[PseudonymKeys, str | None]:
    """The key ring, and what to tell about it."""
    if settings.capture.pseudonym_keys is not None:
        return PseudonymKeys(settings.capture.pseudonym_keys), None
    try:
        keys, created = PseudonymKeys.load_or_create(settings.data_dir)
    except OSError as error:
        return PseudonymKeys({1: os.urandom(32)}), (
            f"The pseudonym keys in {settings.data_dir} cannot be read or made ({error.strerror}); this "
            "process uses keys of its own, so its logs cannot be matched with others of the same person."
        )
    if created:
        _logger.info("llmlog: made new pseudonym keys in %s; keep a copy", settings.data_dir)
    return keys, None
