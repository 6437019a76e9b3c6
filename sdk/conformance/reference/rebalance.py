"""Section 3's minimal-move rebalance: shrinking variants give up their tails, growing ones take them."""


def weights(slots):
    total = {}
    for slot in slots:
        total[slot["variant"]] = total.get(slot["variant"], 0) + int(slot["weight"])
    return total


def _coalesce(slots):
    merged = []
    for variant, weight in slots:
        if weight and merged and merged[-1][0] == variant:
            merged[-1][1] += weight
        elif weight:
            merged.append([variant, weight])
    return [{"variant": v, "weight": w} for v, w in merged]


def rebalance(current, wanted):
    """The new slots. Freed ranges, left to right, go to the growing variants in the order of `wanted`."""
    now, want = weights(current), weights(wanted)
    keep = {v: min(now[v], want.get(v, 0)) for v in now}
    grow = [[w["variant"], want[w["variant"]] - now.get(w["variant"], 0)] for w in wanted]
    grow = [g for g in grow if g[1] > 0]
    result = []
    for slot in current:
        kept = min(int(slot["weight"]), keep[slot["variant"]])
        keep[slot["variant"]] -= kept
        result.append((slot["variant"], kept))
        freed = int(slot["weight"]) - kept
        while freed:
            taken = min(freed, grow[0][1])
            result.append((grow[0][0], taken))
            freed -= taken
            grow[0][1] -= taken
            if grow[0][1] == 0:
                grow.pop(0)
    return _coalesce(result)


def moved(current, wanted):
    now, want = weights(current), weights(wanted)
    return sum(max(0, now[v] - want.get(v, 0)) for v in now)


def one_answer(current, wanted):
    """Whether a single variant grows, so that the rules leave no choice."""
    now, want = weights(current), weights(wanted)
    return sum(want[v] > now.get(v, 0) for v in want) <= 1
