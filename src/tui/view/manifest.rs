//! What the selected tag points to: the index, its platforms, and what is kept beside them.

use ratatui::layout::Rect;

use super::{Contents, frame, inner_of, list_pane, state};
use crate::domain::artifact::ManifestContent;
use crate::domain::digest::Digest;
use crate::domain::fact::{Ask, ImageId};
use crate::present::clean::clean;
use crate::present::evidence;
use crate::present::role::{Role, Sign};
use crate::present::tags::{TagRow, TagState};
use crate::present::words;
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, Pane, Seen};
use crate::tui::widget::line::{Bit, Line};
use crate::tui::widget::{Canvas, Row};
use crate::tui::{items, perform};

/// The tag under the image pane's cursor.
fn tag(scene: &Scene<'_>) -> Option<(ImageId, TagRow)> {
    let rows = items::rows(scene, Pane::Image);
    let all: Vec<Item> = rows.into_iter().filter_map(|row| row.item).collect();
    let Item::Tag(image, name) = scene.ui.selected(Pane::Image, &all)? else {
        return None;
    };
    let found = perform::tag_rows(scene.model, image)
        .into_iter()
        .find(|row| row.tag == *name)?;
    Some((image.clone(), found))
}

/// The index, a row for each platform, a row for each attestation in the index.
pub(crate) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let Some((image, tag)) = tag(scene) else {
        return Vec::new();
    };
    let TagState::At(digest) = &tag.state else {
        return Vec::new();
    };
    let mut rows = vec![digest_row("digest", digest, Vec::new())];
    if let Some(manifest) = scene.model.snapshot.manifest(&image, digest) {
        let about = format!(
            "{}, {}",
            clean(&manifest.media_type),
            words::size(manifest.size)
        );
        rows.push(Row::heading(Line::of([
            Bit::muted(words::left("type", LABEL)),
            Bit::plain(about).sentence(),
        ])));
        content(scene, &image, digest, &manifest.content, &mut rows);
    }
    rows
}

/// Columns of a label.
const LABEL: usize = 16;

fn digest_row(label: &str, digest: &Digest, right: Vec<Bit>) -> Row {
    let line = Line::of([
        Bit::muted(words::left(label, LABEL)),
        Bit::plain(digest.to_string()).name(),
    ]);
    Row::of(Item::Digest(digest.clone()), line.right(right))
}

/// Whether a platform has an SBOM, where the image was judged.
fn sbom(scene: &Scene<'_>, image: &ImageId, whole: &Digest, platform: &Digest) -> Vec<Bit> {
    let (snapshot, outlook) = (&scene.model.snapshot, &scene.model.outlook);
    let expected = evidence::expected(outlook, image, whole);
    let found = snapshot
        .evidence_of(image, whole, &expected)
        .and_then(|observed| observed.value()?.as_ref());
    let report = found.and_then(|found| {
        let mut platforms = found.sboms.iter();
        platforms.find(|report| report.digest == *platform)
    });
    report.map_or_else(Vec::new, |report| {
        let sign = evidence::sign_of_report(&report.report);
        vec![Bit::sign(sign), Bit::plain("SBOM")]
    })
}

fn content(
    scene: &Scene<'_>,
    image: &ImageId,
    digest: &Digest,
    content: &ManifestContent,
    rows: &mut Vec<Row>,
) {
    let say = |label: &str, text: String| {
        Row::heading(Line::of([
            Bit::muted(words::left(label, LABEL)),
            Bit::plain(text).sentence(),
        ]))
    };
    match content {
        ManifestContent::Index {
            platforms,
            attestations,
        } => {
            for entry in platforms {
                rows.push(Row::heading(Line::default()));
                let name = clean(&entry.platform.to_string());
                let sbom = sbom(scene, image, digest, &entry.digest);
                rows.push(digest_row(&name, &entry.digest, sbom));
                let config = scene
                    .model
                    .snapshot
                    .image(image)
                    .and_then(|record| record.configs.get(&entry.digest)?.value());
                if let Some(config) = config {
                    let version = config.version.as_deref().map_or("?".to_owned(), clean);
                    let revision = config.revision.as_deref().map_or("?".to_owned(), clean);
                    let made = config.created.map_or(String::new(), |at| {
                        format!(", made {}", words::ago(at, scene.now))
                    });
                    let text = format!(
                        "says version {version}, commit {}{made}",
                        words::middle(&revision, 14)
                    );
                    rows.push(say("", text));
                    if !config.platform.matches(&entry.platform) {
                        let text = format!(
                            "its configuration is of {}",
                            clean(&config.platform.to_string())
                        );
                        rows.push(Row::heading(Line::of([
                            Bit::muted(words::left("", LABEL)),
                            Bit::sign(Sign::Failed),
                            Bit::of(Role::Bad, text).sentence(),
                        ])));
                    }
                }
            }
            if !attestations.is_empty() {
                rows.push(Row::heading(Line::default()));
            }
            for entry in attestations {
                let of = entry
                    .of
                    .as_ref()
                    .map(|of| Bit::muted(format!("of {}", words::digest(of))));
                rows.push(digest_row(
                    "attestation",
                    &entry.digest,
                    of.into_iter().collect(),
                ));
            }
        }
        ManifestContent::Image {
            config,
            layers_size,
            layers,
        } => {
            rows.push(digest_row("configuration", config, Vec::new()));
            let layers = words::number_of(*layers, "layer");
            rows.push(say(
                "layers",
                format!("{layers}, {}", words::size(*layers_size)),
            ));
        }
        ManifestContent::Other { artifact_type } => {
            rows.push(say("holds", clean(artifact_type)));
        }
    }
}

pub(super) fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>, area: Rect, seen: &mut Seen) {
    let columns = usize::from(inner_of(area).width);
    let rows = rows(scene);
    let mut frame = frame(scene, Pane::Manifest);
    let mut below = Vec::new();
    match tag(scene) {
        None => below = state::said(Sign::Absent, "No tag is selected.", columns),
        Some((image, tag)) => {
            frame = frame.and(Bit::plain(tag.tag.clone()).name());
            let (sign, meaning) = &tag.meaning;
            frame = frame.count([Bit::sign(*sign), Bit::plain(meaning.clone())]);
            match &tag.state {
                TagState::At(digest) => {
                    let ask = Ask::Manifest(image.clone(), digest.clone());
                    below.extend(state::failures(
                        scene,
                        std::slice::from_ref(&ask),
                        inner_of(area),
                    ));
                    if below.is_empty() && scene.model.snapshot.manifest(&image, digest).is_none() {
                        below.push(state::loading(scene, &ask, "the manifest"));
                    }
                }
                TagState::Absent => {
                    let text = format!("`{}` is not in the registry.", tag.tag);
                    below = state::said(Sign::Absent, &text, columns);
                }
                TagState::Unseen => {
                    let ask = Ask::Tag(image, tag.tag);
                    below.push(state::loading(scene, &ask, "the tag"));
                }
                TagState::Failed(_) => {
                    below = state::failures(scene, &[Ask::Tag(image, tag.tag)], inner_of(area));
                }
            }
        }
    }
    let contents = Contents { frame, rows, below };
    list_pane(scene, canvas, seen, Pane::Manifest, area, contents);
}
