"""The results that a flag may have. Each is made once, when the flag is compiled, and shared by every call.

The value of an object flag is copied on the way out, so that no caller can change what the next one gets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pennon._engine import values
from pennon._engine.evaluation import ErrorCode, Evaluation, Reason, fill

if TYPE_CHECKING:
    from pennon._engine.evaluation import Track


class ObjectEvaluation(Evaluation):
    """A result whose value is an object."""

    __slots__ = ("_held",)

    _held: dict[str, object]

    def _keep_value(self, value: object) -> None:
        fill(self, "_held", value)

    @property
    def value(self) -> object:  # type: ignore[override] # read-only there too, but for the constructor
        """A copy of the variant's value."""
        return values.copied(self._held)


class NumberEvaluation(Evaluation):
    """A result whose value is a number, with what it is to whoever asks for an integer or a float."""

    __slots__ = ("as_float", "as_integer")

    as_integer: Evaluation
    as_float: Evaluation


def error(flag_key: str, code: str) -> Evaluation:
    """A result that says only why there is none."""
    return Evaluation(flag_key, Reason.ERROR, error_code=code)


class Outcomes:
    """Makes the results of one flag."""

    __slots__ = ("_key", "_kind", "_metadata", "_variants", "_version")

    def __init__(
        self, key: str, kind: str, variants: dict[str, object], version: int, metadata: dict[str, object]
    ) -> None:
        self._key = key
        self._kind = kind
        self._variants = variants
        self._version = version
        self._metadata = metadata

    def make(
        self,
        variant: str | None,
        reason: str,
        *,
        rule_id: str | None = None,
        cause: str | None = None,
        prerequisite: str | None = None,
        track: Track | None = None,
    ) -> Evaluation:
        """The result that serves a variant, or the caller's default."""

        def result(kind: type[Evaluation], value: object) -> Evaluation:
            return kind(
                self._key,
                reason,
                value=value,
                variant=variant,
                rule_id=rule_id,
                version=self._version,
                cause=cause,
                prerequisite=prerequisite,
                track=track,
                metadata=self._metadata,
            )

        value = None if variant is None else self._variants[variant]
        if isinstance(value, dict):
            return result(ObjectEvaluation, value)
        if self._kind != "number":
            return result(Evaluation, value)
        found = result(NumberEvaluation, value)
        if isinstance(value, (int, float)):
            integer = values.exact(value)
            fill(found, "as_float", result(Evaluation, float(value)))
            fill(found, "as_integer", self.mismatch() if integer is None else result(Evaluation, integer))
        else:
            fill(found, "as_float", found)
            fill(found, "as_integer", found)
        return found

    def mismatch(self) -> Evaluation:
        """The value is of another type than was asked for."""
        return error(self._key, ErrorCode.TYPE_MISMATCH)

    def without_unit(self) -> Evaluation:
        """A split has no unit to draw by."""
        return error(self._key, ErrorCode.TARGETING_KEY_MISSING)
