//! What `gonogo verify` prints: text, and JSON whose names are frozen.

mod packages;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

pub use packages::Previous;
use packages::{DiffV1, PackageV1, PlatformDiffV1, PreviousV1};
use serde::Serialize;

use crate::domain::evidence::cosign::{self, Client};
use crate::domain::evidence::{
    Claims, ClientView, Finding, Item, ItemVerdict, Layout, Subject, SubjectReport, SubjectVerdict,
    Verdict, Verification, platform_name,
};
use crate::domain::policy::ImageReference;
use crate::domain::time::Timestamp;
use crate::present::clean::clean;

mod seen;

use seen::RootV1;
pub use seen::Seen;

/// The document of `verify --json`. Fields may be added, none renamed.
#[derive(Debug, Serialize)]
pub struct VerifyV1 {
    schema_version: u8,
    reference: String,
    digest: Option<String>,
    verdict: Verdict,
    signature: SubjectV1,
    provenance: SubjectV1,
    sbom: BTreeMap<String, SubjectV1>,
    reasons: Vec<String>,
    warnings: Vec<String>,
    /// Short names of the reasons, in their order.
    reason_codes: Vec<String>,
    /// Short names of the warnings, in their order.
    warning_codes: Vec<String>,
    /// SBOMs at the index, and evidence of other kinds.
    other: Vec<ItemV1>,
    /// What each cosign would say of each subject.
    cosign: Vec<CosignV1>,
    /// Whom the evidence was judged by.
    trusted_root: Option<RootV1>,
    /// When the evidence was collected.
    collected_at: Option<Timestamp>,
    /// What each platform's valid SBOM lists.
    packages: BTreeMap<String, Vec<PackageV1>>,
    /// In what each platform's list differs from the first one's.
    platform_differences: Vec<PlatformDiffV1>,
    /// The image that it is compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<PreviousV1>,
    /// In what each platform's list differs from that image's; `null`: one of them has no valid SBOM.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_difference: Option<BTreeMap<String, Option<DiffV1>>>,
    /// Attestations that a build tool put into the index, and that nobody signed.
    buildkit: Vec<BuildkitV1>,
}

#[derive(Debug, Serialize)]
struct BuildkitV1 {
    digest: String,
    /// The manifest that it speaks of.
    of: Option<String>,
    signed: bool,
}

#[derive(Debug, Serialize)]
struct CosignV1 {
    client: Client,
    subject: Subject,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    /// `null`: that cannot be told.
    accepts: Option<bool>,
    exit: Option<u8>,
    /// Whether it says something else than is found here.
    differs: bool,
    sentence: String,
}

impl CosignV1 {
    fn of(view: &ClientView) -> Self {
        let platform = view.platform.as_ref().map(platform_name);
        Self {
            client: view.client,
            subject: view.subject,
            platform: platform.map(|name| clean(&name)),
            accepts: view.accepts,
            exit: view.exit,
            differs: view.differs,
            sentence: clean(&view.sentence()),
        }
    }
}

#[derive(Debug, Serialize)]
struct SubjectV1 {
    verdict: SubjectVerdict,
    layout: Option<&'static str>,
    predicate_type: Option<String>,
    items: Vec<ItemV1>,
}

#[derive(Debug, Serialize)]
struct ItemV1 {
    verdict: ItemVerdict,
    /// Why it is not valid.
    reason: Option<String>,
    codes: Vec<&'static str>,
    layout: Layout,
    digest: String,
    predicate_type: Option<String>,
    claims: Option<ClaimsV1>,
    packages: Option<usize>,
}

#[derive(Debug, Serialize)]
struct ClaimsV1 {
    identity: Option<String>,
    issuer: Option<String>,
    repository: Option<String>,
    commit: Option<String>,
    #[serde(rename = "ref")]
    git_ref: Option<String>,
    run: Option<String>,
    workflow: Option<String>,
    trigger: Option<String>,
    runner: Option<String>,
    environment: Option<String>,
    log_index: Option<u64>,
    times: Vec<String>,
}

impl VerifyV1 {
    /// An image that was judged.
    pub fn of(
        reference: &str,
        found: &Verification,
        seen: &Seen,
        previous: Option<&Previous>,
    ) -> Self {
        let mut sbom = BTreeMap::new();
        for platform in &found.sboms {
            let mut name = platform_name(&platform.platform);
            if sbom.contains_key(&name) {
                let _ = write!(name, "@{}", platform.digest);
            }
            sbom.insert(clean(&name), SubjectV1::of(&platform.report));
        }
        Self {
            schema_version: 1,
            reference: clean(reference),
            digest: Some(found.digest.to_string()),
            verdict: found.verdict,
            signature: SubjectV1::of(&found.signature),
            provenance: SubjectV1::of(&found.provenance),
            sbom,
            reasons: sentences(&found.reasons),
            warnings: sentences(&found.warnings),
            reason_codes: codes(&found.reasons),
            warning_codes: codes(&found.warnings),
            other: found
                .index_sboms
                .iter()
                .chain(&found.others)
                .map(ItemV1::of)
                .collect(),
            cosign: found.clients.iter().map(CosignV1::of).collect(),
            trusted_root: Some(RootV1::of(&seen.root)),
            collected_at: Some(seen.collected_at),
            packages: packages::lists(found),
            platform_differences: packages::platform_differences(found),
            previous: previous.map(PreviousV1::of),
            previous_difference: previous
                .map(|previous| packages::previous_difference(found, previous)),
            buildkit: found
                .buildkit
                .iter()
                .map(|entry| BuildkitV1 {
                    digest: entry.digest.to_string(),
                    of: entry.of.as_ref().map(ToString::to_string),
                    signed: false,
                })
                .collect(),
        }
    }

    /// An image that could not be looked at.
    pub fn unseen(reference: &str, named: &ImageReference, why: &str) -> Self {
        let nothing = || SubjectV1 {
            verdict: SubjectVerdict::Unknown,
            layout: None,
            predicate_type: None,
            items: Vec::new(),
        };
        Self {
            schema_version: 1,
            reference: clean(reference),
            digest: named.digest.as_ref().map(ToString::to_string),
            verdict: Verdict::Unknown,
            signature: nothing(),
            provenance: nothing(),
            sbom: BTreeMap::new(),
            reasons: vec![clean(why)],
            warnings: Vec::new(),
            reason_codes: vec!["not-looked".to_owned()],
            warning_codes: Vec::new(),
            other: Vec::new(),
            cosign: Vec::new(),
            trusted_root: None,
            collected_at: None,
            packages: BTreeMap::new(),
            platform_differences: Vec::new(),
            previous: None,
            previous_difference: None,
            buildkit: Vec::new(),
        }
    }
}

impl SubjectV1 {
    fn of(report: &SubjectReport) -> Self {
        Self {
            verdict: report.verdict,
            layout: layout_of(report),
            predicate_type: report.predicate_type().map(clean),
            items: report.items.iter().map(ItemV1::of).collect(),
        }
    }
}

/// Where the valid items are; without any, where the items are.
fn layout_of(report: &SubjectReport) -> Option<&'static str> {
    let valid = |item: &&Item| item.verdict == ItemVerdict::Valid;
    let mut layouts: BTreeSet<Layout> = report
        .items
        .iter()
        .filter(valid)
        .map(|item| item.layout)
        .collect();
    if layouts.is_empty() {
        layouts = report.items.iter().map(|item| item.layout).collect();
    }
    match (
        layouts.contains(&Layout::Legacy),
        layouts.contains(&Layout::Bundle),
    ) {
        (true, true) => Some("both"),
        (true, false) => Some("legacy"),
        (false, true) => Some("bundle"),
        (false, false) => layouts.contains(&Layout::Github).then_some("github"),
    }
}

impl ItemV1 {
    fn of(item: &Item) -> Self {
        let words: Vec<_> = item
            .problems
            .iter()
            .map(|problem| clean(&problem.words()))
            .collect();
        Self {
            verdict: item.verdict,
            reason: (!words.is_empty()).then(|| words.join("; ")),
            codes: item
                .problems
                .iter()
                .map(crate::domain::evidence::Problem::code)
                .collect(),
            layout: item.layout,
            digest: item.digest.to_string(),
            predicate_type: item.predicate_type.as_deref().map(clean),
            claims: item.claims.as_ref().map(ClaimsV1::of),
            packages: item.sbom.as_ref().map(|sbom| sbom.packages.len()),
        }
    }
}

impl ClaimsV1 {
    fn of(claims: &Claims) -> Self {
        let cleaned = |text: &Option<String>| text.as_deref().map(clean);
        Self {
            identity: cleaned(&claims.identity),
            issuer: cleaned(&claims.issuer),
            repository: cleaned(&claims.repository),
            commit: cleaned(&claims.commit),
            git_ref: cleaned(&claims.git_ref),
            run: cleaned(&claims.run),
            workflow: cleaned(&claims.workflow),
            trigger: cleaned(&claims.trigger),
            runner: cleaned(&claims.runner),
            environment: cleaned(&claims.environment),
            log_index: claims.log_index,
            times: claims.times.iter().map(ToString::to_string).collect(),
        }
    }
}

fn sentences(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| clean(&finding.sentence))
        .collect()
}

fn codes(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| clean(&finding.code))
        .collect()
}

/// The same for a person.
pub fn text(
    reference: &str,
    found: &Verification,
    seen: &Seen,
    previous: Option<&Previous>,
) -> String {
    let mut out = String::new();
    let word = match found.verdict {
        Verdict::Verified => "VERIFIED",
        Verdict::Refused => "REFUSED",
        Verdict::Unknown => "CANNOT TELL",
    };
    let _ = writeln!(out, "{word}  {}", clean(reference));
    let _ = writeln!(out, "  digest        {}", found.digest);
    out.push_str(&seen.lines());
    let mut row = |name: &str, report: &SubjectReport| {
        let mut line = format!("  {name:<22}{}", verdict_word(report.verdict));
        if let Some(layout) = layout_of(report) {
            let _ = write!(line, " ({layout})");
        }
        let valid = report
            .items
            .iter()
            .find(|item| item.verdict == ItemVerdict::Valid);
        if let Some(packages) = valid
            .and_then(|item| item.sbom.as_ref())
            .map(|sbom| sbom.packages.len())
        {
            let _ = write!(line, ", {packages} packages");
        }
        let _ = writeln!(out, "{line}");
        let identity = valid.and_then(|item| item.claims.as_ref()?.identity.as_deref());
        if let Some(identity) = identity.filter(|_| name == "signature") {
            let _ = writeln!(out, "    by {}", clean(identity));
        }
    };
    row("signature", &found.signature);
    row("provenance", &found.provenance);
    for platform in &found.sboms {
        let name = format!("SBOM {}", clean(&platform_name(&platform.platform)));
        row(&name, &platform.report);
    }
    beside(&mut out, found);
    packages::text(&mut out, found, previous);
    for finding in &found.reasons {
        let _ = writeln!(out, "  ✗ {}", clean(&finding.sentence));
    }
    for finding in &found.warnings {
        let _ = writeln!(out, "  ! {}", clean(&finding.sentence));
    }
    for sentence in cosign::differences(&found.clients) {
        let _ = writeln!(out, "  · {}", clean(&sentence));
    }
    out
}

/// What is there beside the subjects: SBOMs at the index, other kinds, and what a build tool put into the index.
fn beside(out: &mut String, found: &Verification) {
    let mut row = |name: &str, item: &Item| {
        let verdict = match item.verdict {
            ItemVerdict::Valid => "valid",
            ItemVerdict::Invalid => "INVALID",
            ItemVerdict::Unsupported => "unsupported",
        };
        let kind = item.predicate_type.as_deref().unwrap_or("of no known type");
        let on = match &item.on {
            Some(digest) if *digest != found.digest => format!(" on {}", digest.short()),
            _ => String::new(),
        };
        let _ = writeln!(out, "  {name:<22}{verdict}{on}, {}", clean(kind));
    };
    for item in &found.index_sboms {
        row("SBOM on the index", item);
    }
    for item in &found.others {
        row("other", item);
    }
    for entry in &found.buildkit {
        let of = entry.of.as_ref().map_or_else(
            || "of nothing that it names".to_owned(),
            |of| format!("of {}", of.short()),
        );
        let name = "BuildKit attestation";
        let _ = writeln!(out, "  {name:<22}unsigned, {of}; it proves nothing");
    }
}

/// That an image could not be looked at, for a person.
pub fn unseen(reference: &str, why: &str) -> String {
    format!("CANNOT TELL  {}\n  ? {}\n", clean(reference), clean(why))
}

fn verdict_word(verdict: SubjectVerdict) -> &'static str {
    match verdict {
        SubjectVerdict::Valid => "valid",
        SubjectVerdict::Invalid => "INVALID",
        SubjectVerdict::Absent => "absent",
        SubjectVerdict::Unsupported => "unsupported",
        SubjectVerdict::Unknown => "unknown",
    }
}
