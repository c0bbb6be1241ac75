"""Targets: exact boxes, masks and areas read off the instance map; the formats others read."""

from sos_online.targets.annotated import annotated_target, refit_annotated
from sos_online.targets.build import TargetOptions, build_target
from sos_online.targets.coco import CocoWriter
from sos_online.targets.masks import expand_masks, flatten_masks
from sos_online.targets.refit import refit_target
from sos_online.targets.rows import keep_rows

__all__ = [
    "CocoWriter",
    "TargetOptions",
    "annotated_target",
    "build_target",
    "expand_masks",
    "flatten_masks",
    "keep_rows",
    "refit_annotated",
    "refit_target",
]
