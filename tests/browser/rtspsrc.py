#!/usr/bin/python3
"""GStreamer's RTSP client decodes pictures.

    rtspsrc.py URL COUNT

Shows nothing; prints `PLAYED COUNT` once it has that many, in order. It asks for
UDP first, as rtspsrc does, and for TCP when that is refused.
"""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402


def main():
    url, count = sys.argv[1], int(sys.argv[2])
    Gst.init(None)
    pipeline = Gst.parse_launch(
        "rtspsrc name=source latency=100 ! application/x-rtp,media=video ! rtph264depay ! h264parse "
        "! avdec_h264 ! fakesink name=sink signal-handoffs=true sync=false"
    )
    pipeline.get_by_name("source").set_property("location", url)
    loop = GLib.MainLoop()
    times = []

    def handoff(_sink, buffer, _pad):
        if times and buffer.pts < times[-1]:
            print("a picture of", buffer.pts, "after", times[-1], flush=True)
        times.append(buffer.pts)
        if len(times) == count:
            print("PLAYED", count, flush=True)
            loop.quit()

    def failed(_bus, message):
        print(*message.parse_error(), flush=True)
        loop.quit()

    pipeline.get_by_name("sink").connect("handoff", handoff)
    bus = pipeline.get_bus()
    bus.add_signal_watch()
    bus.connect("message::error", failed)
    pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    pipeline.set_state(Gst.State.NULL)
    sys.exit(len(times) < count)


main()
