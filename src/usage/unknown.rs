//! Flags that this node was asked for and that are not defined, until they are written.

use dashmap::DashMap;

use super::batch::Trust;

/// Flags held between two writings: callers ask for whatever they like.
const HELD: usize = 2_000;

/// Flags that were asked for.
#[derive(Debug, Default)]
pub struct UnknownFlags {
    asked: DashMap<(String, Trust, String), i64>,
}

impl UnknownFlags {
    /// Notes that a flag was asked for; one too many is not noted.
    pub fn asked(&self, environment_id: &str, trust: Trust, flag: &str) {
        let place = (environment_id.to_owned(), trust, flag.to_owned());
        if let Some(mut count) = self.asked.get_mut(&place) {
            *count += 1;
            return;
        }
        if self.asked.len() < HELD {
            *self.asked.entry(place).or_insert(0) += 1;
        }
    }

    /// Takes away what was noted.
    pub fn drain(&self, mut take: impl FnMut(&str, Trust, &str, i64)) {
        self.asked.retain(|(environment, trust, flag), count| {
            take(environment, *trust, flag, *count);
            false
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{HELD, Trust, UnknownFlags};

    #[test]
    fn so_many_flags_are_held_and_each_is_given_away_once() {
        let unknown = UnknownFlags::default();
        for flag in 0..HELD + 10 {
            unknown.asked("e", Trust::Client, &flag.to_string());
        }
        unknown.asked("e", Trust::Client, "0");
        let mut taken = Vec::new();
        unknown.drain(|environment, trust, flag, count| {
            taken.push((environment.to_owned(), trust, flag.to_owned(), count));
        });
        assert_eq!(taken.len(), HELD);
        assert!(taken.contains(&("e".to_owned(), Trust::Client, "0".to_owned(), 2)));
        unknown.drain(|_, _, _, _| panic!("it was taken already"));
    }
}
