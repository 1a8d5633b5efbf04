//! The configuration, read again (SIGHUP).

use crate::access::Policy;
use crate::config::{self, Config};

use super::server::Server;

impl Server {
    /// Reads the configuration again, for all that can change while it runs.
    pub(super) fn reload(&mut self) {
        match config::load(self.config_path.as_deref()) {
            Ok(mut config) => {
                self.keep_fixed(&mut config);
                if let Err(message) = config.check_streams() {
                    return log::error!(
                        "the configuration stays as it was until a restart: {message}"
                    );
                }
                for warning in &config.warnings {
                    log::warn!("{warning}");
                }
                self.policy = policy(&config, self.listeners.ports());
                for camera in &self.cameras {
                    self.policy.targets.add(camera.address);
                }
                self.config = config;
                self.set_cameras();
                log::info!("configuration read again");
            }
            Err(error) => log::error!("the configuration stays as it was: {error}"),
        }
    }

    /// What is made at the start stays as it is, and it is said.
    fn keep_fixed(&self, config: &mut Config) {
        let (old, new) = (&self.config, &*config);
        let changed = [
            ("listen", old.listen != new.listen),
            ("rtsp_listen", old.rtsp_listen != new.rtsp_listen),
            ("pool", old.limits.pool != new.limits.pool),
            ("buffer", old.limits.buffer != new.limits.buffer),
            ("log", old.log != new.log),
        ];
        for (name, _) in changed.iter().filter(|(_, changed)| *changed) {
            log::warn!("\"{name}\" has changed: that takes effect after a restart");
        }
        config.listen.clone_from(&old.listen);
        config.rtsp_listen.clone_from(&old.rtsp_listen);
        config.log.clone_from(&old.log);
        config.limits.pool = old.limits.pool;
        config.limits.buffer = old.limits.buffer;
    }
}

/// Who may do what, as the configuration says.
pub(super) fn policy(config: &Config, own_ports: Vec<u16>) -> Policy {
    let host_name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Policy {
        targets: config.targets.clone(),
        origins: config.origins.clone(),
        hosts: config.hosts.clone(),
        host_name: host_name.trim().to_owned(),
        own_ports,
    }
}
