//! Judged images made by hand: what a verifier would have found.

use std::sync::Arc;

use gonogo::domain::artifact::Platform;
use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::{
    Claim, Claims, Finding, Item, ItemVerdict, Kind, Layout, Package, PlatformReport, Predicate,
    Problem, SbomSummary, SubjectReport, SubjectVerdict, TrustOrigin, TrustRoot, Verdict,
    Verification,
};
use gonogo::domain::fact::{Ask, Fact, Failure, FailureKind};

use super::bench::{Bench, Phase, before, commit, image, noon};

/// The workflow that must sign.
pub(crate) const SIGNER: &str =
    "https://github.com/acme/rocket/.github/workflows/prerelease-docker.yml@refs/tags/v1.7.0";
/// Another one of the same repository.
pub(crate) const STRANGER: &str =
    "https://github.com/acme/rocket/.github/workflows/nightly.yml@refs/heads/main";

/// The pattern that the signer must fit.
pub(crate) const PATTERN: &str = r"^https://github\.com/acme/rocket/\.github/workflows/prerelease-docker\.yml@refs/(heads|tags)/";

/// A piece that holds.
pub(crate) fn item(kind: Kind, layout: Layout, seed: &str) -> Item {
    let predicate_type = match kind {
        Kind::Signature => None,
        Kind::Provenance => Some("https://slsa.dev/provenance/v0.2"),
        Kind::Sbom => Some("https://spdx.dev/Document"),
        Kind::Other => Some("https://cosign.sigstore.dev/attestation/vuln/v1"),
    };
    Item {
        kind,
        layout,
        digest: Digest::of(format!("{seed} {kind:?} {layout:?}").as_bytes()),
        verdict: ItemVerdict::Valid,
        problems: Vec::new(),
        remarks: Vec::new(),
        predicate_type: predicate_type.map(str::to_owned),
        claims: Some(claims()),
        sbom: (kind == Kind::Sbom).then(|| {
            let (version, arch) = seed.split_once(' ').unwrap_or((seed, ""));
            sbom(version, arch)
        }),
        on: None,
        checks: gonogo::domain::evidence::Checks::default(),
        predicate: (kind == Kind::Provenance).then(provenance),
    }
}

fn claims() -> Claims {
    let run = "https://github.com/acme/rocket/actions/runs/482000/attempts/1";
    Claims {
        identity: Some(SIGNER.to_owned()),
        issuer: Some(gonogo::domain::policy::GITHUB_ISSUER.to_owned()),
        repository: Some("acme/rocket".to_owned()),
        commit: Some(commit().to_string()),
        git_ref: Some("refs/tags/v1.7.0".to_owned()),
        run: Some(run.to_owned()),
        workflow: Some(SIGNER.replace("prerelease-docker", "release")),
        trigger: Some("push".to_owned()),
        runner: Some("github-hosted".to_owned()),
        environment: None,
        log_index: Some(1_234_567),
        times: vec![before(240)],
    }
}

/// What an SBOM of a platform lists.
fn sbom(version: &str, arch: &str) -> SbomSummary {
    let package = |name: &str, version: &str| Package {
        name: name.to_owned(),
        version: Some(version.to_owned()),
        purl: Some(format!("pkg:deb/debian/{name}@{version}?arch={arch}")),
    };
    let is_new = version == "1.7.0";
    SbomSummary {
        name: Some(format!("rocket-{arch}")),
        packages: vec![
            package("base-files", "12.4+deb12u10"),
            package(
                "libc6",
                if is_new {
                    "2.36-9+deb12u10"
                } else {
                    "2.36-9+deb12u9"
                },
            ),
            package(if is_new { "libexpat1" } else { "libexpat0" }, "2.5.0-1"),
            package("libssl3", "3.0.17-1~deb12u2"),
            package("python3.12", "3.12.8"),
            package("zlib1g", "1:1.2.13.dfsg-1"),
        ],
    }
}

fn provenance() -> Predicate {
    let value = serde_json::json!({
        "builder": {"id": SIGNER},
        "buildType": "https://actions.github.io/buildtypes/workflow/v1",
        "invocation": {
            "configSource": {
                "uri": "git+https://github.com/acme/rocket@refs/tags/v1.7.0",
                "digest": {"sha1": commit().to_string()},
                "entryPoint": ".github/workflows/release.yml",
            },
        },
        "metadata": {"buildInvocationID": "482000-1"},
    });
    Predicate::Kept(Arc::new(value))
}

fn report(items: Vec<Item>) -> SubjectReport {
    SubjectReport {
        verdict: SubjectVerdict::Valid,
        items,
    }
}

/// An image of which everything holds, in these layouts.
pub(crate) fn good(version: &str, layouts: &[Layout]) -> Verification {
    let of = |kind, seed: &str| {
        let items = layouts.iter().map(|layout| item(kind, *layout, seed));
        report(items.collect())
    };
    let platform = |arch: &str| PlatformReport {
        platform: Platform::new("linux", arch),
        digest: Digest::of(format!("{version} {arch}").as_bytes()),
        report: of(Kind::Sbom, &format!("{version} {arch}")),
    };
    Verification {
        digest: Digest::of(version.as_bytes()),
        verdict: Verdict::Verified,
        signature: of(Kind::Signature, version),
        provenance: of(Kind::Provenance, version),
        sboms: vec![platform("amd64"), platform("arm64")],
        index_sboms: Vec::new(),
        others: Vec::new(),
        reasons: Vec::new(),
        warnings: Vec::new(),
        buildkit: Vec::new(),
        unseen: Vec::new(),
        clients: Vec::new(),
    }
}

/// One whose second platform has no SBOM.
pub(crate) fn without_sbom() -> Verification {
    let mut found = good("1.7.0", &[Layout::Legacy]);
    found.verdict = Verdict::Refused;
    found.sboms[1].report = SubjectReport {
        verdict: SubjectVerdict::Absent,
        items: Vec::new(),
    };
    found.reasons = vec![Finding {
        code: "sbom-absent:arm64".to_owned(),
        sentence: "SBOM absent: nothing lists what is in the image (linux/arm64).".to_owned(),
    }];
    found
}

/// One that another workflow signed.
pub(crate) fn by_a_stranger() -> Verification {
    let mut found = good("1.7.0", &[Layout::Legacy]);
    found.verdict = Verdict::Refused;
    found.signature.verdict = SubjectVerdict::Invalid;
    let item = &mut found.signature.items[0];
    item.verdict = ItemVerdict::Invalid;
    item.problems = vec![Problem::differs(Claim::Identity, PATTERN, Some(STRANGER))];
    if let Some(claims) = &mut item.claims {
        claims.identity = Some(STRANGER.to_owned());
        claims.git_ref = Some("refs/heads/main".to_owned());
    }
    let words = item.problems[0].words();
    found.reasons = vec![Finding {
        code: "identity-mismatch".to_owned(),
        sentence: format!("{words}."),
    }];
    found
}

impl Bench {
    /// A gate waits, and this is found of the image; the release before is all right.
    pub(crate) fn with_evidence(found: Verification) -> Self {
        let mut bench = Self::at(Phase::Waiting);
        bench.root();
        bench.judged(good("1.6.9", &[Layout::Legacy]));
        bench.judged(found);
        bench
    }

    /// The trusted root is the public good instance's, confirmed an hour ago.
    fn root(&mut self) {
        let root = TrustRoot {
            origin: TrustOrigin::Tuf,
            digest: Digest::of(b"root"),
            checked_at: Some(before(3600)),
            expires: Some(noon() + jiff::SignedDuration::from_hours(72)),
        };
        self.see(Ask::Trust, Fact::Trust(root));
    }

    /// Takes in what was found of an image.
    pub(crate) fn judged(&mut self, found: Verification) {
        let ask = self.evidence_ask(&found.digest);
        self.see(ask, Fact::Evidence(Some(Arc::new(found))));
    }

    /// The question for the evidence of a digest.
    pub(crate) fn evidence_ask(&self, digest: &Digest) -> Ask {
        gonogo::present::evidence::ask(&self.model.outlook, &image(), digest)
    }

    /// The registry does not answer when it is asked for the evidence of the built image.
    pub(crate) fn fail_evidence(&mut self) {
        let ask = self.evidence_ask(&Digest::of(b"1.7.0"));
        let failure = Failure {
            kind: FailureKind::Unreachable,
            what: "The registry cannot be reached: connection refused".to_owned(),
            advice: "Look at the network.".to_owned(),
            retry_at: None,
        };
        self.observe(ask, Err(failure), noon());
    }
}
