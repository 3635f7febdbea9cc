//! Attacks on the evidence of an image, each from outside: what is done, what `gonogo verify` says, how it exits.
//!
//! An attack must be refused or told for the right reason, in bounded time and memory, and never pass in silence.

mod board;
mod bundles;
mod crafted;
mod credentials;
mod github;
mod layers;
mod legacy;
mod lies;
mod shapes;
mod statements;
mod world;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use futures_util::StreamExt as _;
use gonogo::sim::oci::Referrers;
use gonogo::sim::sigstore::Layout;
use serde_json::Value;
use tokio::process::Command;

use world::{REPOSITORY, TAG, World};

/// The longest that any case may take, built without optimisation on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);
/// Address space of the program, KiB: far above what it needs and far below what an attack would like.
const MEMORY: u32 = 1_500_000;
/// The same while the board is asked, which judges an image for each thing that it comes to know of the run.
const BOARD_MEMORY: u32 = 2_500_000;

/// GitHub's token, for whoever is configured to take it.
const TOKEN: &str = "ghp_0123456789abcdefTOKEN";

/// How the image is signed before it is attacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Not at all.
    Unsigned,
    /// Under legacy tags.
    Legacy,
    /// As bundles that the registry lists.
    Bundles,
    /// As bundles that the fallback tag lists.
    Fallback,
    /// As bundles, but for the provenance.
    NoProvenance,
}

/// What must come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Verified, and nothing said beside.
    Silent,
    /// Verified, with this warning.
    Warned,
    /// Refused for this reason.
    Refused,
    /// Nobody can tell, for this reason.
    Unknown,
}

/// An attack.
struct Case {
    name: &'static str,
    before: Before,
    attack: fn(&World),
    then: Then,
    /// The short name of the reason or warning; empty: that of one among several that are right.
    code: &'static str,
    /// What stands in its sentence.
    words: &'static str,
    /// What the board says of a release whose image this is.
    board: board::Told,
}

const fn case(
    name: &'static str,
    before: Before,
    attack: fn(&World),
    then: Then,
    code: &'static str,
    words: &'static str,
) -> Case {
    Case {
        name,
        before,
        attack,
        then,
        code,
        words,
        board: board::Told::as_verified(then, code, words),
    }
}

impl Before {
    async fn world(self) -> World {
        self.sign(World::unsigned(self.referrers()).await)
    }

    /// The same as what a whole release waits with; verifiers find their root at `root`.
    async fn at_the_gate(self, root: PathBuf) -> World {
        self.sign(World::at_the_gate(self.referrers(), root).await)
    }

    fn referrers(self) -> Referrers {
        match self {
            Self::Fallback => Referrers::Absent,
            _ => Referrers::Served,
        }
    }

    fn sign(self, world: World) -> World {
        match self {
            Self::Unsigned => {}
            Self::Legacy => world.sign(Layout::Legacy),
            Self::Bundles | Self::Fallback => world.sign(Layout::Bundles),
            Self::NoProvenance => world.sign_all_but_provenance(),
        }
        world
    }
}

/// Runs `gonogo verify` on the image in a home of its own.
async fn verify(world: &World, home: &Path, more: &[&str]) -> Output {
    let root = home.join("trusted_root.json");
    std::fs::write(&root, world.sigstore.trusted_root_json()).unwrap();
    verify_with(
        &format!("{}/{REPOSITORY}:{TAG}", world.address),
        &root,
        home,
        more,
    )
    .await
}

async fn verify_with(reference: &str, root: &Path, home: &Path, more: &[&str]) -> Output {
    let mut command = program(home, MEMORY);
    command
        .arg("verify")
        .arg(reference)
        .arg("--trusted-root")
        .arg(root)
        .args([
            "--identity",
            "^https://github.com/acme/rocket/.github/workflows/prerelease-docker.yml@refs/tags/v1",
            "--github-repo",
            "acme/rocket",
            "--expect-commit",
            &world::commit(),
            "--expect-run",
            "4711-1",
        ])
        .args(more)
        .env("ROCKET_TOKEN", TOKEN);
    run(command, reference).await
}

/// The program in a home of its own, with bounds on its memory.
fn program(home: &Path, memory: u32) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("ulimit -v {memory}; exec \"$@\""), "sh"])
        .arg(env!("CARGO_BIN_EXE_gonogo"))
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Runs it with a bound on its time.
async fn run(mut command: Command, about: &str) -> Output {
    tokio::time::timeout(LONGEST, command.output())
        .await
        .unwrap_or_else(|_| panic!("{about} takes too long"))
        .unwrap()
}

fn texts(document: &Value, name: &str) -> Vec<String> {
    serde_json::from_value(document[name].clone()).unwrap()
}

/// What is wrong with the outcome of a case; nothing, if all is as expected.
fn wrong(case: &Case, output: &Output) -> Option<String> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let Ok(document) = serde_json::from_slice::<Value>(&output.stdout) else {
        return Some(format!("{}: no JSON: {output:?}", case.name));
    };
    let (status, verdict) = match case.then {
        Then::Silent | Then::Warned => (0, "verified"),
        Then::Refused => (1, "refused"),
        Then::Unknown => (2, "unknown"),
    };
    let (codes, sentences) = match case.then {
        Then::Silent | Then::Warned => ("warning_codes", "warnings"),
        Then::Refused | Then::Unknown => ("reason_codes", "reasons"),
    };
    let (codes, sentences) = (texts(&document, codes), texts(&document, sentences));
    let told = match case.then {
        Then::Silent => codes.is_empty(),
        _ => codes.iter().zip(&sentences).any(|(code, sentence)| {
            (case.code.is_empty() || code == case.code) && sentence.contains(case.words)
        }),
    };
    let clean = !sentences
        .iter()
        .any(|sentence| sentence.chars().any(char::is_control))
        && stderr.is_empty();
    let good =
        output.status.code() == Some(status) && document["verdict"] == verdict && told && clean;
    (!good).then(|| {
        format!(
            "{}: {:?} {} {:?} {:?} {:?} {stderr}",
            case.name,
            output.status.code(),
            document["verdict"],
            document["reason_codes"],
            document["reasons"],
            document["warnings"],
        )
    })
}

/// Runs every case, and says of all at once what does not hold.
async fn all_hold(cases: &[Case]) {
    let runs = cases.iter().map(|case| async move {
        let world = case.before.world().await;
        (case.attack)(&world);
        let home = tempfile::tempdir().unwrap();
        let output = verify(&world, home.path(), &["--json"]).await;
        wrong(case, &output)
    });
    let wrong: Vec<String> = futures_util::stream::iter(runs)
        .buffer_unordered(2)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(
        wrong.is_empty(),
        "{} of {}: {wrong:#?}",
        wrong.len(),
        cases.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_attack_the_image_is_verified() {
    let plain = |name, before| case(name, before, |_| {}, Then::Silent, "", "");
    all_hold(&[
        plain("legacy", Before::Legacy),
        plain("bundles", Before::Bundles),
        plain("fallback", Before::Fallback),
    ])
    .await;
    all_hold(&[
        case(
            "unsigned",
            Before::Unsigned,
            |_| {},
            Then::Refused,
            "signature-absent",
            "not signed",
        ),
        case(
            "no provenance",
            Before::NoProvenance,
            |_| {},
            Then::Refused,
            "provenance-absent",
            "nothing says how the image was built",
        ),
    ])
    .await;
}
