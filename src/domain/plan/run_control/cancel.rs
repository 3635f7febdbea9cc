//! Stopping a run.

use super::shape::Shape;
use super::{about, known_run, meant};
use crate::domain::fact::Ask;
use crate::domain::ids::RunId;
use crate::domain::plan::words::list;
use crate::domain::plan::{
    Action, CancelHow, Condition, Draft, Ground, Intent, Plan, Refusal, RefusalKind, Repeat,
    RunState, Step, Undo, allowed,
};
use crate::domain::release::Stage;
use crate::domain::run::{Job, Run};

pub(super) fn needs(named: Option<RunId>, ground: &Ground<'_>) -> Vec<Ask> {
    let mut asks = vec![Ask::Viewer, Ask::Repository];
    if let Some(id) = meant(named, ground) {
        asks.extend([Ask::Run(id), Ask::Jobs(id)]);
    }
    asks
}

pub(super) fn plan(
    intent: &Intent,
    named: Option<RunId>,
    force: bool,
    ground: &Ground<'_>,
) -> Result<Plan, Refusal> {
    let run = known_run(named, ground)?;
    let viewer = allowed::viewer(ground)?;
    allowed::scope(viewer, "cancel a run")?;
    allowed::push(viewer, ground)?;
    if run.is_over() {
        return Err(over(run, ground));
    }
    let record = ground.snapshot.record(run.id);
    let jobs = record.and_then(|record| record.jobs.value());
    let jobs = jobs.map_or(&[][..], Vec::as_slice);
    let spared = Shape::of(run, jobs, ground)
        .map(|shape| shape.runs_whatever_happens())
        .unwrap_or_default();
    let how = if force {
        CancelHow::Forced
    } else {
        CancelHow::Politely
    };
    let step = Step {
        action: Action::Cancel {
            run: run.id,
            attempt: run.attempt,
            how,
        },
        before: vec![Condition::RunIs {
            run: run.id,
            attempt: run.attempt,
            state: RunState::Going,
        }],
        after: vec![Condition::Stopped {
            run: run.id,
            attempt: run.attempt,
            but: match how {
                CancelHow::Politely => spared.clone(),
                CancelHow::Forced => Vec::new(),
            },
        }],
        undo: Undo::Never("what was cancelled goes on only by a re-run".to_owned()),
        repeat: Repeat::OnlyIfUnchanged,
    };
    let draft = Draft {
        title: title(run, how, jobs),
        notes: notes(run, how, &spared, ground),
        steps: vec![step],
        rests_on: needs(named, ground),
        ..Draft::default()
    };
    Ok(ground.plan_about(intent, about(run, ground), draft))
}

fn title(run: &Run, how: CancelHow, jobs: &[Job]) -> String {
    let verb = match how {
        CancelHow::Politely => "Cancel",
        CancelHow::Forced => "Force the end of",
    };
    let going: Vec<&str> = jobs
        .iter()
        .filter(|job| !job.is_over())
        .map(|job| job.name.as_str())
        .collect();
    match going.as_slice() {
        [] => format!("{verb} run #{}", run.number),
        some if some.len() <= 4 => {
            let stops = if some.len() == 1 { "stops" } else { "stop" };
            format!(
                "{verb} run #{}: {} {stops}",
                run.number,
                list(some.iter().copied())
            )
        }
        many => format!("{verb} run #{}: {} jobs stop", run.number, many.len()),
    }
}

fn notes(run: &Run, how: CancelHow, spared: &[String], ground: &Ground<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let names = || list(spared.iter().map(String::as_str));
    match (how, spared.is_empty()) {
        (CancelHow::Politely, false) => notes.push(format!(
            "What runs whatever happens still does: {}.",
            names()
        )),
        (CancelHow::Forced, false) => notes.push(format!(
            "Forced: {} does not run either, so nothing is cleaned up by the pipeline. A plain cancel comes first.",
            names()
        )),
        (CancelHow::Forced, true) => notes.push(
            "Forced: jobs that would run whatever happens do not. A plain cancel comes first.".to_owned(),
        ),
        (CancelHow::Politely, true) => {}
    }
    if ground.outlook.run == Some(run.id) && ground.outlook.stage.0 == Stage::Promoting {
        notes.push(
            "The release tags are being moved: some may be left on the new image, and others not."
                .to_owned(),
        );
    }
    notes
}

fn over(run: &Run, ground: &Ground<'_>) -> Refusal {
    let publish = ground.outlook.publish_run.filter(|id| *id != run.id);
    let publish = publish.and_then(|id| ground.snapshot.run(id));
    let unblock = match publish.filter(|publish| !publish.is_over()) {
        Some(publish) => format!(
            "Its publish run #{} goes on: `--run {}` cancels that one.",
            publish.number, publish.id
        ),
        None => "There is nothing to stop.".to_owned(),
    };
    Refusal::new(
        RefusalKind::Nothing,
        format!("Run #{} has ended already.", run.number),
        unblock,
    )
}
