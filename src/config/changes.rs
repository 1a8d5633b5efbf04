//! What is different between two configurations, in words, without secrets.

use super::{Camera, Config};

/// Further differences are only counted.
const SHOWN: usize = 12;

impl Config {
    /// What `new` has that this configuration has not, in one line: "nothing has
    /// changed", or the cameras and the settings that have.
    pub fn changes(&self, new: &Config) -> String {
        let mut changes = cameras(&self.cameras, &new.cameras);
        if self.statistic_password != new.statistic_password {
            changes.push("statistic_password is another".to_owned());
        }
        let (old, new) = (settings(self), settings(new));
        let changed = new.iter().filter(|line| !old.contains(line));
        changes.extend(changed.cloned());
        // A setting that may occur several times may also be gone.
        let name = |line: &String| line.split(" =").next().map(str::to_owned);
        let gone = old.iter().filter(|line| !new.contains(line));
        let gone = gone.filter(|line| !new.iter().any(|other| name(other) == name(line)));
        changes.extend(gone.map(|line| format!("without {line}")));
        let more = changes.len().saturating_sub(SHOWN);
        changes.truncate(SHOWN);
        if more > 0 {
            changes.push(format!("and {more} more"));
        }
        match changes.is_empty() {
            true => "nothing has changed".to_owned(),
            false => changes.join("; "),
        }
    }
}

/// The lines of the settings that belong to no camera and are no secret.
fn settings(config: &Config) -> Vec<String> {
    let config = Config {
        cameras: Vec::new(),
        statistic_password: None,
        ..config.clone()
    };
    let described = config.describe();
    let lines = described.lines().filter(|line| !line.starts_with('['));
    lines.map(str::to_owned).collect()
}

/// The cameras that came, are gone, or have other settings.
fn cameras(old: &[Camera], new: &[Camera]) -> Vec<String> {
    let named = |list: &[Camera], name: &str| list.iter().any(|camera| camera.name == name);
    let came = new.iter().filter(|camera| !named(old, &camera.name));
    let gone = old.iter().filter(|camera| !named(new, &camera.name));
    let mut changes: Vec<String> = came
        .map(|camera| format!("camera {} is new", camera.name))
        .collect();
    changes.extend(gone.map(|camera| format!("camera {} is gone", camera.name)));
    for camera in new {
        let before = old.iter().find(|before| before.name == camera.name);
        let names = before.map_or_else(Vec::new, |before| changed(before, camera));
        if !names.is_empty() {
            let names = names.join(", ");
            changes.push(format!("camera {} has another {names}", camera.name));
        }
    }
    changes
}

/// The names of the settings that differ.
fn changed(old: &Camera, new: &Camera) -> Vec<&'static str> {
    let settings = [
        ("url", old.url != new.url),
        ("sub", old.sub != new.sub),
        ("description", old.description != new.description),
        ("transport", old.transport != new.transport),
        ("always", old.always != new.always),
        ("gop_cache", old.gop_cache != new.gop_cache),
    ];
    let changed = settings.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    fn changes(old: &str, new: &str) -> String {
        let read = |text: &str| parse("x", text.as_bytes()).unwrap();
        read(old).changes(&read(new))
    }

    #[test]
    fn cameras_and_settings_that_changed_are_named_and_no_secret_is() {
        let old = "targets = private\nlicense_path = /a\nstatistic_password = old\n\
            [camera front]\nurl = rtsp://u:one@10.0.0.1/\n[camera yard]\nurl = rtsp://10.0.0.2/\n";
        let new = "targets = none\nstatistic_password = new\n[limits]\nidle = 30s\n\
            [camera front]\nurl = rtsp://u:two@10.0.0.1/\nalways = on\n\
            [camera cellar]\nurl = rtsp://10.0.0.3/\n";
        assert_eq!(changes(old, old), "nothing has changed");
        assert_eq!(
            changes(old, new),
            "camera cellar is new; camera yard is gone; camera front has another url, always; \
             statistic_password is another; targets = none; idle = 30s; without license_path = /a"
        );
    }

    #[test]
    fn a_long_list_is_cut() {
        let cameras: String = (0..40)
            .map(|number| format!("[camera c{number}]\nurl = rtsp://10.0.0.1/\n"))
            .collect();
        let said = changes("", &cameras);
        assert!(said.starts_with("camera c0 is new; camera c1"), "{said}");
        assert!(said.ends_with("; and 28 more"), "{said}");
    }
}
