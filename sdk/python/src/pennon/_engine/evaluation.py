"""What was decided for one flag, and why: `Evaluation`, with the words it is made of.

The words are OpenFeature's and final: they go over the wire. A result carries no user data, and is immutable, so that
the results of a flag are made once and shared by every call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pennon._engine.values import copied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pennon._engine.moment import Now


class Reason:
    """Why a variant is served, in OpenFeature's words."""

    STATIC: Final = "STATIC"
    """Nothing but the fallthrough could decide."""
    DEFAULT: Final = "DEFAULT"
    """No target and no rule held, or a prerequisite failed."""
    TARGETING_MATCH: Final = "TARGETING_MATCH"
    """A target or a rule held."""
    SPLIT: Final = "SPLIT"
    """A percentage or a split decided."""
    DISABLED: Final = "DISABLED"
    """The flag is off, or shed by an override."""
    ERROR: Final = "ERROR"
    """There is an error code."""


class ErrorCode:
    """Why nothing could be decided, in OpenFeature's words."""

    FLAG_NOT_FOUND: Final = "FLAG_NOT_FOUND"
    """There is no such flag."""
    PARSE_ERROR: Final = "PARSE_ERROR"
    """The flag is broken."""
    TYPE_MISMATCH: Final = "TYPE_MISMATCH"
    """The flag has another type than was asked for."""
    TARGETING_KEY_MISSING: Final = "TARGETING_KEY_MISSING"
    """A split has no unit to draw by."""
    INVALID_CONTEXT: Final = "INVALID_CONTEXT"
    """The targeting key has a type it may not have, or the context is no mapping."""
    GENERAL: Final = "GENERAL"
    """Anything else: an object of the context raised when it was looked at."""


MESSAGES: Final = {
    ErrorCode.FLAG_NOT_FOUND: "there is no such flag",
    ErrorCode.PARSE_ERROR: "the flag's definition is broken; see the environment's list of broken flags",
    ErrorCode.TYPE_MISMATCH: "the flag, or the value it serves, has another type than was asked for",
    ErrorCode.TARGETING_KEY_MISSING: "the flag serves a split, and the context has no attribute to draw by",
    ErrorCode.INVALID_CONTEXT: "the targeting key must be a string or an integral number",
    ErrorCode.GENERAL: "the flag could not be evaluated",
}
"""What the codes mean, for people. No message names a flag, a rule or anybody."""


class _Frozen:
    """Slots that are set once, when the object is made."""

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable")


fill: Final = object.__setattr__
"""Sets a slot of a result while it is made."""


class Track(_Frozen):
    """The run that counts an exposure, and by which unit.

    `run` is its id, `by` the attribute references that may yield the unit, in order, and `arm` the rule's arm or, for
    a split, the variant served.
    """

    __slots__ = ("_find", "arm", "by", "run")

    run: str
    by: tuple[str, ...]
    arm: str | None
    _find: Callable[[Mapping[str, object], Now], str | None]

    def __init__(
        self, run: str, by: tuple[str, ...], arm: str | None, find: Callable[[Mapping[str, object], Now], str | None]
    ) -> None:
        fill(self, "run", run)
        fill(self, "by", by)
        fill(self, "arm", arm)
        fill(self, "_find", find)

    def unit(self, context: Mapping[str, object] | None, at: Now) -> str | None:
        """Whom the exposure counts, as text; none when the context has no such attribute."""
        return self._find({} if context is None else context, at)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Track):
            return NotImplemented
        return (self.run, self.by, self.arm) == (other.run, other.by, other.arm)

    def __hash__(self) -> int:
        return hash((self.run, self.by, self.arm))

    def __repr__(self) -> str:
        return f"Track(run={self.run!r}, by={self.by!r}, arm={self.arm!r})"


class Evaluation(_Frozen):
    """What was decided for one flag, and why.

    Without a `variant` the caller's own default is served, and `value` is None. Beside an error there is no rule id,
    version, cause, prerequisite or track, and `metadata` is empty.
    """

    __slots__ = (
        "_metadata",
        "cause",
        "error_code",
        "error_message",
        "flag_key",
        "prerequisite",
        "reason",
        "rule_id",
        "track",
        "value",
        "variant",
        "version",
    )

    value: object
    """The variant's value: bool, str, int, float, or a dict that is the caller's own."""
    variant: str | None
    """The name of the variant served; None: the caller's default."""
    reason: str
    """One of `Reason`."""
    error_code: str | None
    """One of `ErrorCode`, exactly when the reason is ERROR."""
    error_message: str | None
    """What the error means, for people."""
    rule_id: str | None
    """The rule that held; `target` for a target."""
    version: int | None
    """The version of the flag's configuration."""
    cause: str | None
    """The kill switch that sheds the unit."""
    prerequisite: str | None
    """The key of the prerequisite that failed."""
    track: Track | None
    """The run that counts this exposure."""
    flag_key: str
    """The key that was asked for."""
    _metadata: dict[str, object] | None

    def __init__(
        self,
        flag_key: str,
        reason: str,
        *,
        value: object = None,
        variant: str | None = None,
        error_code: str | None = None,
        rule_id: str | None = None,
        version: int | None = None,
        cause: str | None = None,
        prerequisite: str | None = None,
        track: Track | None = None,
        metadata: dict[str, object] | None = None,
    ) -> None:
        fill(self, "flag_key", flag_key)
        fill(self, "reason", reason)
        self._keep_value(value)
        fill(self, "variant", variant)
        fill(self, "error_code", error_code)
        fill(self, "error_message", None if error_code is None else MESSAGES[error_code])
        fill(self, "rule_id", rule_id)
        fill(self, "version", version)
        fill(self, "cause", cause)
        fill(self, "prerequisite", prerequisite)
        fill(self, "track", track)
        fill(self, "_metadata", metadata)

    def _keep_value(self, value: object) -> None:
        fill(self, "value", value)

    @property
    def metadata(self) -> dict[str, object]:
        """The flag's own metadata, a copy."""
        return {name: copied(value) for name, value in self._metadata.items()} if self._metadata else {}

    def __repr__(self) -> str:
        said = (f"{name}={getattr(self, name)!r}" for name in _SAID if getattr(self, name) is not None)
        return f"Evaluation({', '.join(said)})"


_SAID: Final = (
    "flag_key",
    "value",
    "variant",
    "reason",
    "error_code",
    "rule_id",
    "version",
    "cause",
    "prerequisite",
    "track",
)
