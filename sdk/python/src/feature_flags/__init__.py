"""Pennon in its shortest form."""
