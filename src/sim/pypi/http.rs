//! The HTTP face of the index.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, HOST, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderName, StatusCode};
use serde_json::{Map, Value, json};
use sha2::Digest as _;

use super::version::Version;
use super::{File, Index, Project, normalised};

const LAST_SERIAL: HeaderName = HeaderName::from_static("x-pypi-last-serial");
const SIMPLE_JSON: &str = "application/vnd.pypi.simple.v1+json";
const SIMPLE_HTML: &str = "application/vnd.pypi.simple.v1+html";
const HTML: &str = "text/html; charset=UTF-8";

pub(super) fn router(index: Index) -> Router {
    Router::new()
        .route("/simple/", get(projects))
        .route("/simple/{project}", get(to_slash))
        .route("/simple/{project}/", get(simple))
        .route("/pypi/{project}/json", get(project_json))
        .route("/pypi/{project}/{version}/json", get(version_json))
        .route("/packages/{a}/{b}/{rest}/{filename}", get(package))
        .route(
            "/integrity/{project}/{version}/{filename}/provenance",
            get(provenance),
        )
        .fallback(|| async { not_found_json() })
        .with_state(index)
}

/// The forms in which the Simple API answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Html,
    PlainHtml,
}

impl Form {
    fn content_type(self) -> &'static str {
        match self {
            Self::Json => SIMPLE_JSON,
            Self::Html => SIMPLE_HTML,
            Self::PlainHtml => HTML,
        }
    }
}

/// The form that the client likes best; HTML where it names none that we have.
fn negotiate(headers: &HeaderMap) -> Form {
    let ranges = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let mut best: Option<(f32, Form)> = None;
    for range in ranges {
        let mut parts = range.split(';').map(str::trim);
        let form = match parts.next() {
            Some(SIMPLE_JSON | "application/vnd.pypi.simple.latest+json") => Form::Json,
            Some(SIMPLE_HTML | "application/vnd.pypi.simple.latest+html") => Form::Html,
            Some("text/html" | "text/*" | "*/*") => Form::PlainHtml,
            _ => continue,
        };
        let quality = parts
            .find_map(|part| part.strip_prefix("q="))
            .and_then(|quality| quality.parse::<f32>().ok())
            .unwrap_or(1.0);
        if quality > 0.0 && best.is_none_or(|(most, _)| quality > most) {
            best = Some((quality, form));
        }
    }
    best.map_or(Form::PlainHtml, |(_, form)| form)
}

/// `GET /simple/`
async fn projects(State(index): State<Index>, headers: HeaderMap) -> Response {
    let shelf = index.visible();
    let form = negotiate(&headers);
    let body = match form {
        Form::Json => json!({
            "meta": {"api-version": "1.1", "_last-serial": shelf.serial},
            "projects": shelf
                .projects
                .values()
                .map(|project| json!({"name": project.name, "_last-serial": project.serial}))
                .collect::<Vec<_>>(),
        })
        .to_string(),
        Form::Html | Form::PlainHtml => page(
            "Simple index",
            shelf.projects.iter().map(|(normal, project)| {
                format!(
                    "<a href=\"/simple/{normal}/\">{}</a>",
                    escaped(&project.name)
                )
            }),
            shelf.serial,
        ),
    };
    cached(&headers, form.content_type(), shelf.serial, body)
}

async fn to_slash(Path(project): Path<String>) -> Response {
    Redirect::permanent(&format!("/simple/{}/", normalised(&project))).into_response()
}

/// `GET /simple/<project>/`
async fn simple(
    State(index): State<Index>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let normal = normalised(&name);
    if normal != name {
        return Redirect::permanent(&format!("/simple/{normal}/")).into_response();
    }
    let shelf = index.visible();
    let Some(project) = shelf.project(&name) else {
        return (
            StatusCode::NOT_FOUND,
            "404 Not Found\n\nThe resource could not be found.\n\n\n",
        )
            .into_response();
    };
    let host = host(&headers);
    let form = negotiate(&headers);
    let files = project.releases.values().flatten();
    let body = match form {
        Form::Json => json!({
            "meta": {"api-version": "1.1", "_last-serial": project.serial},
            "name": normal,
            "versions": project.releases.keys().collect::<Vec<_>>(),
            "files": files.map(|file| simple_file(host, file)).collect::<Vec<_>>(),
        })
        .to_string(),
        Form::Html | Form::PlainHtml => page(
            &format!("Links for {}", escaped(&project.name)),
            files.map(|file| anchor(host, file)),
            project.serial,
        ),
    };
    cached(&headers, form.content_type(), project.serial, body)
}

fn simple_file(host: &str, file: &File) -> Value {
    let mut entry = json!({
        "filename": file.filename,
        "url": address(host, file),
        "hashes": {"sha256": file.sha256},
        "size": file.bytes.len(),
        "upload-time": moment(file),
        "yanked": match &file.yanked {
            None => json!(false),
            Some(reason) if reason.is_empty() => json!(true),
            Some(reason) => json!(reason),
        },
    });
    if let (Some(entry), Some(requires)) = (entry.as_object_mut(), &file.requires_python) {
        entry.insert("requires-python".to_owned(), json!(requires));
    }
    entry
}

fn anchor(host: &str, file: &File) -> String {
    let mut attributes = String::new();
    if let Some(requires) = &file.requires_python {
        let requires = escaped(requires);
        attributes = format!(" data-requires-python=\"{requires}\"");
    }
    if let Some(reason) = &file.yanked {
        let reason = escaped(reason);
        attributes = format!("{attributes} data-yanked=\"{reason}\"");
    }
    let (address, name) = (address(host, file), escaped(&file.filename));
    format!(
        "<a href=\"{address}#sha256={}\"{attributes}>{name}</a>",
        file.sha256
    )
}

fn page(title: &str, links: impl Iterator<Item = String>, serial: u64) -> String {
    let links: Vec<String> = links.map(|link| format!("    {link}<br />\n")).collect();
    let links = links.concat();
    format!(
        "<!DOCTYPE html>\n<html>\n  <head>\n    \
         <meta name=\"pypi:repository-version\" content=\"1.1\">\n    <title>{title}</title>\n  \
         </head>\n  <body>\n    <h1>{title}</h1>\n{links}  </body>\n</html>\n<!--SERIAL {serial}-->"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// `GET /pypi/<project>/json`
async fn project_json(
    State(index): State<Index>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let shelf = index.visible();
    let latest = |project: &Project| latest(project).map(str::to_owned);
    match shelf
        .project(&name)
        .and_then(|project| Some((project, latest(project)?)))
    {
        None => not_found_json(),
        Some((project, latest)) => {
            let mut body = release_json(project, &latest, host(&headers));
            let releases: Map<String, Value> = project
                .releases
                .iter()
                .map(|(version, files)| (version.clone(), urls(files, host(&headers))))
                .collect();
            if let Some(body) = body.as_object_mut() {
                body.insert("releases".to_owned(), Value::Object(releases));
            }
            cached(
                &headers,
                "application/json",
                project.serial,
                body.to_string(),
            )
        }
    }
}

/// `GET /pypi/<project>/<version>/json`
async fn version_json(
    State(index): State<Index>,
    Path((name, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let shelf = index.visible();
    match shelf.project(&name) {
        Some(project) if project.releases.contains_key(&version) => {
            let body = release_json(project, &version, host(&headers));
            cached(
                &headers,
                "application/json",
                project.serial,
                body.to_string(),
            )
        }
        _ => not_found_json(),
    }
}

/// The version that the project's page shows: the newest stable one that is not yanked, else the newest.
fn latest(project: &Project) -> Option<&str> {
    let rank = |(version, files): &(&String, &Vec<File>)| {
        let parsed = Version::parse(version);
        let yanked = files.iter().all(|file| file.yanked.is_some());
        (
            !yanked,
            parsed.as_ref().is_some_and(Version::is_stable),
            parsed,
        )
    };
    let best = project.releases.iter().max_by_key(rank);
    best.map(|(version, _)| version.as_str())
}

fn release_json(project: &Project, version: &str, host: &str) -> Value {
    let none = Vec::new();
    let files = project.releases.get(version).unwrap_or(&none);
    let yanked = !files.is_empty() && files.iter().all(|file| file.yanked.is_some());
    json!({
        "info": {
            "author": "",
            "author_email": null,
            "classifiers": [],
            "description": "",
            "home_page": null,
            "license": null,
            "name": project.name,
            "package_url": format!("http://{host}/project/{}/", project.name),
            "project_url": format!("http://{host}/project/{}/", project.name),
            "release_url": format!("http://{host}/project/{}/{version}/", project.name),
            "requires_dist": null,
            "requires_python": files.iter().find_map(|file| file.requires_python.clone()),
            "summary": "A small package.",
            "version": version,
            "yanked": yanked,
            "yanked_reason": files.iter().find_map(|file| file.yanked.clone()).filter(|reason| !reason.is_empty()),
        },
        "last_serial": project.serial,
        "urls": urls(files, host),
        "vulnerabilities": [],
    })
}

fn urls(files: &[File], host: &str) -> Value {
    files.iter().map(|file| file_json(file, host)).collect()
}

fn file_json(file: &File, host: &str) -> Value {
    let wheel = file.filename.rsplit('.').next() == Some("whl");
    let moment = moment(file);
    json!({
        "comment_text": null,
        "digests": {"sha256": file.sha256},
        "downloads": -1,
        "filename": file.filename,
        "has_sig": false,
        "packagetype": if wheel { "bdist_wheel" } else { "sdist" },
        "python_version": if wheel { "py3" } else { "source" },
        "requires_python": file.requires_python,
        "size": file.bytes.len(),
        "upload_time": moment.split('.').next(),
        "upload_time_iso_8601": moment,
        "url": address(host, file),
        "yanked": file.yanked.is_some(),
        "yanked_reason": file.yanked.as_ref().filter(|reason| !reason.is_empty()),
    })
}

/// `GET /packages/…/<filename>`
async fn package(
    State(index): State<Index>,
    Path((a, b, rest, filename)): Path<(String, String, String, String)>,
) -> Response {
    let shelf = index.visible();
    let hash = format!("{a}{b}{rest}");
    let mut files = shelf
        .projects
        .values()
        .flat_map(|project| project.releases.values().flatten());
    match files.find(|file| file.sha256 == hash && file.filename == filename) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(file) => {
            let kind = [(CONTENT_TYPE, "application/octet-stream")];
            (kind, Body::from(file.bytes.clone())).into_response()
        }
    }
}

/// `GET /integrity/…/provenance`: no file here has attestations.
async fn provenance(Path((_, _, filename)): Path<(String, String, String)>) -> Response {
    let message = format!("No provenance available for {filename}");
    (StatusCode::NOT_FOUND, Json(json!({"message": message}))).into_response()
}

fn not_found_json() -> Response {
    (StatusCode::NOT_FOUND, Json(json!({"message": "Not Found"}))).into_response()
}

/// An answer with what caches need, or the 304 that needs no body.
fn cached(headers: &HeaderMap, content_type: &str, serial: u64, body: String) -> Response {
    let hash = hex::encode(sha2::Sha256::digest(body.as_bytes()));
    let etag = format!("\"{}\"", hash.get(..32).unwrap_or_default());
    let known = headers
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            let mut tags = value.split(',').map(str::trim);
            tags.any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
        });
    let common = [
        (ETAG, etag),
        (CACHE_CONTROL, "max-age=600, public".to_owned()),
        (VARY, "Accept, Accept-Encoding".to_owned()),
        (LAST_SERIAL, serial.to_string()),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(CONTENT_TYPE, content_type.to_owned())], body).into_response()
}

fn host(headers: &HeaderMap) -> &str {
    headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost")
}

/// The address of a file: below the hash of its content.
fn address(host: &str, file: &File) -> String {
    let part = |range: std::ops::Range<usize>| file.sha256.get(range).unwrap_or_default();
    let (a, b, rest) = (part(0..2), part(2..4), part(4..64));
    format!("http://{host}/packages/{a}/{b}/{rest}/{}", file.filename)
}

/// `2026-03-01T12:00:00.000000Z`
fn moment(file: &File) -> String {
    file.uploaded.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_one_liked_best() {
        let accepting = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, accept.parse().unwrap());
            negotiate(&headers)
        };
        let pip = "application/vnd.pypi.simple.v1+json, \
                   application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01";
        assert_eq!(accepting(pip), Form::Json);
        assert_eq!(accepting("text/html"), Form::PlainHtml);
        assert_eq!(accepting("application/vnd.pypi.simple.v1+html"), Form::Html);
        assert_eq!(accepting("image/png"), Form::PlainHtml);
        assert_eq!(negotiate(&HeaderMap::new()), Form::PlainHtml);
    }
}
