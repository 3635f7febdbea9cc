//! The evidence: opened from anywhere, at a row of the board, and left again.

use super::outward::Page;
use super::{Effects, select, selected};
use crate::domain::evidence::{Recipe, Subject};
use crate::domain::time::Timestamp;
use crate::engine::Model;
use crate::present::clean::clean;
use crate::present::cosign::cosign_commands;
use crate::present::evidence::detail::Body;
use crate::present::evidence::predicate::Fold;
use crate::present::evidence::{self as words, Place, ProofId};
use crate::tui::action::Availability;
use crate::tui::evidence::{self, Detail};
use crate::tui::scene::Scene;
use crate::tui::ui::{Item, OpenEvidence, Pane, Ui};

pub(in crate::tui) fn can_evidence(model: &Model, _: &Ui) -> Availability {
    Availability::if_so(
        evidence::first_image(model).is_some(),
        "No image is known yet: its evidence can be read when it was built",
    )
}

/// Opens the evidence of the selected tag's image, else of the one that the run built; closes it where it is open.
pub(in crate::tui) fn evidence(ui: &mut Ui, model: &Model, now: Timestamp) -> Effects {
    let tag = match ui.active() {
        pane @ (Pane::Image | Pane::Manifest) => {
            let chosen = selected(ui, model, Pane::Image, now);
            chosen.filter(|_| pane == Pane::Image || ui.popups.is_empty())
        }
        _ => None,
    };
    if ui.popups.is_empty() && ui.evidence.take().is_some() {
        return Effects::new();
    }
    ui.popups.clear();
    let named = match tag {
        Some(Item::Tag(image, tag)) => {
            let seen = model.snapshot.tag(&image, &tag);
            let digest = seen.and_then(|seen| seen.value()?.clone());
            digest.map(|digest| (image, Some(digest)))
        }
        _ => None,
    };
    let first = || evidence::first_image(model).map(|image| (image, None));
    if let Some((image, digest)) = named.or_else(first) {
        open(ui, image, digest);
    }
    Effects::new()
}

fn open(
    ui: &mut Ui,
    image: crate::domain::fact::ImageId,
    digest: Option<crate::domain::digest::Digest>,
) {
    ui.filters.remove(&Pane::Proof);
    ui.cursors.remove(&Pane::Proof);
    ui.cursors.remove(&Pane::Proofs);
    ui.evidence = Some(OpenEvidence {
        image,
        digest,
        pane: Pane::Proofs,
        toggled: std::collections::BTreeSet::new(),
        compared: std::sync::Arc::default(),
    });
}

/// Opens the evidence that the board's selected row tells of; `false`: it tells of something else.
pub(super) fn of_rule(ui: &mut Ui, model: &Model, now: Timestamp) -> bool {
    let Some(Item::Rule(key)) = selected(ui, model, Pane::Board, now) else {
        return false;
    };
    let Some(row) = model.board.rows.iter().find(|row| row.key() == key) else {
        return false;
    };
    let is_of = |image: &crate::domain::fact::ImageId| {
        let about = row.about.as_deref().unwrap_or_default();
        about.split(' ').next() == Some(image.0.as_str())
    };
    let mut images = model.outlook.digests.keys();
    let named = images.find(|image| is_of(image)).cloned();
    let Some(image) = named.or_else(|| evidence::first_image(model)) else {
        return false;
    };
    let Some(found) = evidence::of(model, &image, None).and_then(|shown| shown.found) else {
        let is_evidence = row.id == "signature";
        if is_evidence {
            open(ui, image, None);
        }
        return is_evidence;
    };
    let Some(id) = words::of_rule(found, &row.id, row.about.as_deref()) else {
        return false;
    };
    open(ui, image, None);
    let is_piece = matches!(id, ProofId::Piece { .. });
    select(ui, model, Pane::Proofs, Item::Proof(id), now);
    if is_piece {
        ui.give_keys(Pane::Proofs);
    }
    true
}

/// The line of the predicate under the cursor, where it can be opened or closed.
fn node(model: &Model, ui: &Ui) -> Option<String> {
    let scene = Scene::new(model, ui, model.now);
    let detail = Detail::of(&scene)?;
    let items = detail.items();
    let Item::Part(id) = ui.selected(Pane::Proof, &items)? else {
        return None;
    };
    match &detail.part(id)?.body {
        Body::Node(line) if line.fold != Fold::Leaf => Some(line.pointer.clone()),
        _ => None,
    }
}

pub(super) fn can_toggle(model: &Model, ui: &Ui) -> Availability {
    Availability::if_so(
        node(model, ui).is_some(),
        "There is nothing to open here: only parts of a statement open and close",
    )
}

/// Opens or closes the line of the predicate under the cursor.
pub(super) fn toggle(ui: &mut Ui, model: &Model, now: Timestamp) {
    let Some(pointer) = node(model, ui) else {
        return;
    };
    let item = Item::Part(format!("json {pointer}"));
    if let Some(open) = &mut ui.evidence
        && !open.toggled.remove(&pointer)
    {
        open.toggled.insert(pointer);
    }
    select(ui, model, Pane::Proof, item, now);
}

/// What `y` copies here, and how it is called.
pub(super) fn value(model: &Model, ui: &Ui, item: &Item) -> Option<(String, String)> {
    let scene = Scene::new(model, ui, model.now);
    match item {
        Item::Part(id) => {
            let detail = Detail::of(&scene)?;
            match detail.part(id)?.value() {
                Some((label, value)) => Some((value.to_owned(), format!("the {label}"))),
                None => commands(&scene),
            }
        }
        Item::Proof(_) => commands(&scene),
        Item::Package(place) => {
            let detail = Detail::of(&scene)?;
            let package = detail.package(*place)?;
            let version = package.version.as_deref().unwrap_or_default();
            let text = match &package.purl {
                Some(purl) => clean(purl),
                None => format!("{} {}", clean(&package.name), clean(version)),
            };
            Some((text.trim_end().to_owned(), "the package".to_owned()))
        }
        _ => None,
    }
}

/// The commands by which a user of the image proves what is selected: of a platform, all that speaks for it.
fn commands(scene: &Scene<'_>) -> Option<(String, String)> {
    let model = scene.model;
    let shown = evidence::shown(model, scene.ui)?;
    let found = shown.found?;
    let place = words::place_of(&evidence::selected(scene, &shown)?);
    let expected = words::expected(&model.outlook, &shown.image, &shown.digest);
    let mut recipe = Recipe::of_policy(&model.policy, &expected);
    let mut platform = None;
    match place {
        Place::Signature => recipe.required = vec![Subject::Signature],
        Place::Provenance => recipe.required = vec![Subject::Provenance],
        Place::Sbom(n) => platform = found.sboms.get(n).map(|one| &one.platform),
        _ => {}
    }
    let lines = cosign_commands(&shown.image.0, &recipe, found, platform);
    let name = match lines.len() {
        0 => return None,
        1 => "1 cosign command".to_owned(),
        n => format!("{n} cosign commands"),
    };
    // A shell takes any text in quotes; a terminal that is handed it does not.
    let lines: Vec<String> = lines.iter().map(|line| clean(line)).collect();
    Some((lines.join("\n"), name))
}

/// The page of the selected piece's entry in the log, where it is the log that everybody can search.
pub(super) fn log_page(model: &Model, ui: &Ui) -> Option<Page> {
    let root = model.snapshot.trust.value();
    if !root.is_some_and(words::root::is_public_good) {
        return Some(Page::None(
            "Only entries of the public log have a page, and another trusted root is used",
        ));
    }
    let scene = Scene::new(model, ui, model.now);
    let shown = evidence::shown(model, ui)?;
    let found = shown.found?;
    let id = evidence::selected(&scene, &shown)?;
    let claims = words::item_of(found, &id).and_then(|item| item.claims.as_ref());
    Some(match claims.and_then(|claims| claims.log_index) {
        Some(index) => Page::Ours(format!("https://search.sigstore.dev/?logIndex={index}")),
        None => Page::None("Only a signed piece has a page: its entry in the public log"),
    })
}
