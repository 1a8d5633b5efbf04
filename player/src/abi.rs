//! The boundary to JavaScript: raw exports that pass numbers and bytes.
//!
//! One wasm instance is one player. Invariant: JavaScript never keeps a pointer across
//! a call that may grow the memory. It asks [`input`] where to write, writes, and makes
//! the one call that takes the argument; it polls an output, copies it, and polls the
//! next.
//!
//! This is the only file that may contain `unsafe`, and all of that are `no_mangle`
//! attributes. They are sound because they apply on wasm32 only, where there is no C
//! library whose `open` or `close` they could replace, and because each name occurs
//! once. There is no unsafe block: the state is in a thread-local cell, and pointers
//! are handed out but never read.

use std::cell::RefCell;

use camgate_protocol::rtsp::message;

use crate::output::Output;
use crate::session::Session;

/// The version of this boundary; JavaScript refuses every other.
pub const ABI: u32 = 1;

/// The longest argument of a call. The gateway's WebSocket messages are far shorter;
/// for a longer argument, [`input`] returns null.
pub const MAX_INPUT: usize = 16 << 20;

/// An input buffer that is larger than this is freed after its call.
const KEEP_INPUT: usize = 1 << 20;

#[derive(Default)]
struct Player {
    input: Vec<u8>,
    session: Session,
    output: Option<Output>,
}

thread_local! {
    static PLAYER: RefCell<Option<Player>> = const { RefCell::new(None) };
}

/// Runs `f` on the player. If the player is in use already, which JavaScript cannot
/// bring about, it is left alone and the default is returned.
fn with<R: Default>(f: impl FnOnce(&mut Player) -> R) -> R {
    let (mut f, mut result) = (Some(f), R::default());
    borrow(&mut |player| {
        if let Some(f) = f.take() {
            result = f(player);
        }
    });
    result
}

/// The one place that borrows the player. It is not generic, to be small.
#[inline(never)]
fn borrow(f: &mut dyn FnMut(&mut Player)) {
    PLAYER.with(|cell| {
        if let Ok(mut player) = cell.try_borrow_mut() {
            f(player.get_or_insert_with(Player::default));
        }
    });
}

/// Runs `f` with the first `len` bytes that JavaScript wrote to [`input`].
fn with_argument(len: u32, f: impl FnOnce(&mut Session, &[u8])) {
    with(|player| {
        let argument = player.input.get(..len as usize).unwrap_or_default();
        f(&mut player.session, argument);
        if player.input.capacity() > KEEP_INPUT {
            player.input = Vec::new();
        }
    });
}

fn with_text(len: u32, f: impl FnOnce(&mut Session, &str)) {
    with_argument(len, |session, bytes| {
        f(session, &message::text(bytes));
    });
}

/// The version of this boundary.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn abi() -> u32 {
    ABI
}

/// Where to write the `len` bytes of the next call's argument; null if `len` is above
/// [`MAX_INPUT`]. The address is valid until the next call.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn input(len: u32) -> *mut u8 {
    let written = with(|player| {
        let len = len as usize;
        if len > MAX_INPUT {
            return None;
        }
        if player.input.len() < len {
            player.input.resize(len, 0);
        }
        Some(player.input.as_mut_ptr())
    });
    written.unwrap_or(std::ptr::null_mut())
}

/// Sets the seed for values that must not be guessed (client nonces). To be called
/// before [`open`].
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn seed(low: u32, high: u32) {
    with(|player| {
        player
            .session
            .seed(u64::from(low) | (u64::from(high) << 32))
    });
}

/// Starts a new session with `url\nuser\npassword` (UTF-8). `now` is in milliseconds,
/// as in all these functions.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn open(len: u32, now: f64) {
    with(|player| player.output = None);
    with_text(len, |session, text| session.open(text, now));
}

/// The WebSocket with subprotocol `control` is open.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn control_opened(now: f64) {
    with(|player| player.session.control_opened(now));
}

/// The WebSocket with subprotocol `data` is open.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn data_opened(now: f64) {
    with(|player| player.session.data_opened(now));
}

/// A text message arrived on `control`.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn control_message(len: u32, now: f64) {
    with_text(len, |session, text| session.control_message(text, now));
}

/// A text message arrived on `data`.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn data_message(len: u32, now: f64) {
    with_text(len, |session, text| session.data_message(text, now));
}

/// A binary message arrived on `data`: whole interleaved frames.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn media(len: u32, now: f64) {
    with_argument(len, |session, bytes| session.media(bytes, now));
}

/// Asks the camera to pause.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn pause(now: f64) {
    with(|player| player.session.pause(now));
}

/// Asks the camera to continue.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn play(now: f64) {
    with(|player| player.session.play(now));
}

/// Ends the session; the output `Closed` follows.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn close(now: f64) {
    with(|player| player.session.close(now));
}

/// To be called at the time that [`timeout`] returned.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn handle_timeout(now: f64) {
    with(|player| player.session.handle_timeout(now));
}

/// When to call [`handle_timeout`], in milliseconds; infinity if there is no need.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn timeout() -> f64 {
    with(|player| player.session.timeout()).unwrap_or(f64::INFINITY)
}

/// How well the stream of this session arrives: the number `which` of those that
/// `statistics.rs` counts, and 0 for any other.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn statistic(which: u32) -> f64 {
    with(|player| player.session.statistic(which))
}

/// Takes the next output and returns its kind; 0 if there is none. The values of the
/// `output_` functions belong to it until any other function is called.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn poll_output() -> u32 {
    with(|player| {
        if let Some(last) = player.output.take() {
            player.session.recycle(last);
        }
        player.output = player.session.poll_output();
        player
            .output
            .as_ref()
            .map_or(0, |output| output.kind as u32)
    })
}

fn output<R: Default>(f: impl FnOnce(&Output) -> R) -> R {
    with(|player| player.output.as_ref().map(f)).unwrap_or_default()
}

/// The address of the output's bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn output_ptr() -> *const u8 {
    output(|output| Some(output.data.as_ptr())).unwrap_or(std::ptr::null())
}

/// The number of the output's bytes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn output_len() -> u32 {
    output(|output| u32::try_from(output.data.len()).unwrap_or(0))
}

/// The track that the output belongs to.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn output_track() -> u32 {
    output(|output| output.track)
}

/// Where the fragment starts on the media timeline, in seconds.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn output_time() -> f64 {
    output(|output| output.time)
}

/// How long the fragment lasts, in seconds.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn output_duration() -> f64 {
    output(|output| output.duration)
}

/// 1 when the fragment starts with a sync sample.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn output_sync() -> u32 {
    output(|output| u32::from(output.sync))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_none_is_an_error_with_words() {
        assert_eq!(abi(), ABI);
        assert_eq!(poll_output(), 0);
        assert!(output_ptr().is_null());
        assert!(input(u32::MAX).is_null());
        assert!(!input(16).is_null());
        seed(1, 2);
        open(16, 0.0);
        assert_eq!(timeout(), f64::INFINITY);
        assert_eq!(poll_output(), 9);
        assert!(output_len() > 4 && !output_ptr().is_null());
        assert_eq!((output_track(), output_sync()), (0, 0));
        assert_eq!((output_time(), output_duration()), (0.0, 0.0));
        assert_eq!(poll_output(), 0);
        close(0.0);
        assert_eq!(poll_output(), 11);
    }

    #[test]
    fn calls_out_of_order_are_harmless() {
        control_opened(0.0);
        data_opened(f64::NAN);
        control_message(9, -1.0);
        data_message(0, f64::INFINITY);
        media(u32::MAX, 0.0);
        pause(0.0);
        play(0.0);
        handle_timeout(1e300);
        assert_eq!(poll_output(), 0);
        assert_eq!(
            (statistic(0), statistic(4), statistic(u32::MAX)),
            (0.0, 0.0, 0.0)
        );
    }
}
