#!/usr/bin/python3
"""Makes the RTP that a camera would send, as fast as the encoders go.

    capture.py SECONDS DIRECTORY

Leaves `video.rtp` (H.264, 1280x720, 25 pictures a second, 4 Mbit/s, a key
picture every two seconds) and `audio.rtp` (AAC, 44.1 kHz, one channel): RTP
packets, each behind its length in 16 bits (RFC 4571).
"""
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

RATE = 44100
FRAME = 1024  # samples of one AAC frame


def run(description):
    pipeline = Gst.parse_launch(description)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(
        60 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR
    )
    pipeline.set_state(Gst.State.NULL)
    if message is None or message.type == Gst.MessageType.ERROR:
        sys.exit(f"no capture: {message and message.parse_error()}")


def main():
    seconds, directory = int(sys.argv[1]), sys.argv[2]
    Gst.init(None)
    run(
        f"videotestsrc num-buffers={25 * seconds} pattern=zone-plate kx2=20 ky2=20 kt=1"
        " ! video/x-raw,width=1280,height=720,framerate=25/1"
        " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=50 bitrate=4000"
        " ! video/x-h264,profile=constrained-baseline"
        " ! rtph264pay pt=96 config-interval=-1 mtu=1400 seqnum-offset=0 timestamp-offset=0"
        f" ! rtpstreampay ! filesink location={directory}/video.rtp"
    )
    run(
        f"audiotestsrc num-buffers={RATE * seconds // FRAME} samplesperbuffer={FRAME}"
        f" ! audio/x-raw,rate={RATE},channels=1 ! avenc_aac bitrate=64000"
        " ! rtpmp4gpay pt=97 seqnum-offset=0 timestamp-offset=0"
        f" ! rtpstreampay ! filesink location={directory}/audio.rtp"
    )


main()
