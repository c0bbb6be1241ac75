"""Where objects go and how big they are: one file for each layout."""

from sos_online.plan.layout.box_table import FromTable
from sos_online.plan.layout.fit import fit_layout
from sos_online.plan.layout.laid_out import LaidOut, Layout
from sos_online.plan.layout.learned import FromLearned
from sos_online.plan.layout.make import (
    AnyLayout,
    FileKey,
    FromFile,
    LayoutChoice,
    layouts_of_files,
    make_layout,
)
from sos_online.plan.layout.matching import DrawableCategories
from sos_online.plan.layout.mixture import Mixture, MixturePart
from sos_online.plan.layout.random_boxes import RandomBoxes
from sos_online.plan.layout.random_centres import RandomCentres
from sos_online.plan.layout.size_prior import SizePrior

__all__ = [
    "AnyLayout",
    "DrawableCategories",
    "FileKey",
    "FromFile",
    "FromLearned",
    "FromTable",
    "LaidOut",
    "Layout",
    "LayoutChoice",
    "Mixture",
    "MixturePart",
    "RandomBoxes",
    "RandomCentres",
    "SizePrior",
    "fit_layout",
    "layouts_of_files",
    "make_layout",
]
