//! The printing faces: each waits for the engine, prints, and says with which status to exit.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::eyre::{self, eyre};

use super::{Session, print, print_json};
use crate::cli::GraphFormat;
use crate::domain::graph::{self, Graph};
use crate::engine::Model;
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
async fn settled(session: &mut Session) -> eyre::Result<Arc<Model>> {
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
    Ok(if model.outlook.run.is_some() {
        0
    } else {
        UNKNOWN
    })
}

pub(super) async fn runs(mut session: Session) -> eyre::Result<u8> {
    let model = settled(&mut session).await?;
    if session.json {
        print_json(&RunsV1::of(&model))?;
    } else {
        print(&headless::runs::text(&model))?;
    }
    Ok(if model.snapshot.runs.value().is_some() {
        0
    } else {
        UNKNOWN
    })
}

/// Follows to the end: an event a line.
pub(super) async fn watch(mut session: Session) -> eyre::Result<u8> {
    loop {
        tokio::select! {
            biased;
            event = session.engine.events.recv() => {
                let Some((at, event)) = event else { return Err(eyre!("the engine ended")) };
                if session.json {
                    print(&(serde_json::to_string(&EventV1::of(at, &event))? + "\n"))?;
                } else {
                    print(&(headless::watch::line(at, &event) + "\n"))?;
                }
            }
            changed = session.engine.model.changed() => {
                changed?;
                let model = Arc::clone(&session.engine.model.borrow_and_update());
                // What the end is follows from the last facts: the reviews, the jobs, and all tags.
                if model.is_settled()
                    && model.cached_at.is_none()
                    && let Some(status) = headless::watch::exit(&model.outlook.stage.0)
                {
                    drain(&mut session)?;
                    return Ok(status);
                }
            }
        }
    }
}

/// Prints what happened up to the end.
fn drain(session: &mut Session) -> eyre::Result<()> {
    while let Ok((at, event)) = session.engine.events.try_recv() {
        if session.json {
            print(&(serde_json::to_string(&EventV1::of(at, &event))? + "\n"))?;
        } else {
            print(&(headless::watch::line(at, &event) + "\n"))?;
        }
    }
    Ok(())
}

/// The watched run's graph.
pub(super) async fn graph(
    mut session: Session,
    format: GraphFormat,
    ascii: bool,
) -> eyre::Result<u8> {
    let model = settled(&mut session).await?;
    let outlook = &model.outlook;
    let Some(graph) = &outlook.graph else {
        let why = outlook
            .graph_fault
            .as_deref()
            .unwrap_or("no workflow file of the run is known");
        return Err(eyre!("the run's graph is not known: {}", clean(why)));
    };
    let jobs = outlook
        .run
        .and_then(|run| model.snapshot.record(run)?.jobs.value())
        .map_or(&[][..], Vec::as_slice);
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
        GraphFormat::Json => graph_text::json(graph),
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
