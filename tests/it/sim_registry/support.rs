//! Starting simulated services on loopback, and running programs against them.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use gonogo::sim::Now;
use tokio::process::Command;

/// A clock that stands still.
pub(super) fn noon() -> Now {
    Arc::new(|| "2026-03-01T12:00:00Z".parse().expect("a time"))
}

/// Serves a router on a free port of loopback until the test's runtime ends.
pub(super) async fn serve(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        axum::serve(listener, router)
            .await
            .expect("the server runs");
    });
    address
}

/// Runs a program to its end.
pub(super) async fn run(
    program: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
) -> Output {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .envs(environment.iter().copied())
        // No file of the checkout may configure a judge.
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PIP_")) {
        command.env_remove(name);
    }
    command.output().await.expect("the program starts")
}

/// Runs a program that must succeed; gives what it printed.
pub(super) async fn succeed(program: &Path, arguments: &[&str]) -> String {
    let output = run(program, arguments, &[]).await;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{} {arguments:?}: {stdout}\n{}",
        program.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

/// A commit as the labels of an image carry it.
pub(super) fn commit() -> String {
    "4f2a9c1e".repeat(5)
}

/// A clock that stands until it is moved.
#[derive(Clone)]
pub(super) struct Ticking(Arc<AtomicI64>);

impl Ticking {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(noon()().as_second())))
    }

    pub(super) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(super) fn now(&self) -> Now {
        let seconds = Arc::clone(&self.0);
        Arc::new(move || {
            jiff::Timestamp::from_second(seconds.load(Ordering::SeqCst)).expect("a time")
        })
    }
}
