"""Drives one agent: a process that holds one SDK and does what it is told by lines of JSON (README.md)."""

import contextlib
import itertools
import json
import os
import signal
import subprocess
import tempfile
import threading
import time

from languages import Language

DEADLINE = 10.0  # seconds for an answer, an event or a state; a busy machine is slower than an SDK
PACE = 0.01  # of asking for the status again
END_SECONDS = 5.0


KINDS = {bool: "boolean", str: "string", int: "integer", float: "float", dict: "object"}


class Refused(Exception):
    """The agent answered a request with an error."""


class Agent:
    """The process. Events and answers are read by a thread and kept, with the time of their arrival."""

    def __init__(self, language: Language, environment: dict[str, str] | None = None):
        self.language = language.name
        self._log = tempfile.TemporaryFile("w+b")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PENNON_")}
        self.process = subprocess.Popen(
            language.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            env={**inherited, **language.environment, **(environment or {})},
        )
        self.events: list[dict] = []
        self._answers: dict[int, dict] = {}
        self._ids = itertools.count(1)
        self._ended = False
        self._arrived = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            message = json.loads(line)
            with self._arrived:
                if "event" in message:
                    self.events.append({**message, "at": time.monotonic()})
                else:
                    self._answers[message["id"]] = message
                self._arrived.notify_all()
        with self._arrived:
            self._ended = True
            self._arrived.notify_all()

    def _wait(self, condition, what: str, seconds: float):
        deadline = time.monotonic() + seconds
        with self._arrived:
            while not (value := condition()):
                if self._ended:
                    raise AssertionError(f"the agent has ended: no {what}\n{self.log()}")
                if not self._arrived.wait(deadline - time.monotonic()) and not (value := condition()):
                    raise AssertionError(f"not within {seconds} s: {what}; events: {self.events[-10:]}\n{self.log()}")
            return value

    # Requests.

    def send(self, do: str, **members) -> int:
        """Sends a request and waits for nothing; its id."""
        number = next(self._ids)
        line = json.dumps({"id": number, "do": do, **members}) + "\n"
        self.process.stdin.write(line.encode())
        self.process.stdin.flush()
        return number

    def answer(self, number: int, seconds: float = DEADLINE):
        """The answer to a request that was sent."""
        got = self._wait(lambda: self._answers.get(number), f"answer to request {number}", seconds)
        if "error" in got:
            raise Refused(got["error"])
        return got["ok"]

    def ask(self, do: str, *, seconds: float = DEADLINE, **members):
        """Sends a request and waits for its answer."""
        return self.answer(self.send(do, **members), seconds)

    def start(self, **options) -> "Agent":
        self.ask("start", options=options)
        return self

    def evaluate(self, flag: str = "flag", default=False, kind: str = "boolean", **context) -> dict:
        """An evaluation whose absent members are None. `user=` is short for the targeting key."""
        if "user" in context:
            context["targetingKey"] = context.pop("user")
        got = self.ask("evaluate", flag=flag, type=kind, default=default, context=context)
        return {"value": None, "variant": None, "reason": None, "errorCode": None, **got}

    def value(self, flag: str = "flag", default=False, **context):
        """The value alone, in the type of the default."""
        return self.evaluate(flag, default, KINDS[type(default)], **context)["value"]

    def status(self) -> dict:
        return self.ask("status")

    def close(self) -> int:
        """Closes the client; how many milliseconds that took, as the agent measured."""
        return self.ask("close")["ms"]

    # Waiting.

    def until(self, seconds: float = DEADLINE, **wanted) -> dict:
        """Asks for the status until it has these members; it then. A value may be a test of the value."""
        deadline = time.monotonic() + seconds
        while True:
            status = self.status()
            if all(want(status[name]) if callable(want) else status[name] == want for name, want in wanted.items()):
                return status
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds} s: {wanted}; the status is {status}\n{self.log()}")
            time.sleep(PACE)  # the pace of asking, no wait for a state

    def until_stream(self, flip, seconds: float = 20.0) -> None:
        """Flips until a snapshot came by the stream: a stream that is told what is held brings none by itself."""
        deadline, on = time.monotonic() + seconds, False
        while (status := self.until(revision=flip(on)))["source"] != "stream":
            if time.monotonic() > deadline:
                raise AssertionError(f"no snapshot came by the stream within {seconds} s: {status}\n{self.log()}")
            on = not on

    def until_value(self, flag: str, value, seconds: float = DEADLINE, **context) -> None:
        """Evaluates until this value is served."""
        deadline = time.monotonic() + seconds
        kind = type(value)
        while (got := self.evaluate(flag, kind(), KINDS[kind], **context))["value"] != value:
            if time.monotonic() > deadline:
                raise AssertionError(f"{flag} did not become {value} within {seconds} s: {got}\n{self.log()}")
            time.sleep(PACE)  # the pace of asking, no wait for a state

    def seen(self, event: str, **members) -> list[dict]:
        """The events of a kind so far, with these members."""
        with self._arrived:
            wanted = {"event": event, **members}
            return [e for e in self.events if all(e.get(name) == value for name, value in wanted.items())]

    def wait_events(self, count: int, event: str, *, seconds: float = DEADLINE, **members) -> list[dict]:
        """Waits until so many events of a kind have come; all of them."""
        self._wait(lambda: len(self.seen(event, **members)) >= count, f"{count} events {event} {members}", seconds)
        return self.seen(event, **members)

    # The process.

    def pause(self) -> None:
        """SIGSTOP: the machine sleeps."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def log(self) -> str:
        """What the SDK has logged so far."""
        descriptor = self._log.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")

    def end(self) -> int:
        """Ends standard input, after which an agent closes its client and exits; its exit code."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        return self.process.wait(END_SECONDS)

    def discard(self) -> None:
        """Ends the process whatever state it is in."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self._log.close()
