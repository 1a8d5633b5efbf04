#!/usr/bin/python3
"""A real RTSP camera for the browser tests: GStreamer's server, encoding live.

    gstreamer.py [--port N] [--user NAME --password WORD [--scheme digest|basic]] [--no-audio] [--jpeg]

Serves rtsp://127.0.0.1:N/ and prints `READY N` once it does. One encoder
serves all clients, so a client joins in the middle of a group of pictures, as
it does with a camera. It ends when its standard input does: no camera
outlives the test that started it.
"""
import argparse
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

# Colour bars hold every primary colour and a square of snow that never stands
# still: a player that shows one picture only, or a black one, is found out.
VIDEO = (
    "videotestsrc is-live=true pattern=smpte ! video/x-raw,width=480,height=270,framerate=25/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=50 bitrate=600 "
    "! video/x-h264,profile=constrained-baseline ! rtph264pay name=pay0 pt=96 config-interval=-1 "
)
JPEG = (
    "videotestsrc is-live=true pattern=smpte ! video/x-raw,width=480,height=272,framerate=25/1,format=I420 "
    "! jpegenc quality=70 ! rtpjpegpay name=pay0 pt=26 "
)
AUDIO = (
    "audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=44100,channels=1 "
    "! avenc_aac bitrate=64000 ! rtpmp4gpay name=pay1 pt=97 "
)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="0")
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--scheme", choices=["digest", "basic"], default="digest")
    parser.add_argument("--no-audio", action="store_true")
    parser.add_argument("--jpeg", action="store_true")
    return parser.parse_args()


def authentication(options):
    """Whoever gives the one user's password may do everything."""
    auth = GstRtspServer.RTSPAuth.new()
    token = GstRtspServer.RTSPToken.new()
    token.set_string(GstRtspServer.RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
    if options.scheme == "digest":
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(options.user, options.password, token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.BASIC)
        basic = GstRtspServer.RTSPAuth.make_basic(options.user, options.password)
        auth.add_basic(basic, token)
    return auth


def main():
    options = arguments()
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(options.port)

    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch("( " + (JPEG if options.jpeg else VIDEO) + ("" if options.no_audio else AUDIO) + ")")
    factory.set_shared(True)
    factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
    if options.user:
        server.set_auth(authentication(options))
        factory.add_role_from_structure(
            Gst.Structure.new_from_string(
                "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
            )
        )
    server.get_mount_points().add_factory("/", factory)

    if server.attach(None) == 0:
        sys.exit(f"cannot listen on 127.0.0.1:{options.port}")
    print("READY", server.get_bound_port(), flush=True)

    loop = GLib.MainLoop()

    def end_with_input():
        sys.stdin.read()
        loop.quit()

    threading.Thread(target=end_with_input, daemon=True).start()
    loop.run()


main()
