//! GitHub's store of attestations as a further source, and what it is worth.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use gonogo::sim::sigstore::{Bundle, SLSA_V02, SPDX};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::world::{World, serve};
use super::{Before, TOKEN, Then, case, verify, wrong};

/// GitHub with this answer for the image, and nothing else.
async fn github(
    world: &World,
    status: u16,
    bundles: &[Bundle],
) -> (String, Arc<Mutex<Vec<HeaderMap>>>) {
    let entries: Vec<Value> = bundles
        .iter()
        .map(|bundle| json!({"bundle": serde_json::from_slice::<Value>(&bundle.json).unwrap()}))
        .collect();
    let body = json!({"attestations": entries}).to_string();
    let path = format!("/repos/acme/rocket/attestations/{}", world.index());
    let seen: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
    let log = Arc::clone(&seen);
    let router = Router::new().fallback(move |request: Request| {
        let asked = request.uri().path() == path;
        log.lock().unwrap().push(request.headers().clone());
        let answer: Response = match status {
            _ if !asked => StatusCode::IM_A_TEAPOT.into_response(),
            200 => ([("content-type", "application/json")], body.clone()).into_response(),
            _ => (
                StatusCode::from_u16(status).unwrap(),
                r#"{"message": "no"}"#,
            )
                .into_response(),
        };
        async { answer }
    });
    (format!("http://{}", serve(router).await), seen)
}

/// What is said of an image with these attestations at GitHub.
async fn held(
    name: &'static str,
    world: &World,
    status: u16,
    bundles: &[Bundle],
    then: Then,
    code: &'static str,
    words: &'static str,
) {
    let (address, seen) = github(world, status, bundles).await;
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("gonogo.toml");
    std::fs::write(
        &config,
        format!("[github]\napi_url = \"{address}\"\ntoken = {{ env = \"ROCKET_TOKEN\" }}\n"),
    )
    .unwrap();
    let more = [
        "--github-attestations",
        "--json",
        "--config",
        config.to_str().unwrap(),
    ];
    let output = verify(world, home.path(), &more).await;
    let expected = case(name, Before::Unsigned, |_| {}, then, code, words);
    assert_eq!(wrong(&expected, &output), None);
    assert!(!format!("{output:?}").contains(TOKEN), "{output:?}");
    let shown = format!("{:?}", seen.lock().unwrap()[0].get("authorization"));
    assert!(shown.contains(TOKEN), "{shown}");
    assert_eq!(
        seen.lock().unwrap().len(),
        1,
        "{name}: GitHub is asked once"
    );
    // Without the flag GitHub is not asked at all.
    verify(
        world,
        home.path(),
        &["--json", "--config", config.to_str().unwrap()],
    )
    .await;
    assert_eq!(seen.lock().unwrap().len(), 1, "{name}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attestation_at_github_counts_and_clients_of_the_registry_miss_it() {
    let world = Before::NoProvenance.world().await;
    let honest = world.provenance_bundle(world.claims());
    let only = "clients that look in the registry alone do not find it";
    held(
        "honest",
        &world,
        200,
        std::slice::from_ref(&honest),
        Then::Warned,
        "only-on-github",
        only,
    )
    .await;
    held(
        "none",
        &world,
        404,
        &[],
        Then::Refused,
        "provenance-absent",
        "nothing says how",
    )
    .await;
    held(
        "an empty list",
        &world,
        200,
        &[],
        Then::Refused,
        "provenance-absent",
        "nothing says how",
    )
    .await;
    for status in [401, 403, 429, 500, 302] {
        held(
            "a failure",
            &world,
            status,
            &[],
            Then::Unknown,
            "not-looked",
            "could not look everywhere",
        )
        .await;
    }

    let mut evil = world.claims();
    evil.identity = evil.identity.replace("acme", "evil");
    let evil = world.provenance_bundle(evil);
    held(
        "evil",
        &world,
        200,
        std::slice::from_ref(&evil),
        Then::Refused,
        "identity-mismatch",
        "evil",
    )
    .await;
    held(
        "evil and honest",
        &world,
        200,
        &[evil, honest.clone()],
        Then::Warned,
        "only-on-github",
        only,
    )
    .await;

    let changed = |change: fn(&mut Value)| {
        let mut bundle = honest.clone();
        let mut value: Value = serde_json::from_slice(&bundle.json).unwrap();
        change(&mut value);
        bundle.json = value.to_string().into();
        [bundle]
    };
    let private = changed(|bundle| {
        bundle["verificationMaterial"]["tlogEntries"] = json!([]);
        bundle["verificationMaterial"]["timestampVerificationData"] =
            json!({"rfc3161Timestamps": [{"signedTimestamp": "MAA="}]});
    });
    held(
        "private",
        &world,
        200,
        &private,
        Then::Unknown,
        "unsupported",
        "GitHub's own instance",
    )
    .await;
    let older = changed(|bundle| {
        bundle["mediaType"] = json!("application/vnd.dev.sigstore.bundle+json;version=0.1");
    });
    held(
        "older",
        &world,
        200,
        &older,
        Then::Refused,
        "tlog-invalid",
        "calls itself",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_registry_holds_does_not_depend_on_github() {
    let world = Before::Bundles.world().await;
    let honest = world.provenance_bundle(world.claims());
    held("both", &world, 200, &[honest], Then::Silent, "", "").await;
    held(
        "a failure",
        &world,
        500,
        &[],
        Then::Silent,
        "not-looked",
        "could not look everywhere",
    )
    .await;
    // No signature is looked for at GitHub: so none is unknown there.
    let world = Before::Unsigned.world().await;
    held(
        "unsigned",
        &world,
        500,
        &[],
        Then::Refused,
        "signature-absent",
        "not signed",
    )
    .await;
    let signature = world
        .sigstore
        .sign_image_bundle(world.claims(), &world.subject(), world.now)
        .unwrap();
    held(
        "signed there",
        &world,
        200,
        &[signature],
        Then::Refused,
        "signature-absent",
        "not signed",
    )
    .await;
    let world = Before::NoProvenance.world().await;
    let sbom = world
        .sigstore
        .attest_bundle(
            world.claims(),
            &world.subject(),
            SPDX,
            &json!({"spdxVersion": "SPDX-2.3", "packages": [{"name": "x"}]}),
            world.now,
        )
        .unwrap();
    assert_ne!(sbom.predicate_type, SLSA_V02);
    held(
        "an SBOM of the index",
        &world,
        200,
        &[sbom],
        Then::Refused,
        "sbom-on-index",
        "misleads",
    )
    .await;
}
