//! What was looked at before is not fetched again: one request says that the image is still there, and the bytes are
//! hashed and judged anew. Whatever is damaged, old, incomplete or of another image is as if it were not kept.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use gonogo::domain::digest::Digest;
use gonogo::domain::evidence::{Collected, Place};
use gonogo::domain::time::Timestamp;
use gonogo::sources::oci::{Client, Freshness, Gathered, Keep, Reference};
use serde_json::json;

use super::cases;
use crate::real_registries::server::{noon, serve};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A registry of one repository: what it has by path, and what it was asked.
#[derive(Default)]
struct Shop {
    manifests: BTreeMap<String, (&'static str, Vec<u8>)>,
    blobs: BTreeMap<String, Vec<u8>>,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Shop>>;

async fn answer(State(shop): State<Shared>, method: Method, uri: Uri) -> Response {
    let mut shop = shop.lock().unwrap();
    let (kind, name) = {
        let mut parts = uri.path().rsplitn(3, '/');
        let name = parts.next().unwrap_or_default().to_owned();
        (parts.next().unwrap_or_default().to_owned(), name)
    };
    shop.asked.push(format!("{method} {kind} {name}"));
    match kind.as_str() {
        "manifests" => {
            if let Some((media_type, bytes)) = shop.manifests.get(&name) {
                let digest = Digest::of(bytes).to_string();
                let headers = [
                    ("content-type", (*media_type).to_owned()),
                    ("docker-content-digest", digest),
                ];
                return (headers, bytes.clone()).into_response();
            }
        }
        "blobs" => {
            if let Some(bytes) = shop.blobs.get(&name) {
                return bytes.clone().into_response();
            }
        }
        _ => {}
    }
    let none = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"none"}]}"#;
    let headers = [("content-type", "application/json")];
    (StatusCode::NOT_FOUND, headers, none).into_response()
}

impl Shop {
    fn add(&mut self, media_type: &'static str, text: &str, tags: &[&str]) -> Digest {
        let digest = Digest::of(text.as_bytes());
        for name in tags.iter().copied().chain([digest.as_str()]) {
            let held = (media_type, text.as_bytes().to_vec());
            self.manifests.insert(name.to_owned(), held);
        }
        digest
    }

    /// An image of one platform, told from others by its number, with one layer in its `.sig`.
    fn image(&mut self, number: usize, size: usize, tag: &str) -> Digest {
        let child =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "number": number}).to_string();
        let child = self.add(MANIFEST, &child, &[]);
        let index = json!({
            "schemaVersion": 2,
            "mediaType": INDEX,
            "manifests": [{
                "mediaType": MANIFEST, "digest": child, "size": 5,
                "platform": {"os": "linux", "architecture": "amd64"},
            }],
        });
        let index = self.add(INDEX, &index.to_string(), &[tag]);
        let mut layer = vec![b' '; size];
        layer.extend(number.to_string().bytes());
        let (signed, layer_size) = (Digest::of(&layer), layer.len());
        self.blobs.insert(signed.to_string(), layer);
        let layers = json!([{
            "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
            "digest": signed, "size": layer_size, "annotations": {"number": number.to_string()},
        }]);
        let sig = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": layers}).to_string();
        let tag = format!("{}.sig", index.as_str().replacen(':', "-", 1));
        self.add(MANIFEST, &sig, &[&tag]);
        index
    }
}

struct World {
    shop: Shared,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl World {
    async fn start() -> Self {
        let shop = Shared::default();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shop));
        Self {
            shop,
            address: serve(router).await,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn keep(&self) -> Keep {
        Keep::new(self.folder.path().join("evidence"))
    }

    /// A program that has just been started.
    fn client(&self) -> Client {
        cases::client(self.address, "lab/rocket").with_keep(self.keep())
    }

    /// What a new program finds of a tag, and what it asked.
    async fn look(&self, tag: &str, freshness: Freshness, now: Timestamp) -> (Gathered, usize) {
        self.shop.lock().unwrap().asked.clear();
        let client = self.client();
        let tag = tag.parse().unwrap();
        let looked = client.evidence(Reference::Tag(&tag), freshness, now);
        let gathered = Box::pin(looked).await;
        if let (Ok(Some(collected)), Freshness::Fresh) = (&gathered.outcome, gathered.freshness) {
            client.keep(collected, gathered.collected_at);
        }
        (gathered, self.shop.lock().unwrap().asked.len())
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        files
    }
}

fn after(minutes: i64) -> Timestamp {
    noon()() + jiff::SignedDuration::from_mins(minutes)
}

fn found(gathered: &Gathered) -> &Collected {
    gathered.outcome.as_ref().unwrap().as_ref().unwrap()
}

#[tokio::test]
async fn a_known_digest_takes_one_request() {
    let world = World::start().await;
    let digest = world.shop.lock().unwrap().image(1, 10, "1.0");
    let (cold, requests) = world.look("1.0", Freshness::Known, after(0)).await;
    assert!(requests > 5, "{requests}");
    assert_eq!(cold.freshness, Freshness::Fresh);
    let (known, requests) = world.look("1.0", Freshness::Known, after(59)).await;
    let asked = world.shop.lock().unwrap().asked.clone();
    assert_eq!(requests, 1, "{asked:?}");
    assert_eq!(asked[0], "HEAD manifests 1.0");
    assert_eq!(known.cost.requests, 1);
    assert_eq!(known.freshness, Freshness::Known);
    assert_eq!(known.collected_at, after(0));
    assert_eq!(
        format!("{:?}", found(&known)),
        format!("{:?}", found(&cold))
    );
    let piece = &found(&known).whole.pieces[0];
    assert_eq!(
        (piece.place, piece.annotations["number"].as_str()),
        (Place::Sig, "1")
    );

    // By digest too, where the one request asks whether it is still there.
    world.shop.lock().unwrap().asked.clear();
    let client = world.client();
    let looked = client.evidence(Reference::Digest(&digest), Freshness::Known, after(1));
    assert_eq!(Box::pin(looked).await.freshness, Freshness::Known);
    let asked = world.shop.lock().unwrap().asked.clone();
    assert_eq!(asked, [format!("HEAD manifests {digest}")]);

    let (fresh, requests) = world.look("1.0", Freshness::Fresh, after(1)).await;
    assert!(requests > 5, "{requests}");
    assert_eq!(
        (fresh.freshness, fresh.collected_at),
        (Freshness::Fresh, after(1))
    );
}

#[tokio::test]
async fn what_is_old_moved_or_gone_is_looked_at_anew() {
    let world = World::start().await;
    world.shop.lock().unwrap().image(1, 10, "1.0");
    let is_known =
        async |now| world.look("1.0", Freshness::Known, now).await.0.freshness == Freshness::Known;
    assert!(!is_known(after(0)).await);
    assert!(is_known(after(60)).await);
    assert!(!is_known(after(61)).await, "it is more than an hour old");
    assert!(!is_known(after(-1)).await, "it is of a time to come");

    let moved = world.shop.lock().unwrap().image(2, 10, "1.0");
    let (gathered, _) = world.look("1.0", Freshness::Known, after(2)).await;
    assert_eq!(gathered.freshness, Freshness::Fresh);
    assert_eq!(found(&gathered).whole.digest, moved);

    world.shop.lock().unwrap().manifests.clear();
    let (gone, _) = world.look("1.0", Freshness::Known, after(3)).await;
    assert!(matches!(gone.outcome, Ok(None)), "{:?}", gone.outcome);

    // Another repository of the same registry knows nothing of it.
    world.shop.lock().unwrap().image(1, 10, "1.0");
    assert!(is_known(after(4)).await, "the tag is back where it was");
    let other = cases::client(world.address, "lab/other").with_keep(world.keep());
    let tag = "1.0".parse().unwrap();
    let looked = other.evidence(Reference::Tag(&tag), Freshness::Known, after(5));
    assert_eq!(Box::pin(looked).await.freshness, Freshness::Fresh);
}

#[tokio::test]
async fn a_damaged_file_is_as_none() {
    let world = World::start().await;
    world.shop.lock().unwrap().image(1, 10, "1.0");
    let (first, _) = world.look("1.0", Freshness::Known, after(0)).await;
    let files = world.files();
    assert_eq!(files.len(), 3, "list, index and layer: {files:?}");
    for path in files {
        let whole = std::fs::read(&path).unwrap();
        let mut flipped = whole.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        for bytes in [
            Some(flipped),
            Some(whole[..middle].to_vec()),
            Some(Vec::new()),
            None,
        ] {
            match bytes {
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            let (looked, _) = world.look("1.0", Freshness::Known, after(1)).await;
            assert_eq!(looked.freshness, Freshness::Fresh, "{}", path.display());
            assert_eq!(
                format!("{:?}", found(&looked)),
                format!("{:?}", found(&first))
            );
            let (mended, _) = world.look("1.0", Freshness::Known, after(2)).await;
            assert_eq!(mended.freshness, Freshness::Known, "{}", path.display());
            assert_eq!(std::fs::read(&path).unwrap().len(), whole.len());
        }
    }
    #[cfg(unix)]
    for path in world.files() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn what_has_gaps_is_not_kept() {
    let world = World::start().await;
    {
        let mut shop = world.shop.lock().unwrap();
        shop.image(1, 10, "1.0");
        shop.blobs.clear();
    }
    let (gathered, _) = world.look("1.0", Freshness::Known, after(0)).await;
    assert!(!found(&gathered).whole.gaps.is_empty());
    assert!(world.files().is_empty());
}

#[tokio::test]
async fn what_was_used_longest_ago_makes_room() {
    let world = World::start().await;
    let room = 40_000;
    let kept = |path: &Path, number: usize| {
        let mut layer = vec![b' '; 10_000];
        layer.extend(number.to_string().bytes());
        path.join("blobs")
            .join(Digest::of(&layer).as_str().replacen(':', "-", 1))
            .exists()
    };
    for number in 1..=6 {
        world.shop.lock().unwrap().image(number, 10_000, "1.0");
        let client =
            cases::client(world.address, "lab/rocket").with_keep(world.keep().with_room(room));
        let tag = "1.0".parse().unwrap();
        let now = after(i64::try_from(number).unwrap());
        let gathered = Box::pin(client.evidence(Reference::Tag(&tag), Freshness::Fresh, now)).await;
        client.keep(found(&gathered), gathered.collected_at);
        let size: u64 = world
            .files()
            .iter()
            .map(|path| std::fs::metadata(path).unwrap().len())
            .sum();
        assert!(size <= room, "{size}");
    }
    let folder = world.folder.path().join("evidence");
    let numbers: Vec<usize> = (1..=6).filter(|number| kept(&folder, *number)).collect();
    assert!(numbers.ends_with(&[5, 6]), "{numbers:?}");
    assert!(!numbers.contains(&1), "{numbers:?}");
}
