"""Which categories of LVIS are COCO's, where their names do not tell."""

from __future__ import annotations

from collections.abc import Mapping

# COCO's name, and the synset that LVIS gives it; the others have the same name, or it is among LVIS' synonyms
COCO_LVIS_SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "car": ("car.n.01",),
    "bus": ("bus.n.01",),
    "train": ("train.n.01",),
    "tie": ("necktie.n.01",),
    "skis": ("ski.n.01",),
    "sports ball": ("ball.n.06",),
    "orange": ("orange.n.01",),
    "potted plant": ("pot.n.04",),
    "laptop": ("laptop.n.01",),
    "mouse": ("mouse.n.04",),
    "remote": ("remote_control.n.01",),
    "keyboard": ("computer_keyboard.n.01",),
    "microwave": ("microwave.n.02",),
    "oven": ("oven.n.01",),
    "hair drier": ("hand_blower.n.01",),
}
