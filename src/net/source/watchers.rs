//! The outlets of all viewers that get media of a shared camera.
//!
//! Invariant: `indices` has the index of each viewer's outlet. Every event of a viewer's
//! socket, and every decision about places, looks for one viewer among all.

use std::collections::HashMap;

use crate::net::io::key::Key;

use super::outlet::Outlet;

/// Outlets, found by their viewers.
#[derive(Default)]
pub(super) struct Watchers {
    outlets: Vec<Outlet>,
    indices: HashMap<Key, usize>,
}

impl Watchers {
    /// All outlets, in no particular order.
    pub fn as_slice(&self) -> &[Outlet] {
        &self.outlets
    }

    /// The same, to write to. Nobody changes whose an outlet is.
    pub fn as_mut_slice(&mut self) -> &mut [Outlet] {
        &mut self.outlets
    }

    /// Where the outlet of a viewer is in [`Watchers::as_slice`].
    pub fn index(&self, viewer: Key) -> Option<usize> {
        self.indices.get(&viewer).copied()
    }

    /// Adds the outlet of a viewer that has none.
    pub fn push(&mut self, outlet: Outlet) {
        self.indices.insert(outlet.viewer, self.outlets.len());
        self.outlets.push(outlet);
    }

    /// Takes out the outlet of a viewer. The last one takes its place.
    pub fn remove(&mut self, viewer: Key) -> Option<Outlet> {
        let index = self.indices.remove(&viewer)?;
        let outlet = self.outlets.swap_remove(index);
        if let Some(moved) = self.outlets.get(index) {
            self.indices.insert(moved.viewer, index);
        }
        Some(outlet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::media::delivery::{Delivery, Framing};

    fn outlet(viewer: u16) -> Outlet {
        let delivery = Delivery::new(0, Framing::Bare, None);
        Outlet::new(Key::test(viewer), Key::test(1000 + viewer), delivery, false)
    }

    #[test]
    fn each_viewer_finds_its_own_outlet_whoever_came_and_went() {
        let mut watchers = Watchers::default();
        for viewer in 0..8 {
            watchers.push(outlet(viewer));
        }
        for viewer in [0, 7, 3] {
            let removed = watchers.remove(Key::test(viewer)).unwrap();
            assert_eq!(removed.socket, Key::test(1000 + viewer));
            assert!(watchers.remove(Key::test(viewer)).is_none());
        }
        watchers.push(outlet(3));
        for viewer in [1, 2, 3, 4, 5, 6] {
            let index = watchers.index(Key::test(viewer)).unwrap();
            let found = &watchers.as_slice()[index];
            assert_eq!(found.socket, Key::test(1000 + viewer));
        }
        assert_eq!(watchers.as_slice().len(), 6);
    }
}
