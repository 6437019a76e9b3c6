"""Pennon: feature flags, evaluated in the process."""
