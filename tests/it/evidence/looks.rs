//! What could not be looked at is never called absent, and no list is followed without end.

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::{Recipe, SubjectVerdict, Verdict, Verification};
use gonogo::domain::policy::IdentityPattern;
use gonogo::evidence::Judge;
use gonogo::sources::oci::{Freshness, Reference};
use serde_json::json;

use super::cases::client;
use crate::real_registries::server::{noon, serve};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What is wrong with the registry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    ReferrersFail,
    ReferrersWithoutEnd,
    FallbackFails,
    TagFails,
    TenThousandLayers,
    PlatformGone,
}

fn image() -> String {
    let child = Digest::of(b"child");
    json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{
            "mediaType": MANIFEST, "digest": child, "size": 5,
            "platform": {"os": "linux", "architecture": "amd64"},
        }],
    })
    .to_string()
}

fn answer(trouble: Trouble, method: &Method, uri: &Uri) -> Response {
    let path = uri.path();
    let found = |media_type: &str, body: String| {
        ([("content-type", media_type.to_owned())], body).into_response()
    };
    let failed = || (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response();
    if path.contains("/referrers/") {
        let empty = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}).to_string();
        return match trouble {
            Trouble::ReferrersFail => failed(),
            Trouble::ReferrersWithoutEnd => {
                let next = format!("<{path}?page=next>; rel=\"next\"");
                ([("content-type", INDEX.to_owned()), ("link", next)], empty).into_response()
            }
            _ => found(INDEX, empty),
        };
    }
    let reference = path.rsplit('/').next().unwrap_or_default();
    if reference == "tag" {
        return found(INDEX, image());
    }
    if method == Method::HEAD && trouble != Trouble::PlatformGone {
        return [
            ("content-type", MANIFEST.to_owned()),
            ("docker-content-digest", Digest::of(b"child").to_string()),
        ]
        .into_response();
    }
    let ending = reference.split_once('.').map(|(_, ending)| ending);
    let is_legacy = ending.is_some();
    match trouble {
        Trouble::TagFails if is_legacy => failed(),
        Trouble::FallbackFails if reference.starts_with("sha256-") && !is_legacy => failed(),
        Trouble::TenThousandLayers if ending == Some("sig") => {
            let layer = json!({"mediaType": "x", "digest": Digest::of(b"layer"), "size": 5});
            let layers = vec![layer; 10_000];
            found(
                MANIFEST,
                json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers}).to_string(),
            )
        }
        _ => (
            StatusCode::NOT_FOUND,
            [("content-type", "application/json")],
            r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"none"}]}"#,
        )
            .into_response(),
    }
}

/// What is said of an unsigned image, and how many requests it took.
async fn judged(trouble: Trouble) -> (Verification, u32) {
    let router = Router::new()
        .fallback(move |method: Method, uri: Uri| async move { answer(trouble, &method, &uri) });
    let client = client(serve(router).await, "lab/rocket");
    let tag = "tag".parse().unwrap();
    let gathered =
        Box::pin(client.evidence(Reference::Tag(&tag), Freshness::Fresh, noon()())).await;
    let collected = gathered.outcome.unwrap().expect("the image is there");
    let recipe = Recipe::of(
        "https://issuer.example",
        IdentityPattern::literal("https://"),
    );
    let judge = Judge::of_public_good(recipe).unwrap();
    (judge.judge(&collected), gathered.cost.requests)
}

#[tokio::test]
async fn an_unsigned_image_is_refused_only_where_all_could_be_looked_at() {
    let (found, requests) = judged(Trouble::None).await;
    assert_eq!(found.verdict, Verdict::Refused);
    assert_eq!(found.signature.verdict, SubjectVerdict::Absent);
    assert!(requests <= 16, "{requests}");

    for trouble in [
        Trouble::ReferrersFail,
        Trouble::ReferrersWithoutEnd,
        Trouble::FallbackFails,
        Trouble::TagFails,
    ] {
        let (found, requests) = judged(trouble).await;
        assert_eq!(found.verdict, Verdict::Unknown, "{:?}", found.reasons);
        assert_eq!(found.signature.verdict, SubjectVerdict::Unknown);
        assert_eq!(found.provenance.verdict, SubjectVerdict::Unknown);
        assert_eq!(found.sboms[0].report.verdict, SubjectVerdict::Unknown);
        assert!(
            found
                .reasons
                .iter()
                .any(|reason| reason.code == "not-looked")
        );
        assert!(requests < 60, "{requests}");
    }
}

#[tokio::test]
async fn a_flood_of_layers_is_not_followed_and_a_platform_that_is_gone_is_missed() {
    let (found, requests) = judged(Trouble::TenThousandLayers).await;
    assert_eq!(found.signature.verdict, SubjectVerdict::Unknown);
    assert!(requests < 200, "{requests}");
    let (found, _) = judged(Trouble::PlatformGone).await;
    assert_eq!(found.verdict, Verdict::Refused);
    assert!(
        found
            .reasons
            .iter()
            .any(|reason| reason.code == "platform-missing")
    );
}
