//! The two system interfaces that no safe crate carries: `TCP_INFO`, and a thread's SIGPIPE.
#![allow(unsafe_code)]

use std::mem::{MaybeUninit, size_of_val};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// The kernel's `struct tcp_info` in words of eight bytes, up to and with `tcpi_bytes_acked`: eight
/// bytes of small fields, 24 counters of four bytes, the two pacing rates, then ours. The
/// kernel's layout only ever grows at the end; an array spares the C libraries' older copies of it.
const TCP_INFO_WORDS: usize = 16;
const BYTES_ACKED_WORD: usize = 15;
/// The words that hold, in their latter halves, the 16th and the 24th of the counters: `tcpi_rtt` and `tcpi_total_retrans`.
const RTT_WORD: usize = 8;
const RETRANSMITTED_WORD: usize = 12;

/// What of `tcp_info` is asked for.
pub(crate) struct TcpInfo {
    pub(crate) bytes_acked: u64,
    /// In microseconds, smoothed.
    pub(crate) rtt: u32,
    /// Segments sent again.
    pub(crate) retransmitted: u32,
}

/// `None` if `socket` is not TCP or the kernel older than 4.1.
pub(crate) fn tcp_info(socket: BorrowedFd<'_>) -> Option<TcpInfo> {
    let mut words = [0_u64; TCP_INFO_WORDS];
    let mut bytes = size_of_val(&words) as libc::socklen_t;
    // SAFETY: `words` is writable for the `bytes` bytes that the kernel is told, any bit pattern is a
    // valid u64, and the borrowed descriptor is open for the whole call.
    let failed = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            words.as_mut_ptr().cast(),
            &mut bytes,
        )
    };
    let filled = failed == 0 && bytes as usize == size_of_val(&words);
    filled.then(|| TcpInfo {
        bytes_acked: words[BYTES_ACKED_WORD],
        rtt: latter_half(words[RTT_WORD]),
        retransmitted: latter_half(words[RETRANSMITTED_WORD]),
    })
}

/// That which lies at the higher address.
fn latter_half(word: u64) -> u32 {
    let [.., a, b, c, d] = word.to_ne_bytes();
    u32::from_ne_bytes([a, b, c, d])
}

/// Whether this process ignores SIGPIPE.
pub(crate) fn sigpipe_is_ignored() -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: a null new action changes nothing; sigaction writes `action` whole when it returns 0, and it is read only
    // then.
    unsafe {
        libc::sigaction(libc::SIGPIPE, ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// Runs `call` so that its EPIPE, which `broke` sees in what it returns, raises no signal: for calls without MSG_NOSIGNAL,
/// such as sendfile(2) and writev(2). The signal would end a host program that left its disposition at the
/// default. Costs two system calls around one that mostly moves much.
pub(crate) fn without_sigpipe<T>(call: impl FnOnce() -> T, broke: impl FnOnce(&T) -> bool) -> T {
    let mut pipe = MaybeUninit::<libc::sigset_t>::uninit();
    let mut before = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises `pipe` before it is read, and cannot fail; pthread_sigmask
    // writes `before` whole when it returns 0, and `before` is read only then.
    let held_already = unsafe {
        libc::sigemptyset(pipe.as_mut_ptr());
        libc::sigaddset(pipe.as_mut_ptr(), libc::SIGPIPE);
        if libc::pthread_sigmask(libc::SIG_BLOCK, pipe.as_ptr(), before.as_mut_ptr()) != 0 {
            // Only an unknown first argument makes it fail; then nothing was changed.
            return call();
        }
        libc::sigismember(before.as_ptr(), libc::SIGPIPE) == 1
    };
    let result = call();
    if held_already {
        // The host keeps it blocked: what is pending is the host's affair.
        return result;
    }
    // SAFETY: both sets are initialised (above), the time-out is a valid local, and a null `info` is
    // allowed by sigtimedwait(2).
    unsafe {
        if broke(&result) {
            let at_once = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            libc::sigtimedwait(pipe.as_ptr(), ptr::null_mut(), &at_once);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::SocketConnection;
    use quintet_transport::Connection;
    use std::future::poll_fn;
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsFd;

    /// SIGPIPE pending or blocked on this thread.
    fn sigpipe_state() -> (bool, bool) {
        let mut set = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: both calls fill `set` whole before it is read; a null new mask changes nothing.
        unsafe {
            libc::sigpending(set.as_mut_ptr());
            let pending = libc::sigismember(set.as_ptr(), libc::SIGPIPE) == 1;
            libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), set.as_mut_ptr());
            (pending, libc::sigismember(set.as_ptr(), libc::SIGPIPE) == 1)
        }
    }

    #[test]
    fn a_broken_pipe_leaves_no_signal_and_the_mask_as_it_was() {
        let call = || {
            assert!(sigpipe_state().1, "blocked during the call");
            // SAFETY: raises a signal on this thread, which has it blocked.
            unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGPIPE) };
            assert!(sigpipe_state().0, "pending during the call");
            "broken"
        };
        assert_eq!(without_sigpipe(call, |said| *said == "broken"), "broken");
        assert_eq!(sigpipe_state(), (false, false));
    }

    #[test]
    fn a_new_connection_has_only_its_syn_acknowledged() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let info = tcp_info(stream.as_fd()).unwrap();
        assert_eq!(info.bytes_acked, 1);
        // The handshake was a round trip; on loopback nothing is lost.
        assert!(info.rtt > 0 && info.rtt < 10_000_000, "{}", info.rtt);
        assert_eq!(info.retransmitted, 0);
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(tcp_info(file.as_fd()).is_none());
    }

    #[test]
    fn a_file_into_a_broken_connection_does_not_end_a_host_with_default_signals() {
        // SAFETY: no handler is installed. The other tests of this process break no connection.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let file = std::fs::File::open("/proc/self/exe").unwrap();
        assert!(!sigpipe_is_ignored());
        let error = crate::platform::send_file(&stream, &file, 0, 1, false).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);

        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (unix, _peer) = std::os::unix::net::UnixStream::pair().unwrap();
        unix.shutdown(std::net::Shutdown::Write).unwrap();
        stream.set_nonblocking(true).unwrap();
        unix.set_nonblocking(true).unwrap();
        runtime.block_on(async {
            let tcp = tokio::net::TcpStream::from_std(stream).unwrap();
            let unix = tokio::net::UnixStream::from_std(unix).unwrap();
            broken(SocketConnection::new(tcp, false)).await;
            broken(SocketConnection::new(unix, false)).await;
        });
    }

    async fn broken(mut connection: impl Connection) {
        let bufs = [std::io::IoSlice::new(b"a"), std::io::IoSlice::new(b"b")];
        let error = poll_fn(|cx| connection.poll_write_vectored(cx, &bufs)).await;
        assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
        let error = poll_fn(|cx| connection.poll_write(cx, b"a")).await;
        assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    }
}
