"""The graph of references between documents: its strongly connected components.

Walks with its own stack, so that a long chain cannot overflow Python's. Must not know documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Node = TypeVar("Node")


def components(nodes: Iterable[Node], edges: Callable[[Node], Sequence[Node]]) -> Iterator[list[Node]]:
    """The components of the nodes and what they lead to, dependencies first (Tarjan's algorithm)."""
    walk = _Walk(edges)
    for node in nodes:
        yield from walk.begin(node)


class _Walk(Generic[Node]):
    def __init__(self, edges: Callable[[Node], Sequence[Node]]) -> None:
        self._edges = edges
        self._number: dict[Node, int] = {}
        self._lowest: dict[Node, int] = {}
        self._path: list[Node] = []
        self._on_path: set[Node] = set()

    def begin(self, start: Node) -> Iterator[list[Node]]:
        if start in self._number:
            return
        stack = [self._enter(start)]
        while stack:
            node, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                stack.pop()
                if stack:
                    self._lower(stack[-1][0], self._lowest[node])
                if self._lowest[node] == self._number[node]:
                    yield self._component(node)
            elif target not in self._number:
                stack.append(self._enter(target))
            elif target in self._on_path:
                self._lower(node, self._number[target])

    def _enter(self, node: Node) -> tuple[Node, Iterator[Node]]:
        self._number[node] = self._lowest[node] = len(self._number)
        self._path.append(node)
        self._on_path.add(node)
        return node, iter(self._edges(node))

    def _lower(self, node: Node, number: int) -> None:
        self._lowest[node] = min(self._lowest[node], number)

    def _component(self, root: Node) -> list[Node]:
        found: list[Node] = []
        while not found or found[-1] != root:
            found.append(self._path.pop())
        self._on_path.difference_update(found)
        return found
