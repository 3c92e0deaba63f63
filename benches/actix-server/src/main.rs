//! actix-web with actix-multipart's streaming reader, as one of the real servers that the tests
//! send to; their contract is in `engine/core/tests/servers/README.md`.
#![forbid(unsafe_code)]

use actix_multipart::Multipart;
use actix_web::{App, HttpResponse, HttpServer, web};
use futures_core::Stream;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::future::poll_fn;
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;

/// Bytes of a field's value that are kept.
const VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (mut port, mut cert, mut key) = (0, None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--cert" => cert = arguments.next(),
            "--key" => key = arguments.next(),
            other => port = other.parse()?,
        }
    }

    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    let port = listener.local_addr()?.port();
    let server = HttpServer::new(|| App::new().route("/upload", web::post().to(upload)))
        .workers(1)
        .shutdown_timeout(0);
    let server = match cert.zip(key) {
        Some((cert, key)) => server.listen_rustls_0_23(listener, tls(&cert, &key)?)?,
        None => server.listen(listener)?,
    };
    // The socket listens already: what connects before actix accepts waits in its queue.
    writeln!(std::io::stdout(), "LISTENING {port}")?;
    std::thread::spawn(|| {
        // Until it closes, or cannot be read; either way nobody holds us any more.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        std::process::exit(0);
    });
    Ok(server.run().await?)
}

fn tls(cert: &str, key: &str) -> Result<ServerConfig, Box<dyn Error>> {
    let chain = CertificateDer::pem_file_iter(cert)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?)
}

async fn upload(form: Multipart) -> HttpResponse {
    match read(form).await {
        Ok((fields, files)) => {
            HttpResponse::Ok().json(json!({ "server": "actix", "fields": fields, "files": files }))
        }
        Err(error) => HttpResponse::BadRequest()
            .json(json!({ "server": "actix", "error": error.to_string() })),
    }
}

async fn read(mut form: Multipart) -> Result<(Vec<Value>, Vec<Value>), Box<dyn Error>> {
    let (mut fields, mut files) = (Vec::new(), Vec::new());
    while let Some(part) = next(&mut form).await {
        let mut part = part?;
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part
            .content_disposition()
            .and_then(|disposition| disposition.get_filename())
            .map(str::to_owned);
        let content_type = part.content_type().map(ToString::to_string);
        let (mut size, mut sha256, mut value) = (0, Sha256::new(), Vec::new());
        while let Some(piece) = next(&mut part).await {
            let piece = piece?;
            size += piece.len();
            sha256.update(&piece);
            if file_name.is_none() {
                value.extend_from_slice(&piece);
                if value.len() > VALUE_BYTES_MAX {
                    return Err("a field is too long".into());
                }
            }
        }
        if file_name.is_some() {
            let sha256: String = sha256
                .finalize()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            files.push(json!({
                "name": name,
                "fileName": file_name,
                "contentType": content_type,
                "size": size,
                "sha256": sha256,
            }));
        } else {
            fields.push(json!([name, String::from_utf8_lossy(&value)]));
        }
    }
    Ok((fields, files))
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}
