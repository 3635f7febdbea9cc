//! Tags as Docker Hub describes them: dates, sizes and the images of each platform.

use serde_json::{Value, json};
use sha2::Digest as _;

use crate::sim::oci::{Manifest, Registry, Tagged};

/// Page size where none is given.
const DEFAULT_SIZE: usize = 10;
/// The largest page; more is cut to this.
const MAX_SIZE: usize = 100;

/// A page of tags, newest first; `None` for a page that does not exist.
pub(super) fn page(
    registry: &Registry,
    name: &str,
    query: Option<&str>,
    address: &str,
) -> Option<Value> {
    let parameter = |key: &str| {
        url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.into_owned())
    };
    let number = |key: &str, default: usize| match parameter(key) {
        None => Some(default),
        Some(text) => text.parse::<usize>().ok().filter(|number| *number > 0),
    };
    let page = number("page", 1)?;
    let size = number("page_size", DEFAULT_SIZE)?.min(MAX_SIZE);
    let wanted = parameter("name").unwrap_or_default();
    let mut tags: Vec<(String, Tagged)> = registry
        .tags(name)
        .into_iter()
        .filter(|tag| tag.contains(&wanted))
        .filter_map(|tag| {
            let tagged = registry.tagged(name, &tag)?;
            Some((tag, tagged))
        })
        .collect();
    tags.sort_by(|(a, left), (b, right)| right.pushed.cmp(&left.pushed).then(a.cmp(b)));
    let count = tags.len();
    let first = (page - 1).checked_mul(size)?;
    if first >= count && page > 1 {
        return None;
    }
    let link = |page: usize| format!("{address}?page={page}&page_size={size}");
    let results: Vec<Value> = tags
        .iter()
        .skip(first)
        .take(size)
        .map(|(tag, tagged)| describe(registry, name, tag, tagged))
        .collect();
    Some(json!({
        "count": count,
        "next": (first + results.len() < count).then(|| link(page + 1)),
        "previous": (page > 1).then(|| link(page - 1)),
        "results": results,
    }))
}

/// One tag.
pub(super) fn one(registry: &Registry, name: &str, tag: &str) -> Option<Value> {
    let tagged = registry.tagged(name, tag)?;
    Some(describe(registry, name, tag, &tagged))
}

fn describe(registry: &Registry, name: &str, tag: &str, tagged: &Tagged) -> Value {
    let manifest = registry.manifest(name, tagged.digest.as_str());
    let images = manifest
        .as_ref()
        .map(|manifest| images(registry, name, manifest, tagged))
        .unwrap_or_default();
    let pulled = tagged.pulled.map(|at| at.to_string());
    let pusher = tagged.pusher.as_deref().unwrap_or("release-bot");
    json!({
        "creator": id(name),
        "id": id(&format!("{name}:{tag}")),
        "images": images,
        "last_updated": tagged.pushed.to_string(),
        "last_updater": id(pusher),
        "last_updater_username": pusher,
        "name": tag,
        "repository": id(name),
        "full_size": images.first().and_then(|image| image.get("size")),
        "v2": true,
        "tag_status": "active",
        "tag_last_pulled": pulled,
        "tag_last_pushed": tagged.pushed.to_string(),
        "media_type": manifest.as_ref().map(|manifest| &manifest.media_type),
        "content_type": "image",
        "digest": tagged.digest.as_str(),
    })
}

fn images(registry: &Registry, name: &str, manifest: &Manifest, tagged: &Tagged) -> Vec<Value> {
    let Ok(body) = serde_json::from_slice::<Value>(&manifest.bytes) else {
        return Vec::new();
    };
    let image = |digest: &str, platform: Option<&Value>, size: Option<u64>| {
        let text = |key: &str| platform.and_then(|platform| platform.get(key)).cloned();
        json!({
            "architecture": text("architecture").unwrap_or_else(|| json!("amd64")),
            "features": "",
            "variant": text("variant"),
            "digest": digest,
            "os": text("os").unwrap_or_else(|| json!("linux")),
            "os_features": "",
            "os_version": text("os.version"),
            "size": size,
            "status": "active",
            "last_pulled": tagged.pulled.map(|at| at.to_string()),
            "last_pushed": tagged.pushed.to_string(),
        })
    };
    let Some(children) = body.get("manifests").and_then(Value::as_array) else {
        return vec![image(manifest.digest.as_str(), None, size(&body))];
    };
    children
        .iter()
        .filter_map(|child| {
            let digest = child.get("digest")?.as_str()?;
            let held = registry.manifest(name, digest);
            let held: Option<Value> =
                held.and_then(|manifest| serde_json::from_slice(&manifest.bytes).ok());
            let size = held.as_ref().and_then(size);
            Some(image(digest, child.get("platform"), size))
        })
        .collect()
}

/// The compressed size of an image: its layers.
fn size(manifest: &Value) -> Option<u64> {
    let layers = manifest.get("layers")?.as_array()?;
    Some(
        layers
            .iter()
            .filter_map(|layer| layer.get("size")?.as_u64())
            .sum(),
    )
}

/// A number that stands for a name, the same each time.
fn id(name: &str) -> u32 {
    let hash: [u8; 32] = sha2::Sha256::digest(name.as_bytes()).into();
    hash.first_chunk::<4>()
        .map_or(0, |bytes| u32::from_be_bytes(*bytes) >> 1)
}
