//! gonogo: a terminal cockpit for the person who releases software.
//!
//! # The architecture, in one page
//!
//! Two flows, and nothing else.
//!
//! **A fact** goes in: a [`source`](sources) answers a [question](domain::fact::Ask) → its wire type →
//! [`Fact`](domain::fact::Fact) → [`Observation`](domain::fact::Observation) → [`Message`](engine::Message) →
//! [`Snapshot::apply`](domain::snapshot::Snapshot::apply) (pure) → [`Outlook`](domain::outlook::Outlook) with its
//! [board](domain::assess) (pure) → words and rows ([`present`]) → a pane ([`tui`]) or a line ([`headless`]).
//!
//! **An action** goes out: key or command → [`Intent`](domain::plan::Intent) → [plan](domain::plan::make) (pure) → shown
//! → [proof](domain::plan::Proof) → [`Confirmed`](domain::plan::Confirmed) → the [`door`]: re-check, journal, send once,
//! verify → each journal [entry](domain::journal::Entry) comes back as a message.
//!
//! ## Who knows whom
//!
//! | module | what it is | may import |
//! |---|---|---|
//! | [`domain`] | the pure world: ids, digests, runs, graph, snapshot, rules; no IO, no clock | nothing of ours |
//! | [`present`] | domain values to words and rows, for both faces | domain |
//! | [`secret`] | a secret that cannot be printed | nothing of ours |
//! | [`config`], [`cli`] | layers of files to one resolved configuration; the command line | secret, domain |
//! | [`net`] | the one HTTP stack: limits, bodies, redirects, tokens, failures | secret, domain |
//! | [`sources`] | read-only clients: GitHub, registries, Docker Hub, the package index | net, secret, domain |
//! | [`evidence`] | signatures and attestations: bytes in, verdict out; `evidence::trust` keeps the keys and refreshes them | secret, domain |
//! | [`door`] | the only way to change the world: journal, re-check, send, verify | net, sources, evidence, secret, domain |
//! | [`engine`] | model, messages, effects, pure update; `engine::runtime` interprets effects | domain; runtime also sources, evidence, door |
//! | [`tui`], [`headless`] | the two faces: look at a model, send messages | engine, present, domain, config |
//! | [`sim`] | the simulated services, on loopback, with their own JSON and signing code | nothing of ours |
//! | [`rehearse`] | plays a scenario through simulator and engine | engine, present, domain, sim |
//! | [`run`] | the composition root, and the only user of eyre | everything |
//!
//! Imports point one way; no two modules import each other. `tests/it/architecture.rs` checks the table, and that
//! mutating HTTP verbs, the real clock, colours and printing stand only where they may.
//!
//! ## How it works
//!
//! - **What is asked when** is a pure function: [`engine::interest`] lists the questions that matter now with their
//!   intervals, [`engine::pace`] says when each is due, with backoff, jitter and a service's own pauses.
//!   [`engine::update`] sends what is due and gives up what nobody needs; the runtime only carries it out.
//! - **A failure is a value** ([`domain::fact::Failure`]): a kind, a sentence, what to do next. The last good value
//!   stays beside it ([`domain::observed::Observed`]) and shows its age. "It is not there" is a value too; "could not
//!   look" is not.
//! - **What no endpoint gives** — the version, the digest that was tested, the attempt that built it — is derived in
//!   [`domain::release`], and carries the [source](domain::release::FactSource) it was read from.
//! - **Bytes are proof**: manifests are kept as bytes with a media type, digests are recomputed, nothing is
//!   re-serialised.
//! - **octocrab is transport only.** Its models are stricter than GitHub's answers, its retry replays any verb and its
//!   cache stores cut bodies, so the wire types, the pace and the conditional requests are ours. Likewise a small core
//!   on reqwest serves the registries, where oci-client has no response headers, re-authentication or retry.
//! - **Signatures** are judged by `sigstore-verify` and `sigstore-trust-root`: of the Sigstore project's two Rust
//!   families it is the one that checks SCT, log body and attestations. [`evidence`] alone knows them; what it adds is
//!   comparing: whose identity, which run, which digest.
//! - **The board** ([`domain::assess`]) is computed for what would be let go now: a table of rules, each with the
//!   incidents it guards and the acts before which it is asked, each row with the questions it rests on. A row whose
//!   answers are too old cannot tell; a rule is switched off only by name and with a reason, and some by nobody.
//! - **Evidence is a fact like any other**: [`engine::runtime::Services`] gathers the bytes, has them judged on a thread
//!   of their own by the keys that are known, and judges them again, without fetching, when the keys change. What is
//!   kept between sessions are bytes, never verdicts.
//! - **A change is a value before it is an act** ([`domain::plan`]): each step says what must hold before, what holds
//!   after and how it is undone. [`engine::desk`] looks up what a plan needs and makes it; only a confirmation makes it
//!   one that the door takes. The door sends nothing that is not on the disk first, and nothing twice: an answer that is
//!   lost is looked up. What is unfinished is gone on with, or taken back, by the journal alone.
//! - **Time is an argument.** The runtime takes a [`Clock`](engine::runtime::Clock); the simulator brings its own,
//!   which starts in the past and never passes the real time.
//!
//! ## Where to begin reading
//!
//! [`domain::fact`] (questions and answers), [`domain::snapshot`], [`domain::outlook`], [`engine::interest`]; then one
//! source, [`sources::github`], and one face, [`headless::status`].

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        reason = "a test that meets the unexpected must fail at that line"
    )
)]

pub mod cli;
pub mod config;
pub mod domain;
pub mod door;
pub mod engine;
pub mod evidence;
pub mod headless;
pub mod net;
pub mod present;
pub mod rehearse;
pub mod run;
pub mod secret;
pub mod sim;
pub mod sources;
pub mod tui;
