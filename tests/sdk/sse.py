"""Server-sent events as bytes: cut a stream into blocks, read one, write one (WHATWG HTML, section 9.2)."""

import json
from dataclasses import dataclass

END = b"\n\n"


@dataclass(frozen=True)
class Event:
    """One block: a comment has neither name nor data."""

    name: str
    id: str | None
    data: str
    retry: int | None = None

    @property
    def json(self):
        return json.loads(self.data)


def parse(block: bytes) -> Event:
    """Reads one block, with or without the empty line at its end."""
    name, event_id, data, retry = "", None, [], None
    for line in block.decode().split("\n"):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "id":
            event_id = value
        elif field == "data":
            data.append(value)
        elif field == "retry":
            retry = int(value)
    return Event(name, event_id, "\n".join(data), retry)


def write(name: str, data, event_id: str | None = None) -> bytes:
    """A block with its empty line; `data` is text, or anything that becomes JSON."""
    text = data if isinstance(data, str) else json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    head = f"id: {event_id}\n" if event_id is not None else ""
    return f"{head}event: {name}\ndata: {text}".encode() + END


class Blocks:
    """Cuts what arrives in pieces of any size into whole blocks."""

    def __init__(self):
        self.rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The blocks that `data` has completed, each with its empty line."""
        *whole, self.rest = (self.rest + data).split(END)
        return [block + END for block in whole]
