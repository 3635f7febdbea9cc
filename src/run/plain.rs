//! The printing faces: each waits for the engine, prints, and says with which status to exit.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{self, eyre};

use super::{READER_GONE, Reader, Session, print, print_json, tell};
use crate::cli::GraphFormat;
use crate::domain::event::Event;
use crate::domain::fact::FailureKind;
use crate::domain::graph::{self, Graph};
use crate::domain::ids::RunId;
use crate::domain::release::{self, Stage};
use crate::domain::run::Job;
use crate::domain::time::Timestamp;
use crate::engine::{Message, Model};
use crate::headless::check::CheckV1;
use crate::headless::json_v1::{EventV1, RunsV1, StatusV1};
use crate::headless::{self, graph as graph_text};
use crate::present::clean::clean;
use crate::present::graph::{Charset, Facts, Options, draw_to_fit};
use crate::present::words;

/// How long a single snapshot may take, in the machine's own time.
const PATIENCE: Duration = Duration::from_secs(30);
/// "Cannot tell".
const UNKNOWN: u8 = 2;

/// Waits until everything of interest has been looked at, or patience ends; what is known by then counts.
pub(super) async fn settled(session: &mut Session) -> eyre::Result<Arc<Model>> {
    let waited = tokio::time::timeout(PATIENCE, session.engine.refreshed()).await;
    match waited {
        Ok(Some(model)) => Ok(model),
        Ok(None) => Err(eyre!("the engine ended before it had an answer")),
        Err(_) => {
            let model = Arc::clone(&session.engine.model.borrow());
            if !session.quiet {
                let open = words::number_of(model.in_flight.len(), "question");
                let _ = writeln!(
                    std::io::stderr(),
                    "gonogo: {open} had no answer in time; this is what is known"
                );
            }
            Ok(model)
        }
    }
}

pub(super) async fn status(mut session: Session) -> eyre::Result<u8> {
    let model = settled(&mut session).await?;
    if session.json {
        print_json(&StatusV1::of(&model))?;
    } else {
        print(&headless::status::text(&model))?;
    }
    if model.has_seen_the_run() {
        return Ok(0);
    }
    say(&session, &headless::status::why_unseen(&model));
    Ok(UNKNOWN)
}

/// The board of what would be let go now.
pub(super) async fn check(mut session: Session) -> eyre::Result<u8> {
    let model = settled(&mut session).await?;
    if session.json {
        print_json(&CheckV1::of(&model))?;
    } else {
        print(&headless::check::text(&model))?;
    }
    if !model.has_seen_the_run() {
        say(&session, &headless::status::why_unseen(&model));
        return Ok(UNKNOWN);
    }
    Ok(headless::check::exit(&model))
}

pub(super) async fn runs(mut session: Session) -> eyre::Result<u8> {
    let model = settled(&mut session).await?;
    if session.json {
        print_json(&RunsV1::of(&model))?;
    } else {
        print(&headless::runs::text(&model))?;
    }
    let seen_at = model.snapshot.runs.seen_at();
    if seen_at.is_some_and(|at| at >= model.began) {
        return Ok(0);
    }
    say(&session, &headless::status::why_unseen(&model));
    Ok(UNKNOWN)
}

/// One sentence on stderr, beside the output.
fn say(session: &Session, sentence: &str) {
    if !session.quiet {
        let _ = writeln!(std::io::stderr(), "gonogo: {sentence}");
    }
}

/// Follows to the end: an event a line.
pub(super) async fn watch(mut session: Session) -> eyre::Result<u8> {
    let mut teller = Teller {
        json: session.json,
        run: None,
        stage: None,
    };
    let mut followed = None;
    loop {
        tokio::select! {
            biased;
            event = session.engine.events.recv() => {
                let Some((at, event)) = event else { return Err(eyre!("the engine ended")) };
                if teller.tell(at, &event)? == Reader::Gone {
                    return Ok(READER_GONE);
                }
            }
            changed = session.engine.model.changed() => {
                changed?;
                let model = Arc::clone(&session.engine.model.borrow_and_update());
                if !model.is_settled() {
                    continue;
                }
                // It is this run whose end is told, whichever needs a look more by then.
                if followed.is_none() && let Some(run) = model.outlook.run {
                    session.engine.send(Message::Follow(run));
                    followed = Some(run);
                }
                let Some(status) = ended(&session, &model) else { continue };
                while let Ok((at, event)) = session.engine.events.try_recv() {
                    if teller.tell(at, &event)? == Reader::Gone {
                        return Ok(READER_GONE);
                    }
                }
                teller.sum_up(&model)?;
                return Ok(status);
            }
        }
    }
}

/// The exit status of `watch`, once the run has ended and all that its end follows from is known.
fn ended(session: &Session, model: &Model) -> Option<u8> {
    let id = model.outlook.run?;
    let record = model.snapshot.record(id)?;
    let Some(run) = model.snapshot.run(id) else {
        // Others are waited for; a run that was named and does not exist never comes.
        let failure = record.run.failure()?;
        if failure.kind != FailureKind::NotFound {
            return None;
        }
        say(session, &headless::status::why_unseen(model));
        return Some(UNKNOWN);
    };
    if !model.has_seen_the_run() || !release::jobs_are_final(run, record) {
        return None;
    }
    let status = headless::watch::exit(&model.outlook.stage.0);
    if status.is_none() && run.is_over() {
        say(
            session,
            "the run has ended, but nothing shows whether it released anything",
        );
        return Some(UNKNOWN);
    }
    status
}

/// Prints events, and knows what was told last.
struct Teller {
    json: bool,
    run: Option<RunId>,
    stage: Option<Stage>,
}

impl Teller {
    fn tell(&mut self, at: Timestamp, event: &Event) -> eyre::Result<Reader> {
        match event {
            Event::Watching { run, .. } => (self.run, self.stage) = (Some(*run), None),
            Event::Stage { stage } => self.stage = Some(stage.clone()),
            _ => {}
        }
        let line = if self.json {
            headless::json_v1::fit(&serde_json::to_string(&EventV1::of(at, event))?)
        } else {
            headless::watch::line(at, event)
        };
        tell(&(line + "\n"))
    }

    /// Which run it was and how it ended, where no event said so: it may have ended before anybody watched.
    fn sum_up(&mut self, model: &Model) -> eyre::Result<()> {
        let Some(run) = model.outlook.run else {
            return Ok(());
        };
        if self.run != Some(run) && model.snapshot.run(run).is_some() {
            let attempt = model.outlook.attempt;
            self.tell(model.now, &Event::Watching { run, attempt })?;
        }
        let stage = &model.outlook.stage.0;
        if self.stage.as_ref() != Some(stage) {
            let stage = stage.clone();
            self.tell(model.now, &Event::Stage { stage })?;
        }
        Ok(())
    }
}

/// The watched run's graph.
pub(super) async fn graph(
    mut session: Session,
    format: GraphFormat,
    ascii: bool,
) -> eyre::Result<u8> {
    let model = settled(&mut session).await?;
    let outlook = &model.outlook;
    let jobs = outlook
        .run
        .and_then(|run| model.snapshot.record(run)?.jobs.value())
        .map_or(&[][..], Vec::as_slice);
    let Some(graph) = &outlook.graph else {
        return flat(&model, jobs, format, session.quiet);
    };
    let statuses = graph::statuses(graph, &outlook.matching, jobs);
    let facts = Facts {
        statuses: Some(&statuses),
        advisory: model
            .policy
            .pipeline
            .advisory_jobs
            .iter()
            .cloned()
            .collect(),
        legs: None,
        now: Some(model.now),
    };
    print(&draw(graph, &facts, format, ascii))
}

/// The jobs without edges, where the files that hold the edges could not be read; stderr says so.
fn flat(model: &Model, jobs: &[Job], format: GraphFormat, quiet: bool) -> eyre::Result<u8> {
    let fault = model.outlook.graph_fault.as_deref();
    let why = clean(fault.unwrap_or("no workflow file of the run is known"));
    if jobs.is_empty() {
        return Err(eyre!("the run's graph is not known: {why}"));
    }
    if !quiet {
        let _ = writeln!(
            std::io::stderr(),
            "gonogo: a list without edges, because the graph is not known: {why}"
        );
    }
    match format {
        GraphFormat::Json => print(&graph_text::flat_json(jobs)),
        GraphFormat::Text | GraphFormat::Mermaid => print(&graph_text::flat_text(jobs, model.now)),
    }
}

/// A graph in one of its formats.
pub(super) fn draw(graph: &Graph, facts: &Facts<'_>, format: GraphFormat, ascii: bool) -> String {
    match format {
        GraphFormat::Text => {
            let charset = if ascii {
                Charset::Ascii
            } else {
                Charset::Unicode
            };
            let options = Options {
                charset,
                ..Options::default()
            };
            draw_to_fit(graph, facts, &options, columns()).text()
        }
        GraphFormat::Json => headless::json_v1::fit(&graph_text::json(graph)),
        GraphFormat::Mermaid => graph_text::mermaid(graph),
    }
}

/// Columns of the terminal; where there is none (a pipe, a file), enough for the whole drawing.
fn columns() -> usize {
    use std::io::IsTerminal as _;
    const WITHOUT_TERMINAL: usize = 240;
    if !std::io::stdout().is_terminal() {
        return WITHOUT_TERMINAL;
    }
    crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns))
}
