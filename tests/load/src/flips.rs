//! Flips: one flag after the other is turned off and on again, at a steady pace.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::evaluations::States;
use crate::flags::Admin;
use crate::truth::Flip;

/// Who flips. The only writer of the environment while the load goes on.
#[derive(Debug)]
pub struct Flipper {
    admin: Admin,
    states: States,
    next: usize,
    /// All flips so far.
    pub done: Vec<Flip>,
    /// Flips that were answered before the node served them.
    pub unapplied: usize,
}

impl Flipper {
    /// Nothing flipped yet.
    pub fn new(admin: Admin, states: &States) -> Flipper {
        Flipper { admin, states: States::clone(states), next: 0, done: Vec::new(), unapplied: 0 }
    }

    /// The revision of the last flip.
    pub fn last(&self) -> Option<u64> {
        self.done.last().map(|flip| flip.revision)
    }

    /// Flips the next flag.
    pub async fn flip(&mut self) -> Result<()> {
        let count = self.states.borrow().len().max(1);
        let flag = self.next / 2 % count;
        self.next += 1;
        let on = self.change(flag, |state| {
            state.flips += 1;
            state.is_open = true;
            !state.is_on
        });
        let sent = Instant::now();
        let flipped = self.admin.flip(flag, on).await?;
        let answered = Instant::now();
        self.change(flag, |state| {
            state.is_on = on;
            state.is_open = !flipped.is_applied;
            on
        });
        self.unapplied += usize::from(!flipped.is_applied);
        self.done.push(Flip { flag, on, revision: flipped.revision, sent, answered });
        Ok(())
    }

    /// Flips so many a second for a time.
    pub async fn steadily(&mut self, rate: f64, time: Duration) -> Result<()> {
        let begin = Instant::now();
        if rate <= 0.0 {
            tokio::time::sleep(time).await;
            return Ok(());
        }
        let mut due = Duration::ZERO;
        while due < time {
            tokio::time::sleep_until((begin + due).into()).await;
            self.flip().await?;
            due += Duration::from_secs_f64(1.0 / rate);
        }
        tokio::time::sleep_until((begin + time).into()).await;
        Ok(())
    }

    /// So many as fast as they go; after an even number all flags are on.
    pub async fn quickly(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            self.flip().await?;
        }
        Ok(())
    }

    /// Begins its connection anew: the server was restarted.
    pub fn reconnect(&mut self) {
        self.admin.reconnect();
    }

    fn change(&self, flag: usize, by: impl FnOnce(&mut crate::evaluations::FlagState) -> bool) -> bool {
        self.states.borrow_mut().get_mut(flag).is_some_and(by)
    }
}
