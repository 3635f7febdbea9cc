//! `gonogo verify`: one image, judged by its evidence alone.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use color_eyre::eyre::{self, WrapErr as _, eyre};
use tokio::task::JoinHandle;

mod desk;

use desk::Desk;

use super::{connect, flags, interruptible, log_to_stderr, print, print_json};
use crate::cli::{Evidence, Global, VerifyArgs};
use crate::config::{Config, Environment};
use crate::domain::digest::Digest;
use crate::domain::evidence::{
    Collected, Piece, Recipe, Subject, TrustRoot, Verdict, Verification,
};
use crate::domain::policy::{GITHUB_ISSUER, IdentityPattern, ImageReference};
use crate::domain::time::Timestamp;
use crate::engine::runtime::{Clock as _, SystemClock};
use crate::evidence::{Ahead, Trust, TrustError};
use crate::headless::verify::{Previous, Seen, VerifyV1, text, unseen};
use crate::net::address::is_loopback;
use crate::net::registry::RegistryAccess;
use crate::net::{self, Limits};
use crate::sources::github;
use crate::sources::oci::{Client, Freshness, Keep, Reference};

/// How long a newer trusted root is waited for when all else is at hand.
const PATIENCE: Duration = Duration::from_secs(1);
/// Stack of the thread that waits, bytes: what it waits for is nested deeply.
const STACK: usize = 8 * 1024 * 1024;
/// The name of the built-in trusted root.
const PUBLIC_GOOD: &str = "public-good";

pub(super) fn run(global: &Global, args: &VerifyArgs) -> eyre::Result<u8> {
    log_to_stderr(global);
    let env = Environment::of_process();
    let mut flags = flags(global);
    // Patterns name the repository that must have signed; so without another one, it is the one meant.
    flags.repo = flags.repo.or_else(|| args.github_repo.clone());
    let config = Config::load(&env, &flags)?;
    for note in &config.notes {
        tracing::warn!("{note}");
    }
    let recipe = recipe(&config, &env, args)?;
    let trust = Arc::new(trust(&config, args));
    let client = client(&config, &env, args)?;
    let github = if args.github_attestations {
        Some(github(&config, &env, &recipe)?)
    } else {
        None
    };
    let (desk, jobs) = Desk::new();
    let look = look(&client, github, recipe, (trust, desk), args, global);
    let waiting = std::thread::Builder::new().stack_size(STACK);
    // This thread judges and another one waits: the memory of the first grows in large steps, that of others page by
    // page, and a statement of a mebibyte is read into many small parts.
    let is_over = &AtomicBool::new(false);
    std::thread::scope(|scope| {
        let looking = waiting.spawn_scoped(scope, move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .wrap_err("the asynchronous runtime could not be started")?;
            let status = runtime.block_on(interruptible(look));
            is_over.store(true, Ordering::Relaxed);
            runtime.shutdown_background();
            status
        });
        let looking = looking.wrap_err("no thread could be started")?;
        for job in jobs {
            if !is_over.load(Ordering::Relaxed) {
                job();
            }
        }
        looking
            .join()
            .map_err(|_| eyre!("the look at the registry broke off"))?
    })
}

async fn look(
    client: &Client,
    github: Option<github::Client>,
    recipe: Recipe,
    (trust, desk): (Arc<Trust>, Desk),
    args: &VerifyArgs,
    global: &Global,
) -> eyre::Result<u8> {
    let now = SystemClock.now();
    let previous = args.previous.as_ref();
    if previous.is_some_and(|previous| previous.repository != args.reference.repository) {
        return Err(eyre!(
            "--previous names an image of another repository than {}",
            args.reference.repository
        ));
    }
    let mut bench = Bench::new(trust, desk, now);
    let github = github.as_ref();
    let image = &args.reference;
    let wanted = if args.fresh {
        Freshness::Fresh
    } else {
        Freshness::Known
    };
    let mut looked = gather(client, github, &mut bench, &recipe, image, wanted, now).await?;
    if let Ok(judged) = &looked
        && judged.seen.is_kept
        && judged.found.verdict != Verdict::Verified
    {
        // What was missing when it was kept may be there by now.
        looked = gather(
            client,
            github,
            &mut bench,
            &recipe,
            image,
            Freshness::Fresh,
            now,
        )
        .await?;
    }
    let name = args.reference.to_string();
    match looked {
        Ok(Judged {
            collected,
            found,
            seen,
        }) => {
            let previous = match previous {
                Some(image) => Some(before(client, &mut bench, &recipe, image, wanted, now).await?),
                None => None,
            };
            if global.json {
                print_json(&VerifyV1::of(&name, &found, &seen, previous.as_ref()))?;
            } else {
                print(&text(&name, &found, &seen, previous.as_ref()))?;
            }
            if found.verdict == Verdict::Verified && !seen.is_kept {
                client.keep(&collected, seen.collected_at);
            }
            Ok(status(found.verdict))
        }
        Err(because) => {
            if global.json {
                print_json(&VerifyV1::unseen(&name, &args.reference, &because))?;
            } else {
                print(&unseen(&name, &because))?;
            }
            Ok(status(Verdict::Unknown))
        }
    }
}

/// What is found of another image, which was built of another commit by another run.
async fn before(
    client: &Client,
    bench: &mut Bench,
    recipe: &Recipe,
    image: &ImageReference,
    freshness: Freshness,
    now: Timestamp,
) -> eyre::Result<Previous> {
    let mut recipe = recipe.clone();
    (recipe.commit, recipe.run, recipe.git_ref) = (None, None, None);
    let looked = gather(client, None, bench, &recipe, image, freshness, now).await?;
    Ok(Previous {
        reference: image.to_string(),
        found: looked.map(|judged| judged.found),
    })
}

/// Evidence with what is found of it.
struct Judged {
    collected: Arc<Collected>,
    found: Verification,
    seen: Seen,
}

/// All evidence of the image, judged; or why there is none.
async fn gather(
    client: &Client,
    github: Option<&github::Client>,
    bench: &mut Bench,
    recipe: &Recipe,
    image: &ImageReference,
    freshness: Freshness,
    now: Timestamp,
) -> eyre::Result<Result<Judged, String>> {
    let reference = match (&image.digest, &image.tag) {
        (Some(digest), _) => Reference::Digest(digest),
        (None, Some(tag)) => Reference::Tag(tag),
        (None, None) => return Err(eyre!("{image} names no tag and no digest")),
    };
    let early = Early::new(bench, recipe);
    let begin = |piece: &Piece, subject: &Digest, is_whole| early.begin(piece, subject, is_whole);
    let gathered = client
        .evidence_told(reference, freshness, now, &begin)
        .await;
    tracing::debug!(requests = gathered.cost.requests, "looked at the registry");
    let mut collected = match gathered.outcome {
        Ok(Some(collected)) => collected,
        Ok(None) => {
            return Ok(Err(format!("There is no image {image} in its registry.")));
        }
        Err(failure) => return Ok(Err(format!("{} {}", failure.what, failure.advice))),
    };
    if let Some(github) = github {
        let found = github.attestations(&collected.whole.digest, now).await;
        collected.add(found.pieces, found.gaps);
    }
    let collected = Arc::new(collected);
    let (found, root) = bench.judge(Arc::clone(&collected), early).await?;
    Ok(Ok(Judged {
        collected,
        found,
        seen: Seen {
            root,
            collected_at: gathered.collected_at,
            is_kept: gathered.freshness == Freshness::Known,
            now,
        },
    }))
}

/// Where evidence is judged: by a root that is read while the registry answers, and that may get newer meanwhile.
struct Bench {
    trust: Arc<Trust>,
    desk: Desk,
    refresh: Option<JoinHandle<()>>,
}

impl Bench {
    fn new(trust: Arc<Trust>, desk: Desk, now: Timestamp) -> Self {
        let known = Arc::clone(&trust);
        let refresh = tokio::spawn(async move {
            let asked = Arc::clone(&known);
            let wants = tokio::task::spawn_blocking(move || {
                // It is needed in any case; whatever is wrong with it is told when it is used.
                let _ = asked.root();
                asked.wants_refresh(now)
            });
            if !wants.await.unwrap_or(false) {
                return;
            }
            let Ok(http) = net::client(&Limits::default()) else {
                return;
            };
            match known.refresh(&http, now).await {
                Ok(root) => tracing::debug!(digest = %root.digest, "the trusted root is confirmed"),
                // The known root is as good as it was.
                Err(failure) => tracing::info!("{} {}", failure.what, failure.advice),
            }
        });
        Self {
            trust,
            desk,
            refresh: Some(refresh),
        }
    }

    /// Judges, by a newer root where one comes in time.
    async fn judge(
        &mut self,
        collected: Arc<Collected>,
        early: Early,
    ) -> eyre::Result<(Verification, TrustRoot)> {
        if let Some(refresh) = self.refresh.take() {
            // Whatever comes later serves the next look.
            let _ = tokio::time::timeout(PATIENCE, refresh).await;
        }
        let Early {
            trust,
            recipe,
            ahead,
            ..
        } = early;
        // Pieces that were begun come before it.
        let judged = self.desk.ask(move || {
            let root = trust.root()?;
            let by_root = |ahead: &&Ahead| ahead.by().root().digest == root.digest;
            let found = match ahead.get().and_then(Option::as_ref).filter(by_root) {
                Some(ahead) => ahead.judge(&collected),
                None => trust.judge(recipe)?.judge(&collected),
            };
            Ok::<_, TrustError>((found, root))
        });
        Ok(judged.await.wrap_err("the evidence was not judged")??)
    }
}

/// Pieces that are judged while the registry still sends others.
struct Early {
    trust: Arc<Trust>,
    recipe: Recipe,
    /// `None`: the trusted root cannot be used, which is told at the end.
    ahead: Arc<OnceLock<Option<Ahead>>>,
    desk: Desk,
}

impl Early {
    fn new(bench: &Bench, recipe: &Recipe) -> Self {
        Self {
            trust: Arc::clone(&bench.trust),
            recipe: recipe.clone(),
            ahead: Arc::default(),
            desk: bench.desk.clone(),
        }
    }

    fn begin(&self, piece: &Piece, subject: &Digest, is_whole: bool) {
        let (trust, recipe, ahead) = (
            Arc::clone(&self.trust),
            self.recipe.clone(),
            Arc::clone(&self.ahead),
        );
        let (piece, subject) = (piece.clone(), subject.clone());
        self.desk.leave(move || {
            let ahead = ahead.get_or_init(|| trust.judge(recipe).ok().map(Ahead::new));
            if let Some(ahead) = ahead {
                ahead.take(&piece, &subject, is_whole);
            }
        });
    }
}

fn status(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Verified => 0,
        Verdict::Refused => 1,
        Verdict::Unknown => 2,
    }
}

/// What the image must be: the configuration, and over it what the line says.
fn recipe(config: &Config, env: &Environment, args: &VerifyArgs) -> eyre::Result<Recipe> {
    let policy = match &args.identity {
        Some(_) => config.policy.as_ref(),
        None => Some(config.require_policy(env)?),
    };
    let signature = policy.map(|policy| &policy.signature);
    let identity = match (&args.identity, policy) {
        (Some(pattern), Some(policy)) => {
            IdentityPattern::new(pattern, &policy.repo, &policy.pipeline.signer_workflow)?
        }
        (Some(pattern), None) => IdentityPattern::literal(pattern),
        (None, _) => signature
            .map(|signature| signature.identity.clone())
            .ok_or_else(|| eyre!("no identity is configured; name one with --identity"))?,
    };
    let issuer = args
        .issuer
        .clone()
        .or_else(|| signature.map(|signature| signature.issuer.clone()))
        .unwrap_or_else(|| GITHUB_ISSUER.to_owned());
    let repository = args
        .github_repo
        .as_ref()
        .or_else(|| policy.map(|policy| &policy.repo));
    let mut recipe = Recipe::of(issuer, identity);
    recipe.repository = repository.map(ToString::to_string);
    // Another signer than the configured one is started by another workflow too; then its certificate alone says which.
    recipe.entry_point = policy
        .filter(|_| args.identity.is_none())
        .map(|policy| policy.pipeline.release_workflow.path());
    recipe.commit = args.expect_commit.as_ref().map(ToString::to_string);
    recipe.run.clone_from(&args.expect_run);
    recipe.git_ref.clone_from(&args.expect_ref);
    recipe.required = args
        .require
        .iter()
        .map(|what| match what {
            Evidence::Signature => Subject::Signature,
            Evidence::Provenance => Subject::Provenance,
            Evidence::Sbom => Subject::Sbom,
        })
        .collect();
    if !args.sbom_type.is_empty() {
        recipe.sbom_types = args
            .sbom_type
            .iter()
            .map(|name| match name.as_str() {
                "spdx" | "spdxjson" => Recipe::SPDX.to_owned(),
                "cyclonedx" => Recipe::CYCLONEDX.to_owned(),
                other => other.to_owned(),
            })
            .collect();
    }
    Ok(recipe)
}

/// The trusted root that the line names, else the configuration.
fn trust(config: &Config, args: &VerifyArgs) -> Trust {
    match &args.trusted_root {
        Some(path) if path != Path::new(PUBLIC_GOOD) => Trust::of_file(path.clone()),
        Some(_) => connect::public_good(config),
        None => connect::trust(config),
    }
}

fn client(config: &Config, env: &Environment, args: &VerifyArgs) -> eyre::Result<Client> {
    let repository = &args.reference.repository;
    let mut access = config.image(repository);
    let is_configured = config
        .images
        .iter()
        .any(|image| image.repository == *repository);
    if !is_configured && is_loopback(&access.registry_url) {
        // A registry on this machine has no certificate; elsewhere nothing goes in the clear.
        let plain = format!("http://{}", repository.registry());
        access.registry_url = plain.parse().wrap_err("the registry has no address")?;
    }
    let http = net::client(&Limits::default()).wrap_err("the HTTP client could not be set up")?;
    let credentials = config.registry_login(env, &access);
    Ok(Client::new(
        http,
        RegistryAccess {
            image: repository.clone(),
            registry_url: access.registry_url,
            credentials,
        },
    )
    .with_keep(Keep::new(config.paths.cache.join("evidence"))))
}

/// GitHub, for what it keeps of the repository that must have signed.
fn github(config: &Config, env: &Environment, recipe: &Recipe) -> eyre::Result<github::Client> {
    let repo = recipe
        .repository
        .as_deref()
        .ok_or_else(|| eyre!("--github-attestations needs a repository; name one with --repo"))?;
    Ok(github::Client::new(github::GithubAccess {
        api_url: config.github.api_url.clone(),
        repo: repo.parse().wrap_err("the repository's name")?,
        token: config.github_token(env),
        release_workflow: String::new(),
        publish_workflow: None,
        environments: Vec::new(),
        limits: Limits::default(),
    }))
}
