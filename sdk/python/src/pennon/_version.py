"""The version of this package, as the server is told it."""

from typing import Final

VERSION: Final = "0.1.0"
