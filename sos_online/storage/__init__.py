"""Where files are, here or far away, and how they appear whole or not at all."""

from sos_online.storage.atomic import flush_folder, write_atomically

__all__ = ["flush_folder", "write_atomically"]
