#!/usr/bin/python3
"""Makes the captures here: what x264, x265 and JPEG encoders make, put into RTP
by ffmpeg and by GStreamer, who know nothing of our depacketisers.

    player/tests/captures/make.py [NAME]...

Each capture NAME is three files: NAME.rtp (packets behind lengths of 16 bits,
RFC 4571), NAME.sdp (its medium) and NAME.md5 (the checksums of the frames that
ffmpeg decodes from the source, in order of presentation).
"""
import pathlib
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SOURCE = "testsrc2=size=182x102:rate=25:duration=1.6"
X264 = ["-c:v", "libx264", "-preset", "fast", "-crf", "32", "-pix_fmt", "yuv420p"]
X265 = ["-c:v", "libx265", "-preset", "fast", "-crf", "34", "-pix_fmt", "yuv420p"]
JPEG = ["-c:v", "mjpeg", "-q:v", "12", "-huffman", "default", "-color_range", "pc"]
LIVE = ["-tune", "zerolatency"]


def x264(parameters, *more):
    return [*X264, "-x264-params", parameters, *more]


def x265(parameters, *more):
    return [*X265, "-x265-params", "log-level=error:" + parameters, *more]


# Name: who sends, payload size, what the encoder is told.
CAPTURES = {
    "x264-slices-ffmpeg": ("ffmpeg", 300, x264("slices=4:keyint=16", *LIVE)),
    "x264-pyramid-gstreamer": ("gstreamer", 400, x264("bframes=3:b-pyramid=normal:keyint=20")),
    "x264-open-gop-ffmpeg": ("ffmpeg", 400, x264("bframes=3:open-gop=1:keyint=12:scenecut=0")),
    "x264-refresh-gstreamer": ("gstreamer", 500, x264("intra-refresh=1:keyint=12", *LIVE)),
    "x264-fields-ffmpeg": ("ffmpeg", 400, x264("interlaced=1:tff=1:keyint=16")),
    "x265-open-gop-gstreamer": ("gstreamer", 300, x265("bframes=3:open-gop=1:keyint=12:scenecut=0")),
    "x265-slices-ffmpeg": ("ffmpeg", 300, x265("slices=2:keyint=16:open-gop=0", *LIVE)),
    "x265-refresh-ffmpeg": ("ffmpeg", 500, x265("intra-refresh=1:keyint=12:bframes=0", *LIVE)),
    "x265-main10-gstreamer": (
        "gstreamer", 500,
        x265("keyint=20:b-pyramid=1:temporal-layers=1:scaling-list=default", "-pix_fmt", "yuv420p10le"),
    ),
    "jpeg-420-ffmpeg": ("ffmpeg", 1000, [*JPEG, "-pix_fmt", "yuvj420p", "-r", "5"]),
    # ffmpeg's 4:2:2 has sampling factors that RTP has no type for.
    "jpeg-422-gstreamer": ("gstreamer", 900, ["-c:v", "jpegenc"]),
    "jpeg-restart-gstreamer": (
        "gstreamer", 900,
        [*JPEG, "-pix_fmt", "yuvj420p", "-r", "5", "-slices", "4", "-threads", "4", "-thread_type", "slice"],
    ),
}


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def encode(directory, options):
    file = directory / "source.mp4"
    if "jpegenc" in options:
        play(f"videotestsrc num-buffers=8 ! video/x-raw,format=Y42B,width=184,height=104,framerate=5/1 ! "
             f"jpegenc quality=60 ! qtmux ! filesink location={file}")
        return file
    # Fields and macroblocks of JPEG know no other sizes.
    whole = "mjpeg" in options or any("interlaced" in option for option in options)
    source = SOURCE.replace("182x102", "184x104") if whole else SOURCE
    run("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *options,
        "-an", "-video_track_timescale", "90000", str(file))
    return file


def frames(file):
    text = run("ffmpeg", "-v", "error", "-i", str(file), "-vsync", "passthrough", "-f", "framemd5", "-")
    lines = [line for line in text.decode().splitlines() if not line.startswith("#")]
    return "".join(line.rsplit(",", 1)[1].strip() + "\n" for line in lines)


def send_by_ffmpeg(file, size, kind):
    """ffmpeg sends to a socket of ours, and describes what it sends."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    receiver.bind(("127.0.0.1", 0))
    receiver.settimeout(0.5)
    port = receiver.getsockname()[1]
    description = file.with_suffix(".sdp")
    sender = subprocess.Popen([
        "ffmpeg", "-v", "error", "-i", str(file), "-c", "copy", "-f", "rtp",
        "-sdp_file", str(description), f"rtp://127.0.0.1:{port}?pkt_size={size}",
    ])
    packets = []
    while True:
        try:
            packets.append(receiver.recv(65536))
        except TimeoutError:
            if sender.poll() is not None:
                break
    assert sender.returncode == 0
    lines = description.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("m="))
    return packets, [line for line in lines[start:] if line[0] in "ma"]


def play(description, inspect=lambda pipeline: None):
    """Runs a pipeline to its end and has it inspected there."""
    import gi
    gi.require_version("Gst", "1.0")
    from gi.repository import Gst
    Gst.init(None)
    pipeline = Gst.parse_launch(description)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(
        30 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    assert message and message.type == Gst.MessageType.EOS, message and message.parse_error()
    result = inspect(pipeline)
    pipeline.set_state(Gst.State.NULL)
    return result


def sent(pipeline):
    """The payloader's caps."""
    caps = pipeline.get_by_name("pay").get_static_pad("src").get_current_caps().get_structure(0)
    names = map(caps.nth_field_name, range(caps.n_fields()))
    return {name: caps.get_value(name) for name in names}


def send_by_gstreamer(file, size, kind):
    elements = {
        "libx264": "h264parse ! rtph264pay aggregate-mode=zero-latency config-interval=-1",
        "libx265": "h265parse ! rtph265pay aggregate-mode=zero-latency config-interval=-1",
    }.get(kind, "jpegparse ! rtpjpegpay")
    out = file.with_suffix(".rtp")
    fields = play(f"filesrc location={file} ! qtdemux ! {elements} name=pay mtu={size} ! "
                  f"rtpstreampay ! filesink location={out}", sent)
    number = fields["payload"]
    parameters = [f"{name}={value}" for name, value in sorted(fields.items()) if name.startswith("sprop-")]
    lines = [
        f"m=video 0 RTP/AVP {number}",
        f"a=rtpmap:{number} {fields['encoding-name']}/{fields['clock-rate']}",
    ]
    if parameters:
        lines.append(f"a=fmtp:{number} " + ";".join(parameters))
    lines += [f"a={name}:{fields[name]}" for name in sorted(fields) if name.startswith("x-")]
    data, packets = out.read_bytes(), []
    while data:
        length = int.from_bytes(data[:2], "big")
        packets.append(data[2:2 + length])
        data = data[2 + length:]
    return packets, lines


def make(name):
    sender, size, options = CAPTURES[name]
    with tempfile.TemporaryDirectory() as scratch:
        file = encode(pathlib.Path(scratch), options)
        kind = options[options.index("-c:v") + 1]
        send = send_by_ffmpeg if sender == "ffmpeg" else send_by_gstreamer
        packets, lines = send(file, size, kind)
        checksums = frames(file)
    # Reports of the sender travel elsewhere.
    packets = [packet for packet in packets if packet[1] & 0x7f not in range(72, 77)]
    data = b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)
    (HERE / f"{name}.rtp").write_bytes(data)
    (HERE / f"{name}.sdp").write_text("\r\n".join(lines) + "\r\n")
    (HERE / f"{name}.md5").write_text(checksums)
    print(f"{name}: {len(packets)} packets, {len(data)} bytes, {checksums.count(chr(10))} frames")


for name in sys.argv[1:] or CAPTURES:
    make(name)
