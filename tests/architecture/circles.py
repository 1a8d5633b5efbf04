"""Directed graphs, given as sets of pairs (from, to): their circles and their order."""


def reachable(pairs, start):
    """The nodes that are reached from a node, each with the node before it."""
    after = {}
    for a, b in sorted(pairs):
        after.setdefault(a, []).append(b)
    before, queue = {}, [start]
    for node in queue:
        for next_node in after.get(node, ()):
            if next_node not in before:
                before[next_node] = node
                queue.append(next_node)
    return before


def knots(pairs):
    """The pairs that are part of a circle, in sets of which each pair reaches the others."""
    reach = {node: set(reachable(pairs, node)) for pair in pairs for node in pair}
    tied = {}
    for a, b in sorted(pairs):
        if a in reach[b]:
            members = frozenset(node for node in reach[a] if a in reach[node])
            tied.setdefault(members, set()).add((a, b))
    return list(tied.values())


def circle(pairs, first):
    """The shortest circle through a pair, as a list of pairs."""
    before, steps = reachable(pairs, first[1]), []
    node = first[0]
    while node != first[1]:
        steps.append((before[node], node))
        node = before[node]
    return [first] + steps[::-1]


def layers(nodes, pairs):
    """The nodes from top to bottom in layers, of which each uses only what is below
    it. A node here is a tuple: the nodes of a circle stand together in one."""
    home = {node: (node,) for node in nodes}
    for knot in knots(pairs):
        together = tuple(sorted({node for pair in knot for node in pair}))
        home.update({node: together for node in together})
    left, result = set(home.values()), []
    while left:
        used = {home[b] for a, b in pairs if home[a] in left and home[a] != home[b]}
        result.append(sorted(left - used))
        left &= used
    return result
