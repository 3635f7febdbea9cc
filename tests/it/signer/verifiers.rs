//! The verifiers, and a played release for them to look at.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gonogo::domain::evidence::{Recipe, Verification};
use gonogo::domain::policy::IdentityPattern;
use gonogo::evidence::{Judge, TrustError};
use gonogo::secret::{Credential, Provider, Secret};
use gonogo::sim::Sim;
use gonogo::sources::github;
use gonogo::sources::oci::{Client, Freshness, Reference, RegistryAccess};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::sim_forgery::played;
use crate::support::judges::judge;

pub(super) const REPO: &str = "acme/rocket";
const ISSUER: &str = "https://token.actions.githubusercontent.com";
const IDENTITY: &str = r"^https://github\.com/acme/rocket/\.github/workflows/prerelease-docker\.yml@refs/(heads|tags)/";
/// What SLSA's two forms are called.
pub(super) const SLSA_V02: &str = "https://slsa.dev/provenance/v0.2";
pub(super) const SLSA_V1: &str = "https://slsa.dev/provenance/v1";

/// A part of what is signed about an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Signature,
    Provenance,
    SbomAmd64,
    SbomArm64,
}

impl Part {
    pub(super) const ALL: [Self; 4] = [
        Self::Signature,
        Self::Provenance,
        Self::SbomAmd64,
        Self::SbomArm64,
    ];
}

/// What a verifier answered.
pub(super) struct Said {
    pub(super) accepted: bool,
    pub(super) exit: Option<i32>,
    pub(super) text: String,
}

/// A release that was played as far as it goes, with the files that verifiers need.
pub(super) struct Stage {
    pub(super) sim: Sim,
    /// What cosign calls the provenance's type, and the type itself.
    pub(super) provenance: (&'static str, &'static str),
    pub(super) registry: String,
    pub(super) index: String,
    amd64: String,
    arm64: String,
    pub(super) folder: TempDir,
}

impl Stage {
    pub(super) async fn of(scenario: &str) -> Self {
        let sim = played(scenario).await;
        let index = sim.truth().digest.unwrap();
        let manifest = sim.registry().manifest(REPO, &index).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest.bytes).unwrap();
        let platform = |arch: &str| {
            let mut entries = manifest["manifests"].as_array().unwrap().iter();
            let found = entries.find(|entry| entry["platform"]["architecture"] == arch);
            found.unwrap()["digest"].as_str().unwrap().to_owned()
        };
        let folder = tempfile::tempdir().unwrap();
        write_trust(folder.path(), sim.trusted_root_json());
        Self {
            provenance: if scenario.ends_with("provenance-v1") {
                ("slsaprovenance1", SLSA_V1)
            } else {
                ("slsaprovenance", SLSA_V02)
            },
            registry: sim.endpoints().registry.replace("http://", ""),
            amd64: platform("amd64"),
            arm64: platform("arm64"),
            index,
            folder,
            sim,
        }
    }

    pub(super) fn digest(&self, part: Part) -> &str {
        match part {
            Part::Signature | Part::Provenance => &self.index,
            Part::SbomAmd64 => &self.amd64,
            Part::SbomArm64 => &self.arm64,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Whether bundles refer to the digest; the registry lists them under a tag.
    pub(super) fn has_bundles(&self, digest: &str) -> bool {
        let tag = digest.replace(':', "-");
        self.sim.registry().resolve(REPO, &tag).is_some()
    }

    /// What the product itself says of what the registry holds.
    pub(super) async fn product(&self) -> Result<Verification, TrustError> {
        self.product_that_looks(&[Place::Registry]).await
    }

    /// What the product itself says of what these places hold.
    pub(super) async fn product_that_looks(
        &self,
        places: &[Place],
    ) -> Result<Verification, TrustError> {
        let judge = Judge::of_root(self.sim.trusted_root_json(), self.recipe())?;
        let access = RegistryAccess {
            image: format!("{}/{REPO}", self.registry).parse().unwrap(),
            registry_url: self.sim.endpoints().registry.parse().unwrap(),
            credentials: Provider::fixed(Credential::Missing {
                todo: "none is needed".to_owned(),
            }),
        };
        let http = gonogo::net::client(&gonogo::net::Limits::default()).unwrap();
        let client = Client::new(http, access);
        let digest = self.index.parse().unwrap();
        let now = self.sim.clock().now();
        let reference = Reference::Digest(&digest);
        let gathered = Box::pin(client.evidence(reference, Freshness::Fresh, now)).await;
        let mut collected = gathered.outcome.unwrap().unwrap();
        if places.contains(&Place::Github) {
            let found = self.github().attestations(&digest, now).await;
            collected.add(found.pieces, found.gaps);
        }
        Ok(judge.judge(&collected))
    }

    fn github(&self) -> github::Client {
        github::Client::new(github::GithubAccess {
            api_url: self.sim.endpoints().github.parse().unwrap(),
            repo: REPO.parse().unwrap(),
            token: Provider::fixed(Credential::Present {
                value: Secret::new(gonogo::sim::TOKEN).unwrap(),
                from: "the simulator".to_owned(),
            }),
            release_workflow: "release.yml".to_owned(),
            publish_workflow: None,
            environments: Vec::new(),
            limits: gonogo::net::Limits::default(),
        })
    }

    fn recipe(&self) -> Recipe {
        let mut recipe = Recipe::of(ISSUER, IdentityPattern::literal(IDENTITY));
        let truth = self.sim.truth();
        recipe.repository = Some(REPO.to_owned());
        recipe.entry_point = Some(".github/workflows/release.yml".to_owned());
        recipe.commit = Some(truth.sha);
        recipe.run = Some(format!("{}-1", truth.run_id));
        recipe.git_ref = Some("refs/tags/v1.6.9".to_owned());
        recipe
    }
}

/// Where the product looks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Registry,
    Github,
}

/// The trust root in the forms that the verifiers read.
fn write_trust(folder: &Path, root: &str) {
    let value: Value = serde_json::from_str(root).unwrap();
    std::fs::write(folder.join("root.json"), root).unwrap();
    // Without a newline at its end GitHub's client does not see the line.
    std::fs::write(folder.join("root.jsonl"), format!("{root}\n")).unwrap();
    let pem = |label: &str, places: Vec<&Value>| -> String {
        let blocks = places.into_iter().map(|place| {
            // Decoded and encoded again, so that what is no base64 is noticed here.
            let bytes = STANDARD.decode(place.as_str().unwrap()).unwrap();
            let body = STANDARD.encode(bytes);
            [
                "-----BEGIN ",
                label,
                "-----\n",
                &body,
                "\n-----END ",
                label,
                "-----\n",
            ]
            .concat()
        });
        blocks.collect()
    };
    let all = |list: &Value, place: &str| -> Vec<Value> {
        let list = list.as_array().cloned().unwrap_or_default();
        let found = list.iter().filter_map(|one| one.pointer(place)).cloned();
        found.collect()
    };
    let authorities = all(&value["certificateAuthorities"], "/certChain/certificates");
    let chain: Vec<Value> = authorities
        .iter()
        .flat_map(|one| all(one, "/rawBytes"))
        .collect();
    let logs = all(&value["tlogs"], "/publicKey/rawBytes");
    let receipts = all(&value["ctlogs"], "/publicKey/rawBytes");
    let chain = pem("CERTIFICATE", chain.iter().collect());
    std::fs::write(folder.join("chain.pem"), chain).unwrap();
    let keys = pem("PUBLIC KEY", logs.iter().collect());
    std::fs::write(folder.join("log.pub"), keys).unwrap();
    let keys = pem("PUBLIC KEY", receipts.iter().collect());
    std::fs::write(folder.join("ct.pub"), keys).unwrap();
}

/// The programs.
pub(super) struct Verifiers {
    cosign2: PathBuf,
    cosign3: PathBuf,
    gh: PathBuf,
}

impl Verifiers {
    pub(super) fn found() -> Option<Self> {
        let programs = (judge("cosign2"), judge("cosign3"), judge("gh-modern"));
        let (Some(cosign2), Some(cosign3), Some(gh)) = programs else {
            return None;
        };
        Some(Self {
            cosign2,
            cosign3,
            gh,
        })
    }

    /// cosign 2.6: keys from variables for `.sig` and `.att`, the trust root for bundles.
    pub(super) async fn cosign2(&self, stage: &Stage, part: Part) -> Said {
        let mut command = quiet(&self.cosign2, stage);
        cosign_arguments(&mut command, stage, part);
        if stage.has_bundles(stage.digest(part)) {
            command
                .arg("--new-bundle-format")
                .arg("--trusted-root")
                .arg(stage.file("root.json"));
        } else {
            command
                .arg("--offline")
                .env("SIGSTORE_ROOT_FILE", stage.file("chain.pem"))
                .env("SIGSTORE_REKOR_PUBLIC_KEY", stage.file("log.pub"))
                .env("SIGSTORE_CT_LOG_PUBLIC_KEY_FILE", stage.file("ct.pub"));
        }
        said(command).await
    }

    /// cosign 2.6 on a `.sig` with the trust root in place of variables.
    pub(super) async fn cosign2_by_root(&self, stage: &Stage) -> Said {
        let mut command = quiet(&self.cosign2, stage);
        cosign_arguments(&mut command, stage, Part::Signature);
        command
            .arg("--offline")
            .arg("--trusted-root")
            .arg(stage.file("root.json"));
        said(command).await
    }

    /// cosign 3.1, which finds both layouts by itself.
    pub(super) async fn cosign3(&self, stage: &Stage, part: Part) -> Said {
        let mut command = quiet(&self.cosign3, stage);
        cosign_arguments(&mut command, stage, part);
        command
            .arg("--offline")
            .arg("--trusted-root")
            .arg(stage.file("root.json"));
        said(command).await
    }

    /// GitHub's client on the bundles in the registry.
    pub(super) async fn gh_on_registry(&self, stage: &Stage, predicate_type: &str) -> Said {
        let mut command = quiet(&self.gh, stage);
        gh_arguments(&mut command, stage, predicate_type);
        command.arg("--bundle-from-oci");
        said(command).await
    }

    /// GitHub's client on what GitHub keeps.
    pub(super) async fn gh_on_github(&self, stage: &Stage, predicate_type: &str) -> Said {
        let mut command = quiet(&self.gh, stage);
        gh_arguments(&mut command, stage, predicate_type);
        let github = &stage.sim.endpoints().github;
        command
            .env("HTTP_PROXY", github)
            .env("http_proxy", github)
            .env("GH_TOKEN", gonogo::sim::TOKEN);
        said(command).await
    }
}

/// A program with nothing of this machine's around it.
fn quiet(program: &Path, stage: &Stage) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("HOME", stage.folder.path())
        .env("DOCKER_CONFIG", stage.folder.path())
        .env("GH_CONFIG_DIR", stage.folder.path())
        .env("GH_HOST", "github.localhost")
        .env("GH_TOKEN", "none")
        .env("GH_NO_UPDATE_NOTIFIER", "1")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

fn cosign_arguments(command: &mut Command, stage: &Stage, part: Part) {
    match part {
        Part::Signature => command.arg("verify"),
        Part::Provenance => command.args(["verify-attestation", "--type", stage.provenance.0]),
        Part::SbomAmd64 | Part::SbomArm64 => {
            command.args(["verify-attestation", "--type", "spdxjson"])
        }
    };
    command
        .arg(format!("--certificate-oidc-issuer={ISSUER}"))
        .arg(format!("--certificate-identity-regexp={IDENTITY}"))
        .arg(format!("--certificate-github-workflow-repository={REPO}"))
        .arg(format!("{}/{REPO}@{}", stage.registry, stage.digest(part)));
}

fn gh_arguments(command: &mut Command, stage: &Stage, predicate_type: &str) {
    command
        .args(["attestation", "verify"])
        .arg(format!("oci://{}/{REPO}@{}", stage.registry, stage.index))
        .args(["-R", REPO, "--predicate-type", predicate_type])
        .args([
            "--signer-workflow",
            "github.com/acme/rocket/.github/workflows/prerelease-docker.yml",
        ])
        .arg("--custom-trusted-root")
        .arg(stage.file("root.jsonl"));
}

async fn said(mut command: Command) -> Said {
    let output = command.output().await.unwrap();
    let text = [output.stderr, output.stdout].concat();
    let mut text = String::from_utf8_lossy(&text).into_owned();
    let end = (0..=text.len().min(2000))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or_default());
    Said {
        accepted: output.status.success(),
        exit: output.status.code(),
        text,
    }
}
