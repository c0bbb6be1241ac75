"""Looking at samples: a contact sheet in one picture, or a gallery in one HTML file.

Both writers are pure functions of :class:`Entry` values, so they know nothing of how samples are made and import
neither torch nor the rest of the package.
"""

from sos_online.cli.gallery.entry import Entry, GalleryExpression, GalleryObject
from sos_online.cli.gallery.page import write_gallery
from sos_online.cli.gallery.sheet import contact_sheet

__all__ = ["Entry", "GalleryExpression", "GalleryObject", "contact_sheet", "write_gallery"]
