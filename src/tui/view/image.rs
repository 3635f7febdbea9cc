//! Pane 3: the image's tags, what each points to on each platform, and what that means.

use ratatui::layout::Rect;

use super::grid::Columns;
use super::{Contents, frame, in_tabs, inner_of, last_width, list_pane, state};
use crate::domain::fact::{Ask, ImageId};
use crate::domain::policy::Certainty;
use crate::present::clean::clean;
use crate::present::role::{Role, Sign};
use crate::present::tags;
use crate::present::{evidence, phrases, words};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane, Seen};
use crate::tui::widget::line::{Bit, Line};
use crate::tui::widget::{Canvas, Row};

/// The tags of every image, below a heading.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    rows_in(scene, last_width(scene, Pane::Image))
}

fn rows_in(scene: &Scene<'_>, width: usize) -> Vec<Row> {
    let policy = &scene.model.policy;
    let mut rows = Vec::new();
    for spec in &policy.images {
        let image = ImageId::of(spec);
        let table = tags::rows(&scene.model.snapshot, &scene.model.outlook, spec);
        let columns = Columns::of(&table, spec, width);
        if policy.images.len() > 1 {
            let name = Bit::plain(clean(&image.0)).name();
            rows.push(Row::heading(Line::of([name])));
        }
        rows.push(Row::heading(columns.heading(spec)));
        for tag in table
            .iter()
            .filter(|tag| scene.ui.passes(Pane::Image, &tag.tag))
        {
            let item = Item::Tag(image.clone(), tag.tag.clone());
            rows.push(Row::of(item, columns.line(scene, tag)));
        }
    }
    rows
}

pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let model = scene.model;
    let columns = usize::from(inner_of(area).width);
    let rows = rows_in(scene, columns);
    let mut frame = frame(scene, Pane::Image);
    let mut asks = Vec::new();
    let mut below = Vec::new();
    for spec in &model.policy.images {
        let image = ImageId::of(spec);
        if !in_tabs(scene) {
            let guess = if spec.certainty == Certainty::Guessed {
                " (guessed)"
            } else {
                ""
            };
            frame = frame.and(Bit::plain(format!("{}{guess}", clean(&image.0))).name());
        }
        let tags = model.outlook.tags.get(&image).into_iter().flatten();
        asks.extend(tags.map(|tag| Ask::Tag(image.clone(), tag.tag.clone())));
        asks.push(Ask::Tags(image.clone()));
        if let Some(built) = model.outlook.digests.get(&image) {
            asks.push(evidence::ask(&model.outlook, &image, &built.value));
        }
        below.extend(built(scene, &image));
    }
    if model.policy.images.is_empty() {
        below = state::said(
            Sign::Absent,
            "No image is configured, and none could be guessed from the workflow files: \
             name it with --image or in the configuration.",
            columns,
        );
    }
    frame = frame.count(state::age(scene, &asks));
    below.extend(state::failures(scene, &asks, inner_of(area)));
    let contents = Contents { frame, rows, below };
    list_pane(scene, canvas, seen, Pane::Image, area, contents);
}

/// Which digest the run built, and how that is known.
fn built(scene: &Scene<'_>, image: &ImageId) -> Vec<Line> {
    let outlook = &scene.model.outlook;
    if let Some(digest) = outlook.digests.get(image) {
        let attempt = outlook
            .built_in
            .filter(|_| outlook.attempt.0 > 1)
            .map(|attempt| format!(", built in attempt {attempt}"))
            .unwrap_or_default();
        let (sign, role) = if digest.source.is_strong() {
            (Sign::Done, Role::Muted)
        } else {
            (Sign::Warning, Role::Warn)
        };
        let text = format!("  {}{attempt}", phrases::source(&digest.source));
        return vec![Line::of([
            Bit::sign(sign),
            Bit::plain("tested "),
            Bit::plain(words::digest(&digest.value)).strong(),
            Bit::of(role, text).sentence(),
        ])];
    }
    let text = if outlook.run.is_none() {
        "no release run is known yet"
    } else if outlook.version.is_none() {
        "the version is not known yet, so neither are its tags"
    } else {
        "this run has not built an image yet"
    };
    vec![Line::of([
        Bit::sign(Sign::Absent),
        Bit::muted(text).sentence(),
    ])]
}
