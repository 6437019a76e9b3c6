//! [`Draft`]: what is collected while a flag or a segment is read.

use std::fmt::Display;

use super::mention::{Kind, Mention};
use crate::issue::Problems;
use crate::read::{self, Members};

/// The issues and mentions found so far, and the variants that may be served.
pub(crate) struct Draft {
    pub(crate) problems: Problems,
    pub(crate) mentions: Vec<Mention>,
}

impl Draft {
    pub(crate) fn new(problems: Problems) -> Self {
        Self { problems, mentions: Vec::new() }
    }

    /// Runs `read` with the pointer one token deeper.
    pub(crate) fn within<T>(&mut self, token: impl Display, read: impl FnOnce(&mut Self) -> T) -> T {
        let mark = self.problems.enter(token);
        let result = read(self);
        self.problems.leave(mark);
        result
    }

    /// Notes that the member `member` here names `key`; gives the mention's index.
    pub(crate) fn mention(&mut self, kind: Kind, member: &str, key: &str, variants: Box<[Box<str>]>) -> u32 {
        let pointer = format!("{}/{member}", self.problems.pointer()).into();
        let index = u32::try_from(self.mentions.len()).unwrap_or(u32::MAX);
        self.mentions.push(Mention { kind, key: key.into(), pointer, variants });
        index
    }

    /// Reads `flag` and `variants`, of a prerequisite or a condition.
    pub(crate) fn flag_reference(&mut self, members: &Members<'_, '_>) -> Option<u32> {
        let key = members.need("flag", &mut self.problems, read::string);
        let variants = members.need("variants", &mut self.problems, |node, problems| {
            read::filled_list(node, problems)?;
            let names = read::values(node, problems)?;
            Some(read::each(names, problems, |node, problems| read::string(node, problems).map(Box::from)))
        });
        Some(self.mention(Kind::Flag, "flag", key?, variants?.into()))
    }
}
