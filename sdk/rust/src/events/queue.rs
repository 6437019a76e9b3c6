//! [`Queue`]: what waits for being sent. Bounded, and without a lock.

use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_queue::SegQueue;

/// A bounded queue.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    items: SegQueue<T>,
    length: AtomicUsize,
    limit: usize,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pushed {
    Kept,
    /// Kept, and now half of the queue is full.
    HalfFull,
    Full,
}

impl<T> Queue<T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self { items: SegQueue::new(), length: AtomicUsize::new(0), limit }
    }

    pub(crate) fn push(&self, item: T) -> Pushed {
        let before = self.length.fetch_add(1, Ordering::Relaxed);
        if before >= self.limit {
            self.length.fetch_sub(1, Ordering::Relaxed);
            return Pushed::Full;
        }
        self.items.push(item);
        if before + 1 == self.limit.div_ceil(2) { Pushed::HalfFull } else { Pushed::Kept }
    }

    pub(crate) fn pop(&self) -> Option<T> {
        let item = self.items.pop()?;
        self.length.fetch_sub(1, Ordering::Relaxed);
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_above_the_limit_is_refused_until_there_is_room() {
        let queue = Queue::new(4);
        let pushed: Vec<Pushed> = (0..6).map(|item| queue.push(item)).collect();
        assert_eq!(
            pushed,
            [Pushed::Kept, Pushed::HalfFull, Pushed::Kept, Pushed::Kept, Pushed::Full, Pushed::Full]
        );
        assert_eq!(queue.pop(), Some(0));
        assert_eq!((queue.push(6), queue.push(7)), (Pushed::Kept, Pushed::Full));
        assert_eq!(std::iter::from_fn(|| queue.pop()).collect::<Vec<_>>(), [1, 2, 3, 6]);
    }
}
