"""The rules of the architecture: what may import what, and how long things may be."""
from dataclasses import dataclass

from circles import circle, knots, layers
from rust import functions, read_crate, without_text

# The name that begins paths into a crate, and the file of the crate's root.
CRATES = {
    "camgate_protocol": "src/protocol/lib.rs",
    "camgate": "src/lib.rs",
    "main": "src/main.rs",
    "camgate_player": "player/src/lib.rs",
}

NET = "camgate::net"
UPPER = ("server", "operator", "route")
# The rooms of src/net from top to bottom, each with the rooms that it may use.
MAY_USE = {
    "server": {"operator", "route", "source", "viewer", "web", "media", "io"},
    "operator": {"server", "route", "source", "viewer", "web", "media", "io"},
    "route": {"server", "operator", "source", "viewer", "web", "media", "io"},
    "source": {"media", "io"},
    "viewer": {"media", "io"},
    "web": {"media", "io"},
    "media": {"io"},
    "io": set(),
}

FILE_LINES = 400
FUNCTION_LINES = 50
LENGTHS_OF = ("src", "player", "tests")
NOT_OURS = {"node_modules", "target"}


class Tree:
    """The crates below a directory, and the faults found in them."""

    def __init__(self, root):
        self.root, self.crates, self.faults = root, {}, []
        for name, file in CRATES.items():
            if (root / file).exists():
                self.crates[name] = read_crate(name, root / file, self.crates)
        self.modules = [module for crate in self.crates.values() for module in crate.everything()]
        self.imports = [use for module in self.modules for use in module.imports()]

    def fault(self, file, line, what, why):
        self.faults.append((file.relative_to(self.root), line, what, why))


def check(root):
    """(the order that was found, in lines; the faults, a line each)"""
    tree = Tree(root)
    check_rooms(tree)
    check_impl_server(tree)
    check_circles(tree)
    check_lengths(tree)
    faults = [f"{file}:{line}: {what}: {why}" for file, line, what, why in sorted(tree.faults)]
    return order_of_rooms(tree) + order_of_modules(tree), faults


def room(module):
    """The room of src/net that holds a module, None for a module that is elsewhere."""
    below = module.path.removeprefix(NET + "::")
    return None if below == module.path else below.split("::")[0]


def check_rooms(tree):
    for module in tree.modules:
        if module.parent and module.parent.path == NET and room(module) not in MAY_USE:
            tree.fault(module.file, 1, f"{NET} has no room `{room(module)}`",
                       f"its rooms are {', '.join(MAY_USE)}")
    for use in tree.imports:
        here, there = room(use.user), room(use.used)
        if here not in MAY_USE:
            continue
        may = f"it may use {', '.join(sorted(MAY_USE[here])) or 'none of them'}"
        if use.used.path == NET and use.item:
            tree.fault(use.user.file, use.line, f"the room `{here}` uses an item of {NET}",
                       f"that is above all rooms; {may}")
        elif there in MAY_USE and there != here and there not in MAY_USE[here]:
            tree.fault(use.user.file, use.line, f"the room `{here}` uses {use.used.path}",
                       f"rooms import downwards; {may}")


def check_impl_server(tree):
    for module in tree.modules:
        for line, name, defined in module.impls():
            if name == "Server" and room(defined) == "server" and room(module) not in UPPER:
                tree.fault(module.file, line, "`impl Server`",
                           f"only {', '.join(UPPER)} may know the whole server")


def check_circles(tree):
    """A circle is a fault between top-level modules, wherever within them the imports
    stand, and within one of them between modules that have different parents."""
    top, inside = {}, {}
    for use in tree.imports:
        if use.user.top != use.used.top:
            top.setdefault((use.user.top, use.used.top), use)
        elif not (use.user.within(use.used) or use.used.within(use.user)):
            inside.setdefault((use.user.path, use.used.path), use)
    for knot in knots(top):
        fault_of_circle(tree, top, min((circle(knot, pair) for pair in sorted(knot)), key=len))
    for knot in knots(inside):
        across = [pair for pair in sorted(knot)
                  if inside[pair].user.parent is not inside[pair].used.parent]
        if across:
            fault_of_circle(tree, inside, min((circle(knot, pair) for pair in across), key=len))


def fault_of_circle(tree, imports, pairs):
    names = " -> ".join([pairs[0][0]] + [used for _, used in pairs])
    for use in (imports[pair] for pair in pairs):
        tree.fault(use.user.file, use.line, f"{use.user.path} uses {use.used.path}",
                   f"no circle may be, and here is one: {names}")


def check_lengths(tree):
    for folder in LENGTHS_OF:
        for file in sorted((tree.root / folder).glob("**/*.rs")):
            if NOT_OURS & set(file.relative_to(tree.root).parts):
                continue
            text = file.read_text()
            lines = text.count("\n")
            if lines > FILE_LINES:
                tree.fault(file, lines, f"{lines} lines", f"a file has at most {FILE_LINES}")
            for name, first, last in functions(without_text(text)):
                if last - first >= FUNCTION_LINES:
                    tree.fault(file, first, f"`{name}` has {last - first + 1} lines",
                               f"a function has at most {FUNCTION_LINES}")


def order_of_rooms(tree):
    rooms = {room(module) for module in tree.modules}
    ranks = [UPPER, ("source", "viewer", "web"), ("media",), ("io",)]
    there = [", ".join(name for name in rank if name in rooms) for rank in ranks]
    return [f"{NET}: " + " -> ".join(filter(None, there))] if any(there) else []


def order_of_modules(tree):
    lines = []
    for name, crate in tree.crates.items():
        nodes = {child.top for child in crate.children.values()}
        pairs = {(use.user.top, use.used.top) for use in tree.imports
                 if use.user.top != use.used.top and {use.user.top, use.used.top} <= nodes}
        shown = [", ".join("=".join(path.split("::")[1] for path in node) for node in layer)
                 for layer in layers(nodes, pairs)]
        if shown:
            lines.append(f"{name}: " + " -> ".join(shown))
    return lines
