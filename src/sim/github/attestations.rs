//! What GitHub keeps of what was attested about a digest.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::exchange::{Reply, Request};
use super::{blob, links};
use crate::sim::world::World;
use crate::sim::world::outside::{Attestation, Delivery};

/// Those about a digest, newest first, a page at a time by cursor.
pub(super) fn listed(world: &World, request: &Request, digest: &str) -> Reply {
    let wanted = request.parameter("predicate_type");
    let all: Vec<&(u64, Attestation)> = world
        .repo
        .attestations
        .iter()
        .rev()
        .filter(|(_, one)| one.digest == digest)
        .filter(|(_, one)| wanted.is_none_or(|wanted| is_of(&one.predicate_type, wanted)))
        .collect();
    let size = request
        .parameter("per_page")
        .and_then(|text| text.parse::<usize>().ok())
        .filter(|size| *size > 0)
        .unwrap_or(30)
        .min(100);
    let place = |name: &str| {
        let id = request.parameter(name).and_then(cursor_id)?;
        all.iter().position(|(one, _)| *one == id)
    };
    let start = match (place("after"), place("before")) {
        (Some(after), _) => after + 1,
        (None, Some(before)) => before.saturating_sub(size),
        (None, None) => 0,
    };
    let shown: Vec<&(u64, Attestation)> = all.iter().skip(start).take(size).copied().collect();
    let link = |rel: &str, parameter: &str, id: u64| {
        let mut address = format!("{}{}?per_page={size}", request.links.base, request.path);
        if let Some(wanted) = wanted {
            let wanted =
                percent_encoding::utf8_percent_encode(wanted, percent_encoding::NON_ALPHANUMERIC);
            let _ = write!(address, "&predicate_type={wanted}");
        }
        format!("<{address}&{parameter}={}>; rel=\"{rel}\"", cursor(id))
    };
    let mut links = Vec::new();
    if let (Some((last, _)), true) = (shown.last(), start + size < all.len()) {
        links.push(link("next", "after", *last));
    }
    if let (Some((first, _)), true) = (shown.first(), start > 0) {
        links.push(link("prev", "before", *first));
    }
    let items: Vec<Value> = shown
        .iter()
        .map(|(id, one)| shown_as(request, *id, one))
        .collect();
    Reply::ok(json!({"attestations": items})).linked((!links.is_empty()).then(|| links.join(", ")))
}

fn shown_as(request: &Request, id: u64, one: &Attestation) -> Value {
    let mut item = json!({
        "repository_id": links::REPO_ID,
        "initiator": "user",
    });
    let (key, value) = match one.delivery {
        Delivery::Inline => (
            "bundle",
            serde_json::from_slice(&one.bundle).unwrap_or(Value::Null),
        ),
        Delivery::Address => (
            "bundle_url",
            json!(blob::address(
                &request.blobs,
                &format!("/attestations/{id}")
            )),
        ),
    };
    if let Some(item) = item.as_object_mut() {
        item.insert(key.to_owned(), value);
    }
    item
}

/// The stored form of a bundle: one block of Snappy.
pub(super) fn stored(one: &Attestation) -> Option<Vec<u8>> {
    snap::raw::Encoder::new().compress_vec(&one.bundle).ok()
}

/// Whether a predicate type is what was asked for: one of the short names, or the type itself.
fn is_of(predicate_type: &str, wanted: &str) -> bool {
    let begins = |with: &[&str]| with.iter().any(|start| predicate_type.starts_with(start));
    match wanted {
        "provenance" => begins(&["https://slsa.dev/provenance/"]),
        "sbom" => begins(&["https://spdx.dev/Document", "https://cyclonedx.org/bom"]),
        "release" => begins(&["https://in-toto.io/attestation/release/"]),
        exact => predicate_type == exact,
    }
}

fn cursor(id: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("cursor:{id}"))
}

fn cursor_id(text: &str) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.strip_prefix("cursor:")?.parse().ok()
}
