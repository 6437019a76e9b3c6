"""Where each language's agent is, and how it is started. An agent that is missing is a failure, never a skip."""

import os
import pathlib
import shutil
import sys
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")


@dataclass(frozen=True)
class Language:
    """One SDK: the file that must be there, and the command that runs it."""

    name: str
    agent: pathlib.Path
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)

    def missing(self) -> str | None:
        """Why it cannot run, if it cannot."""
        if not self.agent.exists():
            return f"the {self.name} agent is not there: {self.agent}"
        if shutil.which(self.command[0]) is None:
            return f"{self.command[0]} is not there, which runs the {self.name} agent"
        return None


PYTHON = ROOT / "sdk" / "python"
RUST = TARGET / "debug" / "examples" / "agent"
NODE = ROOT / "sdk" / "typescript" / "test" / "agent.mjs"
WEB = ROOT / "sdk" / "typescript" / "test" / "web" / "agent.mjs"

LANGUAGES = {
    language.name: language
    for language in [
        Language(
            "python",
            PYTHON / "tests" / "agent.py",
            (sys.executable, str(PYTHON / "tests" / "agent.py")),
            # Compiled once, whatever the tests themselves are told, and not into the source tree: hundreds of agents start.
            {
                "PYTHONPATH": str(PYTHON / "src"),
                "PYTHONDONTWRITEBYTECODE": "",
                "PYTHONPYCACHEPREFIX": str(ROOT / "tests" / ".state" / "pycache"),
            },
        ),
        Language("rust", RUST, (str(RUST),)),
        Language("typescript", NODE, ("node", str(NODE))),
        Language("web", WEB, ("node", str(WEB))),
    ]
}
