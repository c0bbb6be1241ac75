"""Where files are, here or far away, and how they appear whole or not at all."""

from sos_online.storage.atomic import flush_folder, write_atomically
from sos_online.storage.places import LocalFolder, Place, open_place

__all__ = ["LocalFolder", "Place", "flush_folder", "open_place", "write_atomically"]
