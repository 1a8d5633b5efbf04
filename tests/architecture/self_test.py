"""Tests of the check: each rule is seen to fail and to pass, over trees made up here."""
import tempfile
import unittest
from pathlib import Path

from circles import layers
from rules import check
from rust import functions, use_paths, without_text

NET = {"src/lib.rs": "pub mod net;", "src/net/mod.rs": "mod server; mod source; mod viewer; mod io;"}
ROOMS = {"src/net/server.rs": "pub struct Server;", "src/net/source.rs": "",
         "src/net/viewer.rs": "pub struct Viewer;", "src/net/io.rs": "pub mod stream;",
         "src/net/io/stream.rs": "pub struct Stream;"}


def checked(*trees):
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory).resolve()
        for name, text in {name: text for tree in trees for name, text in tree.items()}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return check(root)


class Check(unittest.TestCase):
    def assert_passes(self, *trees):
        self.assertEqual(checked(*trees)[1], [])

    def assert_faults(self, expected, *trees):
        """Each fault begins with the file, line and words that are expected."""
        faults = checked(*trees)[1]
        self.assertEqual(len(faults), len(expected), faults)
        for fault, beginning in zip(faults, expected):
            self.assertTrue(fault.startswith(beginning), fault)


class Rooms(Check):
    def test_downwards_is_allowed(self):
        for user in ("server.rs", "source.rs", "viewer.rs", "source/queue.rs"):
            self.assert_passes(NET, ROOMS, {
                "src/net/source.rs": "mod queue;", "src/net/source/queue.rs": "",
                f"src/net/{user}": "use crate::net::io::{self, stream::Stream};"})

    def test_upwards_is_a_fault_however_it_is_written(self):
        for text in ("use super::super::viewer::Viewer;", "use crate::net::viewer;",
                     "use crate::{net::{viewer::Viewer as Other}};", 
                     "use super::super::viewer::*;", "use crate::everything::Viewer;",
                     "fn f() { super::super::viewer::Viewer::new() }",
                     "use crate::net; fn f(v: &net::viewer::Viewer) {}",
                     "fn f() { use crate::net::viewer::Viewer; }",
                     "use crate::short::Viewer;",
                     "mod inline { use super::super::super::viewer::Viewer; }"):
            self.assert_faults(
                ["src/net/io/stream.rs:1: the room `io` uses "], NET, ROOMS,
                {"src/lib.rs": "pub mod net; mod short { pub use crate::net::viewer::Viewer; }"
                               "mod everything { pub use crate::net::viewer::*; }",
                 "src/net/io/stream.rs": text + " pub struct Stream;"})

    def test_rooms_of_one_height_do_not_use_each_other(self):
        self.assert_faults(["src/net/source.rs:2: the room `source` uses camgate::net::viewer"],
                           NET, ROOMS, {"src/net/source.rs": "\nuse super::viewer::Viewer;"})

    def test_upper_rooms_use_everything(self):
        self.assert_passes(NET, ROOMS, {
            "src/net/mod.rs": NET["src/net/mod.rs"] + "mod route;",
            "src/net/route.rs": "use super::{server::Server, viewer::Viewer};",
            "src/net/server.rs": "use super::{source, viewer, io}; pub struct Server;"})

    def test_comments_strings_visibility_and_tests_are_no_imports(self):
        self.assert_passes(NET, ROOMS, {"src/net/io/stream.rs": '''
            //! [`super::super::viewer::Viewer`]
            /* use crate::net::viewer; /* nested */ use crate::net::viewer; */
            const A: &str = "use crate::net::viewer::Viewer; \\" // ";
            const B: &str = r#"crate::net::viewer::Viewer " "#;
            const C: [char; 3] = ['"', '\\'', '{'];
            pub(in crate::net) fn f<'a>(a: &'a str, b: &'a str) {}
            #[cfg(test)]
            #[allow(unused)]
            mod tests { use crate::net::viewer::Viewer; }
            #[cfg(test)]
            use crate::net::viewer;
        '''})

    def test_what_is_in_no_room_is_a_fault(self):
        self.assert_faults(["src/net/cellar.rs:1: camgate::net has no room `cellar`"], NET, ROOMS,
                           {"src/net/mod.rs": NET["src/net/mod.rs"] + "mod cellar;", "src/net/cellar.rs": ""})

    def test_the_parent_of_the_rooms_is_above_them(self):
        self.assert_faults(["src/net/io.rs:1: the room `io` uses an item of camgate::net"], NET, ROOMS,
                           {"src/net/mod.rs": NET["src/net/mod.rs"] + "const SIZE: usize = 1;",
                            "src/net/io.rs": "use super::SIZE; mod stream;"})


class ImplServer(Check):
    def test_in_the_upper_rooms_it_is_allowed(self):
        self.assert_passes(NET, ROOMS, {"src/net/server.rs": "mod start; pub struct Server; impl Server {}",
                                        "src/net/server/start.rs": "use super::Server; impl Server {}"})

    def test_elsewhere_it_is_a_fault(self):
        for text in ("impl Server {}", "impl Drop for Server {}", "impl<T: Into<U>> From<T> for Server {}"):
            self.assert_faults(["src/net/viewer.rs:1: the room", "src/net/viewer.rs:2: `impl Server`"],
                               NET, ROOMS, {"src/net/viewer.rs": "use super::server::Server;\n" + text})

    def test_another_server_is_none_of_it(self):
        self.assert_passes(NET, ROOMS, {
            "src/lib.rs": "pub mod net; mod builtin;", "src/builtin.rs": "struct Server; impl Server {}"})


class Circles(Check):
    def test_two_top_level_modules(self):
        self.assert_faults(
            ["src/a/x.rs:1: camgate::a::x uses camgate::b", "src/b.rs:2: camgate::b uses camgate::a"],
            {"src/lib.rs": "mod a; mod b;", "src/a.rs": "mod x; pub struct A;", "src/a/x.rs": "use crate::b::B;",
             "src/b.rs": "\nuse crate::a::A; pub struct B;"})

    def test_a_long_circle_of_another_crate(self):
        modules = {f"player/src/{a}.rs": f"use crate::{b}::X;" for a, b in ("ab", "bc", "cd", "da")}
        self.assert_faults([f"player/src/{a}.rs:1: camgate_player::{a} uses" for a in "abcd"],
                           {"player/src/lib.rs": "mod a; mod b; mod c; mod d;"}, modules)

    def test_children_of_different_parents(self):
        tree = {"src/lib.rs": "mod top;", "src/top.rs": "mod a; mod b;", "src/top/a.rs": "mod x;",
                "src/top/b.rs": "pub struct B; use super::a::x::X;"}
        self.assert_passes(tree, {"src/top/a/x.rs": "pub struct X;"})
        self.assert_faults(["src/top/a/x.rs:1: camgate::top::a::x", "src/top/b.rs:1: camgate::top::b"],
                           tree, {"src/top/a/x.rs": "use crate::top::b::B;"})

    def test_siblings_and_what_is_within_are_excepted(self):
        self.assert_passes({"src/lib.rs": "mod a;", "src/a.rs": "mod x; mod y; use x::X; pub struct A;",
                            "src/a/x.rs": "use super::y::Y; pub struct X;",
                            "src/a/y.rs": "use super::{A, x::X}; pub struct Y;"})

    def test_one_direction_passes_and_is_printed(self):
        order, faults = checked({
            "src/lib.rs": "mod c; mod a; mod b;", "src/a.rs": "use crate::b::B; use crate::c::C;",
            "src/b.rs": "pub struct B; use crate::c::C;", "src/c.rs": "pub struct C;"})
        self.assertEqual((order, faults), (["camgate: a -> b -> c"], []))
        self.assertEqual(checked(NET, ROOMS)[0][0], "camgate::net: server -> source, viewer -> io")
        self.assertEqual(layers({1, 2, 3}, {(1, 2), (2, 3), (3, 2)}), [[(1,)], [(2, 3)]])


class Lengths(Check):
    def test_files(self):
        self.assert_passes({"tests/a.rs": "\n" * 400, "tests/node_modules/a.rs": "\n" * 401})
        self.assert_faults(["player/tests/a.rs:401: 401 lines"], {"player/tests/a.rs": "\n" * 401})

    def test_functions(self):
        for lines, faults in ((48, []), (49, ["tests/a.rs:2: `long` has 51 lines"])):
            self.assert_faults(faults, {"tests/a.rs": '#[test]\nfn long(a: [u8; 4]) {' + "\n" * lines
                                        + "let a = '}'; let b = \"}\"; // }\n}\nfn short() {}\n"})


class Reading(unittest.TestCase):
    def test_functions_without_a_body_are_none(self):
        self.assertEqual(list(functions(without_text("trait A { fn a(&self) -> [u8; 2]; fn b() {\n} }"))),
                         [("b", 1, 2)])

    def test_nested_uses(self):
        self.assertEqual(list(use_paths("a::{self, b::{C as D, *}, r#e}")),
                         [("a", ("a",)), ("D", ("a", "b", "C")), ("*", ("a", "b", "*")), ("e", ("a", "e"))])


def run():
    loaded = unittest.defaultTestLoader.loadTestsFromModule(__import__(__name__))
    return unittest.TextTestRunner(verbosity=0).run(loaded).wasSuccessful()
