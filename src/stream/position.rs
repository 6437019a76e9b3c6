//! Where a listener stands in an environment's history: `<epoch>-<revision>`, the id of every event.

use std::fmt;
use std::str::FromStr;

use crate::domain::images::Head;

/// A place in a history. Epochs order before revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The millisecond at which the line of history began.
    pub epoch: i64,
    /// The revision.
    pub revision: i64,
}

impl From<&Head> for Position {
    fn from(head: &Head) -> Position {
        Position { epoch: head.epoch, revision: head.revision }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.revision)
    }
}

/// A text is no position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a position is <epoch>-<revision>, such as 1763850000000-42")]
pub struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Position, NoPosition> {
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            if is_number { text.parse::<i64>().map_err(|_| NoPosition) } else { Err(NoPosition) }
        };
        let (epoch, revision) = text.split_once('-').ok_or(NoPosition)?;
        Ok(Position { epoch: number(epoch)?, revision: number(revision)? })
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn a_position_is_read_as_it_was_written_and_epochs_order_first() {
        let position: Position = "1763850000000-42".parse().unwrap();
        assert_eq!(position, Position { epoch: 1_763_850_000_000, revision: 42 });
        assert_eq!(position.to_string(), "1763850000000-42");
        assert!(Position { epoch: 2, revision: 1 } > Position { epoch: 1, revision: 9 });
        for bad in ["", "42", "-42", "1-", "1-2-3", "+1-2", "1--2", "x-1", "1-99999999999999999999", "1 -2"] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }
}
