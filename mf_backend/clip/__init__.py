"""Reading the clip (videos and folders of numbered images) and writing pictures and mp4 files."""

from mf_backend.clip.hashing import hash_clip
from mf_backend.clip.info import ClipInfo
from mf_backend.clip.reader import Clip, open_clip, probe_clip, reference_for
from mf_backend.clip.writer import encode_mp4, write_png

__all__ = [
    "Clip",
    "ClipInfo",
    "encode_mp4",
    "hash_clip",
    "open_clip",
    "probe_clip",
    "reference_for",
    "write_png",
]
