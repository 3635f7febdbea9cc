//! pip against the simulated package index, and the documents that pip does not ask for.

use gonogo::sim::pypi::Index;
use serde_json::Value;

use super::support::{noon, run, serve};
use crate::support::judges::judge;

/// Runs pip with nothing of its environment; gives success and all that it printed.
async fn pip(arguments: &[&str]) -> Option<(bool, String)> {
    let python = judge("python3")?;
    let mut all = vec!["-m", "pip", "--isolated", "--disable-pip-version-check"];
    all.extend_from_slice(arguments);
    let output = run(&python, &all, &[]).await;
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Some((output.status.success(), text))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pip_lists_and_downloads() {
    let index = Index::new(noon());
    for version in ["1.6.8", "1.6.9", "1.6.10", "2.0rc1"] {
        index.release("Rocket.Launcher", version).unwrap();
    }
    index.yank("rocket-launcher", "1.6.10", Some("broken engine"));
    let url = format!("http://{}/simple", serve(index.router()).await);
    let Some((ok, text)) =
        pip(&["index", "versions", "rocket-launcher", "--index-url", &url]).await
    else {
        return;
    };
    assert!(ok, "{text}");
    assert!(text.contains("1.6.9, 1.6.8"), "{text}");
    assert!(!text.contains("2.0rc1"), "{text}");

    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().to_str().unwrap();
    let download = ["download", "--no-deps", "--index-url", &url, "-d", target];
    // The newest that is neither yanked nor a pre-release, as a wheel.
    let (ok, text) = pip(&[&download[..], &["rocket-launcher"]].concat())
        .await
        .unwrap();
    assert!(ok, "{text}");
    let wheel = "rocket_launcher-1.6.9-py3-none-any.whl";
    let bytes = std::fs::read(folder.path().join(wheel)).unwrap();
    assert_eq!(bytes, index.files("rocket-launcher", "1.6.9")[0].bytes);
    // A source distribution, which pip has to ask for its metadata.
    let source = ["--no-binary", ":all:", "rocket-launcher==1.6.8"];
    let (ok, text) = pip(&[&download[..], &source].concat()).await.unwrap();
    assert!(ok, "{text}");
    assert!(folder.path().join("rocket_launcher-1.6.8.tar.gz").is_file());
    // A yanked version only by its exact name, and then with a warning.
    let (ok, text) = pip(&[&download[..], &["rocket-launcher==1.6.10"]].concat())
        .await
        .unwrap();
    assert!(
        ok && text.contains("yanked") && text.contains("broken engine"),
        "{text}"
    );
    let (ok, _) = pip(&[&download[..], &["no-such-project"]].concat())
        .await
        .unwrap();
    assert!(!ok);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pip_installs_the_wheel_and_builds_the_source_distribution() {
    let index = Index::new(noon());
    index.release("rocket", "1.6.9").unwrap();
    let url = format!("http://{}/simple", serve(index.router()).await);
    let folder = tempfile::tempdir().unwrap();
    for (place, more) in [("wheel", None), ("source", Some("--no-binary=rocket"))] {
        let target = folder.path().join(place);
        let target = target.to_str().unwrap();
        let mut arguments = vec![
            "install",
            "--no-deps",
            "--index-url",
            &url,
            "--target",
            target,
        ];
        arguments.extend(more);
        arguments.push("rocket==1.6.9");
        let Some((ok, text)) = pip(&arguments).await else {
            return;
        };
        assert!(ok, "{text}");
        let module = folder.path().join(place).join("rocket/__init__.py");
        assert!(
            std::fs::read_to_string(module)
                .unwrap()
                .contains("\"1.6.9\"")
        );
    }
}

#[tokio::test]
async fn html_lists_the_same_files() {
    let index = Index::new(noon());
    index.release("rocket", "1.6.9").unwrap();
    index.yank("rocket", "1.6.9", Some("a \"bad\" one"));
    let address = serve(index.router()).await;
    let page = reqwest::get(format!("http://{address}/simple/rocket/"))
        .await
        .unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=UTF-8");
    let text = page.text().await.unwrap();
    for file in index.files("rocket", "1.6.9") {
        assert!(
            text.contains(&format!("#sha256={}\"", file.sha256)),
            "{text}"
        );
        assert!(text.contains(&format!(">{}</a>", file.filename)), "{text}");
    }
    assert!(
        text.contains("data-yanked=\"a &quot;bad&quot; one\""),
        "{text}"
    );
    assert!(text.contains("data-requires-python=\"&gt;=3.8\""), "{text}");
}

#[tokio::test]
async fn the_json_documents_say_what_is_there() {
    let index = Index::new(noon());
    index.release("Rocket", "1.6.9").unwrap();
    index.release("Rocket", "1.6.10").unwrap();
    index.release("Rocket", "1.7.0rc1").unwrap();
    index.yank("Rocket", "1.6.10", Some("broken"));
    let address = serve(index.router()).await;
    let client = reqwest::Client::new();
    let get = |path: &str| client.get(format!("http://{address}{path}"));

    let simple = get("/simple/rocket/").header("accept", "application/vnd.pypi.simple.v1+json");
    let answer = simple.try_clone().unwrap().send().await.unwrap();
    assert_eq!(
        answer.headers()["content-type"],
        "application/vnd.pypi.simple.v1+json"
    );
    let etag = answer.headers()["etag"].clone();
    let serial = answer.headers()["x-pypi-last-serial"]
        .to_str()
        .unwrap()
        .to_owned();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(document["meta"]["api-version"], "1.1");
    assert_eq!(document["meta"]["_last-serial"].to_string(), serial);
    // Not sorted as versions, as on the real index.
    assert_eq!(
        document["versions"],
        serde_json::json!(["1.6.10", "1.6.9", "1.7.0rc1"])
    );
    let files = document["files"].as_array().unwrap();
    assert_eq!(files.len(), 6);
    assert_eq!(files[0]["yanked"], "broken");
    assert_eq!(files[2]["yanked"], false);
    assert_eq!(files[2]["upload-time"], "2026-03-01T12:00:00.000000Z");
    assert_eq!(files[2]["requires-python"], ">=3.8");

    let again = simple.header("if-none-match", etag).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(again.headers()["x-pypi-last-serial"], serial);

    let project: Value = get("/pypi/rocket/json")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    // 1.6.10 is yanked and 1.7.0rc1 is no release.
    assert_eq!(project["info"]["version"], "1.6.9");
    assert_eq!(project["releases"].as_object().unwrap().len(), 3);
    assert_eq!(project["last_serial"].to_string(), serial);
    let version: Value = get("/pypi/rocket/1.6.10/json")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(version["info"]["yanked_reason"], "broken");
    assert_eq!(version["urls"].as_array().unwrap().len(), 2);
    assert!(version.get("releases").is_none());

    for missing in [
        "/simple/nothing/",
        "/pypi/nothing/json",
        "/pypi/rocket/9.9/json",
    ] {
        assert_eq!(
            get(missing).send().await.unwrap().status(),
            404,
            "{missing}"
        );
    }
    let wheel = "rocket-1.6.9-py3-none-any.whl";
    let provenance = get(&format!("/integrity/rocket/1.6.9/{wheel}/provenance"));
    assert_eq!(provenance.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_frozen_index_shows_the_past() {
    let index = Index::new(noon());
    index.release("rocket", "1.6.9").unwrap();
    let url = format!(
        "http://{}/pypi/rocket/1.7.0/json",
        serve(index.router()).await
    );
    index.freeze();
    index.release("rocket", "1.7.0").unwrap();
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 404);
    index.thaw();
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 200);
}
