//! Writes the snapshot document from the texts as they were written.
//!
//! Must not rewrite a document: numbers and unknown members go on to other languages as they are.

use std::fmt::Write as _;

use super::{Meta, Snapshot};
use crate::issue::{Issue, IssueCode};
use crate::json::{Cursor, text};

impl Snapshot {
    /// The snapshot document: documents as they were written, sorted by key.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let Meta { epoch, project, environment, revision } = &self.meta;
        let mut out = format!("{{\"schemaVersion\":1,\"epoch\":{epoch},\"project\":");
        text::quote(&mut out, project);
        out.push_str(",\"environment\":");
        text::quote(&mut out, environment);
        let _ = write!(out, ",\"revision\":{revision},\"flags\":");
        documents(&mut out, self.flags.iter().map(|flag| (flag.key(), flag.text(), flag.issues())));
        out.push_str(",\"segments\":");
        documents(
            &mut out,
            self.segments.iter().map(|segment| (segment.key(), segment.text(), segment.issues())),
        );
        out.push_str(",\"layers\":");
        documents(&mut out, self.layers.iter().map(|layer| (layer.key(), layer.text(), layer.issues())));
        out.push('}');
        out.into_bytes()
    }
}

fn documents<'d>(out: &mut String, documents: impl Iterator<Item = (&'d str, &'d str, &'d [Issue])>) {
    out.push('{');
    for (at, (key, document, issues)) in documents.enumerate() {
        if at > 0 {
            out.push(',');
        }
        text::quote(out, key);
        out.push(':');
        out.push_str(if is_json(document, issues) { document } else { "null" });
    }
    out.push('}');
}

/// A document that is no JSON would make the whole one unreadable; null stands for it, and is broken alike.
fn is_json(document: &str, issues: &[Issue]) -> bool {
    if issues.iter().all(|issue| issue.code != IssueCode::InvalidJson) {
        return true;
    }
    // It may still be JSON, but nested too deeply for us.
    let mut cursor = Cursor::new(document);
    cursor.skip().is_ok() && cursor.finish().is_ok()
}
