//! Connections that lose patience: a client that takes nothing of what it is sent for half a minute is cut off, and so is
//! one that is owed no answer, or never ends its question.
//!
//! Why: a stream has no end of its own, so a client that stops reading would hold its place, its buffers and a page of
//! events for as long as the network keeps the line. Cut off, it comes back and goes on from the last event it saw. And a
//! request's time only runs from the end of its headers: whoever sends them a byte at a time would hold a connection
//! for ever. A stream is written to all the time, so that only who is not spoken to is cut.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::serve::Listener;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::{Sleep, sleep},
};

/// How long what is sent may wait to be taken.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a connection may go on without a byte of ours: more than a body and its answer take together
/// (`guard::PATIENCE` each), and more than proxies leave a connection idle.
const SILENCE: Duration = Duration::from_secs(75);

/// Takes connections and gives them out with a limit to their patience.
pub(crate) struct Patient(pub(crate) TcpListener);

impl Listener for Patient {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.0).await;
        // An event is small, and is to be there at once.
        drop(stream.set_nodelay(true));
        (Line { stream, waiting: None, patience: PATIENCE, unanswered: None, silence: SILENCE }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that fails when nothing could be written, or there was nothing to write, for too long.
pub(crate) struct Line {
    stream: TcpStream,
    /// Since something is to be written and can't be.
    waiting: Option<Pin<Box<Sleep>>>,
    patience: Duration,
    /// Since the last time that something was written.
    unanswered: Option<Pin<Box<Sleep>>>,
    silence: Duration,
}

impl Line {
    /// Passes on what writing said; a wait that goes on for too long is an error.
    fn limited<T>(&mut self, cx: &mut Context<'_>, wrote: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if wrote.is_ready() {
            (self.waiting, self.unanswered) = (None, None);
            return wrote;
        }
        let patience = self.patience;
        ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let silence = self.silence;
        // Whatever comes in: it is an answer that ends the wait.
        let unanswered = self.unanswered.get_or_insert_with(|| Box::pin(sleep(silence)));
        if unanswered.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.limited(cx, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.limited(cx, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn connected() -> (TcpStream, Line) {
        let mut listener = Patient(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (client, listener.accept().await.0)
    }

    #[tokio::test]
    async fn who_never_ends_a_question_is_cut_off_however_much_it_says_and_an_answer_gives_it_time_again() {
        let (mut client, mut line) = connected().await;
        client.write_all(b"a").await.unwrap();
        assert_eq!(line.read_u8().await.unwrap(), b'a');
        assert!(line.unanswered.is_some());
        line.write_all(b"b").await.unwrap();
        assert!(line.unanswered.is_none());
        line.silence = Duration::from_millis(10);
        let refused = async {
            loop {
                client.write_all(b"c").await.unwrap();
                if let Err(error) = line.read_u8().await {
                    return error.kind();
                }
            }
        };
        assert_eq!(refused.await, io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_takes_nothing_is_cut_off_and_who_reads_is_not() {
        let (mut client, mut line) = connected().await;
        line.patience = Duration::from_millis(10);
        line.write_all(b"taken in time").await.unwrap();
        let refused = async {
            loop {
                if let Err(error) = line.write_all(&[0; 1 << 13]).await {
                    return error.kind();
                }
            }
        };
        assert_eq!(refused.await, io::ErrorKind::TimedOut);
        client.shutdown().await.unwrap();
    }
}
