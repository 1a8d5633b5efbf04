use super::*;
use proptest::prelude::*;

mod cameras;
mod reference;

fn read(text: &str) -> Config {
    parse("camgate.ini", text.as_bytes()).unwrap()
}

fn error(text: &str) -> String {
    parse("camgate.ini", text.as_bytes())
        .unwrap_err()
        .to_string()
}

/// A configuration without warnings.
fn clean(text: &str) -> Config {
    let config = read(text);
    assert_eq!(config.warnings, [""; 0], "{text}");
    config
}

#[test]
fn nothing_means_the_defaults() {
    assert_eq!(clean(""), Config::default());
    assert_eq!(
        clean("\u{feff}\r\n; x\n # y\n// z\n[general]\n[limits]\n"),
        Config::default()
    );
}

#[test]
fn the_defaults_describe_themselves() {
    let described = Config::default().describe();
    assert_eq!(clean(&described), Config::default(), "{described}");
    assert!(
        described.contains("\nlisten = 0.0.0.0:8080\n"),
        "{described}"
    );
    assert!(
        described.contains("\npool = 4M\nbuffer = 32k\nbacklog = 512k\n"),
        "{described}"
    );
}

#[test]
fn the_documented_file_is_understood() {
    let config = clean(
        "listen = 0.0.0.0:8080, [::]:8081 ; several\n\
         ORIGINS = a.example, https://b.example\n\
         hosts = cam.example\n\
         targets = private, loopback:8554 # twice\n\
         targets = 8.8.8.8\n\
         statistic_password = a;b#c//d ; a comment\n\
         license_path = /etc/one.lic\n\
         license_path = C:\\Users\\WS RTSP\\two.lic\n\
         log = warn,camgate=debug\n\
         [Limits]\nviewers = 12\nhandshakes = 20\npool=8M\nbuffer = 64K\nbacklog = 1048576\n\
         handshake = 2500ms\nidle = 2m\n\
         [tunnel]\ntoken =\n[tls]\ncertificate =\nkey = // none\n",
    );
    assert_eq!(
        config.listen,
        [
            "0.0.0.0:8080".parse().unwrap(),
            "[::]:8081".parse().unwrap()
        ]
    );
    assert_eq!(config.origins, ["a.example", "https://b.example"]);
    assert_eq!(config.hosts, ["cam.example"]);
    assert_eq!(
        config.targets.to_string(),
        "private, loopback:8554, 8.8.8.8/32"
    );
    assert_eq!(
        config.statistic_password.as_ref().unwrap().reveal(),
        "a;b#c//d"
    );
    let paths = ["/etc/one.lic", "C:\\Users\\WS RTSP\\two.lic"].map(PathBuf::from);
    assert_eq!(config.license_path, paths);
    assert_eq!(config.log, "warn,camgate=debug");
    let limits = Limits {
        viewers: 12,
        viewers_per_address: 12,
        handshakes: 20,
        pool: 8 << 20,
        buffer: 64 << 10,
        backlog: 1 << 20,
        handshake: Duration::from_millis(2500),
        idle: Duration::from_secs(120),
    };
    assert_eq!(config.limits, limits);
    let printed = format!("{config:?}{}", config.describe());
    assert!(!printed.contains("a;b"), "{printed}");
}

#[test]
fn port_alone_is_understood() {
    let listen = |text: &str| clean(text).listen;
    assert_eq!(listen("port = 9000"), ["0.0.0.0:9000".parse().unwrap()]);
    assert_eq!(
        listen("listen = 9000, localhost:0, *:1"),
        [
            "0.0.0.0:9000".parse().unwrap(),
            "127.0.0.1:0".parse().unwrap(),
            "0.0.0.0:1".parse().unwrap(),
        ]
    );
    assert_eq!(listen("listen = [::]:1\nlisten = [::]:1, 2").len(), 2);
    let both = read("port = 1\nlisten = 2");
    assert_eq!(both.listen, ["0.0.0.0:2".parse().unwrap()]);
    assert_eq!(
        both.warnings,
        ["camgate.ini:1: port: \"listen\" is set too and counts"]
    );
}

#[test]
fn the_vendors_files_are_read() {
    let proxy = "[General]\nport=8088\n        # path to license file\n\
        license_path=C:\\Streamedian\\wsp.lic\nlicense_path=C:\\Streamedian\\wsp_two.lic\n\
        statistic_password=streamedian\n";
    let config = clean(proxy);
    assert_eq!(
        (config.listen[0].port(), config.license_path.len()),
        (8088, 2)
    );
    let tunnel = "[General]\n//RTSP WS tunnel client client id\nclient_id=RTSP WS tunnel client\n\
        proxy_token=OWJlN2Fi\n// websocket proxy address\n\
        proxy_url=ws://192.168.1.180:8088/tunnel/\nplugin_path=/usr/lib/rwtc/\nssl=off\n\
        [CAMERAS] - list your rtsp sources - should be TCP type\n\
        url=rtsp://192.168.1.185:554/h264 example rtsp url\n\
        url=rtsp://192.168.1.186:554/h264 example rtsp url\n";
    let config = read(tunnel);
    assert_eq!(config.listen, Config::default().listen);
    assert_eq!(config.warnings.len(), 6, "{:?}", config.warnings);
    assert!(!config.warnings.concat().contains("OWJl"));
}

#[test]
fn every_line_of_the_vendors_camera_list_is_kept() {
    let document =
        ini::read(b"[CAMERAS] - x\nurl=rtsp://a/ one\n\nurl=rtsp://b/?c=d two\n").unwrap();
    assert_eq!(document.sections, [("cameras".to_owned(), 1)]);
    let settings: Vec<_> = document
        .settings
        .iter()
        .map(|s| (s.line, s.value.as_str()))
        .collect();
    assert_eq!(settings, [(2, "rtsp://a/ one"), (4, "rtsp://b/?c=d two")]);
}

#[test]
fn what_has_no_effect_is_a_warning_with_its_line() {
    let config = read(
        "colour = red\n[limits]\nviewers = 1\nviewers = 2\nvewers = 3\n[tunnel]\ntoken = secret\n\
         [cameras]\nurl = rtsp://user:secret@h/\n[what]\nx = y\n",
    );
    assert_eq!(config.limits.viewers, 2);
    let expected = [
        "camgate.ini:1: colour: there is no such setting in [general]",
        "camgate.ini:4: viewers was set before: this line counts",
        "camgate.ini:5: vewers: there is no such setting in [limits]",
        "camgate.ini:7: token: this version does not serve tunnel clients yet",
        "camgate.ini:8: [cameras]: this version has no tunnel client yet",
        "camgate.ini:10: [what]: there is no such section, it has no effect",
    ];
    assert_eq!(config.warnings, expected);
    assert!(read(&"x=1\n".repeat(9999)).warnings.len() < 100);
}

/// Settings, each with a part of the error that it leads to.
const BAD_VALUES: &[(&str, &str)] = &[
    ("listen =", "no address is given: write 0.0.0.0:8080"),
    (
        "listen = 10.0.0.1",
        "the port is missing: write 10.0.0.1:8080",
    ),
    ("listen = cam:80", "this is no address: write"),
    ("port = x", "the port is not a number"),
    (
        "targets = everything",
        "is no camera address: write private",
    ),
    ("targets =", "no address is given"),
    ("log = loud", "write one of off, error"),
    (
        "[limits]\nviewers = 0",
        ":2: viewers = 0: write a number from 1 to",
    ),
    ("[limits]\nviewers =", "write a number"),
    ("[limits]\npool = 4 parsecs", "write a size from 256k to 1G"),
    ("[limits]\nbuffer = 1k", "write a size from 4k to 1M"),
    ("[limits]\npool = 99999999999999999999G", "write a size"),
    ("[limits]\nidle = 1ms", "write a time from 5s to 24h"),
    ("[limits]\nhandshake = ten", "write a time from 1s to 300s"),
    (
        "[limits]\nbuffer = 1M\n",
        ":2: pool = 4M holds fewer than 8 buffers of 1M: write pool = 8M",
    ),
    (
        "[limits]\npool=1G\nbuffer=4k",
        ":3: pool = 1G holds more than 65535 buffers of 4k",
    ),
    (
        "[tls]\ncertificate = /a.pem",
        ":2: certificate = …: this version does not speak TLS",
    ),
    ("[tls]\nkey = /a.pem", "does not speak TLS"),
    ("[general\n", ":1: the section has no closing \"]\""),
    ("a\n", ":1: there is no \"=\": write name = value"),
    ("\n= 3", ":2: there is no name before the \"=\""),
];

#[test]
fn bad_values_are_errors_with_their_line() {
    assert_eq!(
        error("\n\nlisten = 0.0.0.0:99999"),
        "camgate.ini:3: listen = 0.0.0.0:99999: the port is not a number from 1 to 65535"
    );
    for (text, part) in BAD_VALUES {
        let error = error(text);
        assert!(error.contains(part), "{text}: {error}");
    }
    let latin = parse("x", b"a = b\nhosts = \xe9\n")
        .unwrap_err()
        .to_string();
    assert_eq!(latin, "x:2: this is not UTF-8: save the file as UTF-8 text");
}

#[test]
fn comments_need_white_space_before_them() {
    let value = |text: &str| {
        ini::read(text.as_bytes()).unwrap().settings[0]
            .value
            .clone()
    };
    assert_eq!(value("a = rtsp://u:p#;w@h//x"), "rtsp://u:p#;w@h//x");
    assert_eq!(value("a = b//c ;d"), "b//c");
    assert_eq!(value("a = b\t# c"), "b");
    assert_eq!(value("a = // c"), "");
    assert_eq!(value("\u{feff}[s];x\na=b=c"), "b=c");
}

#[test]
fn files() {
    let directory = std::env::temp_dir().join(format!("camgate-config-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("camgate.ini");
    assert_eq!(load_or_default(None, &path), Ok(Config::default()));
    let missing = load(Some(&path)).unwrap_err().to_string();
    assert!(missing.starts_with(&format!("{}: there is no such file", path.display())));
    std::fs::write(&path, "port = 1").unwrap();
    assert_eq!(load(Some(&path)).unwrap().listen[0].port(), 1);
    assert_eq!(load_or_default(None, &path).unwrap().listen[0].port(), 1);
    std::fs::write(&path, vec![b'\n'; MAX_FILE as usize + 1]).unwrap();
    assert!(
        load(Some(&path))
            .unwrap_err()
            .to_string()
            .contains("larger than")
    );
    assert!(
        load(Some(&directory))
            .unwrap_err()
            .to_string()
            .contains("cannot be read")
    );
    std::fs::remove_dir_all(&directory).unwrap();
}

/// Lines that resemble a configuration enough to reach the values.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let key = prop::sample::select(vec![
        "listen",
        "port",
        "origins",
        "hosts",
        "targets",
        "log",
        "license_path",
        "viewers",
        "handshakes",
        "pool",
        "buffer",
        "backlog",
        "handshake",
        "idle",
        "token",
        "url",
        "certificate",
    ]);
    let piece = prop_oneof![
        (key, "[0-9a-z:./,\\[\\] ]{0,12}").prop_map(|(k, v)| format!("{k}={v}\n").into_bytes()),
        "\\[?(general|limits|tls|camera|\\PC{0,5})\\]?\n".prop_map(String::into_bytes),
        "\\PC{0,20}\n?".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_a_configuration_or_an_error(text in lines()) {
        match parse("f", &text) {
            Ok(config) => {
                prop_assert!(!config.listen.is_empty());
                // The description reads back as the same configuration.
                let again = parse("f", config.describe().as_bytes());
                prop_assert_eq!(again.map(|again| again.limits), Ok(config.limits));
            }
            Err(error) => prop_assert!(error.line > Some(0), "{}", error),
        }
    }
}
