//! The checkout around the working folder: its root, and its `origin` remote read without running git.
//!
//! Everything in it may have been written by a stranger, so sizes are bounded and only plain files
//! are opened. Includes, `insteadOf` and conditional sections are not followed.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::domain::ids::RepoSlug;

const MAX_GIT_CONFIG: u64 = 1 << 20;
const MAX_POINTER: u64 = 4096;

/// The nearest folder at or above this one that holds `.git`.
pub(super) fn root(cwd: &Path) -> Option<PathBuf> {
    cwd.ancestors()
        .find(|folder| std::fs::symlink_metadata(folder.join(".git")).is_ok())
        .map(Path::to_owned)
}

/// Where the `origin` remote points to: a host, and a repository on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The host's name in lower case, without user and port.
    pub host: String,
    /// The repository.
    pub repo: RepoSlug,
}

/// Why the remote names no repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// No `.git` at or above the working folder.
    #[error("this is no checkout")]
    NoCheckout,
    /// `.git` is there, its configuration cannot be read.
    #[error("the checkout's .git/config cannot be read")]
    Unreadable,
    /// No remote of that name.
    #[error("the checkout has no remote `origin`")]
    NoOrigin,
    /// An address of another form than OWNER/NAME on a host.
    #[error("the remote `origin` is not OWNER/NAME on a host")]
    NotARepository,
}

/// The remote of the checkout with this root.
pub(super) fn origin_remote(root: &Path) -> Result<Remote, RemoteError> {
    let folder = git_folder(root).ok_or(RemoteError::Unreadable)?;
    let text = read_plain(&folder.join("config"), MAX_GIT_CONFIG).ok_or(RemoteError::Unreadable)?;
    let url = origin_url(&text).ok_or(RemoteError::NoOrigin)?;
    parse_remote(&url).ok_or(RemoteError::NotARepository)
}

/// The folder that holds `config`: `.git`, or what a linked worktree or submodule points to.
fn git_folder(root: &Path) -> Option<PathBuf> {
    let dot_git = root.join(".git");
    if dot_git.is_dir() {
        return Some(dot_git);
    }
    let pointer = read_plain(&dot_git, MAX_POINTER)?;
    let folder = root.join(pointer.strip_prefix("gitdir:")?.trim());
    match read_plain(&folder.join("commondir"), MAX_POINTER) {
        Some(common) => Some(folder.join(common.trim())),
        None => Some(folder),
    }
}

/// The text of a plain file up to a size; a pipe, a device or a folder is not opened.
fn read_plain(path: &Path, limit: u64) -> Option<String> {
    if !std::fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path)
        .ok()?
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .ok()?;
    if bytes.len() as u64 > limit {
        return None;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first `url` of `[remote "origin"]`, as git takes it for fetching.
fn origin_url(text: &str) -> Option<String> {
    let joined = text.replace("\r\n", "\n").replace("\\\n", "");
    let mut in_origin = false;
    for line in joined.lines() {
        let mut line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            let (header, rest) = header.split_once(']').unwrap_or((header, ""));
            in_origin = is_origin(header);
            line = rest.trim();
        }
        if !in_origin || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some((name, value)) = line.split_once('=')
            && name.trim().eq_ignore_ascii_case("url")
        {
            return Some(unquote(value));
        }
    }
    None
}

/// `remote "origin"` or the older `remote.origin`; a remote's name counts its case.
fn is_origin(header: &str) -> bool {
    let header = header.trim();
    let Some((section, name)) = header.split_once([' ', '\t', '.']) else {
        return false;
    };
    section.eq_ignore_ascii_case("remote") && name.trim().trim_matches('"') == "origin"
}

/// A value without its quotes, its escapes and the comment behind it.
fn unquote(value: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    let mut chars = value.trim().chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' => out.extend(chars.next()),
            '#' | ';' if !quoted => break,
            c => out.push(c),
        }
    }
    out.trim_end().to_owned()
}

/// Reads `https://host/o/r.git`, `ssh://git@host:22/o/r`, `git://…` and `git@host:o/r.git`.
fn parse_remote(url: &str) -> Option<Remote> {
    let (host, path) = if let Some((scheme, rest)) = url.split_once("://") {
        let schemes = ["https", "http", "ssh", "git", "git+ssh", "ssh+git"];
        if !schemes.contains(&scheme.to_ascii_lowercase().as_str()) {
            return None;
        }
        rest.split_once('/')?
    } else {
        let (authority, path) = url.split_once(':')?;
        if authority.contains('/') {
            return None;
        }
        (authority, path.trim_start_matches('/'))
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    if host.is_empty() || !host.bytes().all(plain) {
        return None;
    }
    // GitHub's ssh on the https port has a host name of its own.
    let host = match host.as_str() {
        "ssh.github.com" | "www.github.com" => "github.com".to_owned(),
        _ => host,
    };
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    Some(Remote {
        host,
        repo: path.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_remote_names_the_same_repository() {
        for url in [
            "https://github.com/acme/rocket",
            "https://github.com/acme/rocket.git",
            "https://github.com/acme/rocket/",
            "https://alice:hunter2@GitHub.com/acme/rocket.git",
            "http://github.com:80/acme/rocket.git",
            "git@github.com:acme/rocket.git",
            "github.com:acme/rocket",
            "org-1234@github.com:/acme/rocket.git",
            "ssh://git@github.com/acme/rocket.git",
            "ssh://git@ssh.github.com:443/acme/rocket.git",
            "git://github.com/acme/rocket.git",
        ] {
            let remote = parse_remote(url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!(remote.host, "github.com", "{url}");
            assert_eq!(remote.repo.to_string(), "acme/rocket", "{url}");
        }
        for url in [
            "",
            "/srv/git/rocket.git",
            "../rocket",
            "file:///srv/acme/rocket",
            "C:\\acme\\rocket",
            "https://github.com/rocket",
            "https://github.com/a/b/c",
            "https:///acme/rocket",
            "https://git\u{1b}hub.com/acme/rocket",
            "ext::sh -c 'touch x'",
            "https://github.com/acme/ro cket",
        ] {
            assert_eq!(parse_remote(url), None, "{url:?}");
        }
    }

    #[test]
    fn git_configuration_is_read_as_git_reads_it() {
        let url = |text| origin_url(text).unwrap_or_default();
        assert_eq!(
            url("[remote \"origin\"]\n\turl = git@x:a/b # c\n"),
            "git@x:a/b"
        );
        assert_eq!(url("[REMOTE \"origin\"] URL=x:a/b"), "x:a/b");
        assert_eq!(url("[remote.origin]\nurl = \"x:a/#b\"\n"), "x:a/#b");
        assert_eq!(url("[remote \"origin\"]\nurl = x:a\\\n/b\n"), "x:a/b");
        assert_eq!(url("[remote \"origin\"]\n;url = no\nurl = 1\nurl = 2"), "1");
        assert_eq!(url("[remote \"Origin\"]\nurl = no\n"), "");
        assert_eq!(url("[remote \"origin\"]\n[core]\nurl = no\n"), "");
        assert_eq!(url("[[[\"\\\nurl = \n=\n[remote"), "");
    }
}
