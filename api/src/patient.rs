//! Connections that lose patience: a client that takes nothing of what it is sent for half a minute is cut off.
//!
//! Why: a stream has no end of its own, so a client that stops reading would hold its place, its buffers and a page of
//! events for as long as the network keeps the line. Cut off, it comes back and goes on from the last event it saw.

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

/// Takes connections and gives them out with a limit to their patience.
pub(crate) struct Patient(pub(crate) TcpListener);

impl Listener for Patient {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, from) = Listener::accept(&mut self.0).await;
        // An event is small, and is to be there at once.
        drop(stream.set_nodelay(true));
        (Line { stream, waiting: None, patience: PATIENCE }, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that fails when nothing could be written for too long.
pub(crate) struct Line {
    stream: TcpStream,
    waiting: Option<Pin<Box<Sleep>>>,
    patience: Duration,
}

impl Line {
    /// Passes on what writing said; a wait that goes on for too long is an error.
    fn limited<T>(&mut self, cx: &mut Context<'_>, wrote: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if wrote.is_ready() {
            self.waiting = None;
            return wrote;
        }
        let patience = self.patience;
        ready!(self.waiting.get_or_insert_with(|| Box::pin(sleep(patience))).as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
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

    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn who_takes_nothing_is_cut_off_and_who_reads_is_not() {
        let mut listener = Patient(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap());
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut line, _) = listener.accept().await;
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
