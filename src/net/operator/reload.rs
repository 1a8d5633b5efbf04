//! Reading the configuration again (SIGHUP).

use std::rc::Rc;

use crate::config::{self, Config};
use crate::net::server::{Server, policy};

impl Server {
    /// Reads the configuration again and applies whatever can change while the gateway
    /// runs.
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
                self.config = config;
                self.io.limits = self.config.limits.clone();
                self.set_policy();
                self.set_cameras();
                log::info!("configuration read again");
            }
            Err(error) => log::error!("the configuration stays as it was: {error}"),
        }
    }

    /// Creates, updates and removes cameras as configured.
    pub(in crate::net) fn set_cameras(&mut self) {
        self.camera_list = self.sources_json().into();
        let cameras = &self.config.cameras;
        self.sources.set_cameras(&mut self.io, cameras);
        self.drain();
    }

    /// Replaces the policy, as configured.
    pub(in crate::net) fn set_policy(&mut self) {
        let mut policy = policy(&self.config, self.io.listeners.ports());
        for camera in &self.builtin_cameras {
            policy.targets.add(camera.address);
        }
        let policy = Rc::new(policy);
        self.sources.set_policy(Rc::clone(&policy));
        self.web.set_policy(policy);
    }

    /// Keeps settings that apply only at the start, and warns about those that have
    /// changed.
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
