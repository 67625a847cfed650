"""The query language: one parser for pages, API and CLI."""
