//! Real distributions of a small pure-Python package: a wheel, and a source distribution that builds itself.

use std::io::{Cursor, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use sha2::Digest as _;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use super::normalised;
use crate::sim::archive::{self, Entry};

/// A file to upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dist {
    /// Its name.
    pub filename: String,
    /// Its bytes.
    pub bytes: Bytes,
    /// The versions of Python that may install it.
    pub requires_python: Option<String>,
}

/// What the packages made here ask of Python.
const REQUIRES_PYTHON: &str = ">=3.8";

impl Dist {
    /// Whether the name is that of a distribution of this project and version.
    pub(super) fn is_of(&self, project: &str, version: &str) -> bool {
        let Some(stem) = self
            .filename
            .strip_suffix(".tar.gz")
            .or_else(|| self.filename.strip_suffix("-py3-none-any.whl"))
            .or_else(|| {
                let wheel = self.filename.strip_suffix(".whl")?;
                let end = wheel.rmatch_indices('-').nth(2)?.0;
                wheel.get(..end)
            })
        else {
            return false;
        };
        stem.rsplit_once('-').is_some_and(|(name, found)| {
            normalised(name) == normalised(project) && found == version
        })
    }
}

/// `rocket_launcher`: the form of a name in file names and in Python.
fn module(project: &str) -> String {
    normalised(project).replace('-', "_")
}

/// A wheel for any Python 3.
pub fn wheel(project: &str, version: &str) -> Dist {
    let files = wheel_files(project, version);
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (path, content) in &files {
        let written = zip
            .start_file(path, options)
            .map_err(std::io::Error::from)
            .and_then(|()| zip.write_all(content.as_bytes()));
        if let Err(error) = written {
            tracing::error!(%error, path, "a simulated wheel lacks a file");
        }
    }
    let bytes = zip.finish().map(Cursor::into_inner).unwrap_or_default();
    Dist {
        filename: format!("{}-{version}-py3-none-any.whl", module(project)),
        bytes: bytes.into(),
        requires_python: Some(REQUIRES_PYTHON.to_owned()),
    }
}

/// A source distribution; its build backend is inside it, so that building needs no network.
pub fn sdist(project: &str, version: &str) -> Dist {
    let module = module(project);
    let stem = format!("{module}-{version}");
    let in_stem = |path: &str| format!("{stem}/{path}");
    let mut entries = vec![
        Entry::folder(&in_stem("")),
        Entry::file(&in_stem("PKG-INFO"), &metadata(project, version)),
        Entry::file(&in_stem("pyproject.toml"), &pyproject(project, version)),
        Entry::file(&in_stem("backend.py"), &backend(&stem)),
    ];
    for (path, content) in wheel_files(project, version) {
        entries.push(Entry::file(&in_stem(&format!("wheel/{path}")), &content));
    }
    Dist {
        filename: format!("{stem}.tar.gz"),
        bytes: archive::gzip(&archive::tar(&entries)),
        requires_python: Some(REQUIRES_PYTHON.to_owned()),
    }
}

/// Path and content of everything in a wheel; `RECORD` is the last.
fn wheel_files(project: &str, version: &str) -> Vec<(String, String)> {
    let module = module(project);
    let info = format!("{module}-{version}.dist-info");
    let mut files = vec![
        (
            format!("{module}/__init__.py"),
            format!("\"\"\"A small package.\"\"\"\n\n__version__ = \"{version}\"\n"),
        ),
        (format!("{info}/METADATA"), metadata(project, version)),
        (
            format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nGenerator: launch pad\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
                .to_owned(),
        ),
    ];
    let mut record: Vec<String> = files
        .iter()
        .map(|(path, content)| {
            let hash = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(content.as_bytes()));
            format!("{path},sha256={hash},{}", content.len())
        })
        .collect();
    record.push(format!("{info}/RECORD,,"));
    files.push((format!("{info}/RECORD"), record.join("\n") + "\n"));
    files
}

fn metadata(project: &str, version: &str) -> String {
    format!(
        "Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n\
         Summary: A small package.\nRequires-Python: {REQUIRES_PYTHON}\n"
    )
}

fn pyproject(project: &str, version: &str) -> String {
    format!(
        "[build-system]\nrequires = []\nbuild-backend = \"backend\"\nbackend-path = [\".\"]\n\n\
         [project]\nname = \"{project}\"\nversion = \"{version}\"\n\
         requires-python = \"{REQUIRES_PYTHON}\"\n"
    )
}

/// A build backend after PEP 517 that packs what lies ready in `wheel/`.
fn backend(stem: &str) -> String {
    format!(
        r#"import os
import shutil
import zipfile

STEM = "{stem}"


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    info = STEM + ".dist-info"
    shutil.copytree(os.path.join("wheel", info), os.path.join(metadata_directory, info))
    return info


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = STEM + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        for folder, _, files in sorted(os.walk("wheel")):
            for file in sorted(files):
                path = os.path.join(folder, file)
                wheel.write(path, os.path.relpath(path, "wheel"))
    return name
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_project_and_version() {
        assert!(wheel("Rocket.Launcher", "1.0").is_of("rocket-launcher", "1.0"));
        assert!(sdist("rocket", "1.0rc1").is_of("rocket", "1.0rc1"));
        assert!(!sdist("rocket", "1.0").is_of("rocket", "1.1"));
        let other = Dist {
            filename: "rocket-1.0-cp311-cp311-manylinux_2_17_x86_64.whl".to_owned(),
            bytes: Bytes::new(),
            requires_python: None,
        };
        assert!(other.is_of("rocket", "1.0"));
        assert!(!other.is_of("rocket", "1.0-cp311"));
    }
}
