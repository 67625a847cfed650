"""set_volume: to a level, or by some steps up or down from where it is."""

from __future__ import annotations

from djforge.interpreter.intents import Intent
from djforge.player.desk import Desk
from djforge.player.outcome import Outcome
from djforge.spotify.errors import NoActiveDevice


async def set_volume(desk: Desk, intent: Intent) -> Outcome:
    """Set the volume; 0 is silence. Raises SpotifyError."""
    if intent.volume_level is not None:
        return await _set(desk, intent.volume_level)
    if intent.volume_change is None:
        return Outcome(success=False, message="How loud, from 0 to 100?", error_type="no_volume_named")
    return await _change(desk, intent.volume_change)


async def _change(desk: Desk, change: int) -> Outcome:
    state = await desk.state()
    if state is None or state.device is None:
        raise NoActiveDevice()
    device = state.device
    if not device.supports_volume or device.volume_percent is None:
        message = f"{device.name} does not let its volume be changed from here."
        return Outcome(
            success=False, message=message, error_type="player_refused", reason="VOLUME_CONTROL_DISALLOW"
        )
    target = _within(device.volume_percent + change)
    if target == device.volume_percent:
        end = "as loud as it gets" if change > 0 else "silent"
        return Outcome(success=True, message=f"It is already {end}.", volume_percent=target)
    return await _set(desk, target)


async def _set(desk: Desk, percent: int) -> Outcome:
    target = _within(percent)
    await desk.set_volume(target)
    message = "Muted." if target == 0 else f"Volume set to {target} %."
    return Outcome(success=True, message=message, volume_percent=target)


def _within(percent: int) -> int:
    return max(0, min(100, percent))
