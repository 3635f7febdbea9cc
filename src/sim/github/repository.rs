//! Commits, tags, files, releases and issues as the API shows them.

use base64::Engine as _;
use serde_json::{Value, json};

use super::exchange::{Reply, Request};
use super::links::{Links, date, node};
use crate::sim::world::World;
use crate::sim::world::repo::{Commit, GitTag, Issue, Release, SmallFile, object_name};

pub(super) fn commit(links: &Links, commit: &Commit) -> Value {
    let url = links.repo(&format!("/commits/{}", commit.sha));
    let person = json!({
        "name": commit.author,
        "email": format!("{}@example.com", commit.author),
        "date": date(commit.at),
    });
    let parents: Vec<Value> = commit
        .parent
        .iter()
        .map(|sha| {
            json!({
                "sha": sha,
                "url": links.repo(&format!("/commits/{sha}")),
                "html_url": links.web(&format!("/commit/{sha}")),
            })
        })
        .collect();
    let tree = object_name(&format!("tree {}", commit.sha));
    json!({
        "sha": commit.sha,
        "node_id": format!("C_{}", commit.sha),
        "url": url,
        "html_url": links.web(&format!("/commit/{}", commit.sha)),
        "comments_url": format!("{url}/comments"),
        "commit": {
            "author": person,
            "committer": person,
            "message": commit.message,
            "tree": {"sha": tree, "url": links.repo(&format!("/git/trees/{tree}"))},
            "url": links.repo(&format!("/git/commits/{}", commit.sha)),
            "comment_count": 0,
            "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
        },
        "author": links.user(&commit.author),
        "committer": links.user(&commit.author),
        "parents": parents,
    })
}

fn changed_files(links: &Links, commit: &Commit) -> Vec<Value> {
    let name = "VERSION";
    vec![json!({
        "sha": object_name(&commit.version),
        "filename": name,
        "status": "modified",
        "additions": 1,
        "deletions": 1,
        "changes": 2,
        "blob_url": links.web(&format!("/blob/{}/{name}", commit.sha)),
        "raw_url": links.web(&format!("/raw/{}/{name}", commit.sha)),
        "contents_url": links.repo(&format!("/contents/{name}?ref={}", commit.sha)),
        "patch": "@@ -1 +1 @@",
    })]
}

/// One commit with its files.
pub(super) fn one_commit(world: &World, request: &Request, name: &str) -> Reply {
    let Some(found) = world.repo.resolve(name) else {
        return Reply::error(422, &format!("No commit found for SHA: {name}"));
    };
    if request.accepts("vnd.github.sha") {
        return Reply::bytes(
            "application/vnd.github.sha; charset=utf-8",
            found.sha.clone(),
        );
    }
    let mut value = commit(&request.links, found);
    if let Some(map) = value.as_object_mut() {
        map.insert(
            "stats".to_owned(),
            json!({"additions": 1, "deletions": 1, "total": 2}),
        );
        map.insert(
            "files".to_owned(),
            json!(changed_files(&request.links, found)),
        );
    }
    Reply::ok(value)
}

/// Commits, newest first, from a name on.
pub(super) fn commits(world: &World, request: &Request) -> Reply {
    let from = request.parameter("sha").unwrap_or("main");
    let Some(tip) = world.repo.resolve(from) else {
        return Reply::not_found();
    };
    let list: Vec<Value> = world
        .repo
        .commits
        .iter()
        .rev()
        .skip_while(|commit| commit.sha != tip.sha)
        .map(|one| commit(&request.links, one))
        .collect();
    Reply::array(request, &list)
}

pub(super) fn compare(world: &World, request: &Request, names: &str) -> Reply {
    let Some((base, head)) = names.split_once("...") else {
        return Reply::not_found();
    };
    let place = |name: &str| {
        let found = world.repo.resolve(name)?;
        let at = world
            .repo
            .commits
            .iter()
            .position(|commit| commit.sha == found.sha)?;
        Some((at, found))
    };
    let (Some((from, base)), Some((to, head))) = (place(base), place(head)) else {
        return Reply::not_found();
    };
    let links = &request.links;
    let ahead = to.saturating_sub(from);
    let behind = from.saturating_sub(to);
    let list: Vec<Value> = world
        .repo
        .commits
        .iter()
        .skip(from + 1)
        .take(ahead)
        .map(|one| commit(links, one))
        .collect();
    let (shown, link) = request.page(&list);
    let merge_base = if ahead > 0 { base } else { head };
    let status = match (ahead, behind) {
        (0, 0) => "identical",
        (0, _) => "behind",
        _ => "ahead",
    };
    let files = if ahead > 0 {
        changed_files(links, head)
    } else {
        Vec::new()
    };
    let web = links.web(&format!("/compare/{names}"));
    Reply::ok(json!({
        "url": links.repo(&format!("/compare/{names}")),
        "html_url": web,
        "permalink_url": web,
        "diff_url": format!("{web}.diff"),
        "patch_url": format!("{web}.patch"),
        "base_commit": commit(links, base),
        "merge_base_commit": commit(links, merge_base),
        "status": status,
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "commits": shown,
        "files": files,
    }))
    .linked(link)
}

fn tag_object(links: &Links, tag: &GitTag) -> Value {
    let (kind, sha, place) = match &tag.object {
        Some(object) => ("tag", object, "tags"),
        None => ("commit", &tag.commit, "commits"),
    };
    json!({"type": kind, "sha": sha, "url": links.repo(&format!("/git/{place}/{sha}"))})
}

fn reference(links: &Links, name: &str, object: &Value) -> Value {
    json!({
        "ref": format!("refs/{name}"),
        "node_id": node("REF", u64::try_from(name.len()).unwrap_or(0)),
        "url": links.repo(&format!("/git/refs/{name}")),
        "object": object,
    })
}

/// All refs whose name begins with `prefix`, without `refs/`.
pub(super) fn matching_refs(world: &World, links: &Links, prefix: &str) -> Vec<Value> {
    let tags = world
        .repo
        .tags
        .iter()
        .map(|tag| (format!("tags/{}", tag.name), tag_object(links, tag)));
    let main = world.repo.head().map(|head| {
        let url = links.repo(&format!("/git/commits/{}", head.sha));
        (
            "heads/main".to_owned(),
            json!({"type": "commit", "sha": head.sha, "url": url}),
        )
    });
    main.into_iter()
        .chain(tags)
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, object)| reference(links, &name, &object))
        .collect()
}

pub(super) fn one_ref(world: &World, links: &Links, name: &str) -> Reply {
    let wanted = format!("refs/{name}");
    matching_refs(world, links, name)
        .into_iter()
        .find(|found| found.get("ref").and_then(Value::as_str) == Some(wanted.as_str()))
        .map_or_else(Reply::not_found, Reply::ok)
}

pub(super) fn git_tag(world: &World, links: &Links, sha: &str) -> Reply {
    let found = world
        .repo
        .tags
        .iter()
        .find(|tag| tag.object.as_deref() == Some(sha));
    let Some(tag) = found else {
        return Reply::not_found();
    };
    Reply::ok(json!({
        "node_id": node("TA", 1),
        "tag": tag.name,
        "sha": sha,
        "url": links.repo(&format!("/git/tags/{sha}")),
        "message": tag.message,
        "tagger": {"name": tag.by, "email": format!("{}@example.com", tag.by), "date": date(tag.at)},
        "object": {"type": "commit", "sha": tag.commit, "url": links.repo(&format!("/git/commits/{}", tag.commit))},
        "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
    }))
}

pub(super) fn tags(world: &World, request: &Request) -> Reply {
    let links = &request.links;
    let list: Vec<Value> = world
        .repo
        .tags
        .iter()
        .rev()
        .map(|tag| {
            json!({
                "name": tag.name,
                "commit": {"sha": tag.commit, "url": links.repo(&format!("/commits/{}", tag.commit))},
                "zipball_url": links.repo(&format!("/zipball/refs/tags/{}", tag.name)),
                "tarball_url": links.repo(&format!("/tarball/refs/tags/{}", tag.name)),
                "node_id": node("REF", 1),
            })
        })
        .collect();
    Reply::array(request, &list)
}

/// A file, or the listing of a folder, at a commit.
pub(super) fn contents(world: &World, request: &Request, path: &str) -> Reply {
    let name = request.parameter("ref").unwrap_or("main");
    let Some(commit) = world.repo.resolve(name) else {
        return Reply::error(404, &format!("No commit found for the ref {name}"));
    };
    let version = SmallFile::new("VERSION", format!("{}\n", commit.version));
    let files: Vec<SmallFile> = world
        .files
        .iter()
        .map(|file| SmallFile::new(&file.path, file.text.as_bytes()))
        .chain([version])
        .collect();
    let links = &request.links;
    if let Some(file) = files.iter().find(|file| file.name == path) {
        if request.accepts("raw") {
            return Reply::bytes(
                "application/vnd.github.raw+json; charset=utf-8",
                file.bytes.to_vec(),
            );
        }
        let mut value = entry(links, file, &commit.sha);
        let text = base64::engine::general_purpose::STANDARD.encode(&file.bytes);
        let folded: Vec<String> = text
            .as_bytes()
            .chunks(60)
            .map(|line| format!("{}\n", String::from_utf8_lossy(line)))
            .collect();
        if let Some(map) = value.as_object_mut() {
            map.insert("content".to_owned(), json!(folded.concat()));
            map.insert("encoding".to_owned(), json!("base64"));
        }
        return Reply::ok(value);
    }
    let prefix = if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    };
    let inside: Vec<Value> = files
        .iter()
        .filter(|file| {
            file.name
                .strip_prefix(&prefix)
                .is_some_and(|rest| !rest.contains('/'))
        })
        .map(|file| entry(links, file, &commit.sha))
        .collect();
    if inside.is_empty() {
        return Reply::not_found();
    }
    Reply::ok(Value::Array(inside))
}

fn entry(links: &Links, file: &SmallFile, sha: &str) -> Value {
    let object = object_name(&file.sha256());
    let url = links.repo(&format!("/contents/{}?ref={sha}", file.name));
    let git = links.repo(&format!("/git/blobs/{object}"));
    let web = links.web(&format!("/blob/{sha}/{}", file.name));
    json!({
        "type": "file",
        "size": file.bytes.len(),
        "name": file.name.rsplit('/').next(),
        "path": file.name,
        "sha": object,
        "url": url,
        "git_url": git,
        "html_url": web,
        "download_url": format!("https://raw.githubusercontent.com/{}/{}/{sha}/{}", links.owner, links.name, file.name),
        "_links": {"self": url, "git": git, "html": web},
    })
}

pub(super) fn release(links: &Links, release: &Release) -> Value {
    let url = links.repo(&format!("/releases/{}", release.id));
    let assets: Vec<Value> = release
        .assets
        .iter()
        .map(|(id, file)| asset(links, release, *id, file))
        .collect();
    json!({
        "url": url,
        "html_url": links.web(&format!("/releases/tag/{}", release.tag)),
        "assets_url": format!("{url}/assets"),
        "upload_url": format!("{url}/assets{{?name,label}}"),
        "tarball_url": links.repo(&format!("/tarball/{}", release.tag)),
        "zipball_url": links.repo(&format!("/zipball/{}", release.tag)),
        "id": release.id,
        "node_id": node("RE", release.id),
        "tag_name": release.tag,
        "target_commitish": release.target,
        "name": release.tag,
        "body": release.body,
        "draft": release.draft,
        "prerelease": release.prerelease,
        "immutable": false,
        "created_at": date(release.created),
        "published_at": release.published.map(date),
        "updated_at": date(release.published.unwrap_or(release.created)),
        "author": links.user(&release.author),
        "assets": assets,
    })
}

pub(super) fn asset(links: &Links, release: &Release, id: u64, file: &SmallFile) -> Value {
    let at = date(release.published.unwrap_or(release.created));
    json!({
        "url": links.repo(&format!("/releases/assets/{id}")),
        "browser_download_url": links.web(&format!("/releases/download/{}/{}", release.tag, file.name)),
        "id": id,
        "node_id": node("RA", id),
        "name": file.name,
        "label": "",
        "state": "uploaded",
        "content_type": "application/octet-stream",
        "size": file.bytes.len(),
        "digest": format!("sha256:{}", file.sha256()),
        "download_count": 0,
        "created_at": at,
        "updated_at": at,
        "uploader": links.user(&release.author),
    })
}

/// Published releases, newest first; drafts too for somebody who may push.
pub(super) fn releases(world: &World, request: &Request, may_push: bool) -> Reply {
    let list: Vec<Value> = world
        .repo
        .releases
        .iter()
        .rev()
        .filter(|one| may_push || !one.draft)
        .map(|one| release(&request.links, one))
        .collect();
    Reply::array(request, &list)
}

/// The newest release that is neither a draft nor a prerelease, by the date of its commit.
pub(super) fn latest(world: &World) -> Option<&Release> {
    world
        .repo
        .releases
        .iter()
        .filter(|release| !release.draft && !release.prerelease)
        .max_by_key(|release| release.created)
}

pub(super) fn issue(links: &Links, issue: &Issue) -> Value {
    let url = links.repo(&format!("/issues/{}", issue.number));
    json!({
        "id": issue.id,
        "node_id": node("I", issue.id),
        "url": url,
        "repository_url": links.repo(""),
        "labels_url": format!("{url}/labels{{/name}}"),
        "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"),
        "html_url": links.web(&format!("/issues/{}", issue.number)),
        "number": issue.number,
        "state": if issue.open { "open" } else { "closed" },
        "state_reason": null,
        "title": issue.title,
        "body": issue.body,
        "user": links.user(&issue.by),
        "labels": [{"id": 1, "node_id": node("LA", 1), "url": links.repo(&format!("/labels/{}", issue.label)),
            "name": issue.label, "description": null, "color": "ededed", "default": false}],
        "assignee": null,
        "assignees": [],
        "milestone": null,
        "locked": false,
        "comments": 0,
        "closed_at": null,
        "created_at": date(issue.at),
        "updated_at": date(issue.at),
        "author_association": "NONE",
    })
}

/// Issues that match the words of a search: `label:`, `is:`, `state:` and words of the title.
pub(super) fn search_issues(world: &World, request: &Request) -> Reply {
    let words = request.parameter("q").unwrap_or_default();
    if words.trim().is_empty() {
        return Reply::invalid("Search", "q", "missing");
    }
    let keeps = |issue: &Issue| {
        words
            .split_whitespace()
            .all(|word| match word.split_once(':') {
                Some(("label", label)) => issue.label == label.trim_matches('"'),
                Some(("is" | "state", "open")) => issue.open,
                Some(("is" | "state", "closed")) => !issue.open,
                Some(_) => true,
                None => issue
                    .title
                    .to_lowercase()
                    .contains(&word.trim_matches('"').to_lowercase()),
            })
    };
    let items: Vec<Value> = world
        .repo
        .issues
        .iter()
        .filter(|issue| keeps(issue))
        .map(|one| {
            let mut value = issue(&request.links, one);
            if let Some(map) = value.as_object_mut() {
                map.insert("score".to_owned(), json!(1.0));
            }
            value
        })
        .collect();
    let (shown, link) = request.page(&items);
    Reply::ok(json!({"total_count": items.len(), "incomplete_results": false, "search_type": "lexical", "items": shown}))
        .linked(link)
}
