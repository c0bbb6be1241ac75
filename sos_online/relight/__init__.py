"""Light: relighters and blenders, on batches of tensors."""

from sos_online.relight.composites import Composites, pick, put
from sos_online.relight.iclight.settings import IcLightSettings
from sos_online.relight.lighting import Lighting, Relighter, to_bytes
from sos_online.relight.reservoir import Reservoir, ReservoirReport, ReservoirSettings

__all__ = [
    "Composites",
    "IcLightSettings",
    "Lighting",
    "Relighter",
    "Reservoir",
    "ReservoirReport",
    "ReservoirSettings",
    "pick",
    "put",
    "to_bytes",
]
