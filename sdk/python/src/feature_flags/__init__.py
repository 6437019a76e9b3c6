"""Pennon in its shortest form: `from feature_flags import flags`."""

from pennon import flags

__all__ = ["flags"]
