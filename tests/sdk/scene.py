"""What one test needs: a project of its own, the proxy before the server, and the agents that it starts."""

import re
import threading

from agent import Agent
from languages import Language
from proxy import Proxy
from server import Project, Server

EVENTS = "/api/v1/sdk/events"

# Times in which a test is over soon. The shared server's heartbeat is 100 ms, so that ten of them may be late before
# a stream counts as dead on a busy machine.
QUICK = {
    "startWaitMs": 5000,
    "streamWaitMs": 1000,
    "pollIntervalMs": 200,
    "readTimeoutMs": 1500,
    "backoffMinMs": 20,
    "backoffMaxMs": 200,
    "connectTimeoutMs": 1000,
    "events": False,
}
# Seconds by which two requests may seem closer than they are: on a busy machine the proxy sees the first of them late.
EARLY = 0.1
# Stands in contexts; a log that holds it has told a user's attribute.
PRIVATE = "private-8d1f@example.org"


class Scene:
    """Agents of one language talk through `proxy` to `server`, with the keys of `project`."""

    def __init__(self, server: Server, language: Language):
        self.server = server
        self.language = language
        self.project: Project = server.project()
        # The web SDK is given results by the server, one context's at a time, and has a key that is public.
        self.web = language.name == "web"
        self.stream = "/api/v1/sdk/client-stream" if self.web else "/api/v1/sdk/stream"
        self.polled = "/ofrep/v1/evaluate/flags" if self.web else "/api/v1/sdk/snapshot"
        self.key = self.project.client_key if self.web else self.project.server_key
        self.key_id = self.project.client_key_id if self.web else self.project.server_key_id
        self.proxy = Proxy(server.address)
        self._agents: list[Agent] = []

    def agent(self, **environment: str) -> Agent:
        """An agent that has not been started."""
        made = Agent(self.language, environment)
        self._agents.append(made)
        return made

    def options(self, **options) -> dict:
        """The quick settings, with these instead."""
        return {"url": self.proxy.url, "key": self.key, **QUICK, **options}

    def bootstrap(self) -> dict:
        """What the SDK may be given to start from: the snapshot, or the results for nobody in particular."""
        return self.project.results({}) if self.web else self.project.snapshot()

    def resumes(self, request, revision: str | None) -> bool:
        """Whether a stream was asked for from this revision on. The client stream always begins anew."""
        return request.headers.get("last-event-id") == (None if self.web else revision)

    def start(self, **options) -> Agent:
        """An agent that has been told to start."""
        return self.agent().start(**self.options(**options))

    def ready(self, **options) -> Agent:
        """An agent that follows the stream and holds what the server has now."""
        agent = self.start(**options)
        self.follows(agent)
        return agent

    def follows(self, agent: Agent) -> None:
        """Waits until the agent's last stream gives events, and the agent holds what the server has now."""
        name = f"a stream of {agent.process.pid}"
        self.proxy.wait(lambda: any(each.open and each.status == 200 and each.passed for each in self.streams()), name)
        agent.until(state="ready", revision=self.project.revision())

    def streams(self) -> list:
        """The attempts to open a stream so far."""
        return self.proxy.seen(self.stream)

    def polls(self) -> list:
        return self.proxy.seen(self.polled)

    def most_at_once(self, path: str) -> int:
        """How many requests below `path` were open at the same time, at most."""
        borders = []
        for request in self.proxy.seen(path):
            borders += [(request.at, 1), (request.ended or float("inf"), -1)]
        most = now = 0
        for _, step in sorted(borders):
            now += step
            most = max(most, now)
        return most

    def close(self) -> None:
        """Ends the agents as their users would; a log that tells a key or a context fails the test."""
        problems = []
        try:
            for agent in self._agents:
                if agent.process.poll() is None and (code := agent.end()) != 0:
                    problems.append(f"the agent ended with {code}:\n{agent.log()}")
                if told := self._secrets(agent.log()):
                    problems.append(f"the log tells {told}")
        finally:
            for agent in self._agents:
                agent.discard()
            self.proxy.close()
        assert not problems, "\n".join(problems)

    def _secrets(self, log: str) -> str | None:
        found = re.search(r"pnn_(?:srv|cli)_[\w-]+", log) or re.search(re.escape(PRIVATE), log)
        return found[0][:16] if found else None


def gaps(requests: list) -> list[float]:
    """Seconds from the end of each request to the beginning of the next one."""
    return [later.at - earlier.ended for earlier, later in zip(requests, requests[1:])]


def in_background(work) -> threading.Thread:
    """Runs `work` beside the test."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread
