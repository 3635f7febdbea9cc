//! A gate in front of services: it lets requests through one by one, and holds the one that a test names.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::sync::Notify;

/// On which side of its service a request is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The service has not seen it.
    Before,
    /// The service has answered it, and the client has not seen the answer.
    After,
}

#[derive(Default)]
struct Till {
    passed: usize,
    held: Option<(usize, Side)>,
    is_reached: bool,
}

/// All gates of a test, with one count.
#[derive(Clone, Default)]
pub struct Toll {
    till: Arc<Mutex<Till>>,
    reached: Arc<Notify>,
}

#[derive(Clone)]
struct Front {
    toll: Toll,
    upstream: String,
    http: reqwest::Client,
}

impl Toll {
    /// The address of a gate in front of a service.
    pub async fn before(&self, upstream: &str) -> String {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let front = Front {
            toll: self.clone(),
            upstream: upstream.trim_end_matches('/').to_owned(),
            http,
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(pass).with_state(front);
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}")
    }

    /// Counts anew, and holds this request, counted from 0; `None` holds none.
    pub fn hold(&self, held: Option<(usize, Side)>) {
        *self.till.lock().unwrap() = Till {
            held,
            ..Till::default()
        };
    }

    /// Waits until the request is held.
    pub async fn reached(&self) {
        loop {
            let waits = self.reached.notified();
            if self.till.lock().unwrap().is_reached {
                return;
            }
            waits.await;
        }
    }

    async fn wait_at(&self, number: usize, side: Side) {
        let is_held = {
            let mut till = self.till.lock().unwrap();
            let is_held = till.held == Some((number, side));
            till.is_reached |= is_held;
            is_held
        };
        if is_held {
            self.reached.notify_waiters();
            std::future::pending::<()>().await;
        }
    }
}

async fn pass(State(front): State<Front>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().unwrap().to_string();
    let number = {
        let mut till = front.toll.till.lock().unwrap();
        till.passed += 1;
        till.passed - 1
    };
    front.toll.wait_at(number, Side::Before).await;
    let body = to_bytes(body, 64 << 20).await.unwrap();
    let mut sent = front
        .http
        .request(parts.method, format!("{}{target}", front.upstream));
    for (name, value) in &parts.headers {
        if !["host", "connection", "content-length", "transfer-encoding"].contains(&name.as_str()) {
            sent = sent.header(name, value);
        }
    }
    let answer = sent.body(body).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if !["connection", "transfer-encoding"].contains(&name.as_str()) {
            response = response.header(name, value);
        }
    }
    let bytes = answer.bytes().await.unwrap();
    front.toll.wait_at(number, Side::After).await;
    response.body(Body::from(bytes)).unwrap()
}
