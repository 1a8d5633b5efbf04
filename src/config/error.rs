//! What is wrong in a configuration file: every mistake, not only the first one.

use std::fmt;

/// Why there is no configuration: at least one mistake, each as
/// `file:line: setting = value: what is wrong`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    mistakes: Vec<String>,
    warnings: Vec<String>,
}

impl Error {
    /// The file as a whole is wrong.
    pub(super) fn of_file(file: &str, message: String) -> Error {
        Error {
            mistakes: vec![format!("{file}: {message}")],
            warnings: Vec::new(),
        }
    }

    /// Mistakes of a file, with their lines, and the warnings about the rest of it.
    pub(super) fn of_lines(
        file: &str,
        mut mistakes: Vec<(usize, String)>,
        warnings: Vec<String>,
    ) -> Error {
        mistakes.sort_by_key(|(line, _)| *line);
        let mistakes = mistakes.into_iter();
        Error {
            mistakes: mistakes
                .map(|(line, message)| format!("{file}:{line}: {message}"))
                .collect(),
            warnings,
        }
    }

    /// The mistakes, in the order of their lines.
    pub fn mistakes(&self) -> &[String] {
        &self.mistakes
    }

    /// The warnings about the same file, in the order of their lines.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.mistakes.join("\n"))
    }
}

impl std::error::Error for Error {}
