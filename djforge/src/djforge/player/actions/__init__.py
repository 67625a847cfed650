"""One file for each kind of intent; each function takes a desk and an intent and gives an Outcome."""
