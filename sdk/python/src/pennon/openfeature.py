"""The provider for OpenFeature: `pip install pennon[openfeature]`.

from openfeature import api
from pennon.openfeature import PennonProvider

api.set_provider_and_wait(PennonProvider())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode, ProviderFatalError, ProviderNotReadyError
from openfeature.flag_evaluation import FlagResolutionDetails, Reason
from openfeature.provider import AbstractProvider, Metadata

import pennon
from pennon._client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openfeature.evaluation_context import EvaluationContext
    from openfeature.flag_evaluation import FlagValueType
    from openfeature.track import TrackingEventDetails
    from typing_extensions import Unpack

    from pennon._settings import Given
    from pennon._status import Status

__all__ = ["PennonProvider"]


class PennonProvider(AbstractProvider):
    """Evaluates in the process, by a Pennon client.

    By `client`; or by a client of its own when an address, a key or a setting is given, which ends with the provider;
    else by `pennon.flags`.
    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        url: str | None = None,
        key: str | None = None,
        **settings: Unpack[Given],
    ) -> None:
        super().__init__()
        own = url is not None or key is not None or bool(settings)
        if own and client is not None:
            raise TypeError("either a client is given, or settings for one")
        self._owned = Client(url, key, **settings) if own else None
        self._client: Client = self._owned or client or pennon.flags
        self._ends: list[Callable[[], None]] = []

    def get_metadata(self) -> Metadata:
        """The provider's name."""
        return Metadata("pennon")

    def initialize(self, evaluation_context: EvaluationContext) -> None:  # noqa: ARG002 - flags do not depend on it
        """Waits for a snapshot, at most `start_wait`; what changes later is told by events."""
        self._end_listening()
        client = self._client
        client.wait_until_ready(client._started().start_wait)
        self._ends = [client.on_status(self._on_status), client._on_flags(self._on_flags)]
        status = client.status()
        if status.revision is None:
            if status.state == "starting" and status.last_error is None:
                raise ProviderNotReadyError("no snapshot came in time; ready when it comes")
            if status.state == "unconfigured":
                raise ProviderFatalError("no address or no key")
            raise ProviderNotReadyError(status.last_error)

    def shutdown(self) -> None:
        """Tells nobody any more; ends the client when it is the provider's own."""
        self._end_listening()
        if self._owned is not None:
            self._owned.close()

    def _end_listening(self) -> None:
        for end in self._ends:
            end()
        self._ends = []

    # What the client tells.

    def _on_status(self, status: Status) -> None:
        if status.state == "ready":
            self.emit_provider_ready(ProviderEventDetails())
        elif status.state == "stale":
            self.emit_provider_stale(ProviderEventDetails(message=status.last_error))

    def _on_flags(self, flags: frozenset[str], revision: str) -> None:
        details = ProviderEventDetails(flags_changed=sorted(flags), metadata={"revision": revision})
        self.emit_provider_configuration_changed(details)

    # What OpenFeature asks.

    def resolve_boolean_details(
        self, flag_key: str, default_value: bool, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[bool]:
        """Evaluates a boolean flag."""
        return self._resolve(flag_key, "boolean", default_value, evaluation_context)

    def resolve_string_details(
        self, flag_key: str, default_value: str, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[str]:
        """Evaluates a string flag."""
        return self._resolve(flag_key, "string", default_value, evaluation_context)

    def resolve_integer_details(
        self, flag_key: str, default_value: int, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[int]:
        """Evaluates a number flag as an integer."""
        return self._resolve(flag_key, "integer", default_value, evaluation_context)

    def resolve_float_details(
        self, flag_key: str, default_value: float, evaluation_context: EvaluationContext | None = None
    ) -> FlagResolutionDetails[float]:
        """Evaluates a number flag as a float."""
        return self._resolve(flag_key, "float", default_value, evaluation_context)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        """Evaluates an object flag."""
        return self._resolve(flag_key, "object", default_value, evaluation_context)

    def _resolve(
        self, key: str, asked: str, default: Any, evaluation_context: EvaluationContext | None
    ) -> FlagResolutionDetails[Any]:
        found = self._client._evaluate(key, asked, _context(evaluation_context), {})
        details = pennon._details.of_result(found, default)
        return FlagResolutionDetails(
            value=details.value,
            error_code=None if details.error_code is None else ErrorCode(details.error_code),
            error_message=details.error_message,
            reason=Reason(details.reason),
            variant=details.variant,
            flag_metadata={
                name: value for name, value in details.metadata.items() if isinstance(value, (bool, str, int, float))
            },
        )

    def track(
        self,
        tracking_event_name: str,
        evaluation_context: EvaluationContext | None = None,
        tracking_event_details: TrackingEventDetails | None = None,
    ) -> None:
        """Notes a measurement for the targeting key."""
        value = None if tracking_event_details is None else tracking_event_details.value
        self._client.track(tracking_event_name, 1.0 if value is None else value, context=_context(evaluation_context))


def _context(found: EvaluationContext | None) -> dict[str, Any] | None:
    if found is None:
        return None
    context: dict[str, Any] = dict(found.attributes)
    if found.targeting_key is not None:
        context["targetingKey"] = found.targeting_key
    return context
