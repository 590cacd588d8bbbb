//! A registry on loopback that holds one image of a few small layers: what a real engine can pull from without a network
//! (the API of registries, version 2, as far as a pull needs it).

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// The registry, for as long as it is held.
pub struct Registry {
    /// What to pull.
    pub reference: String,
    shelf: Arc<Shelf>,
    serving: JoinHandle<()>,
}

struct Shelf {
    manifest: Vec<u8>,
    blobs: HashMap<String, Vec<u8>>,
    pulls: AtomicUsize,
}

impl Registry {
    /// An image of this many layers, whose content is `mark`'s own.
    pub async fn with_image(mark: &str, layers: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let shelf = Arc::new(Shelf::new(mark, layers));
        let routes = Router::new()
            .route("/v2/", get(|| async { "{}" }))
            .route("/v2/{folder}/{name}/manifests/{tag}", get(manifest))
            .route("/v2/{folder}/{name}/blobs/{digest}", get(blob))
            .with_state(shelf.clone());
        let serving =
            tokio::spawn(async move { axum::serve(listener, routes).await.expect("it serves until it is dropped") });
        Self { reference: format!("{address}/berth-test/{mark}:1"), shelf, serving }
    }

    /// How often the image was pulled.
    pub fn pulls(&self) -> usize {
        self.shelf.pulls.load(Ordering::SeqCst)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shelf {
    fn new(mark: &str, layers: usize) -> Self {
        let layers: Vec<Vec<u8>> = (0..layers).map(|number| layer(&format!("{mark}-{number}"))).collect();
        let diff_ids: Vec<String> = layers.iter().map(|layer| digest(layer)).collect();
        let config = json!({
            "architecture": "amd64", "os": "linux", "config": {}, "rootfs": { "type": "layers", "diff_ids": diff_ids },
        });
        let config = config.to_string().into_bytes();
        let entry =
            |kind: &str, blob: &Vec<u8>| json!({ "mediaType": kind, "size": blob.len(), "digest": digest(blob) });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": entry(CONFIG, &config),
            "layers": layers.iter().map(|layer| entry(LAYER, layer)).collect::<Vec<_>>(),
        });
        let blobs = layers.into_iter().chain([config]).map(|blob| (digest(&blob), blob)).collect();
        Self { manifest: manifest.to_string().into_bytes(), blobs, pulls: AtomicUsize::new(0) }
    }
}

fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A tar with one file of this name.
fn layer(name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), name).expect("a file");
    let made = Command::new("tar").args(["--create", "--directory"]).arg(folder.path()).arg(name).output();
    made.expect("tar is installed").stdout
}

async fn manifest(State(shelf): State<Arc<Shelf>>, Path((_, _, tag)): Path<(String, String, String)>) -> Response {
    let by_digest = tag == digest(&shelf.manifest);
    if tag != "1" && !by_digest {
        let absent = json!({ "errors": [{ "code": "MANIFEST_UNKNOWN", "message": "manifest unknown" }] });
        return (StatusCode::NOT_FOUND, absent.to_string()).into_response();
    }
    // An engine looks the tag up, and then pulls by digest once.
    shelf.pulls.fetch_add(usize::from(by_digest), Ordering::SeqCst);
    ([(CONTENT_TYPE, MANIFEST)], shelf.manifest.clone()).into_response()
}

async fn blob(State(shelf): State<Arc<Shelf>>, Path((_, _, digest)): Path<(String, String, String)>) -> Response {
    shelf.blobs.get(&digest).cloned().map_or(StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
}
