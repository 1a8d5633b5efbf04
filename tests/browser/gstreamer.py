#!/usr/bin/python3
"""A real RTSP camera for the browser tests: GStreamer's server, encoding live.

    gstreamer.py [--port N] [--video NAME] [--audio NAME] [--pattern NAME]
                 [--user NAME --password WORD [--scheme digest|basic]]
                 [--protocol tcp|udp] [--plain]

Serves rtsp://127.0.0.1:N/ with the codecs of --video and --audio, and every
other pair of them at rtsp://127.0.0.1:N/VIDEO+AUDIO, such as /h265+opus or
/none+aac; an encoder runs only while somebody watches. Prints `READY N` once
it serves. One encoder serves all clients, so a client joins in the middle of
a group of pictures, as it does with a camera. --plain makes pictures of one slice
and closed groups, of which no decoder complains. Prints `SENT CODE` for every
answer. It ends when its standard input does: no camera outlives the test that
started it.
"""
import argparse
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

# Colour bars that move to the left by SPEED pixels a picture, so a picture
# tells its own number; below them a square of snow that never repeats.
# testcard.mjs knows these numbers.
SPEED = 8
CARD = (
    f"videotestsrc is-live=true pattern=PATTERN horizontal-speed={SPEED} "
    "! video/x-raw,format=I420,width=480,framerate=25/1,height="
)
X264 = "x264enc speed-preset=ultrafast key-int-max=50 bitrate=600"
# The height of the picture, then what encodes it.
VIDEO = {
    "h264": f"270 ! {X264} tune=zerolatency ! video/x-h264,profile=constrained-baseline "
    "! rtph264pay config-interval=-1 pt=96",
    # Two B pictures in a row, always: decoding order is not the order shown.
    "h264-bframes": f"270 ! {X264} bframes=2 b-adapt=false rc-lookahead=0 sync-lookahead=0 "
    "sliced-threads=true ! video/x-h264,profile=main ! rtph264pay config-interval=-1 pt=96",
    "h265": "270 ! x265enc speed-preset=ultrafast tune=zerolatency key-int-max=50 bitrate=600 "
    "! video/x-h265,profile=main ! rtph265pay config-interval=-1 pt=96",
    # Its RTP format counts in eights of pixels.
    "mjpeg": "272 ! jpegenc quality=85 ! rtpjpegpay pt=26",
}

# A tone of its own for each, in Hz: sound at a wrong rate has another. Then
# rate and channels, as cameras have them.
AUDIO = {
    "aac": (441, 44100, 1, "avenc_aac bitrate=64000 ! rtpmp4gpay pt=97"),
    "latm": (567, 44100, 1, "avenc_aac bitrate=64000 ! rtpmp4apay pt=97"),
    "opus": (693, 48000, 2, "opusenc bitrate=64000 ! rtpopuspay pt=97"),
    "alaw": (819, 8000, 1, "alawenc ! rtppcmapay pt=8"),
    "mulaw": (945, 8000, 1, "mulawenc ! rtppcmupay pt=0"),
    "l16": (1071, 44100, 2, "rtpL16pay pt=97"),
}


PLAIN = [("x264enc ", "x264enc threads=1 "), ("x265enc ", 'x265enc option-string="open-gop=0" ')]


def launch(video, audio, options):
    """The pipeline of a pair of names, either of them `none`."""
    tracks = []
    if video != "none":
        encoder = VIDEO[video]
        for usual, plain in PLAIN if options.plain else []:
            encoder = encoder.replace(usual, plain)
        tracks.append(CARD.replace("PATTERN", options.pattern) + encoder)
    if audio != "none":
        tone, rate, channels, rest = AUDIO[audio]
        tracks.append(
            f"audiotestsrc is-live=true freq={tone} ! audioconvert ! audioresample "
            f"! audio/x-raw,rate={rate},channels={channels} ! audioconvert ! {rest}"
        )
    return "( " + " ".join(f"{track} name=pay{i}" for i, track in enumerate(tracks)) + " )"


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", default="0")
    parser.add_argument("--video", choices=[*VIDEO, "none"], default="h264")
    parser.add_argument("--audio", choices=[*AUDIO, "none"], default="aac")
    parser.add_argument("--pattern", default="smpte", help="what videotestsrc draws")
    parser.add_argument("--user")
    parser.add_argument("--password", default="")
    parser.add_argument("--scheme", choices=["digest", "basic"], default="digest")
    parser.add_argument("--protocol", choices=["tcp", "udp"], default="tcp")
    parser.add_argument("--plain", action="store_true")
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


def factory(pipeline, options):
    made = GstRtspServer.RTSPMediaFactory.new()
    made.set_launch(pipeline)
    made.set_shared(True)
    protocols = {"tcp": GstRtsp.RTSPLowerTrans.TCP, "udp": GstRtsp.RTSPLowerTrans.UDP}
    made.set_protocols(protocols[options.protocol])
    if options.user:
        made.add_role_from_structure(
            Gst.Structure.new_from_string(
                "viewer, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
            )
        )
    return made


def mount(server, options):
    points = server.get_mount_points()
    points.add_factory("/", factory(launch(options.video, options.audio, options), options))
    for video in [*VIDEO, "none"]:
        for audio in [*AUDIO, "none"]:
            if (video, audio) != ("none", "none"):
                points.add_factory(f"/{video}+{audio}", factory(launch(video, audio, options), options))


def tell(_client, _session, answer):
    """What a request was answered."""
    print("SENT", int(answer.parse_response()[1]), flush=True)


def main():
    options = arguments()
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    if options.user:
        server.set_auth(authentication(options))
    mount(server, options)

    if server.attach(None) == 0:
        sys.exit(f"cannot listen on 127.0.0.1:{options.port}")
    server.connect("client-connected", lambda _, client: client.connect("send-message", tell))
    print("READY", server.get_bound_port(), flush=True)

    loop = GLib.MainLoop()

    def end_with_input():
        sys.stdin.read()
        loop.quit()

    threading.Thread(target=end_with_input, daemon=True).start()
    loop.run()


main()
