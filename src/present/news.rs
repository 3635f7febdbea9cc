//! An event as a sentence for the status line and for a notification.

use super::clean::clean;
use super::health;
use super::phrases;
use super::role::Sign;
use super::stage;
use crate::domain::event::Event;
use crate::domain::release::Sourced;

/// What to tell of an event; `None`: the screen shows it, and that is enough.
pub fn sentence(event: &Event, version: Option<&Sourced<String>>) -> Option<(Sign, String)> {
    let release = version.map_or("the release".to_owned(), |v| {
        format!("v{}", clean(&v.value))
    });
    let told = match event {
        Event::Stage { stage } => {
            let words = phrases::stage(stage);
            (stage::sign(stage), format!("{release}: {words}"))
        }
        Event::GateWaits {
            environment,
            for_you,
        } => {
            let whom = if *for_you { " for you" } else { "" };
            (
                Sign::Waits,
                format!("{release}: gate {} waits{whom}", clean(environment)),
            )
        }
        Event::GateLeft { environment } => (
            Sign::Done,
            format!("{release}: gate {} was decided", clean(environment)),
        ),
        Event::DigestKnown { digest, .. } => (
            Sign::Done,
            format!("{release}: the tested image is {}", digest.short()),
        ),
        Event::TagMoved { tag, digest, .. } => {
            let tag = clean(tag);
            match digest {
                Some(digest) => (
                    Sign::Done,
                    format!("`{tag}` points to {} now", digest.short()),
                ),
                None => (Sign::Absent, format!("`{tag}` is gone")),
            }
        }
        Event::OnPypi { version, files } => (
            Sign::Done,
            format!(
                "PyPI holds {} now, {}",
                clean(version),
                super::words::number_of(*files, "file")
            ),
        ),
        Event::ReleaseMade { tag } => (Sign::Done, format!("Release {} is out", clean(tag))),
        Event::SourceFails { what, .. } => (Sign::Warning, clean(what)),
        Event::SourceRecovered { source } => (
            Sign::Done,
            format!("{} answers again", health::name(source)),
        ),
        Event::Watching { .. } | Event::JobStarted { .. } | Event::JobEnded { .. } => return None,
    };
    Some(told)
}
