"""The simulator's control door: look at and change what real Spotify hides, and plan trouble."""

from __future__ import annotations

from djforge.spotify.simulator.playback.devices import SimulatedDevice
from djforge.spotify.simulator.playback.player import SimulatedPlayer
from djforge.spotify.simulator.sign_in.people import Product
from djforge.spotify.simulator.world import Trouble, World


class Simulator:
    """Controls a running simulator, from any thread. Unknown people raise KeyError."""

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def people(self) -> list[str]:
        """The ids of everyone who can sign in."""
        return list(self._world.people)

    def requests(self, path_prefix: str = "/") -> list[tuple[str, str]]:
        """Method and path of the newest requests (1000 are kept), oldest first."""
        with self._world.lock:
            return [entry for entry in self._world.seen if entry[1].startswith(path_prefix)]

    def player_of(self, person_id: str) -> SimulatedPlayer:
        """What plays for a person."""
        return self._world.accounts[person_id].player

    def devices_of(self, person_id: str) -> list[SimulatedDevice]:
        """A person's devices; the list and the devices may be changed."""
        return self._world.accounts[person_id].shelf.devices

    def active_device_of(self, person_id: str) -> SimulatedDevice | None:
        """The device in use."""
        with self._world.lock:
            return self._world.accounts[person_id].shelf.active

    def switch_off_devices(self, person_id: str) -> None:
        """Nothing is open any more."""
        with self._world.lock:
            self._world.accounts[person_id].shelf.devices.clear()

    def idle_devices(self, person_id: str) -> None:
        """All devices stay open, none is in use."""
        with self._world.lock:
            for device in self._world.accounts[person_id].shelf.devices:
                device.is_active = False

    def set_product(self, person_id: str, product: Product) -> None:
        """Change a person's plan."""
        with self._world.lock:
            self._world.accounts[person_id].product = product

    def expire_tokens(self) -> None:
        """End all access tokens now; refresh tokens stay good."""
        with self._world.lock:
            self._world.grants.expire_access()

    def revoke(self, person_id: str) -> None:
        """The person removed the app from their account: no token of theirs works any more."""
        with self._world.lock:
            self._world.grants.revoke(person_id)

    def fail_next(
        self, path_prefix: str, status: int, reason: str | None = None, retry_after_s: int | None = None
    ) -> None:
        """The next request whose path begins so is refused, e.g. `/v1/me/player`, `/api/token`."""
        self._plan(Trouble(path_prefix, status, reason=reason, retry_after_s=retry_after_s))

    def answer_next(self, path_prefix: str, body: bytes, status: int = 200) -> None:
        """The next request whose path begins so is answered with these bytes."""
        self._plan(Trouble(path_prefix, status, body=body))

    def delay_next(self, path_prefix: str, seconds: float) -> None:
        """The next request whose path begins so is answered late."""
        self._plan(Trouble(path_prefix, delay_s=seconds))

    def _plan(self, trouble: Trouble) -> None:
        with self._world.lock:
            self._world.troubles.append(trouble)
