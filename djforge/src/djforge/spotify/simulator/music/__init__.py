"""The simulated music: a catalogue, its search, and its shapes on the wire."""
