"""The simulated players: devices, what plays on them, and the routes that control them."""
