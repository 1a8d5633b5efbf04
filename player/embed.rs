//! Build script of the gateway: packs the built player into the program.
//!
//! Every file of `player/dist` becomes one row of the table that
//! `src/assets.rs` includes: compressed once, here, so that the gateway only
//! ever copies bytes. Without a built player the table holds one page that
//! says so, and the gateway still builds.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use flate2::{Compression, GzBuilder};

/// Where `make build` leaves the player, relative to the root package.
const DIST: &str = "player/dist";

/// What a browser is told where a file has no kind of its own.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// File name endings and what a browser is told about them. `None`: such files
/// are for developers and stay out of the program.
const TYPES: &[(&str, Option<&str>)] = &[
    ("html", Some("text/html; charset=utf-8")),
    ("js", Some("text/javascript; charset=utf-8")),
    ("css", Some("text/css; charset=utf-8")),
    ("json", Some("application/json")),
    ("webmanifest", Some("application/manifest+json")),
    ("svg", Some("image/svg+xml")),
    ("png", Some("image/png")),
    ("ico", Some("image/x-icon")),
    ("txt", Some("text/plain; charset=utf-8")),
    ("wasm", Some("application/wasm")),
    ("map", None),
    ("ts", None),
];

/// The page at `/` of a gateway that was built without its player.
const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8>\
<meta name=viewport content=\"width=device-width\"><title>camgate</title>\
<p>This camgate was built without its player. <code>make build</code> builds both.\n";

/// One file of the player, before it is compressed.
struct File {
    /// The path it is served at.
    path: String,
    content_type: &'static str,
    plain: Vec<u8>,
}

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=player/embed.rs");
    println!("cargo::rerun-if-changed={DIST}");
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let mut files = read_player(&root.join(DIST))?;
    if !files.iter().any(|file| file.path == "/") {
        println!("cargo::warning={DIST} holds no player: run `make build`");
        files.push(File {
            path: "/".into(),
            content_type: "text/html; charset=utf-8",
            plain: NOT_BUILT.into(),
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let out = PathBuf::from(variable("OUT_DIR")?);
    fs::write(out.join("assets.rs"), table(&files, &out)?)
}

fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

/// The files of the built player; none where it was not built.
fn read_player(dist: &Path) -> io::Result<Vec<File>> {
    let entries = match fs::read_dir(dist) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || !entry.file_type()?.is_file() {
            continue;
        }
        if let Some(content_type) = content_type(&name) {
            files.push(File {
                path: served_at(&name),
                content_type,
                plain: fs::read(entry.path())?,
            });
        }
    }
    Ok(files)
}

fn content_type(name: &str) -> Option<&'static str> {
    let ending = name.rsplit('.').next().unwrap_or(name);
    TYPES
        .iter()
        .find(|(known, _)| *known == ending)
        .map_or(Some(UNKNOWN_TYPE), |(_, kind)| *kind)
}

/// Pages go by their name without its ending, everything else by its file name.
fn served_at(name: &str) -> String {
    match name.strip_suffix(".html") {
        Some("index") => "/".into(),
        Some(page) => format!("/{page}"),
        None => format!("/{name}"),
    }
}

/// Writes the compressed files to `out` and returns the table that names them.
fn table(files: &[File], out: &Path) -> io::Result<String> {
    let mut rows = String::from("pub static ASSETS: &[Asset] = &[\n");
    for (index, file) in files.iter().enumerate() {
        let gzip = out.join(format!("asset{index}.gz"));
        fs::write(&gzip, compress(&file.plain)?)?;
        writeln!(
            rows,
            "    Asset {{ path: {:?}, content_type: {:?}, etag: {:?}, gzip: include_bytes!({:?}), length: {} }},",
            file.path,
            file.content_type,
            etag(&file.plain),
            gzip,
            file.plain.len(),
        )
        .map_err(io::Error::other)?;
    }
    rows.push_str("];\n");
    Ok(rows)
}

/// No name and no time in the header: the same player gives the same program.
fn compress(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish()
}

/// A weak tag (RFC 9110 section 8.8.3): the compressed and the plain form of a
/// file share it. FNV-1a, because it need only differ from build to build.
fn etag(plain: &[u8]) -> String {
    let hash = plain.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("W/\"{hash:016x}\"")
}
