#!/usr/bin/env python3
"""Plays a stream through a camgate that was built for a board.

    tests/board/smoke.py BINARY...

Starts `BINARY demo`, under qemu where the binary is for another processor, and
watches its built-in camera as a page would: the page at /, the two WebSockets,
INIT, JOIN, OPTIONS to PLAY. Every message must be one whole interleaved frame
(RFC 2326 section 10.12), and the RTP sequence numbers of each track must have
no gap (RFC 3550 section 5.1). Then SIGTERM, and the program must end with 0.

Nothing but Python's own library: it shares no line with what it judges.
"""
import base64
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

FRAMES = 120
"""How many frames must come in order: some seconds of pictures and sound."""

BOUND = 30
"""Seconds for anything awaited; only ever reached by a failure."""

ELF_LITTLE = 1
EMULATORS = {  # e_machine and byte order (ELF specification) -> the emulator
    (8, ELF_LITTLE): "qemu-mipsel-static",
    (40, ELF_LITTLE): "qemu-arm-static",
    (62, ELF_LITTLE): "qemu-x86_64-static",
    (183, ELF_LITTLE): "qemu-aarch64-static",
}
MACHINES = {"aarch64": 183, "armv7l": 40, "mips": 8, "x86_64": 62}


def command(binary):
    """What runs this binary here: itself, or an emulator for its processor."""
    with open(binary, "rb") as file:
        header = file.read(20)
    order = header[5]
    (machine,) = struct.unpack("<H" if order == ELF_LITTLE else ">H", header[18:20])
    if MACHINES.get(os.uname().machine) == machine:
        return [binary]
    emulator = EMULATORS[machine, order]
    return [shutil.which(emulator) or sys.exit(f"{emulator} is not installed"), binary]


class Demo:
    """A running `camgate demo`: its address, and all that it said."""

    def __init__(self, binary):
        self.said = []
        self.process = subprocess.Popen(
            [*command(binary), "demo", "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.port = self.await_port()
        threading.Thread(target=lambda: self.said.extend(self.process.stdout), daemon=True).start()

    def await_port(self):
        """The port that it prints; a program that says nothing is killed."""
        watchdog = threading.Timer(BOUND, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                self.said.append(line)
                if line.startswith("open http://"):
                    return int(line.strip().rstrip("/").rsplit(":", 1)[1])
        finally:
            watchdog.cancel()
        raise AssertionError("it did not say where it listens")

    def get(self, path):
        headers = {"Accept-Encoding": "gzip"}
        return urlopen(Request(f"http://127.0.0.1:{self.port}{path}", headers=headers), timeout=BOUND)

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(BOUND) == 0, f"it ended with {self.process.returncode}"


class WebSocket:
    """A client's end (RFC 6455), as much of it as a viewer needs."""

    def __init__(self, port, protocol):
        self.stream = socket.create_connection(("127.0.0.1", port), BOUND)
        self.input = self.stream.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.stream.sendall(
            f"GET /ws/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
        )
        status = self.input.readline()
        assert status.startswith(b"HTTP/1.1 101 "), status
        while self.input.readline() != b"\r\n":
            pass

    def send(self, text):
        payload, mask = text.encode(), os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self.stream.sendall(struct.pack(">BBH", 0x81, 0x80 | 126, len(payload)) + mask + masked)

    def message(self):
        """Opcode and payload of the next message; pings are passed over."""
        first, length = self.input.read(2)
        assert first & 0x80, "a message in pieces"
        if length >= 126:
            length = int.from_bytes(self.input.read(2 if length == 126 else 8), "big")
        payload = self.input.read(length)
        return (first & 0x0F, payload) if first & 0x0F < 9 else self.message()

    def ask(self, method, headers, payload=""):
        """A WSP request; headers and payload of its reply, which must be 200."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**headers, "seq": 1}.items())
        self.send(f"WSP/1.1 {method}\r\n{lines}\r\n{payload}")
        opcode, reply = self.message()
        assert opcode == 1 and reply.startswith(b"WSP/1.1 200 "), reply
        head, _, body = reply.decode().partition("\r\n\r\n")
        return dict(line.split(": ", 1) for line in head.split("\r\n")[1:]), body


class Viewer:
    """Both sockets and the RTSP conversation."""

    def __init__(self, port, url):
        camera = urlsplit(url)
        self.url, self.cseq = url, 0
        self.control = WebSocket(port, "control")
        target = {"proto": "rtsp", "host": camera.hostname, "port": camera.port or 554, "client": ""}
        channel = self.control.ask("INIT", target)[0]["channel"]
        self.data = WebSocket(port, "data")
        self.data.ask("JOIN", {"channel": channel})

    def ask(self, method, url=None, **headers):
        self.cseq += 1
        lines = "".join(f"{name}: {value}\r\n" for name, value in {"CSeq": self.cseq, **headers}.items())
        request = f"{method} {url or self.url} RTSP/1.0\r\n{lines}\r\n"
        _, response = self.control.ask("WRAP", {"contentLength": len(request)}, request)
        assert response.startswith("RTSP/1.0 200 "), response
        return response

    def play(self):
        """OPTIONS to PLAY; how many tracks there are."""
        self.ask("OPTIONS")
        description = self.ask("DESCRIBE", Accept="application/sdp")
        media = description.split("\r\nm=")[1:]
        controls = [part.split("\r\na=control:")[1].split("\r\n")[0] for part in media]
        session = {}
        for track, control in enumerate(controls):
            transport = f"RTP/AVP/TCP;unicast;interleaved={2 * track}-{2 * track + 1}"
            response = self.ask(
                "SETUP", f"{self.url.rstrip('/')}/{control}", Transport=transport, **session
            )
            session = {"Session": response.split("\r\nSession: ")[1].split("\r\n")[0].split(";")[0]}
        self.ask("PLAY", **session)
        return len(controls)

    def watch(self, frames, tracks):
        """Reads that many RTP packets; how many each track had."""
        seen, expected = [0] * tracks, {}
        while sum(seen) < frames:
            opcode, frame = self.data.message()
            assert opcode == 2 and frame[:1] == b"$", frame[:16]
            assert int.from_bytes(frame[2:4], "big") == len(frame) - 4, "not one whole frame"
            if frame[1] % 2:
                continue  # RTCP
            track, number = frame[1] // 2, int.from_bytes(frame[6:8], "big")
            assert expected.get(track, number) == number, f"track {track}: a gap before {number}"
            expected[track] = (number + 1) % 65536
            seen[track] += 1
        return seen


def check(binary):
    started = time.monotonic()
    demo = Demo(binary)
    try:
        with demo.get("/") as page:
            assert page.status == 200 and page.headers["Content-Type"].startswith("text/html")
            assert page.headers["Content-Encoding"] == "gzip", "the page is not the packed one"
        with demo.get("/camgate.wasm") as player:
            assert len(player.read()) > 10_000, "the player is not inside"
        with demo.get("/api/cameras") as cameras:
            listed = json.load(cameras)
        viewer = Viewer(demo.port, listed[0]["url"])
        tracks = viewer.play()
        seen = viewer.watch(FRAMES, tracks)
        assert all(seen), f"a track without media: {seen}"
        demo.end()
    except BaseException:
        demo.process.kill()
        print("".join(demo.said), file=sys.stderr)
        raise
    print(f"{binary}: {FRAMES} frames of {tracks} tracks in order, {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    for path in sys.argv[1:] or sys.exit(__doc__):
        check(path)
