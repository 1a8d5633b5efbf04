//! The program: arguments, configuration, log, run, exit code.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{LazyLock, Mutex};
use std::time::Instant;

use camgate::config::{self, Config};
use camgate::net::{DUMP, Server};
use camgate::quota::{Kind, Quota};

const HELP: &str = "\
camgate: watch RTSP cameras in a browser

    camgate [serve] [-c FILE] [--listen ADDR:PORT]   the gateway
    camgate demo [--listen ADDR:PORT]                the gateway with a built-in camera
    camgate camera [--listen ADDR:PORT]              the built-in RTSP camera alone
    camgate check [-c FILE]                          reads the configuration, says what it understood

    -c, --config FILE    the configuration; without it /etc/camgate.ini, if there is one
    --listen ADDR:PORT   listen there instead of where the configuration says
    -h, --help           this text
    -V, --version        the version
";

/// The target of log lines about lines that were withheld.
const WITHHELD: &str = "camgate::quota";

/// Limits how many lines of one kind are logged.
static QUOTA: LazyLock<Mutex<Quota>> = LazyLock::new(Mutex::default);

/// The command line.
struct Arguments {
    command: String,
    config: Option<PathBuf>,
    listen: Option<SocketAddr>,
}

fn main() -> ExitCode {
    match arguments().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "camgate: {message}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Arguments, String> {
    use lexopt::prelude::*;
    let mut arguments = Arguments {
        command: String::new(),
        config: None,
        listen: None,
    };
    let mut parser = lexopt::Parser::from_env();
    let text = |error: lexopt::Error| format!("{error}\n\n{HELP}");
    while let Some(argument) = parser.next().map_err(text)? {
        match argument {
            Short('h') | Long("help") => arguments.command = "help".to_owned(),
            Short('V') | Long("version") => arguments.command = "version".to_owned(),
            Short('c') | Long("config") => {
                arguments.config = Some(parser.value().map_err(text)?.into());
            }
            Long("listen") => {
                let value = parser.value().and_then(|v| v.string()).map_err(text)?;
                let address = config::listen_address(&value)
                    .map_err(|reason| format!("--listen {value}: {reason}"))?;
                arguments.listen = Some(address);
            }
            Value(command) if arguments.command.is_empty() => {
                arguments.command = command.string().map_err(text)?;
            }
            other => return Err(text(other.unexpected())),
        }
    }
    Ok(arguments)
}

fn run(arguments: Arguments) -> Result<(), String> {
    match arguments.command.as_str() {
        "" | "serve" => serve(arguments),
        #[cfg(feature = "builtin-camera")]
        "demo" => demo(arguments),
        #[cfg(feature = "builtin-camera")]
        "camera" => camera(&arguments),
        "check" => check(&arguments),
        "help" => print(HELP),
        "version" => print(concat!("camgate ", env!("CARGO_PKG_VERSION"), "\n")),
        other => Err(format!("no command {other:?}\n\n{HELP}")),
    }
}

fn serve(arguments: Arguments) -> Result<(), String> {
    let config = configured(&arguments)?;
    let mut server = bind(config, arguments.config)?;
    server.run().map_err(|error| error.to_string())
}

/// Reads the configuration, applies the command line to it, and starts the log.
fn configured(arguments: &Arguments) -> Result<Config, String> {
    let mut config = load(arguments)?;
    start_log(&config.log);
    for warning in &config.warnings {
        log::warn!("{warning}");
    }
    if let Some(listen) = arguments.listen {
        config.listen = vec![listen];
    }
    Ok(config)
}

fn bind(config: Config, path: Option<PathBuf>) -> Result<Server, String> {
    let mut server = Server::bind(config, path).map_err(|error| error.to_string())?;
    server.set_log_flush(report_withheld);
    for address in server.addresses() {
        log::info!("listening on http://{address}/");
    }
    for address in server.rtsp_addresses() {
        log::info!("cameras at rtsp://{address}/NAME");
    }
    Ok(server)
}

/// Runs the built-in camera alone, on the usual alternative port of RTSP.
#[cfg(feature = "builtin-camera")]
fn camera(arguments: &Arguments) -> Result<(), String> {
    start_log("info");
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 8554));
    camgate::builtin::Server::bind(arguments.listen.unwrap_or(everywhere))
        .and_then(camgate::builtin::Server::run_until_signal)
        .map_err(|error| error.to_string())
}

/// Runs the gateway, and beside it, in a thread with a loop of its own, the built-in
/// camera on a free port of the loopback interface. The gateway connects to it as to
/// any other camera.
#[cfg(feature = "builtin-camera")]
fn demo(arguments: Arguments) -> Result<(), String> {
    use camgate::net::BuiltinCamera;
    let config = configured(&arguments)?;
    let camera = camgate::builtin::Server::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .map_err(|error| error.to_string())?;
    let address = camera.local_addr();
    let mut server = bind(config, arguments.config)?;
    server.add_builtin_camera(BuiltinCamera {
        name: "demo",
        description: "Built-in camera: a clock, a moving picture and a tone",
        address,
    });
    for address in server.addresses() {
        print(&format!("open http://{}/\n", reachable(address)))?;
        if let Some(ip) = lan_address().filter(|_| address.ip().is_unspecified()) {
            let port = address.port();
            print(&format!("or from another device http://{ip}:{port}/\n"))?;
        }
    }
    let stopper = camera.stopper();
    let thread = std::thread::Builder::new()
        .name("camera".to_owned())
        .spawn(move || camera.run())
        .map_err(|error| error.to_string())?;
    let outcome = server.run().map_err(|error| error.to_string());
    stopper.stop();
    let _ = thread.join();
    outcome
}

/// This machine's address in the local network. Connecting a UDP socket looks up the
/// route and sends nothing; the address it is connected to belongs to nobody (RFC
/// 5737).
#[cfg(feature = "builtin-camera")]
fn lan_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind(("0.0.0.0", 0)).ok()?;
    socket.connect(("192.0.2.1", 9)).ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

/// What to type into a browser on this machine to reach a listener.
#[cfg(feature = "builtin-camera")]
fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() || address.ip().is_loopback() {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    }
}

fn check(arguments: &Arguments) -> Result<(), String> {
    let config = load(arguments)?;
    print(&config.describe())
}

fn load(arguments: &Arguments) -> Result<Config, String> {
    config::load(arguments.config.as_deref()).map_err(|error| error.to_string())
}

fn print(text: &str) -> Result<(), String> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| error.to_string())
}

/// Starts the log, which goes to standard error. Under a supervisor that adds the time
/// to every line (systemd, procd), the lines have none.
fn start_log(filter: &str) {
    let stamped = ["JOURNAL_STREAM", "INVOCATION_ID", "PROCD"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    env_logger::Builder::new()
        .parse_filters(filter)
        .format(move |out, record| {
            let time = if stamped {
                String::new()
            } else {
                clock() + " "
            };
            let text = record.args().to_string();
            let (reports, is_written) = ask_quota(record, &text);
            for line in reports {
                writeln!(out, "{time}{:5} {line}", log::Level::Warn)?;
            }
            if is_written {
                writeln!(out, "{time}{:5} {text}", record.level())?;
            }
            Ok(())
        })
        .init();
}

/// Returns lines about withheld lines, and whether this record is logged. Records of a
/// level that was switched on to search for a fault are always logged.
fn ask_quota(record: &log::Record, text: &str) -> (Vec<String>, bool) {
    let Ok(mut quota) = QUOTA.lock() else {
        return (Vec::new(), true);
    };
    let now = Instant::now();
    let is_free = record.level() > log::Level::Info || [DUMP, WITHHELD].contains(&record.target());
    let reports = quota.reports(now);
    let place = (record.file_static(), record.line());
    let is_written = match place {
        (Some(file), Some(line)) if !is_free => quota.admit(Kind::new(file, line, text), text, now),
        _ => true,
    };
    (reports, is_written)
}

/// Logs the lines about withheld lines that are due; returns when more will be due.
fn report_withheld(now: Instant) -> Option<Instant> {
    let owed = match QUOTA.lock() {
        Ok(mut quota) if quota.due().is_some_and(|due| due <= now) => quota.reports(now),
        Ok(quota) => return quota.due(),
        Err(_) => return None,
    };
    for line in owed {
        log::warn!(target: WITHHELD, "{line}");
    }
    QUOTA.lock().ok()?.due()
}

/// The time of day in UTC, in milliseconds.
fn clock() -> String {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    let (seconds, millis) = (since.as_secs(), since.subsec_millis());
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{millis:03}Z", seconds % 60)
}
