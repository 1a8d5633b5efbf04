"""Reads Rust as far as its architecture shows: modules, what they import, functions.

It is no compiler: it knows strings and comments, braces, `mod`, `use` and paths.
Names that macros make up, and methods, it does not follow.
"""
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

TEXT = re.compile(
    r"""//[^\n]*|/\*|\b(?:b|c)?r(?P<hashes>\#*)".*?"(?P=hashes)|"(?:\\.|[^"\\])*\""""
    r"""|'(?:\\.[^']*|[^\\'\n])'""", re.S)
COMMENT_EDGE = re.compile(r"/\*|\*/")


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_text(source):
    """The source with blanks for comments and for what is quoted; every other
    character stays where it is."""
    parts, at = [], 0
    while found := TEXT.search(source, at):
        end = found.end()
        depth = 1 if found[0] == "/*" else 0
        while depth:
            edge = COMMENT_EDGE.search(source, end)
            depth += (1 if edge[0] == "/*" else -1) if edge else -depth
            end = edge.end() if edge else len(source)
        parts += [source[at:found.start()], blank(source[found.start():end])]
        at = end
    return "".join(parts) + source[at:]


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def closing_brace(text, position):
    """Where the brace that opens at `position` is closed."""
    depth = 0
    for found in re.compile(r"[{}]").finditer(text, position):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return found.end()
    return len(text)


def end_of_item(text, position):
    """The end of an item: its `;`, or the brace that closes its body."""
    depth = 0
    for found in re.compile(r"[()\[\]{;]").finditer(text, position):
        if found[0] in "([":
            depth += 1
        elif found[0] in ")]":
            depth -= 1
        elif depth == 0:
            return closing_brace(text, found.start()) if found[0] == "{" else found.end()
    return len(text)


def functions(text):
    """(name, first line, last line) of every function of blanked Rust that has a body."""
    for found in re.finditer(r"\bfn\s+(?:r#)?(\w+)", text):
        end = end_of_item(text, found.end())
        if text[end - 1] == "}":
            yield found[1], line_of(text, found.start()), line_of(text, end)


ITEM = re.compile(r"^[ \t]*(?:pub\b(?:\s*\([^)]*\))?\s*)?(?:(?:const|unsafe|extern)\s+)*"
                  r"(?:struct|enum|union|trait|type|fn|const|static)\s+(?:r#)?(\w+)", re.M)
TESTS_ONLY = re.compile(r"#\[cfg\(\s*(?:all\([^\]]*\b)?test\b[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*")


def without_tests(text):
    """Blanks for every item that is compiled for tests only."""
    at = 0
    while found := TESTS_ONLY.search(text, at):
        end = end_of_item(text, found.end())
        text = text[:found.start()] + blank(text[found.start():end]) + text[end:]
        at = end
    return text


def use_paths(tree, prefix=()):
    """(name, path) of everything that the tree of a `use` imports; `*` for a glob."""
    depth, start, branches = 0, 0, []
    for position, character in enumerate(tree + ","):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "," and depth == 0:
            branches.append(tree[start:position].strip())
            start = position + 1
    for branch in filter(None, branches):
        head, brace, inner = branch.partition("{")
        path, _, name = head.partition(" as ")
        path = (*prefix, *re.findall(r"\w+|\*", path.replace("r#", "")))
        if brace:
            yield from use_paths(inner.rpartition("}")[0], path)
        else:
            if path[-1] == "self" and len(path) > 1:
                path = path[:-1]
            yield name.strip() or path[-1], path


@dataclass
class Import:
    """`user` names an item that stands in the module `used`, or the module itself."""
    user: "Module"
    used: "Module"
    item: bool
    line: int


@dataclass(eq=False)
class Module:
    """A module of a crate, with its children and the names that it imports."""
    path: str
    file: Path
    text: str
    parent: "Module | None"
    crates: dict
    children: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    globs: list = field(default_factory=list)
    items: set = field(default_factory=set)
    paths: list = field(default_factory=list)

    @property
    def root(self):
        return self.parent.root if self.parent else self

    @property
    def top(self):
        """The path of the top-level module that this one is or is in."""
        return "::".join(self.path.split("::")[:2])

    def within(self, other):
        return self.path == other.path or self.path.startswith(other.path + "::")

    def everything(self):
        yield self
        for child in self.children.values():
            yield from child.everything()

    def read_imports(self):
        """Notes names and paths, once the text has nothing of the children in it."""
        self.items = set(ITEM.findall(self.text))
        for found in re.finditer(r"\buse\s+([^;<>]+);", self.text):
            line = line_of(self.text, found.start())
            for name, path in use_paths(re.sub(r"\s+", " ", found[1])):
                if name == "*":
                    self.globs.append(path[:-1])
                elif name != "_":
                    self.names.setdefault(name, path)
                self.paths.append((line, path[:-1] if path[-1] == "*" else path))
        rest = re.sub(r"\buse\s+[^;<>]+;|\(\s*in\s[^)]*\)", lambda use: blank(use[0]), self.text)
        for found in re.finditer(r"(?<![:\w])(?:r#)?[A-Za-z_]\w*(?:\s*::\s*(?:r#)?\w+)+", rest):
            path = tuple(re.findall(r"\w+", found[0].replace("r#", "")))
            self.paths.append((line_of(rest, found.start()), path))

    def find(self, name, busy):
        """The module that a name means here, and whether it names the module itself
        rather than something in it; None for what is not of these crates."""
        if name in self.children:
            return self.children[name], True
        if name in self.items:
            return self, False
        if (self, name) in busy:
            return None
        busy = busy | {(self, name)}
        if name in self.names:
            return self.resolve(self.names[name], busy)
        for glob in self.globs:
            behind = self.resolve(glob, busy)
            if behind and behind[1] and (found := behind[0].find(name, busy)):
                return found
        return None

    def resolve(self, path, busy=frozenset()):
        """Where a path leads from here: as `find`."""
        first, *rest = path
        if first in ("crate", "self", "super"):
            at = {"crate": self.root, "self": self, "super": self.parent}[first]
        elif found := self.find(first, busy):
            at, is_module = found
            if not is_module:
                return found
        elif first in self.crates:
            at = self.crates[first]
        else:
            return None
        for name in rest:
            if name == "super":
                at = at.parent
            elif found := at.find(name, busy):
                at, is_module = found
                if not is_module:
                    return found
            else:
                return at, False
            if at is None:
                return None
        return at, True

    def imports(self):
        for line, path in self.paths:
            if (found := self.resolve(path)) and found[0] and found[0] is not self:
                yield Import(self, found[0], not found[1], line)

    def impls(self):
        """(line, name, module) of the type of every `impl`, where it is of these crates."""
        for found in re.finditer(r"\bimpl\b([^{};]*)\{", self.text):
            header, nested = found[1].replace("->", ""), 1
            while nested:
                header, nested = re.subn(r"<[^<>]*>", "", header)
            of_type = re.split(r"\bfor\b", re.split(r"\bwhere\b", header)[0])[-1]
            if path := re.match(r"\s*((?:\w+::)*\w+)", of_type):
                path = tuple(path[1].split("::"))
                where = self.resolve(path)
                yield line_of(self.text, found.start()), path[-1], where[0] if where else self


def read_crate(name, file, crates):
    """The root module of a crate, with every module below it that is not for tests only."""
    def module(path, file, text, parent, directory):
        made = Module(path, file, text, parent, crates)
        at = 0
        while found := re.compile(r"\bmod\s+(?:r#)?(\w+)\s*([;{])").search(made.text, at):
            at = end = found.end()
            child = f"{path}::{found[1]}"
            inside = directory / found[1]
            if found[2] == "{":
                end = closing_brace(made.text, found.end() - 1)
                body = blank(made.text[:found.end()]) + made.text[found.end():end - 1]
                made.text = made.text[:found.end()] + blank(body[found.end():]) + made.text[end - 1:]
                made.children[found[1]] = module(child, file, body, made, inside)
                at = end
                continue
            places = (directory / f"{found[1]}.rs", inside / "mod.rs")
            there = next((place for place in places if place.exists()), None)
            if not there:
                sys.exit(f"{file} declares the module `{child}`, which has no file")
            made.children[found[1]] = module(child, there, read(there), made, inside)
        made.read_imports()
        return made

    def read(file):
        return without_tests(without_text(file.read_text()))

    return module(name, file, read(file), None, file.parent)
