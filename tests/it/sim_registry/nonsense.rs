//! Requests that make no sense get an answer that says so: never a failure of the server.

use axum::Router;
use axum::body::Body;
use gonogo::sim::hub::{self, HubOptions};
use gonogo::sim::image::{ImageSpec, build};
use gonogo::sim::oci::{Access, Registry};
use gonogo::sim::pypi::Index;
use http::Request;
use proptest::prelude::*;
use tower::ServiceExt as _;

use super::support::{commit, noon};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "BREW"];
/// Pieces that lead somewhere, so that nonsense gets past the first check.
const PIECES: [&str; 24] = [
    "v2",
    "acme",
    "rocket",
    "manifests",
    "blobs",
    "uploads",
    "upload-00000001",
    "tags",
    "list",
    "referrers",
    "latest",
    "token",
    "simple",
    "pypi",
    "json",
    "1.6.9",
    "packages",
    "integrity",
    "provenance",
    "namespaces",
    "repositories",
    "cdn",
    "..",
    "%ff",
];

fn services() -> [Router; 5] {
    let registry = Registry::new(noon());
    let image = build(&ImageSpec::new("rocket", "1.6.9", &commit(), noon()()));
    image.push(&registry, "acme/rocket", &["latest"]).unwrap();
    let guarded = Registry::new(noon());
    guarded.behave(|behaviour| {
        behaviour.access = Access::Token {
            anonymous_pull: true,
            ttl: std::time::Duration::from_secs(60),
        };
    });
    let index = Index::new(noon());
    index.release("rocket", "1.6.9").unwrap();
    [
        registry.router(),
        registry.cdn_router(),
        guarded.router(),
        hub::router(registry, HubOptions::default()),
        index.router(),
    ]
}

fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9._:*%-]{0,12}".prop_map(|text| text.replace('%', "%25")),
        1 => "(sha256|sha512|md5):[0-9a-fA-F]{0,130}",
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| format!("/{}", pieces.join("/")))
}

fn query() -> impl Strategy<Value = String> {
    let key = proptest::sample::select(
        &[
            "n",
            "last",
            "digest",
            "mount",
            "from",
            "tag",
            "scope",
            "page",
            "page_size",
            "artifactType",
        ][..],
    );
    let pair = (key, "[a-z0-9:*,/.%+-]{0,20}").prop_map(|(key, value)| format!("{key}={value}"));
    proptest::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&"))
}

fn header() -> impl Strategy<Value = (&'static str, String)> {
    let name = proptest::sample::select(
        &[
            "range",
            "content-range",
            "content-length",
            "accept",
            "authorization",
            "if-none-match",
            "content-type",
            "host",
        ][..],
    );
    let value = prop_oneof![
        "[ -~]{0,40}",
        "bytes=[0-9]{0,22}-[0-9]{0,22}",
        "[0-9]{0,22}-[0-9]{0,22}",
        "(Basic|Bearer) [A-Za-z0-9+/=]{0,40}",
    ];
    (name, value)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_request_is_answered(
        method in proptest::sample::select(&METHODS[..]),
        path in path(),
        query in query(),
        headers in proptest::collection::vec(header(), 0..4),
        body in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for service in services() {
            let mut request = Request::builder().method(method).uri(format!("{path}?{query}"));
            for (name, value) in &headers {
                request = request.header(*name, value);
            }
            let Ok(request) = request.body(Body::from(body.clone())) else {
                continue;
            };
            let response = runtime.block_on(service.oneshot(request)).unwrap();
            prop_assert!(response.status().as_u16() < 500, "{} {}", method, response.status());
        }
    }
}
