//! The selected job: how it stands, and its steps.

use ratatui::layout::Rect;

use super::{Contents, frame, inner_of, list_pane, state};
use crate::domain::fact::Ask;
use crate::domain::run::{Conclusion, Job, Status, Step};
use crate::domain::time::since;
use crate::present::clean::clean;
use crate::present::role::{Role, Sign};
use crate::present::{job, words};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane, Seen};
use crate::tui::widget::line::{Bit, Line};
use crate::tui::widget::{Canvas, Row};

/// One row a step, below the job's own line.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let Some(job) = scene.selected_job() else {
        return Vec::new();
    };
    let mut rows = vec![Row::heading(headline(scene, job))];
    let steps = job
        .steps
        .iter()
        .filter(|step| scene.ui.passes(Pane::Steps, &step.name));
    rows.extend(steps.map(|step| Row::of(Item::Step(job.id, step.number), step_line(scene, step))));
    rows
}

fn headline(scene: &Scene<'_>, job: &Job) -> Line {
    let sign = job::sign(job, &scene.model.policy.pipeline);
    let mut words = job::words(job, &scene.model.policy.pipeline);
    if let Some(runner) = job.runner.as_deref().filter(|runner| !runner.is_empty()) {
        words = format!("{words} on {}", clean(runner));
    }
    let time = match job.status {
        Status::Queued | Status::Waiting | Status::Pending | Status::Requested => job
            .created_at
            .map(|at| format!("for {}", words::duration(since(at, scene.now)))),
        _ => job.ran_for(scene.now).map(words::duration),
    };
    let usual = scene.model.outlook.expected.usual.of(&job.name);
    if let Some(usual) = usual.filter(|_| !job.is_over()) {
        words = format!("{words}, usually {}", words::duration(usual));
    }
    Line::of([Bit::sign(sign), Bit::of(role(sign), words).sentence()]).right(time.map(Bit::muted))
}

fn role(sign: Sign) -> Role {
    match sign {
        Sign::Failed => Role::Bad,
        Sign::Waits => Role::Wait,
        Sign::Queued | Sign::Skipped => Role::Muted,
        _ => Role::Plain,
    }
}

fn step_line(scene: &Scene<'_>, step: &Step) -> Line {
    let sign = job::step_sign(step);
    let time = match (&step.status, step.started_at, step.completed_at) {
        _ if step.conclusion == Some(Conclusion::Skipped) => None,
        (Status::Completed, Some(from), Some(to)) => Some(since(from, to)),
        (Status::InProgress, Some(from), _) => Some(since(from, scene.now)),
        _ => None,
    };
    let text = Bit::of(role(sign), job::step_name(step)).name();
    Line::of([Bit::sign(sign), text]).right(time.map(|time| Bit::muted(words::duration(time))))
}

pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let columns = usize::from(inner_of(area).width);
    let mut frame = frame(scene, Pane::Steps);
    let mut rows = rows(scene);
    match scene.selected_job() {
        Some(job) => {
            frame = frame.and(Bit::plain(clean(&job.name)).name());
            if job.steps.is_empty() {
                let why = match job.status {
                    Status::Completed => "It ran no steps.",
                    _ => "Its steps come when it starts.",
                };
                rows.extend(state::dim(why, columns, 2).into_iter().map(Row::heading));
            }
        }
        None => rows.extend(no_job(scene, inner_of(area)).into_iter().map(Row::heading)),
    }
    let contents = Contents {
        frame,
        rows,
        below: Vec::new(),
    };
    list_pane(scene, canvas, seen, Pane::Steps, area, contents);
}

/// Why there is no job to show.
pub(super) fn no_job(scene: &Scene<'_>, area: Rect) -> Vec<Line> {
    let columns = usize::from(area.width);
    match scene.model.outlook.run {
        None => vec![state::loading(scene, &Ask::Runs, "the release runs")],
        Some(run) if scene.jobs().is_empty() => {
            let failed = state::failures(scene, &[Ask::Jobs(run)], area);
            if failed.is_empty() {
                vec![state::loading(scene, &Ask::Jobs(run), "the run's jobs")]
            } else {
                failed
            }
        }
        Some(_) => state::said(
            Sign::Queued,
            "The selected job has not been made yet: it comes when what it needs has ended.",
            columns,
        ),
    }
}
