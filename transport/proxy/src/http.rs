//! CONNECT: a tunnel through an HTTP proxy (RFC 9110, section 9.3.6).

use quintet_proto::{Limits, ResponseError, ResponseHead, read_connect_answer, wipe};
use quintet_transport::{ConnectError, Target};

use crate::connect::refused;
use crate::talk::Talk;

/// The head of the answer, interim ones included. A proxy says less than a server.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// What is read at once: nearly every answer whole.
const READ_BYTES: usize = 2 * 1024;

/// A reason phrase is told up to here.
const REASON_CHARS_MAX: usize = 80;

/// Asks for a tunnel to `target`. Returns what came behind the proxy's answer.
pub(crate) async fn open(
    talk: &mut Talk,
    target: &Target,
    authorization: Option<&str>,
) -> Result<Vec<u8>, ConnectError> {
    let mut request = request(target, authorization).into_bytes();
    let written = talk.write_all(&request).await;
    wipe(&mut request);
    written.map_err(refused)?;
    let limits = Limits {
        head_bytes_max: ANSWER_BYTES_MAX,
        ..Limits::default()
    };
    let mut bytes = Vec::new();
    loop {
        let had = bytes.len();
        bytes.resize(had + READ_BYTES, 0);
        let read = talk.read(&mut bytes[had..]).await.map_err(refused)?;
        bytes.truncate(had + read);
        if let Some((len, head)) = read_connect_answer(&bytes, &limits).map_err(refused)? {
            return match head.status {
                200..300 => Ok(bytes.split_off(len)),
                _ => Err(refused(said_no(&head, authorization.is_some()))),
            };
        }
        if read == 0 {
            return Err(refused(match had {
                0 => ResponseError::ClosedBeforeHead,
                _ => ResponseError::ClosedInHead,
            }));
        }
    }
}

/// The authority with its port, in both places (RFC 9112, section 3.2.3).
fn request(target: &Target, authorization: Option<&str>) -> String {
    let Target { host, port, .. } = target;
    let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
    if let Some(authorization) = authorization {
        // What grows leaves a copy behind.
        request.reserve("Proxy-Authorization: \r\n\r\n".len() + authorization.len());
        request += "Proxy-Authorization: ";
        request += authorization;
        request += "\r\n";
    }
    request + "\r\n"
}

fn said_no(head: &ResponseHead, had_login: bool) -> String {
    let reason: String = head.reason.chars().take(REASON_CHARS_MAX).collect();
    let advice = match (head.status, had_login) {
        (407, false) => ": it wants a user and a password",
        (407, true) => ": it does not take this user and password",
        _ => "",
    };
    let status = format!("{} {reason}", head.status);
    format!("it answered CONNECT with {}{advice}", status.trim_end())
}
