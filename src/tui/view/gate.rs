//! Pane 4: what waits at a gate, since when, for whom, and what an approval lets go.

use ratatui::layout::Rect;

use super::{Contents, frame, inner_of, list_pane, state};
use crate::domain::fact::Ask;
use crate::domain::ids::RunId;
use crate::present::gate::{self, Gate};
use crate::present::role::{Role, Sign};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane, Seen};
use crate::tui::widget::line::{Bit, Line};
use crate::tui::widget::{Canvas, Row};

/// Gates that wait, then reviews that were given, then what protects the environments.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let outlook = &scene.model.outlook;
    let mut rows = Vec::new();
    for (run, of) in [(outlook.run, ""), (outlook.publish_run, "publish: ")] {
        let Some(run) = run else { continue };
        for gate in gate::waiting(&scene.model.snapshot, run) {
            rows.extend(waiting(scene, &gate, of));
        }
        rows.extend(reviews(scene, run, of));
    }
    if rows.is_empty() {
        rows.extend(protections(scene));
    }
    rows.retain(|row| scene.ui.passes(Pane::Gate, &row.line.text()));
    rows
}

fn waiting(scene: &Scene<'_>, gate: &Gate, of: &str) -> Vec<Row> {
    let head = Line::of([
        Bit::sign(Sign::Waits),
        Bit::of(Role::Wait, format!("{of}{}", gate.waits(scene.now))).sentence(),
    ]);
    let mut rows = vec![Row::of(Item::Gate(gate.run, gate.name.clone()), head)];
    let mut say = |text: String| {
        rows.push(Row::heading(Line::of([
            Bit::plain("  "),
            Bit::plain(text).sentence(),
        ])));
    };
    for job in &gate.jobs {
        say(format!("lets go {job}"));
    }
    say(gate.who());
    if gate.for_you && gate.no_self_review {
        say("but not if you started the run".to_owned());
    }
    if let Some(ends) = gate.timer_ends {
        say(format!(
            "its wait timer ends {}",
            crate::present::words::until(ends, scene.now)
        ));
    }
    rows
}

fn reviews(scene: &Scene<'_>, run: RunId, of: &str) -> Vec<Row> {
    let record = scene.model.snapshot.record(run);
    record
        .and_then(|record| record.approvals.value())
        .into_iter()
        .flatten()
        .map(|approval| {
            let (sign, text) = gate::review(approval);
            Row::heading(Line::of([
                Bit::sign(sign),
                Bit::plain(format!("{of}{text}")).sentence(),
            ]))
        })
        .collect()
}

fn protections(scene: &Scene<'_>) -> Vec<Row> {
    let known = scene.model.snapshot.environments.value();
    scene
        .model
        .policy
        .pipeline
        .environments
        .iter()
        .filter_map(|name| {
            let found = known?.iter().find(|env| env.name == *name);
            let (sign, text) = found.map_or_else(
                || {
                    let name = crate::present::clean::clean(name);
                    (
                        Sign::Failed,
                        format!("{name} does not exist: it would let all through"),
                    )
                },
                gate::protection,
            );
            Some(Row::heading(Line::of([
                Bit::sign(sign),
                Bit::plain(text).sentence(),
            ])))
        })
        .collect()
}

pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let outlook = &scene.model.outlook;
    let mut asks = vec![Ask::Environments];
    asks.extend(outlook.run.map(Ask::Pending));
    asks.extend(outlook.publish_run.map(Ask::Pending));
    let mut frame = frame(scene, Pane::Gate);
    let waits: Vec<Gate> = [outlook.run, outlook.publish_run]
        .into_iter()
        .flatten()
        .flat_map(|run| gate::waiting(&scene.model.snapshot, run))
        .collect();
    // How old an answer is matters only while something waits: nobody asks for gates otherwise.
    let fresh = if waits.is_empty() { 1 } else { asks.len() };
    frame = frame.count(state::age(scene, asks.get(..fresh).unwrap_or_default()));
    let mut rows = rows(scene);
    if waits.is_empty() && outlook.run.is_some() {
        let line = Line::of([
            Bit::sign(Sign::Absent),
            Bit::muted("nothing waits").sentence(),
        ]);
        rows.insert(0, Row::heading(line));
    }
    if rows.is_empty() {
        let line = if scene.model.snapshot.environments.value().is_none() {
            state::loading(scene, &Ask::Environments, "the gates")
        } else {
            Line::of([
                Bit::sign(Sign::Absent),
                Bit::muted("no gate is configured").sentence(),
            ])
        };
        rows.push(Row::heading(line));
    }
    let below = state::failures(scene, &asks, inner_of(area));
    let contents = Contents { frame, rows, below };
    list_pane(scene, canvas, seen, Pane::Gate, area, contents);
}
