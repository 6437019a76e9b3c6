//! [`Mention`]: one place where a document names another.
//!
//! Must not know whether what it names exists; linking finds out.

use crate::json::text;

/// What kind of document a mention names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Flag,
    Segment,
    Layer,
}

/// One place where a document names another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mention {
    pub(crate) kind: Kind,
    pub(crate) key: Box<str>,
    /// Of the member that holds the key.
    pub(crate) pointer: Box<str>,
    /// For a flag: the variants that count.
    pub(crate) variants: Box<[Box<str>]>,
}

impl Mention {
    /// The pointer of one of the variants.
    pub(crate) fn variant_pointer(&self, at: usize) -> String {
        let object = self.pointer.strip_suffix("/flag").unwrap_or(&self.pointer);
        format!("{object}/variants/{at}")
    }

    /// Appends `{"flag":…,"variants":[…]}`.
    pub(crate) fn print_flag(&self, out: &mut String) {
        out.push_str("{\"flag\":");
        text::quote(out, &self.key);
        out.push_str(",\"variants\":");
        text::list(out, &self.variants, |out, name| text::quote(out, name));
        out.push('}');
    }
}
