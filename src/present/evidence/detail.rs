//! What there is to say of one row of the tree, part by part; each part has a name that lasts.

use std::collections::BTreeSet;

use super::claims::{self, Compared};
use super::predicate;
use super::{Place, ProofId, item_of, items_at, kind_name, layout_word, sign_of_piece};
use crate::domain::digest::Digest;
use crate::domain::evidence::{
    ClientView, Item, ItemVerdict, Kind, Layout, Predicate, Problem, Recipe, Subject,
    SubjectVerdict, TrustRoot, Verdict, Verification, cosign, platform_name,
};
use crate::domain::time::Timestamp;
use crate::present::clean::clean;
use crate::present::role::Sign;
use crate::present::words;

/// A part of the detail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name among the others.
    pub id: String,
    /// What it says.
    pub body: Body,
}

/// What a part says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The title of what follows.
    Heading(String),
    /// A sentence with what it means.
    Said(Sign, String),
    /// A label and a value, whole.
    Field(String, String),
    /// A claim, beside what it must be.
    Claim(Compared),
    /// A line of the predicate.
    Node(predicate::Line),
    /// A package that another list has not, or in another version: a mark, its name, its versions.
    Change(&'static str, String, String),
}

impl Part {
    /// What is copied of it; `None`: nothing that would be of use elsewhere.
    pub fn value(&self) -> Option<(&str, &str)> {
        match &self.body {
            Body::Change(_, name, _) => Some(("name", name)),
            Body::Field(label, value) => Some((label, value)),
            Body::Claim(claim) => Some((claim.label, &claim.found)),
            Body::Node(line) if line.fold == predicate::Fold::Leaf => {
                Some((&line.name, &line.value))
            }
            _ => None,
        }
    }

    /// All its words, for a search.
    pub fn text(&self) -> String {
        match &self.body {
            Body::Heading(text) | Body::Said(_, text) => text.clone(),
            Body::Field(label, value) => format!("{label} {value}"),
            Body::Claim(claim) => format!("{} {}", claim.label, claim.found),
            Body::Node(line) => format!("{} {}", line.name, line.value),
            Body::Change(_, name, version) => format!("{name} {version}"),
        }
    }
}

/// What the parts are made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The judged image.
    pub found: &'a Verification,
    /// What it was held against.
    pub recipe: &'a Recipe,
    /// The trusted root, where it is known.
    pub root: Option<&'a TrustRoot>,
    /// Tags that point to the image, clean.
    pub tags: &'a [String],
    /// When it was looked up last.
    pub seen_at: Option<Timestamp>,
    /// Lines of the predicate that were opened or closed.
    pub toggled: &'a BTreeSet<String>,
    /// The time.
    pub now: Timestamp,
    /// The zone that clock times are shown in.
    pub zone: &'a jiff::tz::TimeZone,
}

/// The parts of a list, each with a name.
#[derive(Default)]
struct Parts(Vec<Part>);

impl Parts {
    fn add(&mut self, id: impl Into<String>, body: Body) {
        let id = id.into();
        self.0.push(Part { id, body });
    }

    fn heading(&mut self, text: &str) {
        self.add(format!("heading {text}"), Body::Heading(text.to_owned()));
    }

    fn say(&mut self, sign: Sign, text: impl Into<String>) {
        let n = self.0.len();
        self.add(format!("said {n}"), Body::Said(sign, text.into()));
    }

    fn field(&mut self, label: &str, value: impl Into<String>) {
        let n = self.0.len();
        let body = Body::Field(label.to_owned(), value.into());
        self.add(format!("{label} {n}"), body);
    }
}

/// What there is to say of a row of the tree.
pub fn parts(id: &ProofId, facts: &Facts<'_>) -> Vec<Part> {
    let mut parts = Parts::default();
    match id {
        ProofId::Subject(Place::Image) => image(&mut parts, facts),
        ProofId::Subject(Place::Root) => match facts.root {
            Some(root) => return of_root(root, facts.now, facts.zone),
            None => parts.say(
                Sign::Unknown,
                "Which trusted root is used is not known yet.",
            ),
        },
        ProofId::Subject(place) => subject(&mut parts, *place, facts),
        ProofId::Piece { place, .. } => match item_of(facts.found, id) {
            Some(item) => piece(&mut parts, *place, item, facts),
            None => parts.say(Sign::Absent, "This piece is not there any more."),
        },
        ProofId::Entry(digest) => entry(&mut parts, digest, facts),
    }
    parts.0
}

/// A part of a sentence as a sentence.
fn sentence(text: &str) -> String {
    let text = clean(text);
    let mut letters = text.chars();
    let mut whole: String = letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default();
    if !whole.ends_with(['.', '!', '?', ':']) {
        whole.push('.');
    }
    whole
}

fn image(parts: &mut Parts, facts: &Facts<'_>) {
    let found = facts.found;
    match found.verdict {
        Verdict::Verified => parts.say(
            Sign::Done,
            "The image is signed, its provenance holds, and each platform has an SBOM.",
        ),
        Verdict::Refused | Verdict::Unknown => {
            let sign = super::sign_of(found.verdict);
            for reason in &found.reasons {
                parts.say(sign, sentence(&reason.sentence));
            }
        }
    }
    for warning in &found.warnings {
        parts.say(Sign::Warning, sentence(&warning.sentence));
    }
    others(parts, &found.clients.iter().collect::<Vec<_>>());
    parts.heading("Image");
    parts.field("digest", found.digest.to_string());
    for tag in facts.tags {
        parts.field("tag", tag.clone());
    }
    for platform in &found.sboms {
        let name = clean(&platform_name(&platform.platform));
        parts.field(&name, platform.digest.to_string());
    }
    if let Some(at) = facts.seen_at {
        parts.field("looked up", words::moment(at, facts.zone));
    }
    parts.heading("Held against");
    let recipe = facts.recipe;
    parts.field("identity", clean(&claims::plain(recipe.identity.as_str())));
    parts.field("issuer", clean(&recipe.issuer));
    let optional = [
        ("repository", &recipe.repository),
        ("commit", &recipe.commit),
        ("run", &recipe.run),
        ("ref", &recipe.git_ref),
    ];
    for (label, value) in optional {
        if let Some(value) = value {
            parts.field(label, clean(value));
        }
    }
    if recipe.run.is_none() {
        parts.say(
            Sign::Absent,
            "It is another release's image: no run is known that its provenance must name.",
        );
    }
}

/// What cosign says where it differs.
fn others(parts: &mut Parts, views: &[&ClientView]) {
    let views: Vec<ClientView> = views.iter().copied().cloned().collect();
    for text in cosign::differences(&views) {
        // Each is a sentence already, and begins with a name that is written small.
        parts.say(Sign::Warning, clean(&text));
    }
}

fn views_of(found: &Verification, place: Place) -> Vec<&ClientView> {
    let platform = match place {
        Place::Sbom(n) => found.sboms.get(n).map(|one| &one.platform),
        _ => None,
    };
    let subject = match place {
        Place::Signature => Subject::Signature,
        Place::Provenance => Subject::Provenance,
        Place::Sbom(_) => Subject::Sbom,
        _ => return Vec::new(),
    };
    let own = |view: &&ClientView| view.subject == subject && view.platform.as_ref() == platform;
    found.clients.iter().filter(own).collect()
}

/// What a subject is called in a sentence, and the digest that its evidence hangs on.
fn named(found: &Verification, place: Place) -> (String, &Digest) {
    match place {
        Place::Provenance => ("provenance of the image".to_owned(), &found.digest),
        Place::Sbom(n) => match found.sboms.get(n) {
            Some(one) => {
                let name = clean(&platform_name(&one.platform));
                (format!("SBOM of {name}"), &one.digest)
            }
            None => ("SBOM".to_owned(), &found.digest),
        },
        Place::Index => ("SBOM of the index".to_owned(), &found.digest),
        Place::Others => ("other evidence".to_owned(), &found.digest),
        _ => ("signature over the image".to_owned(), &found.digest),
    }
}

fn subject(parts: &mut Parts, place: Place, facts: &Facts<'_>) {
    let found = facts.found;
    let (name, digest) = named(found, place);
    let verdict = match place {
        Place::Signature => Some(found.signature.verdict),
        Place::Provenance => Some(found.provenance.verdict),
        Place::Sbom(n) => found.sboms.get(n).map(|one| one.report.verdict),
        _ => None,
    };
    let items = items_at(found, place);
    let valid = items
        .iter()
        .filter(|item| item.verdict == ItemVerdict::Valid)
        .count();
    if let Some(verdict) = verdict {
        let sign = super::sign_of_subject(verdict);
        let text = match verdict {
            SubjectVerdict::Valid => format!("The {name} holds."),
            SubjectVerdict::Absent if items.is_empty() => format!(
                "There is no {name}: nothing of the kind hangs on {}.",
                digest.short()
            ),
            SubjectVerdict::Absent => {
                format!("There is no {name} of a type that counts.")
            }
            SubjectVerdict::Invalid => format!("No {name} holds."),
            SubjectVerdict::Unsupported => {
                format!("The {name} is of a form that cannot be judged here.")
            }
            SubjectVerdict::Unknown => {
                format!("The {name} could not be looked at, at least in part.")
            }
        };
        parts.say(sign, text);
    }
    if place == Place::Index {
        parts.say(
            Sign::Failed,
            "SBOMs hang at the index: each was made of one platform and speaks for all of them.",
        );
    }
    if items.len() > 1 {
        let text = format!(
            "{valid} of {} hold.",
            words::number_of(items.len(), "piece")
        );
        parts.say(Sign::Absent, text);
    }
    others(parts, &views_of(found, place));
    if place != Place::Others {
        parts.heading("Where it is looked for");
        parts.field("digest", digest.to_string());
        let hex = digest.as_str().replace(':', "-");
        let end = if place == Place::Signature {
            "sig"
        } else {
            "att"
        };
        parts.field("tag", format!("{hex}.{end}"));
        parts.field("bundles", "referrers of the digest, by API and by tag");
    }
}

fn piece(parts: &mut Parts, place: Place, item: &Item, facts: &Facts<'_>) {
    verdict(parts, item);
    let (_, subject) = named(facts.found, place);
    others(parts, &views_of(facts.found, place));
    if let Some(claims) = &item.claims {
        parts.heading("Certificate, found and as it must be");
        for claim in claims::of_certificate(claims, item, facts.recipe) {
            parts.add(format!("claim {}", claim.label), Body::Claim(claim));
        }
    } else {
        parts.heading("Certificate");
        parts.say(
            Sign::Absent,
            "What it claims is not shown, because nothing proves it.",
        );
    }
    let differing = claims::of_statement(item);
    if !differing.is_empty() {
        parts.heading("Statement, found and as it must be");
        for claim in differing {
            parts.add(format!("statement {}", claim.label), Body::Claim(claim));
        }
    }
    if let Some(claims) = &item.claims {
        parts.heading("Transparency log");
        if let Some(index) = claims.log_index {
            parts.field("log index", index.to_string());
        }
        for time in &claims.times {
            parts.field("signed", words::moment(*time, facts.zone));
        }
    }
    parts.heading("Where it was found");
    let place_word = match item.layout {
        Layout::Legacy => "under a tag named after the digest (cosign 1 and later)",
        Layout::Bundle => "a bundle that refers to the digest (cosign 3)",
        Layout::Github => "GitHub's store of attestations",
    };
    parts.field("layout", place_word);
    if let Some(kind) = &item.predicate_type {
        parts.field("type", clean(kind));
    }
    parts.field("digest", item.digest.to_string());
    let on = item.on.as_ref().unwrap_or(subject);
    parts.field("hangs on", on.to_string());
    said(parts, item, facts);
}

fn verdict(parts: &mut Parts, item: &Item) {
    let sign = sign_of_piece(item.verdict);
    if item.problems.is_empty() {
        let what = match item.kind {
            Kind::Signature => {
                "The signature holds: its certificate, its log entry and its signer."
            }
            Kind::Provenance => {
                "The provenance holds: its certificate, its log entry, its signer and its fields."
            }
            Kind::Sbom => "The SBOM holds: its certificate, its log entry and its signer.",
            Kind::Other => "It holds: its certificate, its log entry and its signer.",
        };
        parts.say(sign, what);
    }
    for problem in &item.problems {
        let text = match problem {
            // Both sides of it stand below, one above the other.
            Problem::Differs { claim, .. } => claims::in_short(*claim).to_owned(),
            Problem::Broken { .. } => sentence(&problem.words()),
        };
        parts.say(sign, text);
    }
    for remark in &item.remarks {
        parts.say(Sign::Warning, sentence(&remark.words()));
    }
}

/// What the statement says, as a tree.
fn said(parts: &mut Parts, item: &Item, facts: &Facts<'_>) {
    match &item.predicate {
        None => {}
        Some(Predicate::TooLong(bytes)) => {
            parts.heading("Predicate");
            let size = words::size(*bytes as u64);
            let text = if item.kind == Kind::Sbom {
                format!("The document has {size}; of it, the packages are kept.")
            } else {
                format!("It has {size}, more than is kept to be shown.")
            };
            parts.say(Sign::Absent, text);
        }
        Some(Predicate::Kept(value)) => {
            parts.heading("Predicate");
            for line in predicate::lines(value, facts.toggled) {
                parts.add(format!("json {}", line.pointer), Body::Node(line));
            }
        }
    }
}

fn entry(parts: &mut Parts, digest: &Digest, facts: &Facts<'_>) {
    parts.say(
        Sign::Absent,
        "The builder put this into the index itself (BuildKit). Nobody signed it, so it proves nothing.",
    );
    parts.field("digest", digest.to_string());
    let of = facts
        .found
        .buildkit
        .iter()
        .find(|entry| entry.digest == *digest);
    if let Some(of) = of.and_then(|entry| entry.of.as_ref()) {
        parts.field("of", of.to_string());
    }
}

/// What there is to say of a trusted root.
pub fn of_root(root: &TrustRoot, now: Timestamp, zone: &jiff::tz::TimeZone) -> Vec<Part> {
    let mut parts = Parts::default();
    for (sign, text) in super::root::sentences(root, now) {
        parts.say(sign, text);
    }
    parts.field("digest", root.digest.to_string());
    if let Some(at) = root.checked_at {
        parts.field("confirmed", words::moment(at, zone));
    }
    if let Some(at) = root.expires {
        parts.field("runs out", words::moment(at, zone));
    }
    parts.0
}

/// What the detail is titled: the subject, and where the piece was found.
pub fn title(id: &ProofId, found: &Verification) -> String {
    match id {
        ProofId::Subject(Place::Image) => "image".to_owned(),
        ProofId::Subject(Place::Root) => "trusted root".to_owned(),
        ProofId::Subject(place) => named(found, *place).0,
        ProofId::Piece {
            place: Place::Others,
            ..
        } => item_of(found, id).map_or_else(String::new, kind_name),
        ProofId::Piece { place, layout, .. } => {
            format!("{}, {}", named(found, *place).0, layout_word(*layout))
        }
        ProofId::Entry(_) => "unsigned, in the index".to_owned(),
    }
}
