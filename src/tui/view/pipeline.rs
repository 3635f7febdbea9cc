//! Pane 1: the job graph with its edges, the timeline below it, and jobs that are in no workflow file.

use ratatui::layout::Rect;

use super::{filter_bit, frame, in_tabs, inner_of, state, steps, timeline};
use crate::domain::fact::Ask;
use crate::domain::graph::Graph;
use crate::domain::run::{Job, Run};
use crate::domain::time::since;
use crate::present::clean::clean;
use crate::present::flow::Flow;
use crate::present::graph::{self, Charset, Drawing, Facts, Options, Placed};
use crate::present::role::{Role, Sign};
use crate::present::{job, words};
use crate::tui::items;
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane, Seen, Target, View};
use crate::tui::widget::line::{Bit, Line};
use crate::tui::widget::list::{self, top_for};
use crate::tui::widget::{Canvas, Row};

/// Jobs that stand in no graph: all of them where there is none, else those that fit no node.
pub(crate) fn loose_rows(scene: &Scene<'_>) -> Vec<Row> {
    let flow = &scene.ui.flow;
    let jobs = scene.jobs();
    if flow.graph.is_none() {
        return jobs.iter().map(|job| job_row(scene, job)).collect();
    }
    let loose: Vec<Row> = jobs
        .iter()
        .filter(|job| flow.matching.unmatched.contains(&job.id))
        .map(|job| job_row(scene, job))
        .collect();
    let mut rows = Vec::new();
    if !loose.is_empty() {
        let text = "In no workflow file of this commit:";
        rows.push(Row::heading(Line::of([Bit::muted(text).sentence()])));
    }
    rows.extend(loose);
    rows
}

fn job_row(scene: &Scene<'_>, found: &Job) -> Row {
    let pipeline = &scene.model.policy.pipeline;
    let sign = job::sign(found, pipeline);
    let role = match sign {
        Sign::Failed => Role::Bad,
        Sign::Waits => Role::Wait,
        Sign::Queued | Sign::Skipped => Role::Muted,
        _ => Role::Plain,
    };
    let mut right = Vec::new();
    if sign == Sign::Warning {
        right.push(Bit::muted("advisory  "));
    }
    if let Some(ran) = found.ran_for(scene.now) {
        right.push(Bit::muted(words::duration(ran)));
    }
    let line = Line::of([Bit::sign(sign), Bit::of(role, clean(&found.name)).name()]).right(right);
    Row::of(Item::Job(found.id), line)
}

pub(super) fn facts<'a>(scene: &'a Scene<'_>) -> Facts<'a> {
    Facts {
        statuses: Some(&scene.ui.flow.statuses),
        advisory: scene.ui.flow.advisory.clone(),
        legs: None,
        now: Some(scene.now),
    }
}

fn picture(scene: &Scene<'_>, graph: &Graph, columns: usize, rows: usize) -> Drawing {
    let options = Options {
        charset: Charset::Unicode,
        open: scene.ui.open.clone(),
        ..Options::default()
    };
    let facts = facts(scene);
    let legs = graph::legs(graph, &scene.ui.flow.matching, scene.jobs(), &facts);
    let facts = Facts {
        legs: Some(&legs),
        ..facts
    };
    if scene.ui.view == View::Jobs || columns < LEAST_GRID {
        return graph::draw_tree(graph, &facts, &options, columns);
    }
    // Where not even bands fit, the graph scrolls, at a width that still tells names apart.
    graph::draw_in_bands(graph, &facts, &options, columns, rows).unwrap_or_else(|| {
        let options = Options {
            name_width: SCROLLED_NAME,
            ..options.clone()
        };
        graph::draw_grid(graph, &facts, &options)
    })
}

/// Columns below which a list of jobs says more than a window on the graph.
const LEAST_GRID: usize = 78;
/// Columns of a name in a graph that does not fit.
const SCROLLED_NAME: usize = 14;
/// Columns that stay in sight behind the selected job: what comes next.
const AHEAD: usize = 24;

pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let inner = inner_of(area);
    let mut frame = frame(scene, Pane::Pipeline);
    let run = scene.run();
    if let Some(run) = run
        && !in_tabs(scene)
    {
        frame = frame.and(Bit::plain(format!(
            "#{} attempt {}",
            run.number, run.attempt
        )));
        frame = frame.and(Bit::muted(elapsed(scene, run)));
        if scene.ui.size.width < 150 && scene.ui.view == View::Release {
            frame.title.push(Bit::muted(" ─ "));
            frame.title.extend(super::header::waits(scene));
        }
    }
    if !scene.ui.filter(Pane::Pipeline).is_empty() || scene.ui.typing == Some(Pane::Pipeline) {
        frame = frame.and(filter_bit(scene, Pane::Pipeline));
    }
    let mut asks: Vec<Ask> = vec![Ask::Runs];
    asks.extend(scene.model.outlook.run.map(Ask::Jobs));
    let mut count = state::age(scene, asks.get(1..).unwrap_or_default());
    let (over, all) = Flow::progress(scene.jobs());
    if all > 0 {
        if !count.is_empty() {
            count.push(Bit::plain("  "));
        }
        count.push(Bit::muted(format!("{over}/{all}")));
    }
    frame.count = count;

    let columns = usize::from(inner.width);
    let mut below = state::failures(scene, &asks, inner);
    if scene.ui.flow.graph.is_none() && !scene.jobs().is_empty() {
        below.extend(why_flat(scene, columns));
    }
    let low = u16::try_from(below.len())
        .unwrap_or(u16::MAX)
        .min(inner.height / 3);
    let body = Rect {
        height: inner.height - low,
        ..inner
    };
    let picture = scene
        .ui
        .flow
        .graph
        .as_ref()
        .map(|graph| picture(scene, graph, columns, usize::from(body.height)));
    let loose = loose_rows(scene);
    let shown = match &picture {
        Some(picture) => {
            let rest = body
                .height
                .saturating_sub(u16::try_from(picture.height()).unwrap_or(u16::MAX));
            let loose_height = u16::try_from(loose.len()).unwrap_or(0).min(body.height / 3);
            let graph_height = body.height - loose_height.min(body.height);
            let bars = timeline::height(scene, rest.saturating_sub(loose_height));
            let graph_area = Rect {
                height: graph_height - bars,
                ..body
            };
            let loose_area = Rect {
                y: graph_area.bottom(),
                height: loose_height,
                ..body
            };
            let bars_area = Rect {
                x: area.x,
                y: loose_area.bottom(),
                width: area.width,
                height: bars,
            };
            Some((picture, graph_area, loose_area, bars_area))
        }
        None => None,
    };
    if let Some((picture, graph_area, ..)) = &shown
        && (picture.height() > usize::from(graph_area.height)
            || picture.width > usize::from(graph_area.width))
    {
        let chosen = items::in_graph(scene.ui);
        let place = picture
            .nodes
            .iter()
            .position(|placed| chosen.as_ref() == Some(&item_of(placed)))
            .map_or(1, |place| place + 1);
        frame.position = format!("{place} of {}", picture.nodes.len());
    }
    frame.draw(canvas, area);
    match shown {
        Some((picture, graph_area, loose_area, bars_area)) => {
            show(scene, canvas, graph_area, picture, seen);
            list_below(scene, canvas, loose_area, &loose, seen);
            timeline::draw(scene, canvas, bars_area);
            seen.panes.insert(Pane::Pipeline, graph_area);
        }
        None if loose.is_empty() => {
            let lines = if below.is_empty() {
                steps::no_job(scene, inner)
            } else {
                Vec::new()
            };
            canvas.lines(body, &lines);
            seen.panes.insert(Pane::Pipeline, body);
        }
        None => {
            list_below(scene, canvas, body, &loose, seen);
            seen.panes.insert(Pane::Pipeline, body);
        }
    }
    let foot = Rect {
        y: body.bottom(),
        height: low,
        ..inner
    };
    canvas.lines(foot, &below);
}

fn list_below(
    scene: &Scene<'_>,
    canvas: &mut Canvas<'_>,
    area: Rect,
    rows: &[Row],
    seen: &mut Seen,
) {
    let cursor = scene.ui.cursor(Pane::Pipeline);
    let on_it = scene.ui.flow.graph.is_none()
        || matches!(cursor.and_then(|c| c.item.as_ref()), Some(Item::Job(job))
            if scene.ui.flow.matching.unmatched.contains(job));
    let focused = scene.has_keys(Pane::Pipeline) && on_it;
    let drawn = list::draw(canvas, area, rows, cursor, focused);
    if scene.ui.flow.graph.is_none() {
        seen.tops.insert(Pane::Pipeline, (drawn.top, 0));
    }
    for (item, place) in drawn.items {
        seen.spots.push((place, Target::Item(Pane::Pipeline, item)));
    }
}

/// Why jobs are listed without their order.
fn why_flat(scene: &Scene<'_>, columns: usize) -> Vec<Line> {
    let text = match &scene.model.outlook.graph_fault {
        Some(fault) => format!(
            "No graph, because the workflow files cannot be used: {}",
            clean(fault)
        ),
        None => {
            "The graph comes with the workflow files; until then jobs are listed as GitHub does."
                .to_owned()
        }
    };
    state::said(Sign::Unknown, &text, columns)
}

fn elapsed(scene: &Scene<'_>, run: &Run) -> String {
    let start = run.started_at.unwrap_or(run.created_at);
    let end = if run.is_over() {
        run.updated_at
    } else {
        scene.now
    };
    let ran = since(start, end);
    let whole = scene.model.outlook.expected.critical.total;
    // The chain that decides knows nothing of people: past its time it says nothing more.
    if run.is_over() || whole.is_zero() || ran > whole {
        return words::duration(ran);
    }
    format!(
        "{} of about {}",
        words::duration(ran),
        words::minutes(whole)
    )
}

/// Shows the window of the drawing that the cursor is in.
fn show(
    scene: &Scene<'_>,
    canvas: &mut Canvas<'_>,
    area: Rect,
    picture: &Drawing,
    seen: &mut Seen,
) {
    let wanted = items::in_graph(scene.ui);
    let chosen = picture
        .nodes
        .iter()
        .find(|placed| wanted.as_ref() == Some(&item_of(placed)));
    let cursor = scene.ui.cursor(Pane::Pipeline).cloned().unwrap_or_default();
    let (height, width) = (usize::from(area.height), usize::from(area.width));
    let row = chosen.map(|placed| placed.y + placed.height.saturating_sub(1));
    let top = top_for(cursor.top, row, picture.height(), height);
    let top = chosen.map_or(top, |placed| top.min(placed.y));
    let ahead = AHEAD.min(width / 3);
    let right = chosen.map(|placed| {
        let end = placed.x + placed.width.saturating_sub(1);
        (end + ahead).min(picture.width.saturating_sub(1)).max(end)
    });
    let left = top_for(cursor.left, right, picture.width, width);
    let left = chosen.map_or(left, |placed| left.min(placed.x.saturating_sub(4)));
    for (segments, place) in picture.rows.iter().skip(top).zip(area.rows()) {
        let mut column = 0;
        for segment in segments {
            let wide = words::width(&segment.text);
            let end = column + wide;
            if end > left && column < left + width {
                let text = cut(&segment.text, left.saturating_sub(column));
                let at = column.max(left) - left;
                let Ok(x) = u16::try_from(at) else { continue };
                let style = canvas.style(segment.role);
                canvas.text(area.x + x, place.y, width - at, &text, style);
            }
            column = end;
        }
    }
    let focused = scene.has_keys(Pane::Pipeline);
    let small = |n: usize| u16::try_from(n).unwrap_or(u16::MAX);
    for placed in &picture.nodes {
        let whole = Rect::new(
            small(placed.x),
            small(placed.y),
            small(placed.width),
            small(placed.height),
        );
        seen.nodes.push((item_of(placed), whole));
        let (x, y) = (placed.x.max(left), placed.y.max(top));
        let (x_end, y_end) = (
            (placed.x + placed.width).min(left + width),
            (placed.y + placed.height).min(top + height),
        );
        if x >= x_end || y >= y_end {
            continue;
        }
        let spot = Rect::new(
            area.x + small(x - left),
            area.y + small(y - top),
            small(x_end - x),
            small(y_end - y),
        );
        if focused && wanted.as_ref() == Some(&item_of(placed)) {
            canvas.tint(spot, Role::Select);
        }
        seen.spots
            .push((spot, Target::Item(Pane::Pipeline, item_of(placed))));
    }
    seen.tops.insert(Pane::Pipeline, (top, left));
}

/// What a place in the drawing stands for.
fn item_of(placed: &Placed) -> Item {
    match placed.job {
        Some(job) => Item::Job(job),
        None => Item::Node(placed.node.clone()),
    }
}

/// The text without its first columns.
fn cut(text: &str, columns: usize) -> String {
    let mut left = columns;
    let mut rest = text.chars();
    while left > 0 {
        let Some(c) = rest.next() else { break };
        let mut buffer = [0; 4];
        left = left.saturating_sub(words::width(c.encode_utf8(&mut buffer)));
    }
    rest.collect()
}
