//! The documents: what they link to is there, and the first one stays short.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What was built or installed.
const FOREIGN: [&str; 3] = ["target", "node_modules", "dist"];

/// The Markdown files below a folder.
fn documents(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if name.starts_with('.') || FOREIGN.contains(&&*name) {
            continue;
        }
        if entry.file_type().unwrap().is_dir() {
            found.extend(documents(&path));
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    found
}

/// What may stand behind a `#`: the headings as GitHub makes anchors of them.
fn anchors(text: &str) -> HashSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        words.chars().filter(kept).collect::<String>()
    };
    headings.map(|it| anchor(it).replace(' ', "-")).collect()
}

/// The targets of the links to other files, or to a place in this one.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    targets.filter(|target| !target.contains("://"))
}

#[test]
fn what_they_link_to_is_there() {
    let documents = documents(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(documents.len() >= 6, "{documents:?}");
    let mut checked = 0;
    for document in &documents {
        let text = fs::read_to_string(document).unwrap();
        for link in links(&text) {
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => document.clone(),
                file => document.parent().unwrap().join(file),
            };
            assert!(target.exists(), "{}: {link}", document.display());
            if !place.is_empty() {
                let there = anchors(&fs::read_to_string(&target).unwrap());
                assert!(there.contains(place), "{}: {link}", document.display());
            }
            checked += 1;
        }
    }
    assert!(checked > 15, "{checked} links");
}

#[test]
fn the_first_one_is_read_at_once() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let lines = fs::read_to_string(readme).unwrap().lines().count();
    assert!(
        lines <= 150,
        "{lines} lines: what are the other READMEs for?"
    );
}
