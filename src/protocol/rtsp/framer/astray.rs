//! How a [`Framer`] handles stray bytes: it searches them for the next item and leaves
//! them out.
//!
//! Invariant: every byte is looked at once, and none is stored unless it looks like the
//! beginning of an item, so the work is linear whatever comes.

use super::resync::{self, LONGEST_START, LOOK, STATUS};
use super::{DOLLAR, Event, Framer, Invalid, NEITHER, State, Step, is_binary, step};

impl Framer {
    /// Takes note that no item ends before `at`: neither the part of a start line that
    /// was gathered nor the beginning of `bytes` belongs to one. Searches for the next
    /// item from there on.
    pub(super) fn stray(
        &mut self,
        at: usize,
        bytes: &[u8],
        context: &'static str,
    ) -> Result<Step, Invalid> {
        let gone = self.message.len();
        let end = self.position.saturating_add(at as u64);
        let position = end.saturating_sub(gone as u64);
        if !self.is_forgiving() {
            return Err(Invalid { position, context });
        }
        let (mut matched, mut fresh) = (0, false);
        for byte in &self.message {
            matched = resync::matched(matched, *byte);
            fresh = *byte == b'\n';
        }
        self.message.clear();
        self.resync.begin(position);
        self.leave_out(gone, end)?;
        self.search(at, matched, fresh, bytes)
    }

    /// Searches stray bytes, from `from` on, for what may be an item.
    pub(super) fn search(
        &mut self,
        from: usize,
        mut matched: usize,
        mut fresh: bool,
        bytes: &[u8],
    ) -> Result<Step, Invalid> {
        for (at, &byte) in bytes.iter().enumerate().skip(from) {
            if byte == DOLLAR || (fresh && byte.is_ascii_uppercase()) {
                self.leave_out(at - from, self.position.saturating_add(at as u64))?;
                self.state = match byte {
                    DOLLAR => candidate(false),
                    _ => State::Head { line: 0 },
                };
                return match (at, byte) {
                    (0, DOLLAR) => self.candidate([0; LOOK], 0, false, bytes),
                    (0, _) => self.head(0, bytes),
                    _ => Ok(step(at, false, Event::Blank)),
                };
            }
            matched = resync::matched(matched, byte);
            fresh = byte == b'\n';
            if matched == STATUS.len() {
                let next = at + 1;
                self.leave_out(next - from, self.position.saturating_add(next as u64))?;
                self.resync.take_back(STATUS.len());
                self.message.extend_from_slice(STATUS);
                self.state = State::Head { line: 0 };
                let more = next < bytes.len();
                let event = if more { Event::Blank } else { Event::NeedMore };
                return Ok(step(next, false, event));
            }
        }
        let end = self.position.saturating_add(bytes.len() as u64);
        self.leave_out(bytes.len().saturating_sub(from), end)?;
        self.state = State::Astray { matched, fresh };
        Ok(step(bytes.len(), false, Event::NeedMore))
    }

    /// Completes what may be a frame's beginning, of which `had` came before `bytes`;
    /// `adjacent`: it directly follows another item.
    pub(super) fn candidate(
        &mut self,
        mut had: [u8; LOOK],
        have: usize,
        adjacent: bool,
        bytes: &[u8],
    ) -> Result<Step, Invalid> {
        let mut count = have;
        for (to, from) in had.iter_mut().skip(have).zip(bytes) {
            *to = *from;
            count += 1;
        }
        let known = had.get(..count).unwrap_or_default();
        if let Some(fault) = self.resync.fault(known, adjacent) {
            let at = fault.saturating_sub(have);
            let end = self.position.saturating_add(at as u64);
            self.resync.begin(end.saturating_sub(fault as u64));
            self.leave_out(fault, end)?;
            let withdrawn = have;
            let step = self.search(at, 0, false, bytes)?;
            return Ok(Step { withdrawn, ..step });
        }
        let consumed = count - have;
        if count < LOOK {
            self.state = State::Candidate {
                bytes: had,
                have: count,
                adjacent,
            };
            return Ok(step(consumed, true, Event::NeedMore));
        }
        if adjacent {
            self.resync.doubt = false;
        }
        let [_, channel, high, low, _] = had;
        let length = u16::from_be_bytes([high, low]);
        let rest = bytes.get(consumed..).unwrap_or_default();
        let after = self.payload(channel, length, length.saturating_sub(1), rest);
        Ok(step(consumed + after.consumed, true, after.event))
    }

    /// The position in `part`, the next piece of a first line, of the first byte that
    /// cannot be part of a start line.
    pub(super) fn no_start(&self, part: &[u8]) -> Option<usize> {
        let binary = part.iter().position(|&byte| is_binary(byte));
        if !self.is_forgiving() {
            return binary;
        }
        let have = self.message.len();
        let mut line = [0; LONGEST_START];
        let mut count = 0;
        for (to, from) in line.iter_mut().zip(self.message.iter().chain(part)) {
            *to = *from;
            count += 1;
        }
        let begins = |length: &usize| line.get(..*length).unwrap_or_default();
        let mut lengths = have + 1..=count;
        let odd = lengths.find(|length| !self.may_start(begins(length)));
        let odd = odd.map(|length| length - 1 - have);
        odd.into_iter().chain(binary).min()
    }

    fn may_start(&self, line: &[u8]) -> bool {
        let description = match line {
            [kind] | [kind, b'=', ..] => self.described && kind.is_ascii_lowercase(),
            _ => false,
        };
        description || resync::may_start(line)
    }

    /// Whether stray bytes are skipped rather than refused.
    fn is_forgiving(&self) -> bool {
        self.lenient && self.proven
    }

    /// Counts stray bytes that end at `position`.
    fn leave_out(&mut self, count: usize, position: u64) -> Result<(), Invalid> {
        if self.resync.skip(count, position) {
            return Ok(());
        }
        Err(Invalid {
            position: self.resync.began,
            context: NEITHER,
        })
    }
}

fn candidate(adjacent: bool) -> State {
    State::Candidate {
        bytes: [0; LOOK],
        have: 0,
        adjacent,
    }
}
