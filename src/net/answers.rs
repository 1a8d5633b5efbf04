//! What a camera answers when the pool has no buffer for its link: messages need none.

use crate::protocol::rtsp::framer::{Event, Framer, Invalid};

use super::key::Key;
use super::queue::Brought;
use super::server::Server;

/// Looks at one link in one turn.
const LOOKS: usize = 8;

impl Server {
    /// Reads messages up to the next frame, which has to wait, from a link of which the
    /// queue holds nothing.
    pub(super) fn read_answers(&mut self, key: Key, place: Key) {
        for _ in 0..LOOKS {
            let (Some(connection), Some(source)) =
                (self.connections.get_mut(key), self.sources.get_mut(place))
            else {
                return;
            };
            let ahead = match connection.socket.peek(&mut self.scratch) {
                Ok(count) if count > 0 => count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    connection.readable = false;
                    return;
                }
                Ok(_) | Err(_) => return self.camera_closed(place),
            };
            let (count, taken) = talk(&self.scratch[..ahead], &mut source.link.framer);
            if count > 0 {
                source.link.heard = self.now;
                // They are there.
                if connection.read(&mut self.scratch[..count]).is_err() {
                    return self.camera_closed(place);
                }
                connection.readable = true;
            }
            if !self.brought(place, taken) || count == 0 {
                return;
            }
        }
        self.schedule(key);
    }
}

/// The messages at the beginning of `bytes`, and how many bytes were taken in.
fn talk(bytes: &[u8], framer: &mut Framer) -> (usize, Result<Brought, (Brought, Invalid)>) {
    let (mut brought, mut count) = (Brought::default(), 0);
    while let Some(rest) = bytes.get(count..)
        && rest.first().is_some_and(|next| framer.is_talk(*next))
    {
        match framer.feed(rest) {
            Ok(step) => {
                count += step.consumed;
                if step.event == Event::Message {
                    brought.messages.push(framer.message().to_vec());
                }
            }
            Err(invalid) => return (count, Err((brought, invalid))),
        }
    }
    (count, Ok(brought))
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
            let (first, taken) = talk(&bytes[..split], &mut framer);
            let mut messages = taken.unwrap().messages;
            let (second, taken) = talk(&bytes[first..], &mut framer);
            messages.extend(taken.unwrap().messages);
            assert_eq!(first + second, 2 * answer.len(), "{split}");
            assert!(messages.len() == 2 && messages.iter().all(|it| it == &answer[2..]));
            assert_eq!(talk(&bytes[first + second..], &mut framer).0, 0);
        }
    }
}
