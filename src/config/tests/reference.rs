//! Compares the reference for operators, `src/config/README.md`, with the reader.

use super::*;

const REFERENCE: &str = include_str!("../README.md");

/// One line of a table of settings.
#[derive(Debug)]
struct Row {
    section: &'static str,
    key: &'static str,
    default: &'static str,
    may_be: &'static str,
}

/// The rows of the tables below headings such as "### `[limits]`".
fn rows() -> Vec<Row> {
    let mut section = None;
    let mut rows = Vec::new();
    for line in REFERENCE.lines() {
        if line.starts_with('#') {
            let named = line.strip_prefix("### `[");
            section = named.and_then(|rest| rest.strip_suffix("]`"));
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let (Some(section), [_, key, default, may_be, _, _]) = (section, &cells[..])
            && key.starts_with('`')
        {
            rows.push(Row {
                section,
                key: key.trim_matches('`'),
                default: default.trim_matches('`'),
                may_be,
            });
        }
    }
    rows
}

/// A file with this one setting, and with the settings that its section requires.
fn file(row: &Row, value: &str) -> String {
    let url = match (row.section, row.key) {
        ("camera NAME", "url") | ("general" | "limits", _) => "",
        _ => "url = rtsp://192.168.1.10/\n",
    };
    let section = row.section.replace("NAME", "front");
    format!("[{section}]\n{url}{} = {value}\n", row.key)
}

/// Section and name of each setting that [`Config::describe`] writes, and its value.
fn described(config: &Config) -> Vec<(String, String, String)> {
    let mut section = "";
    let text = config.describe();
    let mut found = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, value)) = line.split_once(" =") {
            found.push((section.to_owned(), key.to_owned(), value.trim().to_owned()));
        }
    }
    found
}

#[test]
fn it_has_every_setting_and_its_default() {
    let config = clean(
        "license_path = /a\n[camera NAME]\nurl = rtsp://192.168.1.10/\nsub = rtsp://192.168.1.10/2",
    );
    let rows = rows();
    for (section, key, value) in described(&config) {
        let section = section.replace("name", "NAME");
        let found: Vec<&Row> = rows
            .iter()
            .filter(|row| row.section == section && row.key == key)
            .collect();
        let [row] = found[..] else {
            panic!("[{section}] {key} stands there {} times", found.len());
        };
        if !["license_path", "url", "sub"].contains(&row.key) {
            assert_eq!(row.default, value, "[{section}] {key}");
        }
    }
    assert_eq!(rows.len(), described(&config).len(), "{rows:?}");
}

#[test]
fn it_has_no_setting_that_is_not_read() {
    for row in rows() {
        let value = match row.key {
            "url" => "rtsp://192.168.1.10/",
            _ => row.default,
        };
        clean(&file(&row, value));
    }
}

#[test]
fn its_ranges_are_those_of_the_reader() {
    let with_range = rows().into_iter().filter(|row| {
        let first = row.may_be.chars().next();
        first.is_some_and(|first| first.is_ascii_digit())
    });
    let mut ranges = 0;
    for row in with_range {
        let said = error(&file(&row, "x"));
        let (_, wanted) = said.split_once(" from ").expect("a range");
        let wanted = wanted.split(',').next().unwrap_or_default();
        assert_eq!(row.may_be, wanted, "[{}] {}", row.section, row.key);
        ranges += 1;
    }
    assert_eq!(ranges, 9, "settings with a range");
}

#[test]
fn its_examples_are_read_without_a_warning() {
    let blocks = REFERENCE.split("```ini\n").skip(1);
    let examples: Vec<&str> = blocks.filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 2);
    for example in examples {
        let config = clean(example);
        assert!(!config.cameras.is_empty(), "{example}");
    }
}
