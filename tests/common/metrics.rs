//! What the gateway counts.

use std::collections::BTreeMap;

/// `/metrics`, parsed: sample name with labels → value.
#[derive(Debug, Clone)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads the Prometheus text format; anything unreadable fails the test.
    pub fn parse(text: &str) -> Self {
        let samples = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        Self(
            samples
                .map(|line| {
                    let (name, value) = line
                        .rsplit_once(' ')
                        .unwrap_or_else(|| panic!("no sample: {line:?}"));
                    let value = value
                        .parse()
                        .unwrap_or_else(|_| panic!("no number: {line:?}"));
                    (name.trim().to_owned(), value)
                })
                .collect(),
        )
    }

    /// The sample of this exact name, labels included.
    pub fn value(&self, name: &str) -> f64 {
        *self
            .0
            .get(name)
            .unwrap_or_else(|| panic!("no metric {name} in {:#?}", self.0))
    }

    pub fn viewers(&self) -> f64 {
        self.value("camgate_viewers")
    }

    pub fn buffers_free(&self) -> f64 {
        self.value("camgate_pool_buffers_free")
    }

    pub fn frames(&self) -> f64 {
        self.value("camgate_frames_total")
    }

    /// Pending timers.
    pub fn timers(&self) -> f64 {
        self.value("camgate_timers")
    }

    /// Connections of this kind: http, control, data, camera.
    pub fn connections(&self, kind: &str) -> f64 {
        self.value(&format!("camgate_connections{{kind=\"{kind}\"}}"))
    }

    /// Everything that is taken and must be given back. The connection that
    /// asks for the metrics counts itself, the same every time.
    pub fn held(&self) -> [f64; 6] {
        let [http, control, data, camera] =
            ["http", "control", "data", "camera"].map(|kind| self.connections(kind));
        [
            http,
            control,
            data,
            camera,
            self.viewers(),
            self.buffers_free(),
        ]
    }
}
