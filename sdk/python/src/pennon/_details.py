"""What a caller is told of one evaluation, and what stands in for a result where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from pennon._engine import Track

T = TypeVar("T")

PROVIDER_NOT_READY: Final = "PROVIDER_NOT_READY"
"""OpenFeature's word for a client that has nothing to evaluate yet."""

MESSAGES: Final = {
    PROVIDER_NOT_READY: "there is no snapshot yet, or no address and key to get one with",
    "GENERAL": "the flag could not be evaluated",
    "TYPE_MISMATCH": "a default is a bool, a str, an int, a float, a dict or None",
}


@dataclass(frozen=True)
class Details(Generic[T]):
    """The value of a flag, and why it is this one."""

    flag: str
    """The key of the flag."""
    value: T
    """What is served; the caller's default where there is no variant."""
    variant: str | None
    """The name of the variant; None when the caller's default is served."""
    reason: str
    """STATIC, DEFAULT, TARGETING_MATCH, SPLIT, DISABLED or ERROR."""
    error_code: str | None
    """PROVIDER_NOT_READY, FLAG_NOT_FOUND, PARSE_ERROR, TYPE_MISMATCH, TARGETING_KEY_MISSING, INVALID_CONTEXT or
    GENERAL, exactly when the reason is ERROR."""
    error_message: str | None
    """What the error means, for people."""
    rule_id: str | None
    """The rule that held; `target` for a target."""
    metadata: dict[str, Any]
    """The flag's own metadata, and `ruleId`, `version`, `cause` and `prerequisite` where they apply."""


class Result(Protocol):
    """What evaluation gives, by the engine or in its stead."""

    @property
    def flag_key(self) -> str:
        """The key that was asked for."""

    @property
    def value(self) -> Any:
        """The variant's value."""

    @property
    def variant(self) -> str | None:
        """The variant; None: the caller's default."""

    @property
    def reason(self) -> str:
        """Why."""

    @property
    def error_code(self) -> str | None:
        """Why not."""

    @property
    def error_message(self) -> str | None:
        """Why not, for people."""

    @property
    def rule_id(self) -> str | None:
        """The rule that held."""

    @property
    def version(self) -> int | None:
        """The version of the flag's configuration."""

    @property
    def cause(self) -> str | None:
        """The kill switch that sheds the unit."""

    @property
    def prerequisite(self) -> str | None:
        """The prerequisite that failed."""

    @property
    def track(self) -> Track | None:
        """The run that counts it."""

    @property
    def metadata(self) -> dict[str, Any]:
        """The flag's own metadata."""


@dataclass(frozen=True)
class Failure:
    """A result that says only why there is none."""

    flag_key: str
    error_code: str
    value: None = None
    variant: None = None
    reason: str = "ERROR"
    rule_id: None = None
    version: None = None
    cause: None = None
    prerequisite: None = None
    track: None = None

    @property
    def error_message(self) -> str:
        """What the code means, for people."""
        return MESSAGES[self.error_code]

    @property
    def metadata(self) -> dict[str, Any]:
        """None."""
        return {}


class Nothing:
    """Evaluated in the place of a snapshot while there is none."""

    def evaluate(self, key: str, _context: object, _asked: str | None, _at: object) -> Result:
        """That there is nothing yet."""
        return Failure(key, PROVIDER_NOT_READY)


def of_result(found: Result, default: T) -> Details[T]:
    """The details of a result."""
    value = default if found.variant is None else found.value
    more = {
        "ruleId": found.rule_id,
        "version": found.version,
        "cause": found.cause,
        "prerequisite": found.prerequisite,
    }
    metadata = found.metadata
    metadata.update((name, one) for name, one in more.items() if one is not None)
    return Details(
        found.flag_key,
        value,
        found.variant,
        found.reason,
        found.error_code,
        found.error_message,
        found.rule_id,
        metadata,
    )
