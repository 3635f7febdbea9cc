//! Pane 5: the package index and the GitHub Release, which come last.

use ratatui::layout::Rect;

use super::{Contents, frame, inner_of, list_pane, state};
use crate::domain::fact::Ask;
use crate::present::outside;
use crate::present::role::{Role, Sign};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane, Seen};
use crate::tui::widget::line::{Bit, Line};
use crate::tui::widget::{Canvas, Row};

fn line(sign: Sign, text: String) -> Line {
    let role = match sign {
        Sign::Absent | Sign::Queued => Role::Muted,
        _ => Role::Plain,
    };
    Line::of([Bit::sign(sign), Bit::of(role, text).sentence()])
}

/// The package, the run that publishes it, the Release.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let (snapshot, outlook) = (&scene.model.snapshot, &scene.model.outlook);
    let mut rows = Vec::new();
    if let Some((sign, text)) = outside::pypi(snapshot, &scene.model.policy, outlook) {
        rows.push(Row::of(Item::Fact("pypi"), line(sign, text)));
    }
    if let Some(((sign, text), run)) = outside::publish_run(snapshot, outlook) {
        rows.push(Row::of(Item::Run(Some(run.id)), line(sign, text)));
    }
    let (sign, text) = outside::release(snapshot, outlook, scene.now);
    rows.push(Row::of(Item::Fact("release"), line(sign, text)));
    rows.retain(|row| scene.ui.passes(Pane::Outside, &row.line.text()));
    rows
}

pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let mut asks = vec![Ask::Releases];
    if let Some(version) = &scene.model.outlook.version
        && scene.model.policy.pypi.is_some()
    {
        asks.push(Ask::Pypi(version.value.clone()));
    }
    let contents = Contents {
        frame: frame(scene, Pane::Outside).count(state::age(scene, &asks)),
        rows: rows(scene),
        below: state::failures(scene, &asks, inner_of(area)),
    };
    list_pane(scene, canvas, seen, Pane::Outside, area, contents);
}
