"""Where files are, here or far away, and how they appear whole or not at all."""

from sos_online.storage.atomic import flush_folder, write_atomically
from sos_online.storage.local import LocalFolder
from sos_online.storage.mirror import Mirror
from sos_online.storage.places import Place, is_url, open_place
from sos_online.storage.remote import RemoteFolder
from sos_online.storage.user_cache import user_cache

__all__ = [
    "LocalFolder",
    "Mirror",
    "Place",
    "RemoteFolder",
    "flush_folder",
    "is_url",
    "open_place",
    "user_cache",
    "write_atomically",
]
