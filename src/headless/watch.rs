//! `gonogo watch`: what happens, a line an event, fit for a log.

use crate::domain::event::Event;
use crate::domain::release::Stage;
use crate::domain::time::Timestamp;
use crate::present::clean::clean;
use crate::present::phrases::{conclusion_word, stage};
use crate::present::words;

/// One line, with its time in UTC.
pub fn line(at: Timestamp, event: &Event) -> String {
    let second = jiff::fmt::strtime::format("%H:%M:%SZ", at).unwrap_or_default();
    format!("{second}  {}", sentence(event))
}

/// What happened, in one sentence.
pub fn sentence(event: &Event) -> String {
    match event {
        Event::Watching { run, attempt } => format!("watching run {run}, attempt {attempt}"),
        Event::Stage { stage: at } => format!("release: {}", stage(at)),
        Event::JobStarted { name, .. } => format!("started    {}", clean(name)),
        Event::JobEnded {
            name,
            conclusion,
            seconds,
            ..
        } => {
            let ran = seconds.map_or(String::new(), |seconds| {
                format!(
                    "  {}",
                    words::duration(std::time::Duration::from_secs(seconds))
                )
            });
            format!("{:<10} {}{ran}", conclusion_word(conclusion), clean(name))
        }
        Event::GateWaits {
            environment,
            for_you: true,
        } => {
            format!("gate {} waits for you", clean(environment))
        }
        Event::GateWaits {
            environment,
            for_you: false,
        } => {
            format!("gate {} waits for a reviewer", clean(environment))
        }
        Event::GateLeft { environment } => format!("gate {} was decided", clean(environment)),
        Event::DigestKnown { image, digest } => format!("{image} was built: {digest}"),
        Event::TagMoved {
            tag,
            digest: Some(digest),
            ..
        } => {
            format!("tag {} points to {}", clean(tag), words::digest(digest))
        }
        Event::TagMoved {
            tag, digest: None, ..
        } => format!("tag {} is gone", clean(tag)),
        Event::OnPypi { version, files } => {
            format!(
                "the package index holds {}: {}",
                clean(version),
                words::number_of(*files, "file")
            )
        }
        Event::ReleaseMade { tag } => format!("the Release {} is published", clean(tag)),
        Event::SourceFails { source, what } => format!("{source}: {}", clean(what)),
        Event::SourceRecovered { source } => format!("{source} answers again"),
    }
}

/// The exit status that a stage ends `watch` with; `None` while it goes on.
///
/// 0 released (or nothing to release), 1 failed, rejected, cancelled or half published.
pub fn exit(at: &Stage) -> Option<u8> {
    match at {
        Stage::Released | Stage::NothingToRelease => Some(0),
        Stage::HalfPublished | Stage::Rejected | Stage::Failed | Stage::Cancelled => Some(1),
        Stage::Unknown
        | Stage::Building
        | Stage::Waiting { .. }
        | Stage::Promoting
        | Stage::Publishing => None,
    }
}
