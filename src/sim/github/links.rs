//! Addresses and the objects that GitHub repeats everywhere: people and the repository.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::world::repo::{BOT, OTHER, VIEWER};

/// Where the web pages are; a simulated one opens nothing.
pub(super) const WEB: &str = "https://github.com";
pub(super) const REPO_ID: u64 = 418_273_645;

/// The addresses of a repository's parts, with their templates.
const URLS: [(&str, &str); 36] = [
    ("archive_url", "/{archive_format}{/ref}"),
    ("assignees_url", "/assignees{/user}"),
    ("blobs_url", "/git/blobs{/sha}"),
    ("branches_url", "/branches{/branch}"),
    ("collaborators_url", "/collaborators{/collaborator}"),
    ("comments_url", "/comments{/number}"),
    ("commits_url", "/commits{/sha}"),
    ("compare_url", "/compare/{base}...{head}"),
    ("contents_url", "/contents/{+path}"),
    ("contributors_url", "/contributors"),
    ("deployments_url", "/deployments"),
    ("downloads_url", "/downloads"),
    ("events_url", "/events"),
    ("forks_url", "/forks"),
    ("git_commits_url", "/git/commits{/sha}"),
    ("git_refs_url", "/git/refs{/sha}"),
    ("git_tags_url", "/git/tags{/sha}"),
    ("hooks_url", "/hooks"),
    ("issue_comment_url", "/issues/comments{/number}"),
    ("issue_events_url", "/issues/events{/number}"),
    ("issues_url", "/issues{/number}"),
    ("keys_url", "/keys{/key_id}"),
    ("labels_url", "/labels{/name}"),
    ("languages_url", "/languages"),
    ("merges_url", "/merges"),
    ("milestones_url", "/milestones{/number}"),
    (
        "notifications_url",
        "/notifications{?since,all,participating}",
    ),
    ("pulls_url", "/pulls{/number}"),
    ("releases_url", "/releases{/id}"),
    ("stargazers_url", "/stargazers"),
    ("statuses_url", "/statuses/{sha}"),
    ("subscribers_url", "/subscribers"),
    ("subscription_url", "/subscription"),
    ("tags_url", "/tags"),
    ("teams_url", "/teams"),
    ("trees_url", "/git/trees{/sha}"),
];

/// The base by which a request came, and the repository's name: each answer echoes them.
#[derive(Debug, Clone)]
pub(super) struct Links {
    pub(super) base: String,
    pub(super) owner: String,
    pub(super) name: String,
}

impl Links {
    pub(super) fn repo(&self, rest: &str) -> String {
        format!("{}/repos/{}/{}{rest}", self.base, self.owner, self.name)
    }

    pub(super) fn web(&self, rest: &str) -> String {
        format!("{WEB}/{}/{}{rest}", self.owner, self.name)
    }

    pub(super) fn user(&self, login: &str) -> Value {
        let id: u64 = match login {
            VIEWER => 9_104_511,
            OTHER => 12_550_342,
            BOT => 41_898_282,
            // The owner's number, as certificates name it too.
            _ => 93_827_164,
        };
        let kind = if login == BOT {
            "Bot"
        } else if login == self.owner {
            "Organization"
        } else {
            "User"
        };
        let plain = login.replace(['[', ']'], "");
        let url = format!("{}/users/{plain}", self.base);
        json!({
            "login": login,
            "id": id,
            "node_id": node("U", id),
            "avatar_url": format!("https://avatars.githubusercontent.com/u/{id}?v=4"),
            "gravatar_id": "",
            "url": url,
            "html_url": format!("{WEB}/{plain}"),
            "followers_url": format!("{url}/followers"),
            "following_url": format!("{url}/following{{/other_user}}"),
            "gists_url": format!("{url}/gists{{/gist_id}}"),
            "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
            "subscriptions_url": format!("{url}/subscriptions"),
            "organizations_url": format!("{url}/orgs"),
            "repos_url": format!("{url}/repos"),
            "events_url": format!("{url}/events{{/privacy}}"),
            "received_events_url": format!("{url}/received_events"),
            "type": kind,
            "user_view_type": "public",
            "site_admin": false,
        })
    }

    /// The repository in the short form that runs carry.
    pub(super) fn minimal_repository(&self) -> Value {
        let mut repository = json!({
            "id": REPO_ID,
            "node_id": node("R", REPO_ID),
            "name": self.name,
            "full_name": format!("{}/{}", self.owner, self.name),
            "private": false,
            "owner": self.user(&self.owner),
            "html_url": self.web(""),
            "description": "A simulated project",
            "fork": false,
            "url": self.repo(""),
        });
        if let Some(map) = repository.as_object_mut() {
            for (key, rest) in URLS {
                map.insert(key.to_owned(), Value::String(self.repo(rest)));
            }
        }
        repository
    }

    /// The repository as its own end-point shows it.
    pub(super) fn full_repository(&self, now: Timestamp) -> Value {
        let mut repository = self.minimal_repository();
        let more = json!({
            "git_url": format!("git://github.com/{}/{}.git", self.owner, self.name),
            "ssh_url": format!("git@github.com:{}/{}.git", self.owner, self.name),
            "clone_url": self.web(".git"),
            "svn_url": self.web(""),
            "mirror_url": null,
            "homepage": null,
            "language": "Python",
            "forks_count": 12,
            "stargazers_count": 480,
            "watchers_count": 480,
            "size": 2048,
            "default_branch": "main",
            "open_issues_count": 3,
            "has_issues": true,
            "has_projects": false,
            "has_wiki": false,
            "has_pages": false,
            "has_discussions": false,
            "archived": false,
            "disabled": false,
            "visibility": "public",
            "pushed_at": date(now),
            "created_at": "2024-03-01T09:00:00Z",
            "updated_at": date(now),
            "permissions": {"admin": false, "maintain": true, "push": true, "triage": true, "pull": true},
            "subscribers_count": 14,
            "network_count": 12,
            "license": null,
            "forks": 12,
            "open_issues": 3,
            "watchers": 480,
        });
        if let (Some(map), Value::Object(more)) = (repository.as_object_mut(), more) {
            map.extend(more);
        }
        repository
    }
}

/// An opaque name such as GitHub gives to everything.
pub(super) fn node(kind: &str, id: u64) -> String {
    use base64::Engine as _;
    let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(id.to_be_bytes());
    format!("{kind}_{id}")
}

/// A date in whole seconds, as GitHub writes it.
pub(super) fn date(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second())
        .unwrap_or(at)
        .to_string()
}
