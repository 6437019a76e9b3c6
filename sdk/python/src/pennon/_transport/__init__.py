"""How a snapshot reaches the process: the stream, the poll, and the rules of when to try again.

The rules are pure (`sse`, `order`, `backoff`, `link`): time and chance are given to them. `exchange` alone touches the
network; `stream` and `poll` are what the two threads of `connection` do.
"""
