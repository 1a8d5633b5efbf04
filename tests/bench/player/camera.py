#!/usr/bin/python3
"""An RTSP camera whose picture tells when it was drawn.

    camera.py [--sound] [--group PICTURES]

Serves rtsp://127.0.0.1:PORT/ and prints `READY PORT`: H.264, 640x360, 25
pictures a second, encoded without delay. Across the top of each picture
stand BITS blocks, white for 1, the most significant bit first: the
milliseconds since 1970 at the moment of drawing, modulo 2^BITS. Below them is
a texture that moves, so that the encoder has work to do. Every PICTUREth is a
key frame (50). It ends when its standard input does.
"""
import argparse
import os
import sys
import threading
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

WIDTH, HEIGHT, PER_SECOND = 640, 360, 25
BITS, BLOCK, BAND = 20, 32, 48
BLACK, WHITE, GREY = b"\x10", b"\xeb", b"\x80"

VIDEO = (
    "appsrc name=clock is-live=true format=time do-timestamp=true max-buffers=2 leaky-type=downstream "
    f"caps=video/x-raw,format=I420,width={WIDTH},height={HEIGHT},framerate={PER_SECOND}/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={} bitrate=1500 "
    "! video/x-h264,profile=constrained-baseline ! rtph264pay name=pay0 pt=96 config-interval=-1 "
)
SOUND = (
    "audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=44100,channels=1 "
    "! avenc_aac bitrate=64000 ! rtpmp4gpay name=pay1 pt=97 "
)

COLOURS = GREY * (WIDTH * HEIGHT // 2)
# Longer than a picture needs, so that any shift of it is one slice: soft stripes, upright.
TEXTURE = bytes(64 + abs(x % 160 - 80) for x in range(WIDTH * (HEIGHT + 2)))


def picture(number):
    """A picture in I420 that says when it is drawn."""
    shift = number * 6 % (WIDTH * 2)
    rest = TEXTURE[shift : shift + WIDTH * (HEIGHT - BAND)]
    now = int(time.time() * 1000) % (1 << BITS)
    row = b"".join((WHITE if now >> bit & 1 else BLACK) * BLOCK for bit in reversed(range(BITS)))
    return row * BAND + rest + COLOURS


def draw(source, ended):
    """Pushes pictures, each at its time, until somebody is told that it ended."""
    start = time.monotonic()
    number = 0
    while not ended.is_set():
        time.sleep(max(0, start + number / PER_SECOND - time.monotonic()))
        source.emit("push-buffer", Gst.Buffer.new_wrapped(picture(number)))
        number += 1


def unseekable(_, info):
    seeking = info.get_query().type == Gst.QueryType.SEEKING
    return Gst.PadProbeReturn.DROP if seeking else Gst.PadProbeReturn.OK


def configure(_, media):
    media.set_rate_control(False)  # what is encoded goes out at once
    source = media.get_element().get_by_name("clock")
    sound = media.get_element().get_by_name("pay1")
    if sound:
        # audiotestsrc could seek, which the server would then want of the pictures, too.
        sound.get_static_pad("src").add_probe(Gst.PadProbeType.QUERY_UPSTREAM, unseekable)
    ended = threading.Event()
    media.connect("unprepared", lambda _: ended.set())
    threading.Thread(target=draw, args=(source, ended), daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sound", action="store_true")
    parser.add_argument("--group", type=int, default=50)
    options = parser.parse_args()
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch("( " + VIDEO.format(options.group) + (SOUND if options.sound else "") + ")")
    factory.set_shared(True)
    factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
    factory.connect("media-configure", configure)
    server.get_mount_points().add_factory("/", factory)
    if server.attach(None) == 0:
        sys.exit("cannot listen on 127.0.0.1")
    print("READY", server.get_bound_port(), flush=True)

    def end_with_input():
        sys.stdin.read()
        os._exit(0)

    threading.Thread(target=end_with_input, daemon=True).start()
    GLib.MainLoop().run()


main()
