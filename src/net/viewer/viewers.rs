//! The part of the server that owns all viewers.

use std::collections::{HashMap, VecDeque};

use crate::net::io::key::{Key, Table};
use crate::viewer::{Output, Session};

use super::Viewer;
use super::admission::Admission;

/// An event of a viewer's session.
pub enum SessionEvent {
    /// The session asks for this to be done.
    Output(Key, Output),
    /// The session has no more outputs, so its outbox can be flushed.
    Drained(Key),
}

/// All viewers, and the places they take.
#[derive(Default)]
pub struct Viewers {
    all: Table<Viewer>,
    /// WSP viewers that have not ended, by the ids of their channels.
    by_channel_id: HashMap<String, Key>,
    /// Viewers whose sessions may have outputs.
    touched: VecDeque<Key>,
    pub(super) admission: Admission,
}

impl Viewers {
    /// The viewer behind `key`, unless it is gone.
    pub fn get(&self, key: Key) -> Option<&Viewer> {
        self.all.get(key)
    }

    /// The viewer behind `key`, unless it is gone.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut Viewer> {
        self.all.get_mut(key)
    }

    /// All viewers, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Viewer)> {
        self.all.iter()
    }

    /// The number of viewers.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Adds a viewer; `None`: the table is full.
    pub fn add(&mut self, viewer: Viewer) -> Option<Key> {
        let id = (!viewer.sockets.is_rtsp()).then(|| viewer.session.id().to_owned());
        let key = self.all.insert_with(|_| Ok::<_, ()>(viewer))?.ok()?;
        if let Some(id) = id {
            self.by_channel_id.insert(id, key);
        }
        Some(key)
    }

    /// The viewer with this channel id.
    pub fn by_channel_id(&self, id: &str) -> Option<Key> {
        self.by_channel_id.get(id).copied()
    }

    /// Removes a viewer's channel id, so that no data socket can join it.
    pub fn close_channel(&mut self, key: Key) {
        if let Some(viewer) = self.all.get(key) {
            self.by_channel_id.remove(viewer.session.id());
        }
    }

    /// Removes a viewer and frees its place.
    pub fn remove(&mut self, key: Key) -> Option<Viewer> {
        self.close_channel(key);
        self.all.remove(key)
    }

    /// The viewers that watch this source.
    pub fn watching(&self, source: Key) -> Vec<Key> {
        let all = self.all.iter();
        let watching = all.filter(|(_, viewer)| viewer.source == Some(source));
        watching.map(|(key, _)| key).collect()
    }

    /// Calls `act` for a viewer's session. The outputs of the session then come out of
    /// [`Viewers::next_event`].
    pub fn with_session<T>(&mut self, key: Key, act: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let outcome = act(&mut self.all.get_mut(key)?.session);
        self.touch(key);
        Some(outcome)
    }

    /// Marks the session of a viewer as one that may have outputs.
    pub fn touch(&mut self, key: Key) {
        if !self.touched.contains(&key) {
            self.touched.push_back(key);
        }
    }

    /// The next event of a session; `None`: there is none.
    pub fn next_event(&mut self) -> Option<SessionEvent> {
        while let Some(key) = self.touched.front().copied() {
            let found = self.all.get_mut(key);
            if let Some(output) = found.and_then(|viewer| viewer.session.poll_output()) {
                return Some(SessionEvent::Output(key, output));
            }
            self.touched.pop_front();
            if self.all.get(key).is_some() {
                return Some(SessionEvent::Drained(key));
            }
        }
        None
    }

    /// Takes one request of an RTSP viewer from the front of `bytes`.
    /// `Some(Ok(false))`: the request is partial. `None`: the viewer is gone.
    ///
    /// # Errors
    /// The bytes are not RTSP, in a sentence for the log.
    pub fn feed(&mut self, key: Key, bytes: &mut &[u8]) -> Option<Result<bool, String>> {
        let viewer = self.all.get_mut(key)?;
        let requests = viewer.sockets.requests()?;
        match requests.feed(bytes) {
            Ok(step) => {
                *bytes = bytes.get(step.consumed..).unwrap_or_default();
                let whole = step.event == crate::protocol::rtsp::framer::Event::Message;
                if whole {
                    viewer.session.handle_rtsp(requests.message());
                    self.touch(key);
                }
                Some(Ok(whole))
            }
            Err(invalid) => Some(Err(invalid.to_string())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::{Duration, Instant};

    use super::*;

    fn viewers() -> (Viewers, Key) {
        let mut viewers = Viewers::default();
        let session = Session::new("id".into(), "page", Rc::from("[]"), Duration::ZERO);
        let viewer = Viewer::wsp(session, Key::test(1), 1, Instant::now());
        let key = viewers.add(viewer).unwrap();
        (viewers, key)
    }

    #[test]
    fn what_a_session_wants_comes_out_in_order_and_then_it_is_settled() {
        let (mut viewers, key) = viewers();
        assert!(viewers.next_event().is_none());
        let now = Instant::now();
        viewers.with_session(key, |session| {
            session.handle_text("WSP/1.1 GET_INFO\r\nseq: 1\r\n\r\n", now);
            session.handle_text("WSP/1.1 NONSENSE\r\nseq: 2\r\n\r\n", now);
        });
        for seq in ["seq: 1", "seq: 2"] {
            match viewers.next_event() {
                Some(SessionEvent::Output(of, Output::Reply(text))) => {
                    assert!(of == key && text.contains(seq), "{text}");
                }
                _ => panic!("a reply"),
            }
        }
        assert!(matches!(viewers.next_event(), Some(SessionEvent::Drained(of)) if of == key));
        assert!(viewers.next_event().is_none());
    }

    #[test]
    fn a_channel_leads_to_its_viewer_until_that_goes() {
        let (mut viewers, key) = viewers();
        assert_eq!(viewers.by_channel_id("id"), Some(key));
        assert_eq!(viewers.by_channel_id("other"), None);
        viewers.touch(key);
        viewers.remove(key);
        assert_eq!((viewers.by_channel_id("id"), viewers.len()), (None, 0));
        assert!(viewers.next_event().is_none(), "nobody is left to want it");
    }
}
