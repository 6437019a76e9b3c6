"""Pennon: feature flags, evaluated in the process.

`flags` is the client of an application that needs one; it begins at its first use. `Client` is for several, and
`pennon.aio` for asyncio; `pennon.testing` is for tests, `pennon.openfeature` for OpenFeature. Everything whose name
begins with an underscore is private. Importing starts nothing.
"""

from pennon._client import Client, Flags
from pennon._details import Details
from pennon._notices import Change
from pennon._settings import SettingsError
from pennon._status import Source, State, Status
from pennon._version import VERSION

__version__ = VERSION

flags = Flags()
"""The client of the application, configured by PENNON_URL and PENNON_SDK_KEY, or by `flags.configure(…)`."""

__all__ = ["Change", "Client", "Details", "Flags", "SettingsError", "Source", "State", "Status", "__version__", "flags"]
