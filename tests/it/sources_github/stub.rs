//! A server on loopback that answers what a test wants, broken answers too, and remembers what it was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gonogo::domain::fact::{Ask, Fact, Failure};
use gonogo::domain::time::Timestamp;
use gonogo::net::Limits;
use gonogo::secret::{Credential, Provider, Secret};
use gonogo::sources::Answer;
use gonogo::sources::github::{Client, GithubAccess};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// The token of all tests: to be seen in one header and nowhere else.
pub(crate) const TOKEN: &str = "ghp_0123456789abcdefTOKEN";

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.target
            .split_once('?')?
            .1
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

/// How an answer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Whole, with its length.
    Whole,
    /// Only this many bytes of the body, then the connection ends.
    Cut(usize),
    /// The same without a length, so that the end of the connection looks like the end of the body.
    CutUnframed(usize),
    /// Only this many bytes of the body, then silence.
    Stalled(usize),
    /// Nothing at all, for ever.
    Silent,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    sent: Sent,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            sent: Sent::Whole,
        }
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::new(200, value.to_string())
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn sent(mut self, sent: Sent) -> Self {
        self.sent = sent;
        self
    }
}

/// The server. It ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct Stub {
    pub(crate) url: url::Url,
    seen: Arc<Mutex<Vec<Request>>>,
    open: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    gate: Arc<Notify>,
}

impl Stub {
    /// Answers with what `answer` gives for each request.
    pub(crate) async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::listen(answer, false).await
    }

    /// The same, but each answer waits until [`Stub::release`] is called for it.
    pub(crate) async fn start_gated(
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::listen(answer, true).await
    }

    async fn listen(
        answer: impl Fn(&Request) -> Reply + Send + Sync + 'static,
        gated: bool,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stub = Self {
            url: format!("http://127.0.0.1:{port}").parse().unwrap(),
            seen: Arc::default(),
            open: Arc::default(),
            most: Arc::default(),
            gate: Arc::default(),
        };
        let answer = Arc::new(answer);
        let serving = stub.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (stub, answer) = (serving.clone(), Arc::clone(&answer));
                tokio::spawn(async move { stub.serve(stream, answer.as_ref(), gated).await });
            }
        });
        stub
    }

    pub(crate) fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.target).collect()
    }

    /// Requests that wait for an answer now.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// The most that ever waited at once.
    pub(crate) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    pub(crate) fn release(&self) {
        self.gate.notify_one();
    }

    async fn serve(
        &self,
        mut stream: TcpStream,
        answer: &(dyn Fn(&Request) -> Reply + Send + Sync),
        gated: bool,
    ) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let request = Request {
            target: lines.next().unwrap().split(' ').nth(1).unwrap().to_owned(),
            headers: lines
                .filter_map(|line| line.split_once(": "))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        };
        self.seen.lock().unwrap().push(request.clone());
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(open, Ordering::SeqCst);
        if gated {
            self.gate.notified().await;
        }
        self.open.fetch_sub(1, Ordering::SeqCst);
        send(&mut stream, answer(&request)).await;
    }
}

async fn send(stream: &mut TcpStream, reply: Reply) {
    use std::fmt::Write as _;

    let mut head = format!(
        "HTTP/1.1 {} Whatever\r\nconnection: close\r\n",
        reply.status
    );
    for (name, value) in &reply.headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    if !matches!(reply.sent, Sent::CutUnframed(_)) {
        write!(head, "content-length: {}\r\n", reply.body.len()).unwrap();
    }
    head.push_str("\r\n");
    let part = match reply.sent {
        Sent::Whole => &reply.body[..],
        Sent::Cut(at) | Sent::CutUnframed(at) | Sent::Stalled(at) => &reply.body[..at],
        Sent::Silent => return std::future::pending().await,
    };
    // The client may leave at any moment: that is what some tests are about.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(part).await;
    if matches!(reply.sent, Sent::Stalled(_)) {
        return std::future::pending().await;
    }
    let _ = stream.shutdown().await;
}

/// A credential that is there.
pub(crate) fn token() -> Provider {
    Provider::fixed(Credential::Present {
        value: Secret::new(TOKEN).unwrap(),
        from: "the variable GH_TOKEN".to_owned(),
    })
}

/// A credential that is not there.
pub(crate) fn no_token() -> Provider {
    Provider::fixed(Credential::Missing {
        todo: "Set GH_TOKEN.".to_owned(),
    })
}

/// Access to the stub, with patience that suits a test.
pub(crate) fn access(stub: &Stub) -> GithubAccess {
    GithubAccess {
        api_url: stub.url.clone(),
        repo: "acme/rocket".parse().unwrap(),
        token: token(),
        release_workflow: "release.yml".to_owned(),
        publish_workflow: Some("publish.yml".to_owned()),
        environments: vec!["release".to_owned()],
        limits: Limits {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(5),
            whole: Duration::from_secs(10),
            download: Duration::from_secs(10),
        },
    }
}

/// A client with a token.
pub(crate) fn client(stub: &Stub) -> Client {
    Client::new(access(stub))
}

/// A client that soon loses patience.
pub(crate) fn impatient(stub: &Stub) -> Client {
    Client::new(GithubAccess {
        limits: Limits {
            connect: Duration::from_millis(200),
            read: Duration::from_millis(200),
            whole: Duration::from_secs(10),
            download: Duration::from_secs(10),
        },
        ..access(stub)
    })
}

/// The moment of every look.
pub(crate) fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// One look; the token must not be in whatever came of it.
pub(crate) async fn look(client: &Client, ask: &Ask) -> Answer {
    let answer = client.look(ask, now()).await;
    let told = format!("{answer:?} {client:?}");
    assert!(!told.contains(TOKEN), "the token is told: {told}");
    answer
}

/// The fact of one look.
pub(crate) async fn fact(client: &Client, ask: &Ask) -> Fact {
    look(client, ask).await.outcome.unwrap()
}

/// The failure of one look, fit for a terminal.
pub(crate) async fn failure(client: &Client, ask: &Ask) -> Failure {
    let failure = look(client, ask).await.outcome.unwrap_err();
    for text in [&failure.what, &failure.advice] {
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(text.chars().count() < 700, "{text}");
        assert!(text.ends_with('.'), "a sentence: {text}");
    }
    assert!(!failure.what.contains("http://"), "{}", failure.what);
    failure
}
