"""Opening video files: only formats that hold all of their pictures themselves, only from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mf_backend.contracts.errors import InputError
from mf_backend.contracts.files import open_plain

_FILMS = (
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg"),
    *("mpegvideo", "m4v", "h264", "hevc", "vvc", "av1", "obu", "ivf", "vc1", "mxf", "gxf", "flv"),
    *("asf", "ogg", "dv", "gif", "apng", "mjpeg", "nut", "yuv4mpegpipe", "wtv", "dirac"),
)
_PICTURES = ("png_pipe", "jpeg_pipe", "webp_pipe", "tiff_pipe", "bmp_pipe")
_SOUND = ("mp3", "flac", "wav", "w64", "aac", "ac3", "aiff", "caf")
_OPTIONS = {
    # FFmpeg's names. Sound is let in so that it can be called by its name.
    "format_whitelist": ",".join(_FILMS + _PICTURES + _SOUND),
    "protocol_whitelist": "file",
}
_POINTERS = (
    *(b"#extm3u", b"ffconcat", b"<?xml", b"<mpd", b"<asx", b"<smil", b"<smooth", b"v=0"),
    *(b"[playlist]", b"[reference]", b"rtsptext", b"http://", b"https://", b"file "),
)
"""How playlists, manifests and session descriptions begin, in small letters."""


def _begins(path: Path) -> bytes:
    with open_plain(path) as file:
        return file.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n").lower()


def open_container(path: Path) -> Any:
    """A PyAV container for reading.

    Raises InputError where the file is missing, no video, or names other files or addresses
    (playlists, concat lists, manifests), which are never followed.
    """
    import av

    if not path.is_file():
        raise InputError(
            "clip-missing", f"The clip {path} does not exist.", "Choose its file again."
        )
    try:
        if _begins(path).startswith(_POINTERS):
            raise InputError(
                "clip-playlist",
                f"{path} is a list of other files or addresses, not a film; it is not followed.",
                "Choose the film itself.",
            )
        return av.open(
            # Absolute: FFmpeg takes a name that begins like "concat:" for an address.
            str(path.absolute()),
            metadata_errors="replace",
            container_options=_OPTIONS,
        )
    except (av.error.FFmpegError, OSError) as error:
        raise InputError(
            "clip-unreadable",
            f"{path} cannot be read as a video: {getattr(error, 'strerror', None) or error}.",
            "The file may be damaged or cut off; try to play it, or export it again as mp4.",
        ) from None


def video_stream(container: Any, path: Path) -> Any:
    """The first stream of moving pictures; InputError where there is none.

    A cover picture beside sound is none.
    """
    from av.stream import Disposition

    still = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [
        stream
        for stream in container.streams.video
        if stream.codec_context is not None and not stream.disposition & still
    ]
    if not streams:
        kind = "only sound" if len(container.streams.audio) else "no pictures"
        raise InputError("clip-no-video", f"{path} has {kind} in it.", "Choose a video file.")
    streams[0].thread_type = "AUTO"
    return streams[0]


def damaged(path: Path, index: int, reason: object) -> InputError:
    """The error for frame `index` of a video that cannot be decoded."""
    return InputError(
        "clip-damaged",
        f"Frame {index} of {path.name} cannot be decoded: {reason}.",
        f"The file is damaged there; use the frames before it (0 to {index - 1})."
        if index
        else "The file is damaged; export it again.",
    )
