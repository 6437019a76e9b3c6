//! The way of every evaluation: load the snapshot, decide, count.
//!
//! Must not lock or allocate for a flag that is there and not tracked.

use pennon_engine::{Asked, At, Evaluation};

use crate::context::Context;
use crate::core::Core;
use crate::details::ErrorCode;
use crate::image::Image;
use crate::moment::now_ms;

/// Decides one flag and gives `read` what was decided; None when there is no snapshot to decide by.
#[inline]
pub(crate) fn evaluate<R>(
    core: &Core,
    key: &str,
    context: &Context,
    asked: Option<Asked>,
    read: impl FnOnce(Option<&Evaluation<'_>>) -> R,
) -> R {
    let held = core.image.load();
    let Some(image) = held.as_deref() else {
        if core.counts {
            core.tally.missed(key, ErrorCode::ProviderNotReady);
        }
        return read(None);
    };
    if let Some(moment) = &core.moment {
        let set = moment.get();
        let at = At { now_ms: set.now_ms, random: set.random, instance: set.instance.as_deref() };
        return read(Some(&decide(core, image, key, context, asked, |_| at)));
    }
    let at = |is_timed: bool| At {
        // Asking for the time takes as long as deciding a simple flag.
        now_ms: if is_timed { now_ms() } else { 0 },
        random: fastrand::u32(..),
        instance: Some(&core.instance),
    };
    read(Some(&decide(core, image, key, context, asked, at)))
}

#[inline]
fn decide<'i, 'a>(
    core: &Core,
    image: &'i Image,
    key: &str,
    context: &Context,
    asked: Option<Asked>,
    at: impl FnOnce(bool) -> At<'a>,
) -> Evaluation<'i> {
    let context = context.engine();
    let Some(flag) = image.snapshot.flag(key) else {
        let found = image.snapshot.evaluate(key, context, asked, &at(false));
        if let (true, Some(code)) = (core.counts, found.error()) {
            core.tally.missed(key, code.into());
        }
        return found;
    };
    let at = at(image.is_timed(&flag));
    let found = flag.evaluate(context, asked, &at);
    if core.counts {
        image.counts.add(flag.position(), &found);
        if found.track().is_some() {
            core.tally.exposed(&found, context, &at, now_ms);
        }
    }
    found
}
