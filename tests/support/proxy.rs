//! A network that fails when told to: a TCP proxy that can cut, reset, and swallow.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
    task::AbortHandle,
};

/// What the network does to new and existing connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Everything arrives.
    Pass,
    /// Nothing arrives, and nobody is told; what was sent arrives after healing, as TCP would send it again.
    Hold,
    /// Connections end, new ones at once.
    Cut,
}

/// How the network is, and how often it has reset all connections.
#[derive(Clone, Copy, Debug)]
struct State {
    mode: Mode,
    resets: u32,
    strandings: u32,
}

/// Passes connections on to one address; ends with its owner.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepting: AbortHandle,
}

impl Proxy {
    /// Listens on a free port and passes on to `target`.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let (state, watched) = watch::channel(State { mode: Mode::Pass, resets: 0, strandings: 0 });
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connection(client, target, watched.clone()));
            }
        });
        Self { address, state, accepting: accepting.abort_handle() }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends every connection in order, and every new one at once, until healed.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.mode = Mode::Cut);
    }

    /// Resets every connection there is (RST); new ones work.
    pub fn reset(&self) {
        self.state.send_modify(|state| state.resets += 1);
    }

    /// Swallows everything without a word, in both directions, until healed.
    pub fn black_hole(&self) {
        self.state.send_modify(|state| state.mode = Mode::Hold);
    }

    /// Whatever is open now stays dead without a word, for ever; new connections work.
    pub fn strand(&self) {
        self.state.send_modify(|state| state.strandings += 1);
    }

    /// Works again.
    pub fn heal(&self) {
        self.state.send_modify(|state| state.mode = Mode::Pass);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn connection(client: TcpStream, target: SocketAddr, state: watch::Receiver<State>) {
    let born = *state.borrow();
    if born.mode == Mode::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(target).await else {
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_in, client_out) = client.into_split();
    let (server_in, server_out) = server.into_split();
    let mut watched = state.clone();
    let ending = watched.wait_for(|now| now.mode == Mode::Cut || now.resets != born.resets);
    let (mut up, mut down) = (Some((client_in, server_out)), Some((server_in, client_out)));
    let reset = tokio::select! {
        () = pump(up.as_mut().expect("just made"), born, state.clone()) => false,
        () = pump(down.as_mut().expect("just made"), born, state.clone()) => false,
        now = ending => now.is_ok_and(|now| now.resets != born.resets),
    };
    if reset {
        for (_, out) in [up.take(), down.take()].into_iter().flatten() {
            // Closing with a linger of zero sends RST instead of FIN.
            let _ = out.as_ref().set_zero_linger();
        }
    }
}

/// Carries bytes one way while the network passes them.
async fn pump((from, to): &mut (OwnedReadHalf, OwnedWriteHalf), born: State, mut state: watch::Receiver<State>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(read) = from.read(&mut buffer).await else {
            return;
        };
        if state.wait_for(|now| now.mode != Mode::Hold && now.strandings == born.strandings).await.is_err() || read == 0
        {
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
