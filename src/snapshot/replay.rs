//! From rows of the change table to the next image. Pure: decides whether the rows continue what memory holds.

use std::sync::Arc;

use pennon_engine::{Change as Edit, Flag, Layer, Reading, Segment};

use super::image::Image;
use super::trail::Step;
use crate::domain::images::Head;
use crate::store::change::Change;

/// What the rows from memory's own revision on mean.
#[derive(Debug)]
pub enum Replay {
    /// They continue it: the next image.
    Next(Box<Image>),
    /// Nothing new.
    Same,
    /// Something is missing: read everything anew.
    Gap,
    /// Another history: the change at memory's revision is not the one that was applied.
    Rewritten,
}

/// Replays rows, which begin with memory's own revision, in order of revision and seq.
#[must_use]
pub fn replay(image: &Image, rows: &[Change]) -> Replay {
    let have = &image.head;
    let Some(own) = rows.iter().find(|row| row.revision == have.revision && row.seq == 0) else {
        return Replay::Gap;
    };
    if own.id != have.change {
        return Replay::Rewritten;
    }
    let mut head = have.clone();
    let mut edit = Edit::default();
    let mut steps = Vec::new();
    let mut changed_at = image.changed_at;
    for row in rows.iter().filter(|row| row.revision > have.revision) {
        if row.revision > head.revision + 1 || (row.revision == head.revision + 1 && row.seq != 0) {
            return Replay::Gap;
        }
        if row.seq == 0 {
            head = Head { epoch: have.epoch, revision: row.revision, change: row.id.clone() };
        }
        Step::add(&mut steps, row.revision, &row.kind, &row.key);
        changed_at = row.created_at;
        add(&mut edit, row);
    }
    if head == *have {
        return Replay::Same;
    }
    Replay::Next(Box::new(image.next(head, edit, steps, changed_at)))
}

/// Adds one row; the last one of a key counts.
fn add(edit: &mut Edit, row: &Change) {
    let (key, text) = (&row.key, row.document.as_deref());
    match row.kind.as_str() {
        "flag" => {
            put(&mut edit.flags, key, text.map(|text| Arc::new(Flag::parse(key, text, Reading::Lenient))));
        }
        "segment" => {
            put(
                &mut edit.segments,
                key,
                text.map(|text| Arc::new(Segment::parse(key, text, Reading::Lenient))),
            );
        }
        "layer" => {
            put(&mut edit.layers, key, text.map(|text| Arc::new(Layer::parse(key, text, Reading::Lenient))));
        }
        // "environment": a revision that changes nothing of the snapshot; kinds of a newer version: none yet.
        _ => {}
    }
}

fn put<T>(list: &mut Vec<(String, Option<Arc<T>>)>, key: &str, value: Option<Arc<T>>) {
    list.retain(|(own, _)| own != key);
    list.push((key.to_owned(), value));
}

#[cfg(test)]
mod tests {
    use pennon_engine::{Meta, Snapshot};

    use super::{Change, Head, Image, Replay, replay};
    use crate::snapshot::trail::Trail;

    fn image() -> Image {
        let meta = Meta { epoch: 1, project: "p".into(), environment: "e".into(), revision: 5 };
        let head = Head { epoch: 1, revision: 5, change: "c5".into() };
        Image::new(head, Snapshot::build(meta, Vec::new(), Vec::new(), Vec::new()))
            .with_past(Trail::default(), 0)
    }

    fn row(id: &str, revision: i64, seq: i64, document: Option<&str>) -> Change {
        Change {
            id: id.into(),
            revision,
            seq,
            kind: "flag".into(),
            key: "f".into(),
            document: document.map(str::to_owned),
            created_at: revision * 1_000_000,
        }
    }

    const FLAG: &str = r#"{"key":"f","type":"boolean","variants":{"on":true},"enabled":true,"fallthrough":{"variant":"on"}}"#;

    #[test]
    fn rows_that_continue_memory_give_the_next_image() {
        let rows = [
            row("c5", 5, 0, None),
            row("c6", 6, 0, Some(FLAG)),
            row("c6b", 6, 1, Some(FLAG)),
            row("c7", 7, 0, None),
        ];
        let Replay::Next(next) = replay(&image(), &rows[..3]) else { panic!("no next image") };
        assert_eq!((next.head.revision, next.head.change.as_str()), (6, "c6"));
        assert!(next.snapshot.flag("f").is_some() && next.answer("f").is_some());
        let Replay::Next(next) = replay(&image(), &rows) else { panic!("no next image") };
        assert_eq!((next.head.revision, next.changed_at), (7, 7_000_000));
        let patch = next.patch(5).unwrap();
        let patch = std::str::from_utf8(&patch).unwrap();
        assert!(patch.ends_with(
            "\"from\":5,\"revision\":7,\"flags\":{\"f\":null},\"segments\":{},\"layers\":{}}\n\n"
        ));
        assert!(next.patch(4).is_none(), "what led to the first image is not known");
        assert!(next.snapshot.flag("f").is_none() && next.answer("f").is_none());
        assert!(matches!(replay(&image(), &rows[..1]), Replay::Same));
    }

    #[test]
    fn a_gap_is_seen_and_so_is_another_history() {
        assert!(matches!(replay(&image(), &[]), Replay::Gap));
        assert!(matches!(replay(&image(), &[row("c6", 6, 0, None)]), Replay::Gap));
        assert!(matches!(replay(&image(), &[row("c5", 5, 0, None), row("c7", 7, 0, None)]), Replay::Gap));
        assert!(matches!(replay(&image(), &[row("c5", 5, 0, None), row("c6", 6, 1, None)]), Replay::Gap));
        assert!(matches!(
            replay(&image(), &[row("x5", 5, 0, None), row("c6", 6, 0, None)]),
            Replay::Rewritten
        ));
    }
}
