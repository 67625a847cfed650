"""The search index: a local copy of what can be searched, made from the store and never the truth."""
