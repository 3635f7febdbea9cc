//! Outside judges: real programs that were not written by us.
//!
//! Where `CI=true` a missing judge is a failure; on a user's machine the test says so and is skipped.

use std::path::PathBuf;

/// Path of a judge program, from `$GONOGO_JUDGES/bin`, the default cache, or `PATH`.
///
/// Returns `None` (after saying so) where the judge is missing and `CI` is not `true`.
pub fn judge(program: &str) -> Option<PathBuf> {
    let found = judges_dir()
        .map(|dir| dir.join("bin").join(program))
        .filter(|path| path.is_file())
        .or_else(|| on_path(program));
    required(found, program)
}

/// A file of the judges' folder that is no program, such as the bundled workflow parser.
pub fn judge_file(name: &str) -> Option<PathBuf> {
    let found = judges_dir()
        .map(|dir| dir.join(name))
        .filter(|path| path.is_file());
    required(found, name)
}

/// The folder of shared contracts, fixtures and tools: `$GONOGO_SHARED`, else `../shared`.
pub fn shared() -> Option<PathBuf> {
    let dir = std::env::var_os("GONOGO_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    required(
        Some(dir).filter(|dir| dir.join("contracts").is_dir()),
        "the shared folder",
    )
}

fn judges_dir() -> Option<PathBuf> {
    if let Some(dir) = std::env::var_os("GONOGO_JUDGES") {
        return Some(PathBuf::from(dir));
    }
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    Some(cache.join("gonogo-judges"))
}

fn on_path(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|dir| dir.join(program))
        .find(|path| path.is_file())
}

#[allow(clippy::print_stderr, reason = "a skipped test says so")]
fn required(found: Option<PathBuf>, what: &str) -> Option<PathBuf> {
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "the judge {what} is missing; .ci/judges installs it"
        );
        eprintln!("skipped: the judge {what} is not on this machine (.ci/judges installs it)");
    }
    found
}
