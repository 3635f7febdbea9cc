//! The host that logs and files are redirected to: signed addresses, good for one minute of real time.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;

use super::exchange::{query, segments};
use super::{attestations, routes, runs};
use crate::sim::log;
use crate::sim::stage::Stage;
use crate::sim::world::World;
use crate::sim::world::repo::{SmallFile, hex_sha256};
use crate::sim::zips;

const VALID_SECONDS: i64 = 60;

/// The address of a file, with its signature and its end.
pub(super) fn address(base: &str, path: &str) -> String {
    let until = Timestamp::now().as_second() + VALID_SECONDS;
    format!("{base}{path}?se={until}&sig={}", signature(path, until))
}

fn signature(path: &str, until: i64) -> String {
    let mut name = hex_sha256(format!("simulated storage {path} {until}").as_bytes());
    name.truncate(32);
    name
}

/// The service.
pub(crate) fn router(stage: Stage) -> Router {
    Router::new().fallback(answer).with_state(stage)
}

async fn answer(State(stage): State<Stage>, request: Request) -> Response {
    let path = request.uri().path();
    let asked = query(request.uri().query().unwrap_or_default());
    let value = |name: &str| {
        asked
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    let until: i64 = value("se").and_then(|text| text.parse().ok()).unwrap_or(0);
    if value("sig") != Some(&signature(path, until)) || until < Timestamp::now().as_second() {
        return xml(
            StatusCode::FORBIDDEN,
            "AuthenticationFailed",
            "Server failed to authenticate the request.",
        );
    }
    // Storage of this kind refuses a second kind of authentication.
    if request.headers().contains_key(http::header::AUTHORIZATION) {
        return xml(
            StatusCode::BAD_REQUEST,
            "InvalidAuthenticationInfo",
            "Authentication information is not given in the correct format.",
        );
    }
    let parts = segments(path);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let found = stage.with(|world| match parts.as_slice() {
        ["logs", id] => id
            .parse()
            .ok()
            .and_then(|id| routes::job_log(world, id))
            .map(|text| ("text/plain; charset=utf-8", text.into_bytes())),
        ["artifacts", id] => world
            .repo
            .artifacts
            .iter()
            .find(|one| one.id.to_string() == *id)
            .map(|one| ("application/zip", runs::artifact_zip(one))),
        ["assets", id] => world
            .repo
            .releases
            .iter()
            .flat_map(|release| &release.assets)
            .find(|(one, _)| one.to_string() == *id)
            .map(|(_, file)| ("application/octet-stream", file.bytes.to_vec())),
        ["attestations", id] => world
            .repo
            .attestations
            .iter()
            .find(|(one, _)| one.to_string() == *id)
            .and_then(|(_, one)| attestations::stored(one))
            .map(|bytes| ("application/x-snappy", bytes)),
        ["runs", id] => run_zip(world, id).map(|zip| ("application/zip", zip)),
        _ => None,
    });
    match found {
        Some((kind, bytes)) => ([(http::header::CONTENT_TYPE, kind)], bytes).into_response(),
        None => xml(
            StatusCode::NOT_FOUND,
            "BlobNotFound",
            "The specified blob does not exist.",
        ),
    }
}

/// All logs of a run: one file a job, and a folder a job with one file a step.
fn run_zip(world: &World, id: &str) -> Option<Vec<u8>> {
    let run = world.runs.get(&id.parse().ok()?)?;
    let mut files = Vec::new();
    let insts = run
        .newest()?
        .insts
        .iter()
        .filter(|inst| runs::has_log(inst));
    for (index, inst) in insts.enumerate() {
        let name = inst.name.replace('/', "");
        files.push(SmallFile::new(
            &format!("{index}_{name}.txt"),
            log::whole(world, run, inst),
        ));
        for step in log::of_job(world, run, inst) {
            let step_name = step.name.replace('/', "");
            files.push(SmallFile::new(
                &format!("{name}/{}_{step_name}.txt", step.number),
                step.text,
            ));
        }
    }
    zips::zip(&files).ok()
}

fn xml(status: StatusCode, code: &str, message: &str) -> Response {
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    (
        status,
        [(http::header::CONTENT_TYPE, "application/xml")],
        body,
    )
        .into_response()
}
