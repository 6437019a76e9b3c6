"""What the server is told of evaluations: counts, exposures, tracks, and that this process is alive.

What evaluation calls (`counter`, `exposures`, `tracks`) takes no lock and never waits; one thread (`sender`) takes
what was kept and sends it.
"""
