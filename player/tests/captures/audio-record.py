#!/usr/bin/python3
"""Records what real encoders and payloaders send, for the tests of the player.

    player/tests/captures/audio-record.py [NAME]...

For each NAME of CAPTURES it writes three files beside itself: audio-NAME.rtp,
the RTP packets, each behind its length in 16 bits (RFC 4571); audio-NAME.sdp,
the `m=` section that describes them; and, for what is not PCM, audio-NAME.aac
or audio-NAME.ogg, the same stream as the encoder wrote it to a file.

Needs ffmpeg, and GStreamer with its Python bindings. The recordings are in the
repository, so only who adds one has to run this.
"""
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Two tones, so that the channels differ and predictors have work to do.
TONES = "aevalsrc=0.4*sin(880*PI*t)+0.1*sin(7000*t*t)|0.3*sin(554*PI*t):d={d}:s={rate}"


def ffmpeg(name, codec, rate, channels, *options, seconds=1, file=None, rtp=()):
    """A tone by ffmpeg's encoder, then by its payloader as it is."""
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "source.mka"
        source = TONES.format(d=seconds, rate=rate)
        run = ["ffmpeg", "-v", "error", "-y", "-flags", "+bitexact", "-fflags", "+bitexact"]
        encode = ["-f", "lavfi", "-i", source, "-ac", str(channels), "-ar", str(rate), "-c:a", codec]
        subprocess.run([*run, *encode, *options, made], check=True)
        if file:
            subprocess.run([*run, "-i", made, "-c", "copy", HERE / file], check=True)
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(1)
        address = f"rtp://127.0.0.1:{receiver.getsockname()[1]}"
        # At its real rate: a socket holds only so much.
        send = ["-re", "-i", made, "-c", "copy", *rtp, "-f", "rtp", address]
        sender = subprocess.Popen([*run, *send], stdout=subprocess.PIPE, text=True)
        packets = []
        try:
            while True:
                packets.append(receiver.recv(65536))
        except TimeoutError:
            pass
        description = sender.communicate()[0]
    media = description[description.index("m=audio"):]
    save(name, media.replace(f"m=audio {receiver.getsockname()[1]}", "m=audio 0"), packets)


def gstreamer(name, source, encoder, payloader, file=None, buffers=40):
    """A tone by GStreamer's elements, described by the payloader's caps."""
    import gi

    gi.require_version("Gst", "1.0")
    from gi.repository import Gst

    Gst.init(None)
    keep = f"t. ! queue ! {file[0]} ! filesink location={HERE / file[1]} " if file else ""
    pipeline = Gst.parse_launch(
        f"audiotestsrc num-buffers={buffers} samplesperbuffer=1024 {source} ! {encoder} ! tee name=t "
        f"t. ! queue ! {payloader} name=pay ! appsink name=sink sync=false max-buffers=0 {keep}"
    )
    sink = pipeline.get_by_name("sink")
    pipeline.set_state(Gst.State.PLAYING)
    packets = []
    while sample := sink.emit("pull-sample"):
        buffer = sample.get_buffer()
        packets.append(buffer.extract_dup(0, buffer.get_size()))
        caps = sample.get_caps().get_structure(0)
    pipeline.get_bus().timed_pop_filtered(5 * Gst.SECOND, Gst.MessageType.EOS)
    pipeline.set_state(Gst.State.NULL)
    fields = {key: caps.get_value(key) for key in (caps.nth_field_name(i) for i in range(caps.n_fields()))}
    number, rate = fields["payload"], fields["clock-rate"]
    channels = fields.get("encoding-params")
    mapping = f"{fields['encoding-name']}/{rate}" + (f"/{channels}" if channels else "")
    transport = ("media", "payload", "clock-rate", "encoding-name", "encoding-params", "ssrc")
    hidden = re.compile("|".join((*transport, "a-.*", "(timestamp|seqnum)-offset", "x-.*")))
    parameters = ";".join(f"{key}={value}" for key, value in fields.items() if not hidden.fullmatch(key))
    save(name, f"m=audio 0 RTP/AVP {number}\na=rtpmap:{number} {mapping}\na=fmtp:{number} {parameters}\n", packets)


def save(name, description, packets):
    stream = b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)
    (HERE / f"audio-{name}.rtp").write_bytes(stream)
    (HERE / f"audio-{name}.sdp").write_text(description)
    print(f"{name}: {len(packets)} packets, {len(stream)} bytes")


CAPTURES = {
    "aac-ffmpeg": lambda name: ffmpeg(name, "aac", 44100, 2, "-b:a", "64k", file=f"audio-{name}.aac"),
    # 1024 samples of this need several packets of this size.
    "aac-fragments": lambda name: ffmpeg(
        name, "aac", 48000, 2, "-b:a", "256k", seconds=0.5, file=f"audio-{name}.aac", rtp=("-pkt_size", "300")
    ),
    "latm-ffmpeg": lambda name: ffmpeg(
        name, "aac", 16000, 1, "-b:a", "48k", file=f"audio-{name}.aac", rtp=("-rtpflags", "latm", "-pkt_size", "120")
    ),
    "aac-gstreamer": lambda name: gstreamer(
        name,
        "! audio/x-raw,rate=32000,channels=1",
        "avenc_aac bitrate=32000 ! aacparse",
        "rtpmp4gpay pt=97 mtu=200",
        ("aacparse ! audio/mpeg,stream-format=adts", f"audio-{name}.aac"),
    ),
    "latm-gstreamer": lambda name: gstreamer(
        name,
        "! audio/x-raw,rate=48000,channels=2",
        "voaacenc bitrate=96000 ! aacparse",
        "rtpmp4apay pt=97",
        ("aacparse ! audio/mpeg,stream-format=adts", f"audio-{name}.aac"),
    ),
    "opus-ffmpeg": lambda name: ffmpeg(name, "libopus", 48000, 2, "-b:a", "48k", file=f"audio-{name}.ogg"),
    "opus-gstreamer": lambda name: gstreamer(
        name,
        "! audio/x-raw,rate=48000,channels=1",
        "opusenc bitrate=24000 frame-size=40",
        "rtpopuspay pt=111",
        ("oggmux", f"audio-{name}.ogg"),
    ),
    "pcma": lambda name: ffmpeg(name, "pcm_alaw", 8000, 1),
    "pcmu": lambda name: ffmpeg(name, "pcm_mulaw", 8000, 1),
    "pcma-wide": lambda name: ffmpeg(name, "pcm_alaw", 16000, 2),
    "l16": lambda name: ffmpeg(name, "pcm_s16be", 16000, 2, seconds=0.5),
    "l16-gstreamer": lambda name: gstreamer(
        name, "! audio/x-raw,rate=8000,channels=1", "audioconvert", "rtpL16pay pt=96 mtu=172", buffers=10
    ),
}

if __name__ == "__main__":
    for chosen in sys.argv[1:] or CAPTURES:
        CAPTURES[chosen](chosen)
