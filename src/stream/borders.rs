//! The loop that watches the clock for everybody: answers change when time passes the date of a rule, although no revision
//! does. Waits for the next border of any environment, then has its listeners look again.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::snapshot::image::Image;
use crate::snapshot::registry::Registry;

/// The longest wait: the system's clock may be set, which no timer notices.
const LONGEST: Duration = Duration::from_secs(1);

/// Runs until cancelled.
pub async fn run(registry: Arc<Registry>, clock: Clock, stop: CancellationToken) {
    let mut before = clock.now_ms();
    loop {
        let now = clock.now_ms();
        let mut next = i64::MAX;
        for cell in registry.cells() {
            let image = cell.image();
            if let Some(border) = passed(&image, before, now) {
                cell.pass(border);
            }
            next = next.min(following(&image, now).unwrap_or(i64::MAX));
        }
        before = now;
        let wait =
            u64::try_from(next.saturating_sub(now)).map_or(LONGEST, Duration::from_millis).min(LONGEST);
        tokio::select! {
            () = stop.cancelled() => return,
            () = registry.swapped() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// The last border between two moments, whichever of them is the earlier: a clock that is set back passes borders too.
fn passed(image: &Image, before: i64, now: i64) -> Option<i64> {
    let (from, to) = (before.min(now), before.max(now));
    let borders = image.snapshot.borders();
    let end = borders.partition_point(|border| *border <= to);
    borders.get(end.checked_sub(1)?).copied().filter(|border| *border > from)
}

fn following(image: &Image, now: i64) -> Option<i64> {
    let borders = image.snapshot.borders();
    borders.get(borders.partition_point(|border| *border <= now)).copied()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use pennon_engine::{Flag, Meta, Reading, Snapshot};

    use super::{Image, following, passed};
    use crate::domain::images::Head;

    fn image() -> Image {
        let text = r#"{"key":"f","type":"boolean","variants":{"on":true,"off":false},"enabled":true,"fallthrough":{"variant":"off"},
            "rules":[{"id":"r","when":{"attribute":"$now","op":"after","values":["1970-01-01T00:00:10Z"]},"serve":{"variant":"on"}},
                     {"id":"s","when":{"attribute":"$now","op":"before","values":["1970-01-01T00:00:20Z"]},"serve":{"variant":"on"}}]}"#;
        let flag = Arc::new(Flag::parse("f", text, Reading::Lenient));
        assert!(flag.issues().is_empty(), "{:?}", flag.issues());
        let meta = Meta { epoch: 1, project: "p".into(), environment: "e".into(), revision: 1 };
        let head = Head { epoch: 1, revision: 1, change: "c".into() };
        Image::new(head, Snapshot::build(meta, vec![flag], Vec::new(), Vec::new()))
    }

    #[test]
    fn a_border_is_passed_once_in_either_direction() {
        let image = image();
        let borders = image.snapshot.borders();
        let (first, last) = (borders[0], borders[1]);
        assert_eq!((first, last), (10_001, 20_000));
        assert_eq!(passed(&image, 0, first - 1), None);
        assert_eq!(passed(&image, first - 1, first), Some(first));
        assert_eq!(passed(&image, first, first + 5), None);
        assert_eq!(passed(&image, 0, i64::MAX), Some(last));
        assert_eq!(passed(&image, last, first - 1), Some(last), "the clock was set back");
        assert_eq!(following(&image, 0), Some(first));
        assert_eq!(following(&image, first), Some(last));
        assert_eq!(following(&image, last), None);
    }
}
