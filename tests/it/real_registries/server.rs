//! Starting a real registry on loopback and stopping it again.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use gonogo::sim::Now;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// A registry that runs until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) wants_password: bool,
    _child: Child,
    _folder: TempDir,
}

/// A clock that stands still.
pub(crate) fn noon() -> Now {
    Arc::new(|| "2026-03-01T12:00:00Z".parse().expect("a time"))
}

/// Serves a router on a free port of loopback until the test's runtime ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, router).await.unwrap();
    });
    address
}

/// Debian's registry; with a password file it wants a login.
pub(crate) async fn docker_registry(program: &Path, passwords: Option<&str>) -> Server {
    docker_registry_on(program, passwords, None).await
}

/// Debian's registry on a storage that is there already.
pub(crate) async fn docker_registry_on(
    program: &Path,
    passwords: Option<&str>,
    storage: Option<&Path>,
) -> Server {
    start(|address, folder| {
        let auth = passwords.map_or(String::new(), |lines| {
            let file = folder.join("htpasswd");
            std::fs::write(&file, lines).unwrap();
            format!(
                "auth:\n  htpasswd:\n    realm: test\n    path: {}\n",
                file.display()
            )
        });
        let config = folder.join("config.yml");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\n  accesslog:\n    disabled: true\nstorage:\n  cache:\n    blobdescriptor: inmemory\n  filesystem:\n    rootdirectory: {}\n  delete:\n    enabled: true\nhttp:\n  addr: {address}\nhealth:\n  storagedriver:\n    enabled: false\n{auth}",
            storage.map_or_else(|| folder.join("data"), Path::to_path_buf).display()
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(program);
        command.arg("serve").arg(config);
        (command, passwords.is_some())
    })
    .await
}

/// olareg, in memory.
pub(crate) async fn olareg(program: &Path, arguments: &[&str]) -> Server {
    start(|address, folder| {
        let mut command = Command::new(program);
        command
            .args([
                "serve",
                "--store-type",
                "mem",
                "--addr",
                "127.0.0.1",
                "--port",
            ])
            .arg(address.port().to_string())
            .args(arguments)
            .current_dir(folder);
        (command, false)
    })
    .await
}

/// Starts a server on a free port and waits until it takes connections.
async fn start(command: impl Fn(SocketAddr, &Path) -> (Command, bool)) -> Server {
    // Between finding a free port and the server's taking it another program may take it.
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let address = free_port().await;
        let (mut command, wants_password) = command(address, folder.path());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut pause = tokio::time::interval(Duration::from_millis(5));
        let is_up = tokio::time::timeout(Duration::from_secs(30), async {
            while child.try_wait().unwrap().is_none() {
                if TcpStream::connect(address).await.is_ok() {
                    return true;
                }
                pause.tick().await;
            }
            false
        })
        .await
        .expect("the registry takes connections within 30 s");
        if is_up {
            return Server {
                address,
                wants_password,
                _child: child,
                _folder: folder,
            };
        }
    }
    panic!("the registry ended at once, five times");
}

async fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

/// Runs a program that must succeed; gives the bytes that it printed.
pub(crate) async fn output_of(program: &Path, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{} {arguments:?}: {}",
        program.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// What `sha256sum` says of these bytes.
pub(crate) async fn sha256sum(bytes: &[u8]) -> String {
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(bytes).await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned()
}
