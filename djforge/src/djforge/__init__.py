"""DJ Forge: words in, music out."""

__version__ = "0.1.0"
