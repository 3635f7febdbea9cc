//! The header: what is released, GO or NO-GO and why, what it waits for, how the services answer.

use ratatui::layout::Rect;

use crate::domain::journal::StepState;
use crate::domain::release::Stage;
use crate::present::clean::clean;
use crate::present::role::{Role, Sign};
use crate::present::{gate, health, phrases, stage, words};
use crate::tui::layout::Shape;
use crate::tui::scene::Scene;
use crate::tui::ui::View;
use crate::tui::widget::Canvas;
use crate::tui::widget::line::{Bit, Line};
use crate::tui::wish;

/// Draws the header in one row, or in two where the screen is narrow.
pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect) {
    let area = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    let two_rows = Shape::of(scene.ui.size) == Shape::Tabs;
    if two_rows {
        let mut rows = area.rows();
        if let Some(row) = rows.next() {
            let mut left = release(scene);
            left.extend(crumbs(scene));
            canvas.line(row, &Line::of(left).right(services(scene)));
        }
        if let Some(row) = rows.next() {
            canvas.line(row, &Line::of(verdict(scene)).right(waits(scene)));
        }
        return;
    }
    let mut left = release(scene);
    left.extend(crumbs(scene));
    // The verdict stands in the same column whatever is left of it, so that the eye finds it.
    let taken: usize = left.iter().map(|bit| words::width(&bit.text)).sum();
    left.push(Bit::plain(" ".repeat(if taken < 42 {
        44 - taken
    } else {
        2
    })));
    left.extend(verdict(scene));
    let mut right = Vec::new();
    if scene.ui.size.width >= 150 {
        right.extend(waits(scene));
        right.push(Bit::plain("    "));
    }
    right.extend(services(scene));
    canvas.line(area, &Line::of(left).right(right));
}

fn release(scene: &Scene<'_>) -> Vec<Bit> {
    let outlook = &scene.model.outlook;
    let mut bits = vec![Bit::plain(clean(&scene.model.policy.repo.to_string())).name()];
    if let Some(version) = &outlook.version {
        bits.push(Bit::plain(format!("  v{}", clean(&version.value))).strong());
    }
    if let Some(commit) = &outlook.commit {
        bits.push(Bit::muted(format!("  {}", commit.short())));
    }
    let others = outlook
        .runs
        .iter()
        .filter(|(run, stage)| Some(*run) != outlook.run && *stage != Stage::NothingToRelease)
        .count();
    if others > 0 {
        let chosen = if scene.model.pinned.is_some() {
            " pinned,"
        } else {
            ""
        };
        bits.push(Bit::muted(format!(" {chosen} +{others} runs")).sentence());
    } else if scene.model.pinned.is_some() {
        bits.push(Bit::muted("  pinned"));
    }
    bits
}

/// Where one is, below the release view.
fn crumbs(scene: &Scene<'_>) -> Vec<Bit> {
    let ui = scene.ui;
    let mut bits = Vec::new();
    if ui.view != View::Release {
        bits.push(Bit::of(Role::Focus, format!(" › {}", ui.view.name())));
    }
    if ui.evidence.is_some() {
        bits.push(Bit::of(Role::Focus, " › evidence"));
    } else if ui.inside.is_some() {
        bits.push(Bit::of(Role::Focus, " › log"));
    } else if ui.zoomed {
        bits.push(Bit::of(Role::Focus, format!(" › {}", ui.pane.name())));
    }
    bits
}

/// `✗ NO-GO  SBOM for linux/arm64 is missing`.
pub(super) fn verdict(scene: &Scene<'_>) -> Vec<Bit> {
    let (sign, word, why) = stage::verdict_line(&scene.model.board);
    let word = Bit::of(sign.role(), format!("{} {word}", sign.symbol())).strong();
    vec![word, Bit::plain("  "), Bit::plain(why).sentence()]
}

/// `◆ release waits 4m 12s for you`, or what it does instead.
pub(super) fn waits(scene: &Scene<'_>) -> Vec<Bit> {
    let outlook = &scene.model.outlook;
    if outlook.run.is_none() {
        return Vec::new();
    }
    let gates = [outlook.run, outlook.publish_run]
        .into_iter()
        .flatten()
        .flat_map(|run| gate::waiting(&scene.model.snapshot, run));
    let (sign, text) = if let Some(gate) = gates.max_by_key(|gate| gate.for_you) {
        (Sign::Waits, gate.sentence(scene.now))
    } else {
        let stage = &outlook.stage.0;
        (stage::sign(stage), phrases::stage(stage))
    };
    let role = if sign == Sign::Done {
        Role::Plain
    } else {
        sign.role()
    };
    vec![Bit::sign(sign), Bit::of(role, text).sentence()]
}

/// The plan that runs, or those that were left half-way: both stay here until they have ended.
fn plans(scene: &Scene<'_>) -> Vec<Bit> {
    let desk = &scene.model.desk;
    let ledger = desk.ledger.as_deref();
    let key = |name: &str| Bit::of(Role::Key, format!("{}  ", scene.ui.key_of(name)));
    if let Some(doing) = &desk.doing {
        let record = ledger.and_then(|ledger| ledger.find(&doing.plan.id));
        let steps = record.map_or(&[] as &[_], |record| record.steps.as_slice());
        let over = |step: &&StepState| matches!(step, StepState::Verified(_));
        let over = steps.iter().filter(over).count();
        let (sign, word) = if doing.is_stopping {
            (Sign::Warning, "stopping ")
        } else {
            (Sign::Running, "")
        };
        let verb = doing.plan.verb().name();
        let text = format!("{word}{verb} {over}/{} ", doing.plan.steps.len());
        return vec![Bit::sign(sign), Bit::of(sign.role(), text), key("plan")];
    }
    let left = ledger.map_or(0, |ledger| ledger.open().count());
    if left == 0 {
        return Vec::new();
    }
    let text = format!("{left} unfinished ");
    let sign = Sign::Warning;
    vec![Bit::sign(sign), Bit::of(sign.role(), text), key("journal")]
}

fn services(scene: &Scene<'_>) -> Vec<Bit> {
    let mut bits = Vec::new();
    if wish::is_read_only(scene.model) {
        bits.push(Bit::muted("read-only  "));
    }
    bits.extend(plans(scene));
    if let Some(written) = scene.model.cached_at {
        let text = format!("as of {}, asking", words::ago(written, scene.now));
        bits.push(Bit::sign(Sign::Warning));
        bits.push(Bit::of(Role::Warn, text));
        return bits;
    }
    let (sign, text) = health::overall(&scene.model.snapshot, scene.now);
    bits.push(Bit::sign(sign));
    bits.push(Bit::of(
        if sign == Sign::Warning {
            Role::Warn
        } else {
            Role::Plain
        },
        text,
    ));
    if let Some((sign, text)) = health::calls_left(&scene.model.snapshot) {
        let role = if sign == Sign::Warning {
            Role::Warn
        } else {
            Role::Muted
        };
        bits.push(Bit::of(role, format!("  {text}")));
    }
    bits
}
