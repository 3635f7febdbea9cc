//! `gonogo verify`: one image, judged by its evidence alone.

use std::path::Path;

use color_eyre::eyre::{self, WrapErr as _, eyre};

use super::{flags, interruptible, log_to_stderr, print, print_json, tokio_runtime};
use crate::cli::{Evidence, Global, VerifyArgs};
use crate::config::{Config, Environment, TrustedRoot};
use crate::domain::evidence::{Recipe, Subject, Verdict, Verification};
use crate::domain::policy::{GITHUB_ISSUER, IdentityPattern};
use crate::engine::runtime::{Clock as _, SystemClock};
use crate::evidence::Judge;
use crate::headless::verify::{VerifyV1, text, unseen};
use crate::net::address::is_loopback;
use crate::net::registry::RegistryAccess;
use crate::net::{self, Limits};
use crate::sources::github;
use crate::sources::oci::{Client, Reference};

/// Largest trusted root that is read, bytes.
const LARGEST_ROOT: u64 = 4 * 1024 * 1024;
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
    let root = root(&config, args)?;
    let client = client(&config, &env, args)?;
    let github = match args.github_attestations {
        true => Some(github(&config, &env, &recipe)?),
        false => None,
    };
    let runtime = tokio_runtime()?;
    let status = runtime.block_on(interruptible(look(
        client, github, recipe, root, args, global,
    )));
    runtime.shutdown_background();
    status
}

async fn look(
    client: Client,
    github: Option<github::Client>,
    recipe: Recipe,
    root: Option<String>,
    args: &VerifyArgs,
    global: &Global,
) -> eyre::Result<u8> {
    let reference = match (&args.reference.digest, &args.reference.tag) {
        (Some(digest), _) => Reference::Digest(digest),
        (None, Some(tag)) => Reference::Tag(tag),
        (None, None) => return Err(eyre!("{} names no tag and no digest", args.reference)),
    };
    let judge = tokio::task::spawn_blocking(move || match root {
        Some(json) => Judge::of_root(&json, recipe),
        None => Judge::of_public_good(recipe),
    });
    let mut gathered = client.evidence(reference, SystemClock.now()).await;
    if let (Some(github), Ok(Some(collected))) = (&github, &mut gathered.outcome) {
        let digest = &collected.whole.digest;
        let found = github.attestations(digest, SystemClock.now()).await;
        collected.add(found.pieces, found.gaps);
    }
    tracing::debug!(requests = gathered.cost.requests, "looked at the registry");
    let judge = judge.await.wrap_err("the trusted root was not read")??;
    let name = args.reference.to_string();
    let unseen_because = match gathered.outcome {
        Ok(Some(collected)) => {
            let judged = tokio::task::spawn_blocking(move || judge.judge(&collected));
            return show(
                &name,
                &judged.await.wrap_err("the evidence was not judged")?,
                global,
            );
        }
        Ok(None) => format!("There is no image {name} in its registry."),
        Err(failure) => format!("{} {}", failure.what, failure.advice),
    };
    if global.json {
        print_json(&VerifyV1::unseen(&name, &args.reference, &unseen_because))?;
    } else {
        print(&unseen(&name, &unseen_because))?;
    }
    Ok(status(Verdict::Unknown))
}

fn show(name: &str, found: &Verification, global: &Global) -> eyre::Result<u8> {
    if global.json {
        print_json(&VerifyV1::of(name, found))?;
    } else {
        print(&text(name, found))?;
    }
    Ok(status(found.verdict))
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

/// The text of the trusted root; `None`: the built-in one.
fn root(config: &Config, args: &VerifyArgs) -> eyre::Result<Option<String>> {
    let path = match (&args.trusted_root, &config.trusted_root) {
        (Some(path), _) if path == Path::new(PUBLIC_GOOD) => return Ok(None),
        (Some(path), _) | (None, TrustedRoot::File(path)) => path,
        (None, TrustedRoot::PublicGood) => return Ok(None),
    };
    let read = || -> std::io::Result<String> {
        use std::io::Read as _;
        let mut text = String::new();
        std::fs::File::open(path)?
            .take(LARGEST_ROOT)
            .read_to_string(&mut text)?;
        Ok(text)
    };
    read()
        .map(Some)
        .wrap_err_with(|| format!("the trusted root {} cannot be read", path.display()))
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
    ))
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
