//! The evidence of one image in words: what there is of each subject, and what each piece says.

pub mod claims;
pub mod compared;
pub mod detail;
pub mod predicate;
pub mod root;

use super::clean::clean;
use super::role::Sign;
use super::words;
use crate::domain::digest::Digest;
use crate::domain::evidence::{
    Expected, Item, ItemVerdict, Layout, Problem, SubjectReport, SubjectVerdict, Verdict,
    Verification, platform_name,
};
use crate::domain::fact::{Ask, ImageId};
use crate::domain::outlook::Outlook;

/// A subject of evidence, or something that belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// The image as a whole.
    Image,
    /// The signature over the image.
    Signature,
    /// The provenance of the image.
    Provenance,
    /// The SBOM of a platform, by the platform's place in the index: an index of a digest never changes.
    Sbom(usize),
    /// SBOMs at the index.
    Index,
    /// Everything else that is signed.
    Others,
    /// What the builder put into the index, unsigned.
    InIndex,
    /// The trusted root.
    Root,
}

/// A row of the tree of evidence.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProofId {
    /// A subject.
    Subject(Place),
    /// A piece of it.
    Piece {
        /// The subject.
        place: Place,
        /// Where it was found.
        layout: Layout,
        /// Digest of its bytes.
        digest: Digest,
        /// Which of several of the same bytes in one layout.
        nth: usize,
    },
    /// An entry of the index that nobody signed.
    Entry(Digest),
}

/// A row of the tree, to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it stands for.
    pub id: ProofId,
    /// How deep it stands.
    pub depth: usize,
    /// What is found.
    pub sign: Sign,
    /// Its name, clean.
    pub text: String,
    /// Where it was found, or how many there are.
    pub note: String,
}

/// What evidence of this digest is held against: the run's facts for what the run built, else nothing.
pub fn expected(outlook: &Outlook, image: &ImageId, digest: &Digest) -> Expected {
    match outlook.digests.get(image) {
        Some(built) if built.value == *digest => outlook.expected_evidence.clone(),
        _ => Expected::default(),
    }
}

/// The question that asks for the evidence of a digest.
pub fn ask(outlook: &Outlook, image: &ImageId, digest: &Digest) -> Ask {
    let expected = expected(outlook, image, digest);
    Ask::Evidence(image.clone(), digest.clone(), Box::new(expected))
}

/// The tree: the image, its subjects with their pieces, what is in the index, and the trusted root.
pub fn tree(found: &Verification) -> Vec<Entry> {
    let mut rows = vec![Entry {
        id: ProofId::Subject(Place::Image),
        depth: 0,
        sign: sign_of(found.verdict),
        text: "image".to_owned(),
        note: verdict_word(found.verdict).to_owned(),
    }];
    report(&mut rows, Place::Signature, "signature", &found.signature);
    report(
        &mut rows,
        Place::Provenance,
        "provenance",
        &found.provenance,
    );
    for (n, platform) in found.sboms.iter().enumerate() {
        let name = format!("SBOM {}", clean(&platform_name(&platform.platform)));
        report(&mut rows, Place::Sbom(n), &name, &platform.report);
    }
    if !found.index_sboms.is_empty() {
        let sign = Sign::Failed;
        let name = "SBOM on the index";
        pieces(&mut rows, Place::Index, name, sign, &found.index_sboms);
    }
    for item in &found.others {
        rows.push(Entry {
            depth: 1,
            text: format!("other: {}", kind_name(item)),
            ..piece(Place::Others, item, &found.others)
        });
    }
    for entry in &found.buildkit {
        let of = entry.of.as_ref().map(words::digest_head);
        rows.push(Entry {
            id: ProofId::Entry(entry.digest.clone()),
            depth: 1,
            sign: Sign::Absent,
            text: format!("unsigned, of {}", of.unwrap_or_else(|| "?".to_owned())),
            note: "in the index".to_owned(),
        });
    }
    rows
}

/// The sign of what is found of an image.
pub fn sign_of(verdict: Verdict) -> Sign {
    match verdict {
        Verdict::Verified => Sign::Done,
        Verdict::Refused => Sign::Failed,
        Verdict::Unknown => Sign::Unknown,
    }
}

fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "verified",
        Verdict::Refused => "refused",
        Verdict::Unknown => "cannot tell",
    }
}

/// The sign of what is found of a subject.
pub fn sign_of_subject(verdict: SubjectVerdict) -> Sign {
    match verdict {
        SubjectVerdict::Valid => Sign::Done,
        SubjectVerdict::Invalid | SubjectVerdict::Absent => Sign::Failed,
        SubjectVerdict::Unsupported | SubjectVerdict::Unknown => Sign::Unknown,
    }
}

/// The same, with a warning where something that does not hold is beside what does.
pub fn sign_of_report(report: &SubjectReport) -> Sign {
    let is_bad = |item: &Item| item.verdict == ItemVerdict::Invalid;
    match sign_of_subject(report.verdict) {
        Sign::Done if report.items.iter().any(is_bad) => Sign::Warning,
        sign => sign,
    }
}

/// The sign of what is found of a piece.
pub fn sign_of_piece(verdict: ItemVerdict) -> Sign {
    match verdict {
        ItemVerdict::Valid => Sign::Done,
        ItemVerdict::Invalid => Sign::Failed,
        ItemVerdict::Unsupported => Sign::Unknown,
    }
}

/// Where a piece was found, in a word.
pub fn layout_word(layout: Layout) -> &'static str {
    match layout {
        Layout::Legacy => "tag",
        Layout::Bundle => "bundle",
        Layout::Github => "GitHub",
    }
}

/// A subject with one piece is a row; with several, the subject and a row for each.
fn report(rows: &mut Vec<Entry>, place: Place, name: &str, report: &SubjectReport) {
    let sign = sign_of_report(report);
    if report.items.is_empty() {
        let note = match report.verdict {
            SubjectVerdict::Unknown => "not looked at",
            _ => "none",
        };
        rows.push(Entry {
            id: ProofId::Subject(place),
            depth: 1,
            sign,
            text: name.to_owned(),
            note: note.to_owned(),
        });
        return;
    }
    pieces(rows, place, name, sign, &report.items);
}

fn pieces(rows: &mut Vec<Entry>, place: Place, name: &str, sign: Sign, items: &[Item]) {
    if let [only] = items {
        rows.push(Entry {
            depth: 1,
            sign,
            text: name.to_owned(),
            ..piece(place, only, items)
        });
        return;
    }
    rows.push(Entry {
        id: ProofId::Subject(place),
        depth: 1,
        sign,
        text: name.to_owned(),
        note: items.len().to_string(),
    });
    rows.extend(items.iter().map(|item| piece(place, item, items)));
}

fn piece(place: Place, item: &Item, among: &[Item]) -> Entry {
    let same = |other: &&Item| other.layout == item.layout && other.digest == item.digest;
    let nth = among
        .iter()
        .take_while(|other| !std::ptr::eq(*other, item))
        .filter(same)
        .count();
    let entry = item.claims.as_ref().and_then(|claims| claims.log_index);
    let name = entry.map_or_else(|| words::digest(&item.digest), |n| format!("entry {n}"));
    let why = item.problems.first().map(Problem::code);
    Entry {
        id: ProofId::Piece {
            place,
            layout: item.layout,
            digest: item.digest.clone(),
            nth,
        },
        depth: 2,
        sign: sign_of_piece(item.verdict),
        text: match why {
            Some(why) => format!("{name} {}", why.replace('-', " ")),
            None => name,
        },
        note: layout_word(item.layout).to_owned(),
    }
}

/// What a statement is, by the last parts of its type.
pub fn kind_name(item: &Item) -> String {
    let Some(kind) = item.predicate_type.as_deref() else {
        return "no type".to_owned();
    };
    let kind = clean(kind);
    let short = kind
        .trim_start_matches("https://")
        .trim_end_matches('/')
        .to_owned();
    words::middle(&short, 40)
}

/// The pieces of a subject.
pub fn items_at(found: &Verification, place: Place) -> &[Item] {
    match place {
        Place::Signature => &found.signature.items,
        Place::Provenance => &found.provenance.items,
        Place::Sbom(n) => found.sboms.get(n).map_or(&[], |one| &one.report.items),
        Place::Index => &found.index_sboms,
        Place::Others => &found.others,
        Place::Image | Place::InIndex | Place::Root => &[],
    }
}

/// The piece that a row stands for.
pub fn item_of<'a>(found: &'a Verification, id: &ProofId) -> Option<&'a Item> {
    let ProofId::Piece {
        place,
        layout,
        digest,
        nth,
    } = id
    else {
        return None;
    };
    items_at(found, *place)
        .iter()
        .filter(|item| item.layout == *layout && item.digest == *digest)
        .nth(*nth)
}

/// The subject that a row belongs to.
pub fn place_of(id: &ProofId) -> Place {
    match id {
        ProofId::Subject(place) | ProofId::Piece { place, .. } => *place,
        ProofId::Entry(_) => Place::InIndex,
    }
}

/// Where the tree shows what a row of the board is about; `None`: that row is not about evidence.
///
/// Of a subject, the first piece that does not hold: that is what the row tells.
pub fn of_rule(found: &Verification, rule: &str, about: Option<&str>) -> Option<ProofId> {
    let about = about.unwrap_or_default();
    let of_platform = || {
        let at = found.sboms.iter().position(|one| {
            let name = platform_name(&one.platform);
            about.split(' ').any(|word| word == name)
        });
        at.map(Place::Sbom)
    };
    let place = match rule {
        "signature" => Place::Signature,
        "signer" | "commit" => of_platform().unwrap_or({
            let is_provenance = about.ends_with("provenance");
            let is_signature = about.ends_with("signature");
            if is_provenance || (rule == "commit" && !is_signature) {
                Place::Provenance
            } else {
                Place::Signature
            }
        }),
        "provenance" => Place::Provenance,
        "sbom" => of_platform()?,
        "sbom-place" => Place::Index,
        "layouts" | "duplicates" | "evidence-notes" => Place::Image,
        _ => return None,
    };
    Some(first_of(found, place))
}

/// The row to begin with for a subject.
pub fn first_of(found: &Verification, place: Place) -> ProofId {
    let items = items_at(found, place);
    let bad = items.iter().find(|item| item.verdict != ItemVerdict::Valid);
    let is_bad = match place {
        Place::Signature => found.signature.verdict != SubjectVerdict::Valid,
        Place::Provenance => found.provenance.verdict != SubjectVerdict::Valid,
        Place::Sbom(n) => found
            .sboms
            .get(n)
            .is_some_and(|one| one.report.verdict != SubjectVerdict::Valid),
        _ => true,
    };
    match bad.filter(|_| is_bad).or(items.first()) {
        Some(item) => piece(place, item, items).id,
        None if place == Place::Index => ProofId::Subject(Place::Image),
        None => ProofId::Subject(place),
    }
}
