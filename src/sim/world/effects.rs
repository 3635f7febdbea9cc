//! What the jobs of the reference pipeline leave behind, and when in their time.

use serde_json::json;

use super::attempt::Effect;
use super::outside::Order;
use super::repo::{Artifact, BOT, Issue, Release, SmallFile, VIEWER};
use super::run::{Built, Run};
use super::{Arrival, World, scan};
use crate::sim::SimError;
use crate::sim::clock::plus;
use crate::sim::scenario::Damage;

/// The job that ends when the publish run does.
pub(super) const MONITOR: &str = "monitor-pypi";

/// Effects of the job `key` of the workflow file `file`, each with its share of the job's time.
pub(super) fn of(file: &str, key: &str) -> Vec<(f64, Effect)> {
    let file = file.rsplit('/').next().unwrap_or_default();
    match (file, key) {
        ("release.yml", "build") => vec![(0.9, Effect::Pack)],
        ("provenance.yml", "attest") => vec![(0.9, Effect::FileProvenance)],
        ("prerelease-docker.yml", "security-scan") => vec![(0.95, Effect::ScanReport)],
        ("prerelease-docker.yml", "create-manifest") => vec![
            (0.45, Effect::PushImage),
            (0.6, Effect::Sign),
            (0.85, Effect::Attest),
        ],
        ("docker-publish.yml", "publish") => vec![
            (0.65, Effect::TagVersion),
            (0.72, Effect::TagMinor),
            (0.79, Effect::TagLatest),
            (0.95, Effect::DeletePrerelease),
        ],
        ("release.yml", "trigger-pypi") => vec![(0.7, Effect::Dispatch)],
        ("publish.yml", "publish") => vec![(0.85, Effect::Upload)],
        ("release.yml", "create-release") => vec![(0.8, Effect::Release)],
        ("release.yml", "cleanup-on-rejection") => vec![(0.8, Effect::CleanUp)],
        _ => Vec::new(),
    }
}

/// Effects that a job of a broken promotion leaves behind before it fails.
pub(super) fn before_failure(file: &str, key: &str, damage: Damage) -> Vec<(f64, Effect)> {
    let file = file.rsplit('/').next().unwrap_or_default();
    match (file, key, damage) {
        ("docker-publish.yml", "publish", Damage::HalfTagged) => {
            vec![(0.65, Effect::TagVersion), (0.72, Effect::TagMinor)]
        }
        ("docker-publish.yml", "publish", Damage::ReEncoded) => vec![(0.65, Effect::ReEncode)],
        // A scan that finds something writes its report all the same.
        ("prerelease-docker.yml", "security-scan", _) => vec![(0.95, Effect::ScanReport)],
        _ => Vec::new(),
    }
}

impl World {
    /// Does to the world what a job of run `id` does.
    pub(super) fn apply(&mut self, id: u64, effect: Effect) -> Result<(), SimError> {
        let Some(run) = self.runs.get(&id).cloned() else {
            return Ok(());
        };
        let at = self.now;
        match effect {
            Effect::Pack => {
                let mut files = self.outside.distributions(&run.version);
                let sums: Vec<String> = files
                    .iter()
                    .map(|file| format!("{}  {}\n", file.sha256(), file.name))
                    .collect();
                let sums = sums.concat();
                files.push(SmallFile::new("SHA256SUMS", sums));
                self.artifact(id, "dist", files);
            }
            Effect::FileProvenance => {
                let statement = json!({"run": id, "sha": run.sha}).to_string();
                self.artifact(
                    id,
                    "provenance",
                    vec![SmallFile::new("provenance.sigstore.json", statement)],
                );
                let sbom = sbom(self.scenario.project(), &run.version, "files");
                self.artifact(
                    id,
                    "sbom-files",
                    vec![SmallFile::new("sbom-files.spdx.json", sbom)],
                );
            }
            Effect::ScanReport => {
                let found = scan::found(self, &run);
                let report = scan::report(&found, at);
                self.artifact(
                    id,
                    "security-scan",
                    vec![SmallFile::new("scan.json", report.to_string())],
                );
            }
            Effect::PushImage => self.push_image(&run)?,
            Effect::Sign => {
                let (order, built) = self.order(&run)?;
                self.outside.sign(&order, &built)?;
            }
            Effect::Attest => {
                let (order, built) = self.order(&run)?;
                let kept = self.outside.attest(&order, &built)?;
                for attestation in kept {
                    let id = self.ids.next_other();
                    self.repo.attestations.push((id, attestation));
                }
                let sboms = built.platforms.iter().map(|(arch, _)| {
                    let text = sbom(self.scenario.project(), &run.version, arch);
                    SmallFile::new(&format!("sbom-{arch}.spdx.json"), text)
                });
                let sboms = sboms.collect();
                self.artifact(id, "sbom-image", sboms);
                let signature =
                    SmallFile::new("index.sig", format!("signature of {}\n", built.digest));
                self.artifact(id, "signatures", vec![signature]);
            }
            Effect::TagVersion => self.promote(&run, &run.version)?,
            Effect::TagMinor => {
                let minor = run.version.rsplit_once('.').map_or("", |(minor, _)| minor);
                self.promote(&run, minor)?;
            }
            Effect::TagLatest => self.promote(&run, "latest")?,
            Effect::DeletePrerelease => {
                let prefix = format!("prerelease-v{}-", run.version);
                for tag in self.outside.tags() {
                    if tag.starts_with(&prefix) {
                        self.outside.untag(&tag);
                    }
                }
            }
            Effect::Dispatch => self.dispatch_publish(&run),
            Effect::Upload => {
                self.outside.upload(&run.version, at)?;
            }
            Effect::Release => self.publish_release(&run),
            Effect::CleanUp => self.clean_up(&run),
            Effect::ReportFailure => self.report_failure(&run),
            Effect::ReEncode => {
                let (_, built) = self.order(&run)?;
                let again = self.outside.re_encode(&built.digest, at)?;
                self.outside.tag(&run.version, &again, at)?;
            }
        }
        Ok(())
    }

    fn artifact(&mut self, run: u64, name: &str, files: Vec<SmallFile>) {
        let id = self.ids.next_other();
        self.repo.artifacts.push(Artifact {
            id,
            run,
            name: name.to_owned(),
            at: self.now,
            files,
        });
    }

    fn push_image(&mut self, run: &Run) -> Result<(), SimError> {
        let attempt = run.newest().map_or(1, |attempt| attempt.number);
        let order = self.order_for(run, attempt);
        let mut built = self.outside.build(&order)?;
        built.attempt = attempt;
        let tag = format!("prerelease-v{}-{}", run.version, run.short_sha());
        for (arch, digest) in &built.platforms {
            self.outside
                .tag(&format!("{tag}-{arch}"), digest, self.now)?;
        }
        self.outside.tag(&tag, &built.digest, self.now)?;
        self.outside.tag("prerelease", &built.digest, self.now)?;
        if let Some(run) = self.runs.get_mut(&run.id) {
            run.built = Some(built);
        }
        Ok(())
    }

    fn order(&self, run: &Run) -> Result<(Order, Built), SimError> {
        let built = run.built.clone().ok_or_else(|| SimError::Missing {
            what: "the image of this run".to_owned(),
        })?;
        Ok((self.order_for(run, built.attempt), built))
    }

    pub(in crate::sim) fn order_for(&self, run: &Run, attempt: u64) -> Order {
        Order {
            repo: self.scenario.repo.clone(),
            version: run.version.clone(),
            sha: run.sha.clone(),
            full_ref: run.full_ref(),
            event: run.event.clone(),
            run: run.id,
            attempt,
            star: run.star,
            started: run
                .attempt(attempt)
                .map_or(self.now, |attempt| attempt.started),
            at: self.now,
        }
    }

    fn promote(&mut self, run: &Run, tag: &str) -> Result<(), SimError> {
        let (_, built) = self.order(run)?;
        self.outside.tag(tag, &built.digest, self.now)
    }

    fn dispatch_publish(&mut self, run: &Run) {
        let artifact = self
            .repo
            .artifacts
            .iter()
            .rfind(|artifact| artifact.run == run.id && artifact.name == "dist");
        let manifest = artifact
            .and_then(|artifact| artifact.files.iter().find(|file| file.name == "SHA256SUMS"))
            .map(SmallFile::sha256);
        let payload = json!({
            "tag": format!("v{}", run.version),
            "sha": run.sha,
            "run_id": run.id.to_string(),
            "artifact_id": artifact.map(|artifact| artifact.id.to_string()),
            "manifest_sha256": manifest,
            "prerelease": false,
        });
        // A dispatched run starts at the head of the default branch, whatever its payload says.
        let head = self.repo.head().map(|commit| commit.sha.clone());
        self.arrivals.push(Arrival {
            at: plus(self.now, std::time::Duration::from_secs(2)),
            workflow: ".github/workflows/publish.yml".to_owned(),
            event: "repository_dispatch".to_owned(),
            head: "main".to_owned(),
            sha: head.unwrap_or_else(|| run.sha.clone()),
            actor: VIEWER.to_owned(),
            star: run.star,
            payload: Some(payload),
            id: None,
        });
    }

    /// Removes the prerelease tags; then, if nothing else points at the image, what was signed about it.
    fn clean_up(&mut self, run: &Run) {
        let prefix = format!("prerelease-v{}-{}", run.version, run.short_sha());
        for tag in self.outside.tags() {
            if tag.starts_with(&prefix) || tag == "prerelease" {
                self.outside.untag(&tag);
            }
        }
        let Some(built) = &run.built else {
            return;
        };
        let mut tags = self.outside.tags().into_iter();
        if tags.any(|tag| self.outside.resolve(&tag).as_ref() == Some(&built.digest)) {
            return;
        }
        let platforms = built.platforms.iter().map(|(_, digest)| digest);
        for digest in platforms.chain([&built.digest]) {
            for kind in ["sig", "att", "sbom"] {
                let name = digest.replace(':', "-");
                self.outside.untag(&format!("{name}.{kind}"));
            }
        }
    }

    fn publish_release(&mut self, run: &Run) {
        let tag = format!("v{}", run.version);
        if self.repo.release(&tag).is_some() {
            return;
        }
        let wanted = ["sbom-files", "sbom-image", "signatures", "provenance"];
        let files: Vec<SmallFile> = self
            .repo
            .artifacts
            .iter()
            .filter(|artifact| artifact.run == run.id && wanted.contains(&artifact.name.as_str()))
            .flat_map(|artifact| artifact.files.clone())
            .collect();
        let assets = files
            .into_iter()
            .map(|file| (self.ids.next_other(), file))
            .collect();
        self.repo.tag(&tag, &run.sha, false, BOT, self.now);
        let created = self
            .repo
            .commit(&run.sha)
            .map_or(self.now, |commit| commit.at);
        let id = self.ids.next_other();
        self.repo.releases.push(Release {
            id,
            target: run.sha.clone(),
            body: format!("## What's Changed\n\n* Prepare {tag} by @{VIEWER}\n"),
            draft: false,
            prerelease: false,
            created,
            published: Some(self.now),
            author: BOT.to_owned(),
            assets,
            tag,
        });
    }

    fn report_failure(&mut self, run: &Run) {
        let number = 100 + u64::try_from(self.repo.issues.len()).unwrap_or(0);
        let id = self.ids.next_other();
        self.repo.issues.push(Issue {
            id,
            number,
            title: format!("PyPI publish failure for v{}", run.version),
            body: format!("Run {}", run.id),
            label: "ci-cd".to_owned(),
            open: true,
            at: self.now,
            by: BOT.to_owned(),
        });
    }
}

fn sbom(project: &str, version: &str, part: &str) -> String {
    json!({
        "spdxVersion": "SPDX-2.3",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": format!("{project}-{version}-{part}"),
        "packages": [{"name": project, "versionInfo": version, "SPDXID": "SPDXRef-Package"}],
    })
    .to_string()
}
