//! Prometheus' text format, version 0.0.4: families of samples, each family with its
//! HELP and TYPE.
//!
//! Invariant: all samples of a family follow its head, and a family without samples is
//! left out.

use std::fmt::{Display, Write};

/// The type of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The value only grows until the process ends. The name ends with `_total`.
    Counter,
    /// The value goes up and down.
    Gauge,
}

/// The text, as far as it is written.
#[derive(Default)]
pub struct Exposition {
    text: String,
    /// The name and the head of the current family, which is written with its first
    /// sample.
    name: &'static str,
    head: Option<String>,
}

impl Exposition {
    /// Begins a family. `help` is one sentence without backslashes.
    pub fn family(&mut self, name: &'static str, kind: Kind, help: &str) -> &mut Exposition {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        self.name = name;
        self.head = Some(format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
        self
    }

    /// Writes a sample of the current family. The values of labels are names of this
    /// program and of cameras, which need no escapes.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Exposition {
        self.text.push_str(&self.head.take().unwrap_or_default());
        self.text.push_str(self.name);
        for (at, (name, text)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{before}{name}=\"{text}\"");
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
        self
    }

    /// The whole text.
    pub fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_its_head_once_and_only_if_it_has_samples() {
        let mut out = Exposition::default();
        out.family("a_total", Kind::Counter, "All of them.")
            .sample(&[("kind", "x"), ("of", "front/sub")], 1)
            .sample(&[("kind", "y"), ("of", "front")], 2);
        out.family("b", Kind::Gauge, "Nothing.");
        out.family("c", Kind::Gauge, "One.").sample(&[], 0.5);
        let expected = "# HELP a_total All of them.\n# TYPE a_total counter\n\
            a_total{kind=\"x\",of=\"front/sub\"} 1\na_total{kind=\"y\",of=\"front\"} 2\n\
            # HELP c One.\n# TYPE c gauge\nc 0.5\n";
        assert_eq!(out.into_text(), expected);
    }
}
