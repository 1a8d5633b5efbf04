#!/usr/bin/env python3
"""Counts what forwarding costs: processor instructions for each frame.

    tests/board/instructions.py [--batch] BINARY...

Runs `BINARY serve` under valgrind's callgrind (so: binaries for this machine)
between a camera that sends as fast as it is read and a viewer that reads
everything. Two runs of different length are compared, so that starting and
ending count for nothing. The kernel's own work is not in the number: it is the
same whatever the compiler did, and most of the time that forwarding takes.
"""
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from smoke import WebSocket

FRAMES = (2_000, 42_000)
"""The lengths of the two runs, in frames."""

SIZE = 1400
"""Bytes in each frame beside its header of four: a full packet of video."""

SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=control:t\r\n"


def camera(listener, frames):
    """Answers every request with 200; PLAY is followed by that many frames."""
    stream, _ = listener.accept()
    requests = stream.makefile("rb")
    while line := requests.readline():
        method, cseq = line.split()[0], b""
        while (header := requests.readline()) != b"\r\n":
            if header.lower().startswith(b"cseq:"):
                cseq = header
        body = SDP.encode() if method == b"DESCRIBE" else b""
        stream.sendall(
            b"RTSP/1.0 200 OK\r\n" + cseq + b"Session: 1\r\nContent-Type: application/sdp\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body
        )
        if method == b"PLAY":
            sequence = (struct.pack(">BBHBBH", 36, 0, SIZE, 128, 96, n % 65536) for n in range(frames))
            stream.sendall(b"".join(head + bytes(SIZE - 4) for head in sequence))


def view(port, camera_port, frames, batch):
    """Asks for the stream and reads all of it."""
    control, data = WebSocket(port, "control"), WebSocket(port, "data")
    target = {"proto": "rtsp", "host": "127.0.0.1", "port": camera_port, "client": ""}
    channel = control.ask("INIT", target)[0]["channel"]
    data.ask("JOIN", {"channel": channel, **({"batch": 1} if batch else {})})
    url = f"rtsp://127.0.0.1:{camera_port}/"
    for number, method in enumerate(["DESCRIBE", "SETUP", "PLAY"], 1):
        extra = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n" if method == "SETUP" else ""
        request = f"{method} {url} RTSP/1.0\r\nCSeq: {number}\r\nSession: 1\r\n{extra}\r\n"
        control.ask("WRAP", {"contentLength": len(request)}, request)
    left = frames * (SIZE + 4)
    while left:
        left -= len(data.message()[1])


def run(binary, frames, batch):
    """Instructions that the gateway took for one run."""
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=camera, args=(listener, frames), daemon=True).start()
    with tempfile.NamedTemporaryFile("w", suffix=".ini") as config:
        config.write("listen = 127.0.0.1:0\ntargets = loopback\n[limits]\nhandshake = 60s\n")
        config.flush()
        gateway = subprocess.Popen(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
            + [binary, "serve", "-c", config.name],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            port = next(
                int(found[1])
                for line in gateway.stderr
                if (found := re.search(r"listening on http://[0-9.]+:(\d+)/", line))
            )
            view(port, listener.getsockname()[1], frames, batch)
            gateway.send_signal(signal.SIGTERM)
            said = gateway.communicate(timeout=60)[1]
        finally:
            gateway.kill()
    return int(re.search(r"Collected : (\d+)", said)[1])


def main(arguments):
    batch = "--batch" in arguments
    for binary in [path for path in arguments if path != "--batch"] or sys.exit(__doc__):
        short, long = (run(binary, frames, batch) for frames in FRAMES)
        print(f"{(long - short) / (FRAMES[1] - FRAMES[0]):8.0f} instructions a frame  {binary}")


main(sys.argv[1:])
