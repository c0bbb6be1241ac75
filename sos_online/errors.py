"""Named errors. Each message names the file or field, what was expected and what was found."""

from __future__ import annotations


class SOSError(Exception):
    """Base of every error this package raises on purpose.

    All take one message string, so that they cross process borders (``DataLoader`` rebuilds them from it).
    """


class LibraryError(SOSError):
    """A segment library that cannot be opened or built."""


class RecipeError(SOSError):
    """A recipe with a wrong key or value, or one that the library or the photos cannot serve."""


class SourceError(SOSError):
    """A source of segments (folder, annotation file) that cannot be read at all."""


class StreamError(SOSError):
    """A stream that is asked for what it cannot give: an index out of range, a state of another stream."""


class CacheError(SOSError):
    """A cache that cannot be opened, or written where something else is."""


class BrokenSegmentError(SOSError):
    """One segment whose pixels are damaged; met while streaming, handled by ``on_error``."""


class BrokenPhotoError(SOSError):
    """One background photo that cannot be decoded; met while streaming, handled by ``on_error``."""


class BrokenSampleError(SOSError):
    """One sample of a cache or of a real set that is damaged; met while streaming, handled by ``on_error``."""
