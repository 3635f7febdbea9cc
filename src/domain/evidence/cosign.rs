//! What cosign would say of an image, for each way in which people run it.
//!
//! Modelled on the sources of cosign 2.6.3 and 3.1.3, and held against what both did with a hundred real images. It
//! looks for bundles first, and one bundle that can be opened keeps it from looking at the tags; it takes any bundle
//! that holds for a signature; and it compares nothing that stands in a predicate.

use serde::{Deserialize, Serialize};

use super::{
    Check, Checks, Claim, Form, Item, ItemVerdict, Layout, Problem, Recipe, Subject,
    SubjectVerdict, Verification, platform_name,
};
use crate::domain::artifact::Platform;
use crate::domain::digest::Digest;

/// A cosign, as people run it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Client {
    /// cosign 2.6 with the root that it keeps itself.
    #[serde(rename = "cosign-2.6")]
    Cosign2,
    /// cosign 2.6 with keys in `SIGSTORE_*` variables.
    #[serde(rename = "cosign-2.6-keys")]
    Cosign2Keys,
    /// cosign 2.6 with `--trusted-root`.
    #[serde(rename = "cosign-2.6-trusted-root")]
    Cosign2Root,
    /// cosign 2.6 with `--new-bundle-format --trusted-root`.
    #[serde(rename = "cosign-2.6-bundles")]
    Cosign2Bundles,
    /// The same with `--use-signed-timestamps`.
    #[serde(rename = "cosign-2.6-bundles-timestamps")]
    Cosign2BundlesStamps,
    /// cosign 3.1.
    #[serde(rename = "cosign-3.1")]
    Cosign3,
    /// cosign 3.1 with `--use-signed-timestamps`.
    #[serde(rename = "cosign-3.1-timestamps")]
    Cosign3Stamps,
}

impl Client {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Cosign2,
        Self::Cosign2Keys,
        Self::Cosign2Root,
        Self::Cosign2Bundles,
        Self::Cosign2BundlesStamps,
        Self::Cosign3,
        Self::Cosign3Stamps,
    ];

    /// As installed, without a flag about trust or layout.
    pub fn is_plain(self) -> bool {
        matches!(self, Self::Cosign2 | Self::Cosign3)
    }

    /// Its name for a person.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosign2 => "cosign 2.6",
            Self::Cosign2Keys => "cosign 2.6 with SIGSTORE_* variables",
            Self::Cosign2Root => "cosign 2.6 with --trusted-root",
            Self::Cosign2Bundles => "cosign 2.6 with --new-bundle-format",
            Self::Cosign2BundlesStamps => {
                "cosign 2.6 with --new-bundle-format --use-signed-timestamps"
            }
            Self::Cosign3 => "cosign 3.1",
            Self::Cosign3Stamps => "cosign 3.1 with --use-signed-timestamps",
        }
    }

    fn wants_stamps(self, form: Form) -> bool {
        match self {
            Self::Cosign2BundlesStamps | Self::Cosign3Stamps => true,
            // It sees that such a log gives no time.
            Self::Cosign3 => form == Form::TimelessBundle,
            _ => false,
        }
    }

    fn only_bundles(self) -> bool {
        matches!(self, Self::Cosign2Bundles | Self::Cosign2BundlesStamps)
    }
}

/// What cosign is asked of one digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask<'a> {
    /// `cosign verify`.
    Signature,
    /// `cosign verify-attestation --type` of this statement type.
    Attestation(&'a str),
}

/// How cosign would end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It accepts.
    Accepts,
    /// It refuses, with this exit code.
    Refuses(u8),
    /// Not everything that it would see is known here.
    Unknown,
}

/// Exit code of most refusals.
const REFUSED: u8 = 1;
/// Exit code where there is no `.sig`.
const NO_SIGNATURES: u8 = 10;
/// Exit code where no layer of a `.sig` holds.
const NO_MATCHING_SIGNATURES: u8 = 12;

/// Whether a client goes by the bundles of a digest and not by its tags.
fn goes_by_bundles(client: Client, pieces: &[&Item]) -> bool {
    client.only_bundles() || pieces.iter().any(|piece| is_bundle(piece))
}

fn is_bundle(item: &Item) -> bool {
    matches!(item.checks.form, Form::Bundle | Form::TimelessBundle)
}

/// What a client makes of one piece.
fn takes(client: Client, checks: Checks) -> Check {
    let cryptography = match checks.form {
        Form::Closed => Check::Fails,
        // A time stamp of a layer is looked at where there is one; the log gives the time all the same.
        Form::Sig | Form::Att => checks.by_log,
        form if client.wants_stamps(form) => checks.by_stamp,
        _ => checks.by_log,
    };
    cryptography.and(checks.subject).and(checks.signer)
}

/// The pieces that a client looks at for this question.
fn looked_at<'a>(client: Client, pieces: &[&'a Item], ask: Ask<'_>) -> Vec<&'a Item> {
    let by_bundles = goes_by_bundles(client, pieces);
    let form = |item: &Item| match ask {
        _ if by_bundles => is_bundle(item),
        Ask::Signature => item.checks.form == Form::Sig,
        Ask::Attestation(_) => item.checks.form == Form::Att,
    };
    pieces.iter().copied().filter(|item| form(item)).collect()
}

/// How a client ends that is asked this about a digest with these pieces.
pub fn outcome(client: Client, pieces: &[&Item], ask: Ask<'_>) -> Outcome {
    let has_bundle = pieces.iter().any(|piece| is_bundle(piece));
    let by_bundles = goes_by_bundles(client, pieces);
    let lacks_root = client == Client::Cosign2Keys && has_bundle;
    let lacks_flag =
        client == Client::Cosign2Root && !has_bundle && matches!(ask, Ask::Attestation(_));
    if lacks_root || lacks_flag {
        return Outcome::Refuses(REFUSED);
    }
    let looked_at = looked_at(client, pieces, ask);
    let refused = match ask {
        Ask::Attestation(_) => REFUSED,
        Ask::Signature if by_bundles => REFUSED,
        Ask::Signature if looked_at.is_empty() => NO_SIGNATURES,
        Ask::Signature => NO_MATCHING_SIGNATURES,
    };
    let mut is_open = false;
    let mut is_found = false;
    for piece in looked_at {
        let is_asked_for = match ask {
            Ask::Signature => true,
            Ask::Attestation(kind) => piece.predicate_type.as_deref() == Some(kind),
        };
        match takes(client, piece.checks) {
            Check::Fails => {}
            _ if !is_asked_for => {}
            Check::Unknown => is_open = true,
            Check::Holds => match (ask, piece.checks.shape) {
                // One that holds and cannot be read ends the command, whatever is beside it.
                (Ask::Attestation(_), Check::Fails) => return Outcome::Refuses(refused),
                _ => is_found = true,
            },
        }
    }
    match (is_found, is_open) {
        (true, _) => Outcome::Accepts,
        (false, true) => Outcome::Unknown,
        (false, false) => Outcome::Refuses(refused),
    }
}

/// What one client says of one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientView {
    /// Which cosign.
    pub client: Client,
    /// Of what.
    pub subject: Subject,
    /// Of which platform, where the subject is its SBOM.
    pub platform: Option<Platform>,
    /// Whether it accepts; `None`: that cannot be told from here.
    pub accepts: Option<bool>,
    /// Its exit code, as far as it can be told.
    pub exit: Option<u8>,
    /// Whether that is not what is found here.
    pub differs: bool,
    /// Why it differs, as a part of a sentence.
    pub because: Option<String>,
}

impl ClientView {
    /// What it says, as one sentence.
    pub fn sentence(&self) -> String {
        let who = self.client.name();
        sentence(who, false, self.accepts, &self.what(), self.because())
    }

    fn what(&self) -> String {
        let word = match self.subject {
            Subject::Signature => "signature",
            Subject::Provenance => "provenance",
            Subject::Sbom => "SBOM",
        };
        match &self.platform {
            Some(platform) => format!("the {word} of {}", platform_name(platform)),
            None => format!("the {word}"),
        }
    }

    fn because(&self) -> Option<&str> {
        self.because.as_deref()
    }
}

fn sentence(
    who: &str,
    are_many: bool,
    accepts: Option<bool>,
    what: &str,
    because: Option<&str>,
) -> String {
    let verb = match (accepts, are_many) {
        (Some(true), false) => "accepts",
        (Some(true), true) => "accept",
        (Some(false), false) => "refuses",
        (Some(false), true) => "refuse",
        (None, _) => return format!("It cannot be told what {who} would say of {what}."),
    };
    match because {
        Some(because) => format!("{who} {verb} {what}: {because}."),
        None => format!("{who} {verb} {what}."),
    }
}

/// What one or more clients say of some subjects for one reason.
struct Group<'a> {
    clients: Vec<Client>,
    accepts: Option<bool>,
    because: Option<&'a str>,
    whats: Vec<String>,
}

/// One sentence for each way in which a cosign as installed says something else than is found here.
pub fn differences(views: &[ClientView]) -> Vec<String> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for client in Client::ALL.into_iter().filter(|client| client.is_plain()) {
        let mut own: Vec<Group<'_>> = Vec::new();
        for view in views
            .iter()
            .filter(|view| view.client == client && view.differs)
        {
            let same = |group: &&mut Group<'_>| {
                (group.accepts, group.because) == (view.accepts, view.because())
            };
            match own.iter_mut().find(same) {
                Some(group) => group.whats.push(view.what()),
                None => own.push(Group {
                    clients: vec![client],
                    accepts: view.accepts,
                    because: view.because(),
                    whats: vec![view.what()],
                }),
            }
        }
        for one in own {
            let same = |group: &&mut Group<'_>| {
                (group.accepts, group.because, &group.whats)
                    == (one.accepts, one.because, &one.whats)
            };
            match groups.iter_mut().find(same) {
                Some(group) => group.clients.push(client),
                None => groups.push(one),
            }
        }
    }
    groups.iter().map(Group::sentence).collect()
}

impl Group<'_> {
    fn sentence(&self) -> String {
        let who = match self.clients.as_slice() {
            [one] => one.name(),
            _ => "cosign 2.6 and 3.1",
        };
        let whats: Vec<&str> = self.whats.iter().map(String::as_str).collect();
        let are_many = self.clients.len() > 1;
        sentence(who, are_many, self.accepts, &listed(&whats), self.because)
    }
}

/// The pieces that hang on a digest.
pub fn pieces<'a>(found: &'a Verification, digest: &Digest) -> Vec<&'a Item> {
    let whole = [&found.signature, &found.provenance];
    let whole = whole.into_iter().flat_map(|report| &report.items);
    let platforms = found
        .sboms
        .iter()
        .filter(|platform| platform.digest == *digest)
        .flat_map(|platform| &platform.report.items);
    whole
        .chain(&found.index_sboms)
        .chain(&found.others)
        .chain(platforms)
        .filter(|item| item.on.as_ref() == Some(digest))
        .collect()
}

/// What each client says of each subject that the recipe asks for.
pub fn views(found: &Verification, recipe: &Recipe) -> Vec<ClientView> {
    let sbom = recipe.sbom_types.first().map_or(Recipe::SPDX, |kind| kind);
    let mut asked = vec![
        (
            Subject::Signature,
            None,
            &found.digest,
            &found.signature,
            Ask::Signature,
        ),
        (
            Subject::Provenance,
            None,
            &found.digest,
            &found.provenance,
            Ask::Attestation(Recipe::SLSA_V02),
        ),
    ];
    asked.extend(found.sboms.iter().map(|platform| {
        (
            Subject::Sbom,
            Some(&platform.platform),
            &platform.digest,
            &platform.report,
            Ask::Attestation(sbom),
        )
    }));
    asked.retain(|(subject, ..)| recipe.requires(*subject));
    let mut views = Vec::new();
    for (subject, platform, digest, report, ask) in asked {
        let pieces = pieces(found, digest);
        for client in Client::ALL {
            let outcome = if found.unseen.contains(digest) {
                Outcome::Unknown
            } else {
                outcome(client, &pieces, ask)
            };
            let (accepts, exit) = match outcome {
                Outcome::Accepts => (Some(true), Some(0)),
                Outcome::Refuses(exit) => (Some(false), Some(exit)),
                Outcome::Unknown => (None, None),
            };
            let differs = match (report.verdict, accepts) {
                (SubjectVerdict::Valid, Some(accepts)) => !accepts,
                (_, Some(accepts)) => accepts,
                (_, None) => false,
            };
            views.push(ClientView {
                client,
                subject,
                platform: platform.cloned(),
                accepts,
                exit,
                differs,
                because: differs
                    .then(|| because(client, &pieces, &report.items, ask, accepts == Some(true))),
            });
        }
    }
    views
}

/// Why a client differs from what is found here.
fn because(
    client: Client,
    pieces: &[&Item],
    items: &[Item],
    ask: Ask<'_>,
    accepts: bool,
) -> String {
    if accepts {
        why_accepted(client, pieces, items, ask)
    } else {
        why_refused(client, pieces, items, ask)
    }
}

fn why_accepted(client: Client, pieces: &[&Item], items: &[Item], ask: Ask<'_>) -> String {
    let taken = looked_at(client, pieces, ask)
        .into_iter()
        .filter(|piece| takes(client, piece.checks) == Check::Holds);
    let (own, others): (Vec<&Item>, Vec<&Item>) = taken.partition(|piece| {
        let asked_for = match ask {
            Ask::Signature => true,
            Ask::Attestation(kind) => piece.predicate_type.as_deref() == Some(kind),
        };
        asked_for && items.iter().any(|item| item.digest == piece.digest)
    });
    let Some(piece) = own.first() else {
        return match others.first() {
            Some(_) if ask == Ask::Signature => {
                "any bundle that holds counts as a signature there, whatever is signed in it"
                    .to_owned()
            }
            _ => "less is looked at than is asked for here".to_owned(),
        };
    };
    if piece.problems.iter().any(Problem::is_unsupported) {
        return "its form of log entry is known there and cannot be judged here".to_owned();
    }
    let mut claims: Vec<&str> = piece
        .problems
        .iter()
        .filter_map(|problem| match problem {
            Problem::Differs { claim, .. } => Some(compared(*claim)),
            Problem::Broken { .. } => None,
        })
        .collect();
    claims.dedup();
    if claims.is_empty() {
        let words = piece.problems.first().map(Problem::words);
        let words = words.unwrap_or_else(|| "that it was tampered with".to_owned());
        return format!("what is found here is not looked at there ({words})");
    }
    let verb = if claims.len() > 1 { "are" } else { "is" };
    format!("{} {verb} not compared there", listed(&claims))
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

/// What cosign leaves aside.
fn compared(claim: Claim) -> &'static str {
    match claim {
        Claim::Identity => "the identity",
        Claim::Issuer => "the issuer",
        Claim::Repository => "the repository",
        Claim::ImageDigest | Claim::SubjectDigest => "the digest",
        Claim::PayloadType => "what the signed payload calls itself",
        Claim::Builder => "the builder",
        Claim::EntryPoint => "the workflow that the run started with",
        Claim::ProvenanceRepository => "the repository in the provenance",
        Claim::ProvenanceCommit => "the commit",
        Claim::ProvenanceRun => "the run",
        Claim::ProvenanceRef => "the ref",
        Claim::CertificateCommit => "the certificate's commit",
        Claim::CertificateRun => "the certificate's run",
        Claim::CertificateRef => "the certificate's ref",
    }
}

fn why_refused(client: Client, pieces: &[&Item], items: &[Item], ask: Ask<'_>) -> String {
    let has_bundle = pieces.iter().any(|piece| is_bundle(piece));
    if client == Client::Cosign2Keys && has_bundle {
        return "there is a bundle, and bundles need a trusted root".to_owned();
    }
    if client == Client::Cosign2Root && !has_bundle && matches!(ask, Ask::Attestation(_)) {
        return "for attestations --trusted-root works with bundles only".to_owned();
    }
    if client.only_bundles() && !has_bundle {
        return "only bundles are looked for, and there is none".to_owned();
    }
    let is_valid = |item: &&Item| item.verdict == ItemVerdict::Valid;
    let valid: Vec<&Item> = items.iter().filter(is_valid).collect();
    let by_bundles = goes_by_bundles(client, pieces);
    let is_seen = |item: &Item| is_bundle(item) == by_bundles;
    if by_bundles
        && !valid
            .iter()
            .any(|item| item.layout == Layout::Bundle && is_seen(item))
    {
        let holds = pieces
            .iter()
            .any(|piece| is_bundle(piece) && takes(client, piece.checks) == Check::Holds);
        return if holds {
            "bundles are looked for first and then not the tags, and none of the bundles is what is asked for"
        } else {
            "bundles are looked for first and then not the tags, and all of the bundles are bad"
        }
        .to_owned();
    }
    for item in valid.into_iter().filter(|item| is_seen(item)) {
        let checks = item.checks;
        if let Ask::Attestation(kind) = ask
            && let Some(found) = item.predicate_type.as_deref()
            && found != kind
        {
            return format!(
                "it is of type {found} and not {kind}; ask for it with --type {}",
                type_name(found)
            );
        }
        if checks.shape == Check::Fails {
            return "the statement has fields of another form than is read there".to_owned();
        }
        if checks.form == Form::TimelessBundle && !client.wants_stamps(checks.form) {
            return "its log gives no time of signing, so --use-signed-timestamps is needed"
                .to_owned();
        }
        if client.wants_stamps(checks.form) && checks.by_stamp != Check::Holds {
            return "there is no signed time stamp that holds".to_owned();
        }
    }
    "more is asked for there than here".to_owned()
}

/// What `--type` takes for a statement type; the type itself where cosign has no name for it.
pub fn type_name(predicate_type: &str) -> &str {
    match predicate_type {
        Recipe::SLSA_V02 => "slsaprovenance",
        Recipe::SLSA_V1 => "slsaprovenance1",
        Recipe::SPDX => "spdxjson",
        Recipe::CYCLONEDX => "cyclonedx",
        other => other,
    }
}
