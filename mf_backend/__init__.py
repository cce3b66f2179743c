"""MotionFollower's backend. Importing it loads numpy at most; heavy libraries load where used."""

from mf_backend.version import VERSION

__version__ = VERSION
__all__ = ["__version__"]
