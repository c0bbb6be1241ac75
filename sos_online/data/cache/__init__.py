"""The cache: samples on disk or in a bucket, as WebDataset shards, written ahead of training or during it."""

from sos_online.data.cache.folder import CacheFolder
from sos_online.data.cache.format import CacheManifest, CacheSettings, ShardCard
from sos_online.data.cache.read import CachedDataset
from sos_online.data.cache.shard_writer import ShardWriter
from sos_online.data.cache.stream_manifest import stream_identity, stream_manifest
from sos_online.data.cache.verify import VerifyReport, verify_cache
from sos_online.data.cache.write import WriteReport, write_cache
from sos_online.data.cache.write_through import WriteThrough, cached

__all__ = [
    "CacheFolder",
    "CacheManifest",
    "CacheSettings",
    "CachedDataset",
    "ShardCard",
    "ShardWriter",
    "VerifyReport",
    "WriteReport",
    "WriteThrough",
    "cached",
    "stream_identity",
    "stream_manifest",
    "verify_cache",
    "write_cache",
]
