//! What is to be read of a plan, line by line.

use crate::domain::journal::Record;
use crate::domain::plan::{Intent, Plan, Refusal, RefusalKind, Verb};
use crate::engine::desk::Ended;
use crate::present::clean::clean;
use crate::present::plan::{PlanWords, RecordWords, StepSign, StepWords};
use crate::present::role::{Role, Sign};
use crate::present::{stage, words};
use crate::tui::scene::Scene;
use crate::tui::sheet::{Face, Sheet, outcome_sign, with_reason};
use crate::tui::widget::line::{Bit, Line};

/// The mark of what cannot be taken back; a word goes with it.
pub(crate) const ONE_WAY: &str = "⇥ one-way";

/// How much is said of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What it does and how it is undone.
    Short,
    /// What it calls, what must hold before and what holds after, too.
    Whole,
}

/// The lines that fit a height, the whole story where it fits or is asked for; says whether it is the short one.
pub(super) fn fitted(
    scene: &Scene<'_>,
    sheet: &Sheet,
    face: &Face<'_>,
    columns: usize,
    room: usize,
) -> (Vec<Line>, bool) {
    let whole = lines(scene, face, columns, Depth::Whole);
    if sheet.detailed || whole.len() <= room {
        return (whole, false);
    }
    let short = lines(scene, face, columns, Depth::Short);
    let is_short = short.len() < whole.len();
    (short, is_short)
}

fn lines(scene: &Scene<'_>, face: &Face<'_>, columns: usize, depth: Depth) -> Vec<Line> {
    match face {
        Face::Preparing(intent) => preparing(scene, intent, columns),
        Face::Refused(intent, refusal) => refused(scene, intent, refusal, columns),
        Face::Planned(plan, _) => planned(scene, plan, columns, depth),
        Face::Again(record, _) => {
            let words = RecordWords::of(record, scene.now);
            let mut lines = head(scene, &words.plan, columns);
            lines.push(Line::default());
            lines.extend(signed(&words.steps, columns, depth));
            lines.push(Line::default());
            let text = "It goes on where it was left: what was done is not done again, and each step is looked up before it is sent.";
            lines.extend(dim(text, columns));
            lines
        }
        Face::Running {
            plan,
            record,
            is_stopping,
        } => running(scene, plan, *record, *is_stopping, columns),
        Face::Over(record, ended) => over(scene, record, *ended, columns),
        Face::NotBegun(_, why) => said(
            Sign::Warning,
            &format!("Not begun: {}", clean(why)),
            columns,
        ),
    }
}

/// What is looked up, while it is.
fn preparing(scene: &Scene<'_>, intent: &Intent, columns: usize) -> Vec<Line> {
    let text = match intent.verb() {
        Verb::Approve | Verb::Reject => {
            "Looking up what waits, who may review it, and what the board says now."
        }
        Verb::Rerun | Verb::Cancel => "Looking up the run and its jobs as they are now.",
        Verb::Dispatch => "Looking up the workflow.",
        Verb::Promote | Verb::Rollback => {
            "Looking up every tag, the tested image and its evidence as they are now."
        }
        Verb::Cleanup => "Looking up every tag and which of them share an image.",
        Verb::Undo => "Reading what was done.",
    };
    let mut lines = said(Sign::Running, text, columns);
    let mut asked: Vec<&str> = scene
        .model
        .in_flight
        .keys()
        .map(|ask| crate::present::health::name(&ask.source()))
        .collect();
    asked.sort_unstable();
    asked.dedup();
    let asked = if asked.is_empty() {
        String::new()
    } else {
        format!("Asked now: {}. ", asked.join(", "))
    };
    lines.extend(dim(&format!("{asked}Nothing is changed by this."), columns));
    lines
}

/// What blocks, and what would unblock it.
fn refused(scene: &Scene<'_>, intent: &Intent, refusal: &Refusal, columns: usize) -> Vec<Line> {
    let sign = match refusal.kind {
        RefusalKind::NoGo | RefusalKind::Firm => Sign::Failed,
        RefusalKind::CannotTell => Sign::Unknown,
        RefusalKind::Nothing => Sign::Absent,
        _ => Sign::Warning,
    };
    let mut lines = said(sign, &clean(&refusal.what), columns);
    lines.extend(dim(&clean(&refusal.unblock), columns));
    let rows = scene.model.board.rows.iter();
    let rules: Vec<_> = rows
        .filter(|row| refusal.rules.contains(&row.key()))
        .collect();
    if !rules.is_empty() {
        lines.push(Line::default());
    }
    for rule in rules {
        let text = format!("{}: {}", clean(&rule.title), clean(&rule.sentence));
        lines.extend(said(Sign::of_verdict(rule.verdict), &text, columns));
    }
    if refusal.kind == RefusalKind::Firm {
        lines.push(Line::default());
        lines.extend(dim("This rule cannot be overridden.", columns));
    }
    if refusal.kind == RefusalKind::NoGo && with_reason(intent, "").is_some() {
        lines.push(Line::default());
        let text =
            "Who knows better can override it: the reason goes into the journal, under your name.";
        lines.extend(dim(text, columns));
    }
    lines
}

fn planned(scene: &Scene<'_>, plan: &Plan, columns: usize, depth: Depth) -> Vec<Line> {
    let words = PlanWords::of(plan, scene.now);
    let mut lines = head(scene, &words, columns);
    if plan.verb() == Verb::Approve {
        lines.extend(board(scene, columns));
    }
    lines.push(Line::default());
    for (n, step) in words.steps.iter().enumerate() {
        lines.extend(step_lines(n, step, None, columns, depth));
    }
    lines.push(Line::default());
    for note in &words.notes {
        lines.extend(said(Sign::Warning, note, columns));
    }
    let text = format!("{}; {}.", words.summary(), words.expiry);
    lines.extend(dim(&text, columns));
    lines
}

/// Its title and what it is about.
fn head(_: &Scene<'_>, words: &PlanWords, columns: usize) -> Vec<Line> {
    let mut lines = plain(&words.title, columns);
    let (overrides, about): (Vec<_>, Vec<_>) = words
        .about
        .iter()
        .partition(|(label, _)| *label == "override");
    let about: Vec<String> = about
        .iter()
        .map(|(label, value)| format!("{label} {value}"))
        .collect();
    if !about.is_empty() {
        lines.extend(dim(&about.join(" · "), columns));
    }
    for (label, value) in overrides {
        lines.extend(said(Sign::Warning, &format!("{label} {value}"), columns));
    }
    lines
}

/// What the board says of what is approved.
fn board(scene: &Scene<'_>, columns: usize) -> Vec<Line> {
    let (sign, word, why) = stage::verdict_line(&scene.model.board);
    let line = Line::of([
        Bit::muted("board "),
        Bit::of(sign.role(), format!("{} {word}", sign.symbol())).strong(),
        Bit::plain("  "),
        Bit::plain(why).sentence(),
    ]);
    let _ = columns;
    vec![line]
}

fn signed(steps: &[(StepWords, StepSign)], columns: usize, depth: Depth) -> Vec<Line> {
    let steps = steps.iter().enumerate();
    steps
        .flat_map(|(n, (step, sign))| step_lines(n, step, Some(sign), columns, depth))
        .collect()
}

/// A step: its number, its title, what became of it, and what is to be known of it.
fn step_lines(
    n: usize,
    step: &StepWords,
    became: Option<&StepSign>,
    columns: usize,
    depth: Depth,
) -> Vec<Line> {
    let sign = became.map(|became| Bit::sign(became.sign));
    let hang = 4 + if sign.is_some() { 2 } else { 0 };
    let mark = step.is_one_way && became.is_none_or(|became| became.sign == Sign::Queued);
    let room = columns.saturating_sub(hang + if mark { 11 } else { 0 });
    let mut lines = Vec::new();
    for (at, part) in words::wrap(&step.title, room.max(12))
        .into_iter()
        .enumerate()
    {
        let mut line = if at == 0 {
            let number = Bit::muted(format!("{:>2}  ", n + 1));
            let bits = std::iter::once(number).chain(sign.clone());
            Line::of(bits.chain([Bit::plain(part)]))
        } else {
            Line::of([Bit::plain(" ".repeat(hang)), Bit::plain(part)])
        };
        if at == 0 && mark {
            line = line.right([Bit::of(Role::Warn, ONE_WAY)]);
        }
        lines.push(line);
    }
    if let Some(became) = became {
        let role = match became.sign {
            Sign::Failed => Role::Bad,
            Sign::Unknown | Sign::Warning => Role::Warn,
            _ => Role::Muted,
        };
        let parts = words::wrap(&became.text, columns.saturating_sub(hang).max(12));
        let indent = || Bit::plain(" ".repeat(hang));
        lines.extend(
            parts
                .into_iter()
                .map(|part| Line::of([indent(), Bit::of(role, part)])),
        );
        return lines;
    }
    if depth == Depth::Whole {
        for call in &step.call {
            lines.extend(labelled("calls", Role::Plain, call, columns));
        }
        for (label, conditions) in [("before", &step.before), ("after", &step.after)] {
            for (at, condition) in conditions.iter().enumerate() {
                let label = if at == 0 { label } else { "" };
                lines.extend(labelled(label, Role::Muted, condition, columns));
            }
        }
    }
    let role = if step.is_one_way {
        Role::Warn
    } else {
        Role::Muted
    };
    lines.extend(labelled("undo", role, &step.undo, columns));
    lines
}

/// `      before  the tag points to 5c11…`, hanging.
fn labelled(label: &str, role: Role, text: &str, columns: usize) -> Vec<Line> {
    const INDENT: usize = 6;
    const LABEL: usize = 8;
    let room = columns.saturating_sub(INDENT + LABEL).max(12);
    let parts = words::wrap(text, room).into_iter().enumerate();
    let line = |(at, part)| {
        let label = if at == 0 { label } else { "" };
        let label = format!("{:INDENT$}{}", "", words::left(label, LABEL));
        Line::of([Bit::muted(label), Bit::of(role, part)])
    };
    parts.map(line).collect()
}

fn running(
    scene: &Scene<'_>,
    plan: &Plan,
    record: Option<&Record>,
    is_stopping: bool,
    columns: usize,
) -> Vec<Line> {
    let words = PlanWords::of(plan, scene.now);
    let mut lines = plain(&words.title, columns);
    let text = if is_stopping {
        "Stops as soon as the present step is over."
    } else {
        "Is being carried out: each step is looked up, written down, sent, and looked up again."
    };
    let sign = if is_stopping {
        Sign::Warning
    } else {
        Sign::Running
    };
    lines.extend(said(sign, text, columns));
    lines.push(Line::default());
    match record {
        Some(record) => {
            let words = RecordWords::of(record, scene.now);
            lines.extend(signed(&words.steps, columns, Depth::Short));
        }
        None => {
            for (n, step) in words.steps.iter().enumerate() {
                let ahead =
                    crate::present::plan::step_sign(&crate::domain::journal::StepState::default());
                lines.extend(step_lines(n, step, Some(&ahead), columns, Depth::Short));
            }
        }
    }
    lines
}

fn over(scene: &Scene<'_>, record: &Record, ended: Option<&Ended>, columns: usize) -> Vec<Line> {
    let words = RecordWords::of(record, scene.now);
    let mut lines = plain(&words.plan.title, columns);
    let sign = ended.map_or(words.sign, |ended| outcome_sign(ended.outcome));
    let why = ended.map(|ended| clean(&ended.why)).or(words.why);
    let state = super::capital(words.state);
    let text = why.map_or_else(|| format!("{state}."), |why| format!("{state}: {why}"));
    lines.extend(said(sign, &text, columns));
    let by = format!("{}, {}", words.by, words::ago(record.latest_at, scene.now));
    lines.extend(dim(&by, columns));
    lines.push(Line::default());
    lines.extend(signed(&words.steps, columns, Depth::Short));
    lines
}

/// A sign and a sentence, wrapped and hanging; in its colour where a person must act.
pub(super) fn said(sign: Sign, text: &str, columns: usize) -> Vec<Line> {
    let parts = words::wrap(text, columns.saturating_sub(2).max(8));
    let line = |(n, part): (usize, String)| {
        let lead = if n == 0 {
            Bit::sign(sign)
        } else {
            Bit::plain("  ")
        };
        Line::of([lead, Bit::plain(part)])
    };
    parts.into_iter().enumerate().map(line).collect()
}

fn plain(text: &str, columns: usize) -> Vec<Line> {
    let parts = words::wrap(text, columns.max(8)).into_iter();
    parts.map(|part| Line::of([Bit::plain(part)])).collect()
}

fn dim(text: &str, columns: usize) -> Vec<Line> {
    let parts = words::wrap(text, columns.max(8)).into_iter();
    parts.map(|part| Line::of([Bit::muted(part)])).collect()
}
