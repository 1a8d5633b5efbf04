//! Reading a camera's RTSP messages while the pool has no buffer for its media.
//! Messages need none.

use crate::protocol::rtsp::framer::{Event, Framer, Invalid};

use crate::net::io::Io;
use crate::net::io::key::Key;
use crate::net::media::queue::Arrived;

use super::Sources;

/// The number of peeks at one link in one turn.
const PEEKS: usize = 8;

impl Sources {
    /// Reads messages from a link whose queue is empty, up to the next frame, which has
    /// to wait for a buffer.
    pub(super) fn read_answers(&mut self, io: &mut Io, link: Key, key: Key) {
        for _ in 0..PEEKS {
            let now = io.now;
            let (Some((connection, scratch)), Some(source)) =
                (io.with_scratch(link), self.all.get_mut(key))
            else {
                return;
            };
            let ahead = match connection.stream.peek(scratch) {
                Ok(count) if count > 0 => count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    connection.readable = false;
                    return;
                }
                Ok(_) | Err(_) => return self.link_closed(io, key),
            };
            let (count, taken) = take_messages(&scratch[..ahead], &mut source.link.framer);
            if count > 0 {
                source.link.last_received = now;
                // The bytes were just peeked, so they can be read.
                if connection.read(&mut scratch[..count]).is_err() {
                    return self.link_closed(io, key);
                }
                connection.readable = true;
            }
            if self.handle_arrived(io, key, taken).is_none() || count == 0 {
                return;
            }
        }
        io.schedule(link);
    }
}

/// Parses the messages at the beginning of `bytes`, and counts the bytes used for them.
fn take_messages(
    bytes: &[u8],
    framer: &mut Framer,
) -> (usize, Result<Arrived, (Arrived, Invalid)>) {
    let (mut arrived, mut count) = (Arrived::default(), 0);
    while let Some(rest) = bytes.get(count..)
        && rest.first().is_some_and(|next| framer.is_talk(*next))
    {
        match framer.feed(rest) {
            Ok(step) => {
                count += step.consumed;
                if step.event == Event::Message {
                    arrived.messages.push(framer.message().to_vec());
                }
            }
            Err(invalid) => return (count, Err((arrived, invalid))),
        }
    }
    (count, Ok(arrived))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_up_to_the_next_frame_at_any_split() {
        let answer = b"\r\nRTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc";
        let bytes = [&answer[..], &answer[..], b"$\0\0\x02hi", &answer[..]].concat();
        for split in 1..=2 * answer.len() {
            let mut framer = Framer::lenient(1024);
            let (first, taken) = take_messages(&bytes[..split], &mut framer);
            let mut messages = taken.unwrap().messages;
            let (second, taken) = take_messages(&bytes[first..], &mut framer);
            messages.extend(taken.unwrap().messages);
            assert_eq!(first + second, 2 * answer.len(), "{split}");
            assert!(messages.len() == 2 && messages.iter().all(|it| it == &answer[2..]));
            assert_eq!(take_messages(&bytes[first + second..], &mut framer).0, 0);
        }
    }
}
