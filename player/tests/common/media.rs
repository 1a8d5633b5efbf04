//! Streams made by ffmpeg, and ffmpeg's and ffprobe's judgement.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A scratch directory of one test.
pub fn scratch(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Runs a tool; its standard output, and whatever it complained of.
pub fn run(program: &str, arguments: &[&str]) -> (Vec<u8>, String) {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program} (apt-get install ffmpeg): {error}"));
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} failed: {complaints}");
    (output.stdout, complaints)
}

/// A stream of H.264 or H.265: access units in decoding order.
pub struct Video {
    pub file: PathBuf,
    /// The NAL units of each access unit, and its presentation time in
    /// 1/90000 s.
    pub units: Vec<(Vec<Vec<u8>>, i64)>,
}

/// Encodes a test picture with these x264 options.
pub fn encode_video(directory: &Path, source: &str, options: &[&str]) -> Video {
    encode(directory, source, "h264", options)
}

/// The same with x264 or x265, for `h264` or `hevc`.
pub fn encode(directory: &Path, source: &str, codec: &str, options: &[&str]) -> Video {
    let file = directory.join("source.mp4");
    let name = file.to_str().unwrap();
    let (encoder, delimiter) = match codec {
        "h264" => ("libx264", 9),
        _ => ("libx265", 35 << 1),
    };
    let mut arguments = vec!["-v", "error", "-y", "-f", "lavfi", "-i", source];
    arguments.extend(["-c:v", encoder, "-pix_fmt", "yuv420p"]);
    arguments.extend(options);
    arguments.extend(["-video_track_timescale", "90000", name]);
    run("ffmpeg", &arguments);
    let times = packet_times(&file);
    let filter = format!("{codec}_mp4toannexb,{codec}_metadata=aud=insert");
    let arguments = [
        "-v", "error", "-i", name, "-c", "copy", "-bsf:v", &filter, "-f", codec, "-",
    ];
    let (stream, _) = run("ffmpeg", &arguments);
    let mut units: Vec<Vec<Vec<u8>>> = Vec::new();
    for nal in split_annex_b(&stream) {
        if nal[0] == delimiter {
            units.push(Vec::new());
        }
        units.last_mut().unwrap().push(nal);
    }
    assert_eq!(units.len(), times.len());
    Video {
        file,
        units: units.into_iter().zip(times).collect(),
    }
}

/// Presentation times of a file's first stream, in decoding order.
pub fn packet_times(file: &Path) -> Vec<i64> {
    let name = file.to_str().unwrap();
    let arguments = [
        "-v",
        "error",
        "-select_streams",
        "0",
        "-show_entries",
        "packet=pts",
        "-of",
        "csv=p=0",
        name,
    ];
    let (text, _) = run("ffprobe", &arguments);
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines();
    lines
        .filter_map(|line| line.trim_end_matches(',').parse().ok())
        .collect()
}

fn split_annex_b(stream: &[u8]) -> Vec<Vec<u8>> {
    let starts: Vec<usize> = stream
        .windows(3)
        .enumerate()
        .filter(|(_, window)| *window == [0, 0, 1])
        .map(|(index, _)| index + 3)
        .collect();
    let ends = starts.iter().skip(1).map(|start| start - 3);
    let ends = ends.chain([stream.len()]);
    let ranges = starts.iter().zip(ends);
    ranges
        .map(|(start, end)| {
            let nal = &stream[*start..end];
            // The fourth byte of a start code belongs to no NAL unit.
            let length = nal.iter().rposition(|byte| *byte != 0).unwrap() + 1;
            nal[..length].to_vec()
        })
        .collect()
}

/// An AAC stream.
pub struct Audio {
    pub file: PathBuf,
    pub frames: Vec<Vec<u8>>,
    /// The AudioSpecificConfig in hexadecimal.
    pub config: String,
}

/// Encodes a tone.
pub fn encode_audio(directory: &Path, source: &str, options: &[&str]) -> Audio {
    let file = directory.join("source.aac");
    let name = file.to_str().unwrap();
    let mut arguments = vec!["-v", "error", "-y", "-f", "lavfi", "-i", source];
    arguments.extend(["-c:a", "aac"]);
    arguments.extend(options);
    arguments.push(name);
    run("ffmpeg", &arguments);
    let stream = std::fs::read(&file).unwrap();
    let (object, rate) = (
        u16::from(stream[2] >> 6) + 1,
        u16::from(stream[2] >> 2 & 15),
    );
    let channels = u16::from(stream[2] & 1) << 2 | u16::from(stream[3] >> 6);
    let config = object << 11 | rate << 7 | channels << 3;
    let mut frames = Vec::new();
    let mut rest = &stream[..];
    while rest.len() > 7 {
        let length =
            usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5] >> 5);
        frames.push(rest[7..length].to_vec());
        rest = &rest[length..];
    }
    Audio {
        file,
        frames,
        config: format!("{config:04x}"),
    }
}

/// The checksums of a file's decoded frames. Panics when ffmpeg or ffprobe has
/// anything to say about the file.
pub fn judge(file: &Path) -> Vec<String> {
    let name = file.to_str().unwrap();
    let (_, complaints) = run("ffprobe", &["-v", "warning", "-show_packets", name]);
    assert_eq!(complaints, "", "ffprobe on {name}");
    accepted(file)
}

/// The same by ffmpeg's judgement alone, which takes half the time.
pub fn accepted(file: &Path) -> Vec<String> {
    let (frames, complaints) = decode(file, "warning");
    assert_eq!(complaints, "", "ffmpeg on {}", file.display());
    frames
}

/// The checksums of a file's decoded frames, in order of presentation.
pub fn checksums(file: &Path) -> Vec<String> {
    decode(file, "error").0
}

/// The checksums of a file's frames, and what ffmpeg says at this level.
fn decode(file: &Path, level: &str) -> (Vec<String>, String) {
    let input = ["-v", level, "-threads", "1", "-i", file.to_str().unwrap()];
    // Frames as they are: none repeated or dropped to even the rate out.
    let output = ["-vsync", "passthrough", "-f", "framemd5", "-"];
    let (text, complaints) = run("ffmpeg", &[&input[..], &output].concat());
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let frames = lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned());
    // Newer ones have another name for that option, older ones have not.
    let renamed = "-vsync is deprecated. Use -fps_mode\n";
    (frames.collect(), complaints.replace(renamed, ""))
}

/// What a tool makes of a file and these arguments behind it. Panics when it
/// has anything to complain of.
pub fn output_of(before: &[&str], file: &Path, after: &[&str]) -> Vec<u8> {
    let name = file.to_str().unwrap();
    let arguments = [&["-v", "error"], before, &["-i", name], after, &["-"]].concat();
    let (output, complaints) = run("ffmpeg", &arguments);
    assert_eq!(complaints, "", "ffmpeg on {name}");
    output
}
