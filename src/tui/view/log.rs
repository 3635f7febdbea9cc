//! A job's log: the end of it, followed or scrolled, with what was searched for.

use ratatui::layout::Rect;

use super::{filter_bit, frame, inner_of, state, steps};
use crate::domain::fact::Ask;
use crate::domain::log::JobLog;
use crate::domain::run::Job;
use crate::present::clean::coloured;
use crate::present::role::{Role, Sign};
use crate::present::{clean::clean, words};
use crate::tui::scene::Scene;
use crate::tui::ui::{Pane, Seen};
use crate::tui::widget::Canvas;
use crate::tui::widget::line::{Bit, Line};

pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let inner = inner_of(area);
    let job = match scene.ui.inside {
        Some(id) => scene.jobs().iter().find(|job| job.id == id),
        None => scene.selected_job(),
    };
    let mut frame = frame(scene, Pane::Log);
    if let Some(job) = job {
        frame = frame.and(Bit::plain(clean(&job.name)).name());
    }
    if !scene.ui.filter(Pane::Log).is_empty() || scene.ui.typing == Some(Pane::Log) {
        frame = frame.and(filter_bit(scene, Pane::Log));
    }
    let log = job
        .and_then(|job| scene.log(job.id)?.value()?.as_ref())
        .filter(|log| !log.tail.is_empty());
    if let Some(log) = log {
        let height = usize::from(inner.height);
        let last = log.tail.len().saturating_sub(height);
        let top = scene.ui.log.top.unwrap_or(last).min(last);
        let left_out = log.lines.saturating_sub(log.tail.len() as u64);
        if left_out > 0 {
            let text = format!("last {} of {}", log.tail.len(), words::count(log.lines));
            frame = frame.count([Bit::muted(text)]);
        } else {
            let text = words::number_of(log.tail.len(), "line");
            frame = frame.count([Bit::muted(text)]);
        }
        if log.tail.len() > height {
            let to = (top + height).min(log.tail.len()) as u64;
            frame.position = format!("{} of {}", left_out + to, log.lines);
        }
        frame.draw(canvas, area);
        let lines: Vec<Line> = log
            .tail
            .iter()
            .skip(top)
            .take(height)
            .map(|line| line_of(scene, canvas, line))
            .collect();
        canvas.lines(inner, &lines);
        seen.log_lines = log.tail.len();
    } else {
        frame.draw(canvas, area);
        let lines = match job {
            Some(job) => why_empty(scene, job, inner),
            None => steps::no_job(scene, inner),
        };
        canvas.lines(inner, &lines);
    }
    seen.panes.insert(Pane::Log, inner);
}

/// A log's line in its own colours; GitHub's own marks are told apart.
fn line_of(scene: &Scene<'_>, canvas: &Canvas<'_>, line: &str) -> Line {
    let (mark, rest) = mark(line);
    let filter = scene.ui.filter(Pane::Log);
    let hit = !filter.is_empty() && scene.ui.passes(Pane::Log, &clean(line));
    let mut left = scene.ui.log.left;
    let mut bits = Vec::new();
    for piece in coloured(rest) {
        // What is scrolled out on the left goes by characters of one column or two.
        let mut text = piece.text.as_str();
        while left > 0 {
            let Some(first) = text.chars().next() else {
                break;
            };
            left -= words::width(&text[..first.len_utf8()]).clamp(1, left);
            text = &text[first.len_utf8()..];
        }
        if text.is_empty() {
            continue;
        }
        let mut bit = Bit::of(mark.unwrap_or_default(), text);
        if let (None, Some(colour)) = (mark, piece.colour) {
            bit.style = Some(canvas.log_colour(colour));
        }
        bit.strong = piece.bold;
        bits.push(bit);
    }
    if hit {
        for bit in &mut bits {
            bit.role = Role::Key;
            bit.style = None;
            bit.strong = true;
        }
    }
    Line::of(bits)
}

/// GitHub's marks at the start of a line: `##[error]`, `##[group]`.
fn mark(line: &str) -> (Option<Role>, &str) {
    for (mark, role) in [
        ("##[error]", Role::Bad),
        ("##[warning]", Role::Warn),
        ("##[notice]", Role::Active),
        ("##[group]", Role::Key),
        ("##[endgroup]", Role::Muted),
        ("##[debug]", Role::Muted),
        ("[command]", Role::Key),
    ] {
        if let Some(rest) = line.strip_prefix(mark) {
            return (Some(role), rest);
        }
    }
    (None, line)
}

/// Why there is no log, and what would bring one.
fn why_empty(scene: &Scene<'_>, job: &Job, area: Rect) -> Vec<Line> {
    let columns = usize::from(area.width);
    let ask = Ask::JobLog(job.id);
    if !job.is_over() {
        return state::said(
            Sign::Queued,
            "GitHub gives a job's log out when the job has ended; it is fetched then.",
            columns,
        );
    }
    let failed = state::failures(scene, std::slice::from_ref(&ask), area);
    if !failed.is_empty() {
        return failed;
    }
    match scene.log(job.id).and_then(|log| log.value()) {
        Some(None) => state::said(
            Sign::Absent,
            "The job wrote no log, or it has expired.",
            columns,
        ),
        Some(Some(JobLog { .. })) => state::said(Sign::Absent, "The log is empty.", columns),
        None => vec![state::loading(scene, &ask, "the log")],
    }
}
