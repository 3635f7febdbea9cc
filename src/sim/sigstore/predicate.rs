//! What is attested: how the image was built, and what is in it.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::image::Platform;

/// The predicate type of SLSA provenance, as `cosign attest --type slsaprovenance` writes it.
pub const SLSA_V02: &str = "https://slsa.dev/provenance/v0.2";
/// The predicate type of SLSA provenance, as GitHub's own attestations have it.
pub const SLSA_V1: &str = "https://slsa.dev/provenance/v1";
/// The predicate type of an SPDX document, as `cosign attest --type spdxjson` writes it.
pub const SPDX: &str = "https://spdx.dev/Document";

/// What a pipeline knows of its own build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildFacts {
    /// `owner/name`
    pub repository: String,
    /// The workflow that builds, such as `.github/workflows/prerelease-docker.yml`.
    pub builder: String,
    /// The workflow that was started, such as `.github/workflows/release.yml`.
    pub entry_point: String,
    /// The git ref, such as `refs/tags/v1.6.9`.
    pub git_ref: String,
    /// The commit.
    pub sha: String,
    /// The run.
    pub run_id: u64,
    /// The attempt in which the image was built.
    pub attempt: u32,
    /// When the build began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
}

/// SLSA provenance v0.2. The key `buildInvocationID` is written as cosign 2 spells it.
pub fn slsa_v02(facts: &BuildFacts) -> Value {
    let base = format!("https://github.com/{}", facts.repository);
    let source = format!("git+{base}@{}", facts.git_ref);
    json!({
        "builder": {"id": format!("{base}/{}@{}", facts.builder, facts.git_ref)},
        "buildType": "https://github.com/Attestations/GitHubActionsWorkflow@v1",
        "invocation": {
            "configSource": {
                "uri": source,
                "digest": {"sha1": facts.sha},
                "entryPoint": facts.entry_point,
            },
            "parameters": {},
            "environment": {},
        },
        "metadata": {
            "buildInvocationID": format!("{}-{}", facts.run_id, facts.attempt),
            "buildStartedOn": facts.started.to_string(),
            "buildFinishedOn": facts.finished.to_string(),
            "completeness": {"parameters": false, "environment": false, "materials": false},
            "reproducible": false,
        },
        "materials": [{"uri": source, "digest": {"sha1": facts.sha}}],
    })
}

/// SLSA provenance v1, as `actions/attest-build-provenance` writes it.
pub fn slsa_v1(facts: &BuildFacts) -> Value {
    let base = format!("https://github.com/{}", facts.repository);
    json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {
                    "ref": facts.git_ref,
                    "repository": base,
                    "path": facts.entry_point,
                },
            },
            "internalParameters": {
                "github": {
                    "event_name": "push",
                    "repository_id": "418273645",
                    "repository_owner_id": "93827164",
                    "runner_environment": "github-hosted",
                },
            },
            "resolvedDependencies": [{
                "uri": format!("git+{base}@{}", facts.git_ref),
                "digest": {"gitCommit": facts.sha},
            }],
        },
        "runDetails": {
            "builder": {"id": format!("{base}/{}@{}", facts.builder, facts.git_ref)},
            "metadata": {
                "invocationId": format!("{base}/actions/runs/{}/attempts/{}", facts.run_id, facts.attempt),
            },
        },
    })
}

/// An SPDX 2.3 document of one platform's image: the program and the few packages below it.
pub fn spdx(name: &str, version: &str, platform: &Platform, created: Timestamp) -> Value {
    let architecture = &platform.architecture;
    let packages = [
        ("tiny-base", "3.0-r4", "apk"),
        ("ca-certificates", "20260115-r0", "apk"),
        (name, version, "generic"),
    ];
    let packages: Vec<Value> = packages
        .into_iter()
        .map(|(package, version, kind)| {
            json!({
                "SPDXID": format!("SPDXRef-Package-{kind}-{package}"),
                "name": package,
                "versionInfo": version,
                "downloadLocation": "NOASSERTION",
                "filesAnalyzed": false,
                "licenseConcluded": "NOASSERTION",
                "licenseDeclared": "NOASSERTION",
                "copyrightText": "NOASSERTION",
                "externalRefs": [{
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": format!("pkg:{kind}/{package}@{version}?arch={architecture}"),
                }],
            })
        })
        .collect();
    let relationships: Vec<Value> = packages
        .iter()
        .map(|package| {
            json!({
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": package.get("SPDXID"),
            })
        })
        .collect();
    json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": format!("{name}-{version}-{architecture}"),
        "documentNamespace": format!("https://sbom.invalid/{name}/{version}/{architecture}"),
        "creationInfo": {
            "created": created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "creators": ["Tool: syft-1.18.0"],
        },
        "packages": packages,
        "relationships": relationships,
    })
}
