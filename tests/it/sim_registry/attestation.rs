//! `gh attestation verify`, which verifies with Sigstore's Go code, on an image that the simulator signed.

use gonogo::sim::oci::Referrers;
use gonogo::sim::sigstore::{Layout, SLSA_V02};
use serde_json::Value;

use super::sigstore::{released, sigstore};
use super::support::{commit, run, serve};
use crate::support::judges::judge;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gh_verifies_the_provenance_of_an_image() {
    let Some(gh) = judge("gh-modern") else {
        return;
    };
    for referrers in [Referrers::Served, Referrers::Absent] {
        let (signer, registry, _) = released(Layout::Bundles, referrers);
        let folder = tempfile::tempdir().unwrap();
        let image = format!(
            "oci://{}/acme/rocket:prerelease-v1.6.9-4f2a9c1",
            serve(registry.router()).await
        );
        // A last line without its end would be ignored.
        for (name, root) in [("own", &signer), ("other", &sigstore())] {
            let line = format!("{}\n", root.trusted_root_json());
            std::fs::write(folder.path().join(name), line).unwrap();
        }
        let verify = async |root: &str, repository: &str, predicate: &str| {
            let root = folder.path().join(root);
            let arguments = [
                "attestation",
                "verify",
                &image,
                "--bundle-from-oci",
                "--custom-trusted-root",
                root.to_str().unwrap(),
                "--repo",
                repository,
                "--predicate-type",
                predicate,
                "--format=json",
            ];
            let home = folder.path().to_str().unwrap();
            let environment = [
                ("GH_CONFIG_DIR", home),
                ("GH_TOKEN", "none"),
                ("GH_NO_UPDATE_NOTIFIER", "1"),
            ];
            run(&gh, &arguments, &environment).await
        };
        let good = verify("own", "acme/rocket", SLSA_V02).await;
        assert!(
            good.status.success(),
            "{}",
            String::from_utf8_lossy(&good.stderr)
        );
        let report: Value = serde_json::from_slice(&good.stdout).unwrap();
        assert_eq!(report.as_array().unwrap().len(), 1);
        let certificate = &report[0]["verificationResult"]["signature"]["certificate"];
        assert_eq!(certificate["sourceRepositoryDigest"], commit());
        let run_uri = "https://github.com/acme/rocket/actions/runs/4711/attempts/1";
        assert_eq!(certificate["runInvocationURI"], run_uri);
        assert!(!verify("own", "acme/other", SLSA_V02).await.status.success());
        assert!(
            !verify("other", "acme/rocket", SLSA_V02)
                .await
                .status
                .success()
        );
        let nothing = "https://slsa.dev/provenance/v1";
        assert!(!verify("own", "acme/rocket", nothing).await.status.success());
    }
}
