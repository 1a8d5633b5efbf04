#!/usr/bin/env python3
"""Checks that the Rust of the gateway and its player keeps to its architecture.

    tests/architecture.py [DIRECTORY]   checks the repository, or another tree
    tests/architecture.py --self-test   checks the check, over small made-up trees

- The rooms of src/net import downwards only.
- `impl Server` for the server of src/net stands in its upper rooms only.
- Modules do not import each other in a circle, however long. Excepted are the
  children of one module among themselves, and a module and what is within it.
- No file has over 400 lines, no function over 50, tests included.

It prints the order of rooms and modules from top to bottom (`a=b`: they are in a
circle), and what breaks a rule with its file and line. What is compiled for tests only may import from anywhere: a unit test may
build around its module whatever the module needs.

Nothing but Python's own library.
"""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE / "architecture"))


def main(arguments):
    if arguments == ["--self-test"]:
        import self_test
        return self_test.run()
    from rules import check
    order, faults = check(Path(arguments[0]).resolve() if arguments else HERE.parent)
    for line in order:
        print(line)
    for line in faults:
        print(line, file=sys.stderr)
    return not faults


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
