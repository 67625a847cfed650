"""The simulated accounts service: people, codes, tokens and the page that asks."""
