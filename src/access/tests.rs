use super::*;
use proptest::prelude::*;

fn policy() -> Policy {
    Policy {
        targets: Targets::private(),
        origins: Vec::new(),
        hosts: Vec::new(),
        host_name: "GateWay".into(),
        own_ports: vec![8080],
    }
}

fn allows(targets: &str, address: &str) -> bool {
    let targets = Targets::parse(targets).unwrap();
    targets.allows(address.parse().unwrap())
}

#[test]
fn private_networks() {
    for yes in [
        "10.1.2.3:554",
        "172.16.0.1:554",
        "172.31.255.255:1",
        "192.168.0.1:65535",
        "169.254.9.9:554",
        "[fe80::1]:554",
        "[fd12::1]:554",
        "[::ffff:192.168.0.1]:554",
    ] {
        assert!(allows("private", yes), "{yes}");
    }
    for no in [
        "8.8.8.8:554",
        "172.32.0.1:554",
        "127.0.0.1:554",
        "0.0.0.0:554",
        "[::1]:554",
        "[::]:554",
        "[2001:db8::1]:554",
        "[::ffff:8.8.8.8]:554",
        "192.168.0.1:0",
    ] {
        assert!(!allows("private", no), "{no}");
    }
}

#[test]
fn loopback_any_none() {
    for here in [
        "127.0.0.1:1",
        "127.9.9.9:1",
        "0.0.0.0:1",
        "[::1]:1",
        "[::]:1",
    ] {
        assert!(allows("loopback", here) && allows("Any", here), "{here}");
        assert!(!allows("none", here), "{here}");
    }
    assert!(allows("loopback", "[::ffff:127.0.0.1]:1"));
    assert!(!allows("loopback", "10.0.0.1:1"));
    for never in [
        "224.0.0.1:1",
        "255.255.255.255:1",
        "[ff02::1]:1",
        "[::ffff:239.1.1.1]:1",
    ] {
        assert!(!allows("any, 0.0.0.0/0, ::/0", never), "{never}");
    }
}

#[test]
fn ranges_and_ports() {
    assert!(allows("192.168.1.77/24:554", "192.168.1.9:554"));
    assert!(!allows("192.168.1.0/24:554", "192.168.1.9:555"));
    assert!(!allows("192.168.1.0/24", "192.168.2.9:554"));
    assert!(allows("8.8.8.8", "8.8.8.8:1") && !allows("8.8.8.8", "8.8.8.9:1"));
    assert!(allows("8.8.8.8:2", "8.8.8.8:2") && !allows("8.8.8.8:2", "8.8.8.8:1"));
    assert!(allows("0.0.0.0/0", "8.8.8.8:2") && !allows("0.0.0.0/0", "[2001:db8::1]:2"));
    assert!(allows("[2001:db8::]/32:554", "[2001:db8:1::1]:554"));
    assert!(!allows("[2001:db8::]/32:554", "[2001:db9::]:554"));
    assert!(allows("2001:db8::/32", "[2001:db8::1]:5"));
    assert!(allows("[2001:db8::1]:5", "[2001:db8::1]:5"));
    assert!(allows("::ffff:9.0.0.0/104", "9.1.1.1:1") && allows("9.0.0.0/8", "[::ffff:9.1.1.1]:1"));
    assert!(allows("loopback:8554, 9.9.9.9", "127.0.0.1:8554"));
    assert!(!allows("loopback:8554, 9.9.9.9", "127.0.0.1:8080"));
}

#[test]
fn bad_targets_say_so() {
    for bad in [
        "",
        " , ",
        "all",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.1:",
        "10.0.0.1:0",
        "10.0.0.1:65536",
        "10.0.0",
        "[::1",
        "[::1]/129",
        "[::1]x",
        "private/8",
        "any, none",
        "camera.lan",
    ] {
        assert!(Targets::parse(bad).is_err(), "{bad:?}");
    }
    let error = Targets::parse("private, camera.lan").unwrap_err();
    assert!(
        error.starts_with("\"camera.lan\" is no camera address: write"),
        "{error}"
    );
}

#[test]
fn hosts() {
    let mut policy = policy();
    for yes in [
        "192.168.1.2:8080",
        "[fd00::1]:8080",
        "[::1]",
        "8.8.8.8",
        "localhost",
        "LOCALHOST:8080",
        "a.localhost",
        "gateway:80",
        "gateway.",
        "gateway.local",
        "x.lan:8080",
        "",
    ] {
        assert_eq!(policy.host(yes), Ok(()), "{yes}");
    }
    let refused = [
        "evil.example",
        "local",
        "lan",
        "evil.example:80",
        "x.local.evil.example",
        "127.1",
        "user@x.local",
        "a b.lan",
        "[::1",
        ".lan",
        "x.lan:port",
        "gateway.example",
    ];
    for no in refused {
        assert!(policy.host(no).is_err(), "{no}");
    }
    let error = policy.host("evil.example").unwrap_err();
    assert!(
        error.contains("evil.example") && error.contains("\"hosts\""),
        "{error}"
    );
    policy.hosts = vec!["https://Cam.Example:444/".into(), "*.dyn.example".into()];
    assert_eq!(policy.host("cam.example.:8080"), Ok(()));
    assert_eq!(policy.host("a.b.dyn.example"), Ok(()));
    assert!(policy.host("dyn.example").is_err() && policy.host("xdyn.example").is_err());
    policy.hosts = vec!["*".into()];
    assert_eq!(policy.host("evil.example"), Ok(()));
}

#[test]
fn origins() {
    let mut policy = policy();
    let host = "192.168.1.2:8080";
    let ok = |policy: &Policy, origin: &str| policy.origin(Some(origin), host).is_ok();
    assert_eq!(policy.origin(None, host), Ok(()));
    assert!(ok(&policy, "http://192.168.1.2:8080") && ok(&policy, "https://192.168.1.2"));
    for no in [
        "http://192.168.1.3:8080",
        "null",
        "",
        "file://",
        "http://evil@192.168.1.2",
        "x://",
    ] {
        assert!(!ok(&policy, no), "{no}");
    }
    assert!(
        policy
            .origin(Some("http://localhost:3000"), "127.0.0.1:8080")
            .is_ok()
    );
    assert!(
        policy
            .origin(Some("http://CAM.local."), "cam.local:80")
            .is_ok()
    );
    assert!(policy.origin(Some("http://"), "").is_err());
    let error = policy
        .origin(Some("http://evil.example"), host)
        .unwrap_err();
    assert!(
        error.contains("http://evil.example") && error.contains("\"origins\""),
        "{error}"
    );

    policy.origins = vec![
        "a.example".into(),
        "https://b.example".into(),
        "c.example:81".into(),
    ];
    assert!(ok(&policy, "http://a.example:5") && ok(&policy, "https://A.Example"));
    assert!(ok(&policy, "https://b.example:5") && !ok(&policy, "http://b.example"));
    assert!(ok(&policy, "http://c.example:81") && !ok(&policy, "http://c.example"));
    policy.origins = vec!["http://d.example:80".into(), "*.e.example".into()];
    assert!(ok(&policy, "http://d.example") && ok(&policy, "http://x.e.example"));
    policy.origins = vec!["*".into()];
    assert!(ok(&policy, "http://evil.example") && !ok(&policy, "null"));
    policy.origins = vec!["null".into(), "file://".into()];
    assert!(ok(&policy, "null") && ok(&policy, "file://") && !ok(&policy, "http://null"));
}

#[test]
fn cameras() {
    let mut policy = policy();
    let target = |policy: &Policy, address: &str, own| policy.target(address.parse().unwrap(), own);
    assert_eq!(target(&policy, "192.168.1.9:8080", false), Ok(()));
    assert_eq!(
        target(&policy, "8.8.8.8:554", false).unwrap_err(),
        "camera address 8.8.8.8:554 is not allowed: see \"targets\" in the configuration"
    );
    policy.targets = Targets::parse("any").unwrap();
    assert!(target(&policy, "192.168.1.9:8080", true).is_err());
    assert_eq!(target(&policy, "192.168.1.9:554", true), Ok(()));
    for own in [
        "127.0.0.1:8080",
        "0.0.0.0:8080",
        "[::]:8080",
        "[::ffff:127.0.0.1]:8080",
    ] {
        assert!(
            target(&policy, own, false).unwrap_err().contains("itself"),
            "{own}"
        );
    }
}

#[test]
fn what_a_peer_sent_is_shown_short_and_clean() {
    let error = policy()
        .host(&format!("\x1b[31m{}", "x".repeat(9999)))
        .unwrap_err();
    assert!(error.len() < 300 && !error.contains('\x1b'), "{error}");
}

proptest! {
    #[test]
    fn any_text_is_decided(text in any::<String>(), other in any::<String>()) {
        let mut policy = policy();
        policy.origins = vec![other.clone()];
        policy.hosts = vec![other.clone()];
        policy.host_name = other.clone();
        let _ = (policy.host(&text), policy.origin(Some(&text), &other), Targets::parse(&text));
    }

    #[test]
    fn targets_print_as_they_parse(text in "(private|any|[0-9]{1,3}\\.1\\.2\\.3|\\[fd::[0-9]\\])(/[0-9]{1,3})?(:[0-9]{1,5})?") {
        if let Ok(targets) = Targets::parse(&text) {
            prop_assert_eq!(Targets::parse(&targets.to_string()), Ok(targets));
        }
    }
}
