//! [`Listeners`]: who wants to be called, until their [`Subscription`] is dropped.
//!
//! Must not hold a lock while it calls, and must not let a caller's panic end a task.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, Weak};

type Call<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// Who is called with a `T`.
pub(crate) struct Listeners<T> {
    entries: Arc<Mutex<Entries<T>>>,
}

struct Entries<T> {
    next: u64,
    calls: Vec<(u64, Call<T>)>,
}

impl<T> Default for Listeners<T> {
    fn default() -> Self {
        Self { entries: Arc::new(Mutex::new(Entries { next: 0, calls: Vec::new() })) }
    }
}

/// The same listeners.
impl<T> Clone for Listeners<T> {
    fn clone(&self) -> Self {
        Self { entries: Arc::clone(&self.entries) }
    }
}

impl<T> fmt::Debug for Listeners<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Listeners")
    }
}

impl<T: 'static> Listeners<T> {
    pub(crate) fn add(&self, call: impl Fn(&T) + Send + Sync + 'static) -> Subscription {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let number = entries.next;
        entries.next += 1;
        entries.calls.push((number, Arc::new(call)));
        let entries: Weak<Mutex<Entries<T>>> = Arc::downgrade(&self.entries);
        Subscription {
            end: Some(Box::new(move || {
                let Some(entries) = entries.upgrade() else { return };
                // Dropped when nothing is locked: it may hold the last client, whose end is told to these very listeners.
                drop(take(&entries, number));
            })),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).calls.is_empty()
    }

    /// Calls everybody, one after another.
    pub(crate) fn tell(&self, what: &T) {
        let calls = self.entries.lock().unwrap_or_else(PoisonError::into_inner).calls.clone();
        for (_, call) in calls {
            guarded(|| call(what));
        }
    }
}

/// Takes out the call with this number.
fn take<T>(entries: &Mutex<Entries<T>>, number: u64) -> Option<Call<T>> {
    let mut entries = entries.lock().unwrap_or_else(PoisonError::into_inner);
    let at = entries.calls.iter().position(|(own, _)| *own == number)?;
    Some(entries.calls.remove(at).1)
}

/// Calls what somebody else wrote.
pub(crate) fn guarded(call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        tracing::error!(target: "pennon", "a listener panicked");
    }
}

/// Calls until it is dropped.
///
/// ```
/// # let flags = pennon_sdk::test::Flags::new();
/// let subscription = flags.client().on_change("new_checkout_flow", |change| {
///     println!("{} is another one since {}", change.flag, change.revision);
/// });
/// // … as long as it is held; or, for the rest of the process:
/// subscription.forever();
/// ```
#[must_use = "when it is dropped, nobody is called any more"]
pub struct Subscription {
    end: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Subscription {
    /// Goes on calling as long as the client lives, which is for ever when what is called holds a client itself.
    pub fn forever(mut self) {
        self.end = None;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end();
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Subscription")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn who_has_dropped_the_subscription_is_not_called() {
        let (listeners, count) = (Listeners::default(), Arc::new(AtomicUsize::new(0)));
        let add = || {
            let count = Arc::clone(&count);
            listeners.add(move |by: &usize| {
                count.fetch_add(*by, Ordering::Relaxed);
            })
        };
        let (first, second) = (add(), add());
        listeners.tell(&1);
        drop(first);
        listeners.tell(&10);
        second.forever();
        listeners.tell(&100);
        assert_eq!(count.load(Ordering::Relaxed), 112);
    }

    #[test]
    fn what_ends_with_a_listener_may_tell_the_others() {
        /// As the last client, whose end changes the status.
        struct Last(Listeners<()>);
        impl Drop for Last {
            fn drop(&mut self) {
                self.0.tell(&());
            }
        }
        let (listeners, (send, told)) = (Listeners::default(), std::sync::mpsc::channel());
        let other = send.clone();
        listeners.add(move |(): &()| other.send("told").unwrap()).forever();
        let last = Last(listeners.clone());
        let subscription = listeners.add(move |(): &()| assert!(!last.0.is_empty()));
        std::thread::spawn(move || {
            drop(subscription);
            send.send("dropped").unwrap();
        });
        let next = || told.recv_timeout(std::time::Duration::from_secs(10));
        assert_eq!([next(), next()], [Ok("told"), Ok("dropped")]);
    }

    #[test]
    fn a_listener_that_panics_keeps_nobody_from_being_called() {
        let (listeners, count) = (Listeners::default(), Arc::new(AtomicUsize::new(0)));
        let inner = Arc::clone(&count);
        let _bad = listeners.add(|(): &()| panic!("on purpose"));
        let _good = listeners.add(move |(): &()| {
            inner.fetch_add(1, Ordering::Relaxed);
        });
        listeners.tell(&());
        assert_eq!(count.load(Ordering::Relaxed), 1);
    }
}
