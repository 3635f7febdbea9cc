//! The evidence that is open: of which image, what is known of it, and what is selected in it.

use super::scene::Scene;
use super::ui::{Item, Pane, Ui};
use super::widget::Row;
use super::widget::line::{Bit, Line};
use crate::domain::digest::Digest;
use crate::domain::evidence::{Package, Recipe, SbomSummary, Verification};
use crate::domain::fact::{Ask, ImageId};
use crate::engine::Model;
use crate::present::clean::clean;
use crate::present::evidence::detail::{self, Body, Facts, Part};
use crate::present::evidence::{self, Entry, Place, ProofId, compared};
use crate::present::role::{Role, Sign};

/// The image whose evidence is open.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    /// The image.
    pub(super) image: ImageId,
    /// Its digest.
    pub(super) digest: Digest,
    /// The question that asks for the evidence.
    pub(super) ask: Ask,
    /// What was found; `None`: it was never looked at well.
    pub(super) found: Option<&'a Verification>,
    /// Whether the registry said that there is no such image.
    pub(super) is_gone: bool,
}

/// The digest that evidence is shown of where no tag is named: what the run built, else what is out.
fn first_digest(model: &Model, image: &ImageId) -> Option<Digest> {
    let outlook = &model.outlook;
    if let Some(built) = outlook.digests.get(image) {
        return Some(built.value.clone());
    }
    outlook
        .tags
        .get(image)?
        .iter()
        .find_map(|tag| model.snapshot.tag(image, &tag.tag)?.value()?.clone())
}

/// The first image of which a digest is known.
pub(super) fn first_image(model: &Model) -> Option<ImageId> {
    let images = model.policy.images.iter().map(ImageId::of);
    let mut known = images.filter(|image| first_digest(model, image).is_some());
    known.next()
}

/// The image whose evidence is open; `None`: it is not open, or no digest is known any more.
pub(super) fn shown<'a>(model: &'a Model, ui: &Ui) -> Option<Shown<'a>> {
    let open = ui.evidence.as_ref()?;
    of(model, &open.image, open.digest.clone())
}

/// The evidence of an image.
pub(super) fn of<'a>(
    model: &'a Model,
    image: &ImageId,
    digest: Option<Digest>,
) -> Option<Shown<'a>> {
    let digest = digest.or_else(|| first_digest(model, image))?;
    let expected = evidence::expected(&model.outlook, image, &digest);
    let value = model
        .snapshot
        .evidence_of(image, &digest, &expected)
        .and_then(|observed| observed.value());
    Some(Shown {
        image: image.clone(),
        ask: evidence::ask(&model.outlook, image, &digest),
        found: value.and_then(|found| found.as_deref()),
        is_gone: value.is_some_and(Option::is_none),
        digest,
    })
}

impl Shown<'_> {
    /// The rows of the tree.
    fn entries(&self, scene: &Scene<'_>) -> Vec<Entry> {
        let mut entries = self.found.map(evidence::tree).unwrap_or_default();
        if let Some(root) = scene.model.snapshot.trust.value() {
            entries.push(Entry {
                id: ProofId::Subject(Place::Root),
                depth: 0,
                sign: evidence::root::sign(root, scene.now),
                text: "trusted root".to_owned(),
                note: evidence::root::word(root).to_owned(),
            });
        }
        entries
    }

    /// Tags that point to the image, clean.
    fn tags(&self, model: &Model) -> Vec<String> {
        let tags = model.outlook.tags.get(&self.image).into_iter().flatten();
        tags.filter(|tag| {
            let seen = model.snapshot.tag(&self.image, &tag.tag);
            let at = seen.and_then(|seen| seen.value()?.as_ref());
            at == Some(&self.digest)
        })
        .map(|tag| clean(&tag.tag))
        .collect()
    }
}

/// The tree as rows that can be selected.
pub(super) fn rows(scene: &Scene<'_>) -> Vec<Row> {
    let Some(shown) = shown(scene.model, scene.ui) else {
        return Vec::new();
    };
    shown.entries(scene).into_iter().map(entry_row).collect()
}

fn entry_row(entry: Entry) -> Row {
    let role = match entry.sign {
        Sign::Failed => Role::Bad,
        Sign::Absent => Role::Muted,
        _ => Role::Plain,
    };
    let line = Line::of([
        Bit::plain("  ".repeat(entry.depth)),
        Bit::sign(entry.sign),
        Bit::of(role, entry.text).name(),
    ]);
    Row::of(Item::Proof(entry.id), line.right([Bit::muted(entry.note)]))
}

/// The row of the tree that is selected.
pub(super) fn selected(scene: &Scene<'_>, shown: &Shown<'_>) -> Option<ProofId> {
    let items: Vec<Item> = shown
        .entries(scene)
        .into_iter()
        .map(|entry| Item::Proof(entry.id))
        .collect();
    match scene.ui.selected(Pane::Proofs, &items)? {
        Item::Proof(id) => Some(id.clone()),
        _ => None,
    }
}

/// What there is to say of the selected row, narrowed by what is searched for.
#[derive(Debug)]
pub(super) struct Detail<'a> {
    /// What it is titled.
    pub(super) title: String,
    /// All but the packages.
    pub(super) parts: Vec<Part>,
    /// The SBOM whose packages follow.
    sbom: Option<&'a SbomSummary>,
    /// Places of the packages that pass the search.
    pub(super) packages: Vec<usize>,
}

impl<'a> Detail<'a> {
    /// The detail of the selected row; `None`: no evidence is open, or there is none yet.
    pub(super) fn of(scene: &Scene<'a>) -> Option<Self> {
        let (model, ui) = (scene.model, scene.ui);
        let shown = shown(model, ui)?;
        let id = selected(scene, &shown)?;
        let root = model.snapshot.trust.value();
        let Some(found) = shown.found else {
            return (id == ProofId::Subject(Place::Root)).then(|| Self::of_root(scene));
        };
        let expected = evidence::expected(&model.outlook, &shown.image, &shown.digest);
        let recipe = Recipe::of_policy(&model.policy, &expected);
        let toggled = ui.evidence.as_ref().map(|open| &open.toggled)?;
        let facts = Facts {
            found,
            recipe: &recipe,
            root,
            tags: &shown.tags(model),
            seen_at: model.snapshot.standing(&shown.ask).seen_at,
            toggled,
            now: scene.now,
            zone: &ui.zone,
        };
        let mut parts = detail::parts(&id, &facts);
        let sbom = evidence::item_of(found, &id).and_then(|item| item.sbom.as_ref());
        if let Some(open) = &ui.evidence
            && sbom.is_some()
        {
            parts.extend(open.compared.parts.iter().cloned());
        }
        let packages = sbom.map_or_else(Vec::new, |sbom| matching(sbom, ui.filter(Pane::Proof)));
        if let Some(sbom) = sbom {
            parts.push(packages_heading(sbom, packages.len()));
        }
        let is_searched = !ui.filter(Pane::Proof).is_empty();
        if is_searched {
            parts.retain(|part| {
                part.id == PACKAGES
                    || !matches!(part.body, Body::Heading(_))
                        && ui.passes(Pane::Proof, &part.text())
            });
        }
        Some(Self {
            title: detail::title(&id, found),
            parts,
            sbom,
            packages,
        })
    }

    fn of_root(scene: &Scene<'_>) -> Self {
        let root = scene.model.snapshot.trust.value();
        Self {
            title: "trusted root".to_owned(),
            parts: root.map_or_else(Vec::new, |root| {
                detail::of_root(root, scene.now, &scene.ui.zone)
            }),
            sbom: None,
            packages: Vec::new(),
        }
    }

    /// Everything that can be selected, in order.
    pub(super) fn items(&self) -> Vec<Item> {
        let is_heading = |part: &&Part| matches!(part.body, Body::Heading(_));
        let parts = self.parts.iter().filter(|part| !is_heading(part));
        let parts = parts.map(|part| Item::Part(part.id.clone()));
        let packages = self.packages.iter().map(|place| Item::Package(*place));
        parts.chain(packages).collect()
    }

    /// A package by its place in the document.
    pub(super) fn package(&self, place: usize) -> Option<&'a Package> {
        self.sbom?.packages.get(place)
    }

    /// A part by its name.
    pub(super) fn part(&self, id: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.id == id)
    }
}

/// In what the selected SBOM differs from others; made when another is selected, and not at each frame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// Digests of the documents, the selected one first.
    of: Vec<Digest>,
    /// What to say of it.
    parts: Vec<Part>,
}

impl Compared {
    /// The comparisons of what is selected; `None`: those that are known are of the same documents.
    pub(super) fn anew(&self, scene: &Scene<'_>) -> Option<Self> {
        let (model, ui) = (scene.model, scene.ui);
        let shown = shown(model, ui)?;
        let id = selected(scene, &shown)?;
        let found = shown.found?;
        let item = evidence::item_of(found, &id)?;
        let (Place::Sbom(n), Some(sbom)) = (evidence::place_of(&id), &item.sbom) else {
            return None;
        };
        let (snapshot, outlook) = (&model.snapshot, &model.outlook);
        let previous = compared::previous(snapshot, outlook, &shown.image, &shown.digest);
        let bases = compared::bases(found, previous.as_ref(), n);
        let of: Vec<Digest> = std::iter::once(&item.digest)
            .chain(bases.iter().map(|base| base.digest))
            .cloned()
            .collect();
        (of != self.of).then(|| Self {
            of,
            parts: bases
                .iter()
                .flat_map(|base| compared::parts(base, &sbom.packages))
                .collect(),
        })
    }
}

/// The name of the heading over the packages.
const PACKAGES: &str = "packages";

fn packages_heading(sbom: &SbomSummary, shown: usize) -> Part {
    let all = sbom.packages.len();
    let text = if shown == all {
        format!("Packages  {all}")
    } else {
        format!("Packages  {shown} of {all}")
    };
    Part {
        id: PACKAGES.to_owned(),
        body: Body::Heading(text),
    }
}

/// Places of the packages in which a text is found; upper and lower case are the same.
fn matching(sbom: &SbomSummary, text: &str) -> Vec<usize> {
    let text = text.to_lowercase();
    let has = |field: &str| text.is_empty() || field.to_lowercase().contains(&text);
    sbom.packages
        .iter()
        .enumerate()
        .filter(|(_, package)| {
            has(&package.name)
                || package.version.as_deref().is_some_and(has)
                || package.purl.as_deref().is_some_and(has)
        })
        .map(|(place, _)| place)
        .collect()
}
