"""The devices of one person and which of them is active."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from djforge.spotify.simulator.music.catalogue import stable_id
from djforge.spotify.simulator.refusals import ApiRefusal, player_refusal


@dataclass
class SimulatedDevice:
    """Something that plays. Identified by `id`; its fields may be changed to see what happens."""

    id: str
    name: str
    type: str
    is_active: bool = False
    is_restricted: bool = False
    is_private_session: bool = False
    supports_volume: bool = True
    volume_percent: int = 50

    def shape(self) -> dict[str, Any]:
        """A DeviceObject."""
        return {
            "id": self.id,
            "is_active": self.is_active,
            "is_private_session": self.is_private_session,
            "is_restricted": self.is_restricted,
            "name": self.name,
            "type": self.type,
            "volume_percent": self.volume_percent,
            "supports_volume": self.supports_volume,
        }


@dataclass
class Shelf:
    """All devices of one person; at most one is active."""

    devices: list[SimulatedDevice] = field(default_factory=list)

    @property
    def active(self) -> SimulatedDevice | None:
        """The active device, if any."""
        return next((device for device in self.devices if device.is_active), None)

    def activate(self, device_id: str) -> SimulatedDevice:
        """Make a device the active one. Raises ApiRefusal."""
        chosen = self._known(device_id)
        for device in self.devices:
            device.is_active = device is chosen
        return chosen

    def addressed(self, device_id: str | None) -> SimulatedDevice:
        """The device a command is for, the active one unless it names another. Raises ApiRefusal."""
        device = self.active if device_id is None else self._known(device_id)
        if device is None:
            raise player_refusal("NO_ACTIVE_DEVICE")
        if device.is_restricted:
            raise player_refusal("DEVICE_NOT_CONTROLLABLE")
        return device

    def _known(self, device_id: str) -> SimulatedDevice:
        found = next((device for device in self.devices if device.id == device_id), None)
        if found is None:
            raise ApiRefusal(404, "Device not found")
        if found.is_restricted:
            raise player_refusal("DEVICE_NOT_CONTROLLABLE")
        return found


def first_devices(person_id: str) -> Shelf:
    """What every person starts with: a speaker that is switched on and in use, and a phone."""
    speaker = SimulatedDevice(
        id=stable_id("device", person_id, "kitchen") + "kitchen",
        name="Kitchen speaker",
        type="Computer",
        is_active=True,
        volume_percent=65,
    )
    phone = SimulatedDevice(id=stable_id("device", person_id, "phone") + "phone", name="Phone", type="Smartphone")
    return Shelf([speaker, phone])
