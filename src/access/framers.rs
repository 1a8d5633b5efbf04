//! Which sites may show the gateway's pages in a frame, as a policy for browsers: the
//! value of `frame-ancestors` (Content Security Policy Level 3).
//!
//! They are the sites whose pages may open sockets. Invariant: a source consists of
//! names, numbers and fixed punctuation; nothing in a setting or a `Host` can end the
//! directive.

use super::Policy;
use super::names::{Name, is_null};

impl Policy {
    /// The sources of `frame-ancestors`: the gateway's own pages (the host name of
    /// `Host`, on any port) and the entries of `origins`. All names of this machine for
    /// itself count as one host.
    pub fn framers(&self, host_header: &str) -> String {
        let mut sources = String::from("'self'");
        let mut add = |source: &str| {
            sources.push(' ');
            sources.push_str(source);
        };
        match Name::parse(host_header) {
            Some(name) if name.is_loopback() => {
                for host in ["localhost", "127.0.0.1"] {
                    any_scheme(host, "*").iter().for_each(|it| add(it));
                }
            }
            // The grammar has no IPv6 addresses, so only 'self' covers this host.
            Some(Name::Address(address)) if address.is_ipv4() => {
                any_scheme(&address.to_string(), "*")
                    .iter()
                    .for_each(|it| add(it));
            }
            Some(Name::Text(host)) => any_scheme(&host, "*").iter().for_each(|it| add(it)),
            _ => {}
        }
        for entry in &self.origins {
            sources_of(entry).iter().for_each(|it| add(it));
        }
        sources
    }
}

/// The sources for an entry of `origins`; none if no source can express it.
fn sources_of(entry: &str) -> Vec<String> {
    let entry = entry.trim().trim_end_matches('/');
    if is_null(entry) {
        return Vec::new();
    }
    if entry == "*" {
        return vec!["*".to_owned()];
    }
    let (scheme, authority) = match entry.split_once("://") {
        Some((scheme, authority)) => (Some(scheme), authority),
        None => (None, entry),
    };
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "*"));
    let port = if port.is_empty() { "*" } else { port };
    let is_port = port == "*" || port.bytes().all(|b| b.is_ascii_digit());
    let letters = |text: &str, more: &[u8]| {
        let known = |b: u8| b.is_ascii_alphanumeric() || more.contains(&b);
        !text.is_empty() && text.bytes().all(known)
    };
    let is_scheme = scheme.is_none_or(|scheme| letters(scheme, b"+-."));
    if !is_port || !is_scheme || !letters(host, b"*-._") {
        return Vec::new();
    }
    match scheme {
        Some(scheme) => vec![format!("{scheme}://{host}:{port}")],
        None => any_scheme(host, port).to_vec(),
    }
}

/// The sources for a host with any scheme. (A source without a scheme would mean the
/// scheme of the gateway's page only.)
fn any_scheme(host: &str, port: &str) -> [String; 2] {
    ["http", "https"].map(|scheme| format!("{scheme}://{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::super::Targets;
    use super::*;
    use proptest::prelude::*;

    fn framers(origins: &[&str], host: &str) -> String {
        let policy = Policy {
            targets: Targets::private(),
            origins: origins.iter().map(|it| (*it).to_owned()).collect(),
            hosts: Vec::new(),
            host_name: String::new(),
            own_ports: Vec::new(),
        };
        policy.framers(host)
    }

    #[test]
    fn the_own_host_may_frame() {
        let own = "'self' http://gate.lan:* https://gate.lan:*";
        assert_eq!(framers(&[], "Gate.lan.:8080"), own);
        let address = "'self' http://10.0.0.1:* https://10.0.0.1:*";
        assert_eq!(framers(&[], "10.0.0.1:8080"), address);
        assert_eq!(framers(&[], "[fd00::1]:8080"), "'self'");
        assert_eq!(framers(&[], ""), "'self'");
        for own in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            let both = framers(&[], own);
            assert!(both.contains(" http://localhost:* "), "{both}");
            assert!(both.contains(" http://127.0.0.1:* "), "{both}");
        }
    }

    #[test]
    fn so_may_those_of_the_setting() {
        let listed = |entry: &str| {
            let all = framers(&[entry], "");
            all.strip_prefix("'self'").unwrap().trim().to_owned()
        };
        assert_eq!(listed("*"), "*");
        assert_eq!(
            listed("a.example"),
            "http://a.example:* https://a.example:*"
        );
        assert_eq!(
            listed("*.example"),
            "http://*.example:* https://*.example:*"
        );
        assert_eq!(
            listed("a.example:81"),
            "http://a.example:81 https://a.example:81"
        );
        assert_eq!(listed("https://a.example/"), "https://a.example:*");
        assert_eq!(listed("https://a.example:8443"), "https://a.example:8443");
        for none in [
            "null",
            "",
            "a b",
            "a;script-src *",
            "'self'",
            "[::1]",
            "a:x",
        ] {
            assert_eq!(listed(none), "", "{none}");
        }
    }

    proptest! {
        #[test]
        fn nothing_ends_the_directive(origin in ".{0,30}", host in ".{0,30}") {
            let sources = framers(&[&origin], &host);
            prop_assert!(!sources.contains([';', ',', '\r', '\n']), "{sources:?}");
        }
    }
}
