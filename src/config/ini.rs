//! Reads the text of a configuration file into a list of settings with their lines.
//!
//! configparser does the parsing. It keeps only the last of repeated keys, gives no
//! line numbers, and knows neither `//` comments nor text after a section header. So
//! the text is prepared first: comments are removed, and every key gets its line number
//! in front, which makes it unique.
//!
//! Invariant: every line that is neither empty nor a comment becomes a section, a
//! setting or an error; none is lost.

use configparser::ini::Ini;

/// The section of settings before the first section header.
pub const GENERAL: &str = "general";

/// One `key = value` line.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// Lower case.
    pub section: String,
    /// Lower case.
    pub key: String,
    pub value: String,
    /// The line, counted from 1.
    pub line: usize,
}

/// A file: its section headers with their lines, and its settings in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Document {
    pub sections: Vec<(String, usize)>,
    pub settings: Vec<Setting>,
}

/// A sentence that says what is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub struct Invalid {
    pub line: usize,
    pub message: String,
}

fn invalid(line: usize, message: &str) -> Invalid {
    Invalid {
        line,
        message: message.to_owned(),
    }
}

/// Reads a file: UTF-8, with or without byte order mark.
pub fn read(bytes: &[u8]) -> Result<Document, Invalid> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        invalid(line, "this is not UTF-8: save the file as UTF-8 text")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (prepared, sections) = prepare(text)?;

    let mut parser = Ini::new();
    let mut defaults = parser.defaults();
    defaults.default_section = GENERAL.to_owned();
    defaults.comment_symbols = Vec::new();
    defaults.enable_inline_comments = false;
    defaults.delimiters = vec!['='];
    parser.load_defaults(defaults);
    // The prepared text has the same lines, so the parser's line numbers are right,
    // too.
    let parsed = parser.read(prepared).map_err(|error| Invalid {
        line: 0,
        message: error,
    })?;

    let mut settings = Vec::new();
    for (section, keys) in parsed {
        for (key, value) in keys {
            settings.push(setting(&section, &key, value)?);
        }
    }
    settings.sort_by_key(|setting| setting.line);
    Ok(Document { sections, settings })
}

/// The text for the parser, line by line, and the section headers.
fn prepare(text: &str) -> Result<(String, Vec<(String, usize)>), Invalid> {
    let mut prepared = String::with_capacity(text.len());
    let mut sections = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let content = without_comment(line);
        if let Some(rest) = content.strip_prefix('[') {
            // Text after the bracket is a remark, as in "[CAMERAS] - your cameras".
            let (name, _) = rest
                .split_once(']')
                .ok_or_else(|| invalid(number, "the section has no closing \"]\""))?;
            sections.push((name.trim().to_lowercase(), number));
            prepared.push_str(&format!("[{name}]"));
        } else if !content.is_empty() {
            prepared.push_str(&format!("{number} {content}"));
        }
        prepared.push('\n');
    }
    Ok((prepared, sections))
}

/// The trimmed line without its comment. A comment begins with `;`, `#` or `//` at the
/// start or after white space, so that addresses and passwords may contain these.
fn without_comment(line: &str) -> &str {
    let line = line.trim();
    let mut may_start = true;
    for (index, character) in line.char_indices() {
        let rest = line.get(index..).unwrap_or_default();
        if may_start && (rest.starts_with([';', '#']) || rest.starts_with("//")) {
            return line.get(..index).unwrap_or_default().trim_end();
        }
        may_start = character.is_whitespace();
    }
    line
}

/// Removes the line number from a key.
fn setting(section: &str, numbered: &str, value: Option<String>) -> Result<Setting, Invalid> {
    let (number, key) = numbered.split_once(' ').unwrap_or((numbered, ""));
    let line = number.parse().unwrap_or(0);
    let value = value.ok_or_else(|| invalid(line, "there is no \"=\": write name = value"))?;
    if key.trim().is_empty() {
        return Err(invalid(line, "there is no name before the \"=\""));
    }
    Ok(Setting {
        section: section.to_owned(),
        key: key.trim().to_owned(),
        value,
        line,
    })
}
