"""zstd dictionaries: trained from our own bodies, they make a body of 10 KB take about 1.1 KB instead of 3.9.

A dictionary is known by its number, which stands in every frame compressed with it. Each process trains one
when it has seen enough bodies and the newest in the store does not serve them well; numbers are random, so
two processes that train at once do not meet.
"""

from __future__ import annotations

import random
from collections import deque

import zstandard

from llmlog.store.codec import LARGEST_ENTRY_BYTES, LEVEL

SAMPLES = 300
SAMPLE_LIMIT_BYTES = 64 * 1024
DICTIONARY_BYTES = 64 * 1024
RETRAIN_FACTOR = 1.6
"""Train again when bodies take this much more room than right after the training."""
WINDOW = 500


class Compressor:
    """Compresses bodies; owns the dictionary new bodies use. One thread uses it."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._plain = zstandard.ZstdCompressor(level=LEVEL)
        self._current = self._plain
        self._samples: deque[bytes] = deque(maxlen=SAMPLES)
        self._ratio_at_training: float | None = None
        self._window_raw = 0
        self._window_packed = 0
        self._window_count = 0
        self.number = 0
        """Number of the dictionary in use; 0 = none."""
        self.content: bytes | None = None

    def use(self, number: int, content: bytes) -> None:
        """Compress with this dictionary from now on."""
        dictionary = zstandard.ZstdCompressionDict(content)
        dictionary.precompute_compress(level=LEVEL)
        self._current = zstandard.ZstdCompressor(level=LEVEL, dict_data=dictionary)
        self.number, self.content = number, content
        self._ratio_at_training = None
        self._window_raw = self._window_packed = self._window_count = 0

    def compress(self, payload: bytes) -> bytes:
        """One body, compressed."""
        packed = self._current.compress(payload)
        self._samples.append(payload[:SAMPLE_LIMIT_BYTES])
        self._window_raw += len(payload)
        self._window_packed += len(packed)
        self._window_count += 1
        return packed

    def train_if_due(self) -> bool:
        """Train a dictionary when that will pay; True when the one in use has changed."""
        if len(self._samples) < SAMPLES or not self._due():
            return False
        size = min(DICTIONARY_BYTES, max(4096, sum(map(len, self._samples)) // 16))
        number = self._random.randrange(40_000, 2**31)  # lower numbers are reserved by the zstd format
        try:
            trained = zstandard.train_dictionary(size, list(self._samples), dict_id=number, level=LEVEL)
        except zstandard.ZstdError:
            self._samples.clear()  # bodies too small or too alike; try with the next ones
            return False
        self.use(number, trained.as_bytes())
        return True

    def _due(self) -> bool:
        if self.number == 0:
            return True
        if self._window_count < WINDOW:
            return False
        ratio = self._window_packed / max(1, self._window_raw)
        self._window_raw = self._window_packed = self._window_count = 0
        if self._ratio_at_training is None:
            self._ratio_at_training = ratio
            return False
        return ratio > self._ratio_at_training * RETRAIN_FACTOR


class Decompressor:
    """Opens bodies; keeps the dictionaries it has met. One thread at a time uses it."""

    def __init__(self) -> None:
        self._by_number: dict[int, zstandard.ZstdDecompressor] = {0: zstandard.ZstdDecompressor()}

    def missing(self, numbers: set[int]) -> list[int]:
        """Those of `numbers` that must be learned first."""
        return sorted(numbers - self._by_number.keys())

    def learn(self, number: int, content: bytes) -> None:
        """Keep a dictionary."""
        dictionary = zstandard.ZstdCompressionDict(content)
        self._by_number[number] = zstandard.ZstdDecompressor(dict_data=dictionary)

    def decompress(self, packed: bytes, number: int) -> bytes:
        """The body. Raises zstandard.ZstdError, KeyError for a dictionary that is not known."""
        claimed: int = zstandard.get_frame_parameters(packed).content_size
        if claimed > LARGEST_ENTRY_BYTES and claimed != zstandard.CONTENTSIZE_UNKNOWN:
            raise zstandard.ZstdError("the frame claims to be larger than any log")
        return self._by_number[number].decompress(packed, max_output_size=LARGEST_ENTRY_BYTES)
