//! A mail server that speaks as much SMTP as it takes to be handed a letter (RFC 5321), and refuses on order.

use std::{
    collections::VecDeque,
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::StartError;

/// A letter as it was handed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// `MAIL FROM`.
    pub from: String,
    /// `RCPT TO`.
    pub to: Vec<String>,
    /// Headers and text, lines as they came.
    pub data: String,
}

#[derive(Debug, Default)]
struct Book {
    letters: Vec<Letter>,
    refusals: VecDeque<(&'static str, &'static str)>,
}

/// A server that runs; dropped, it stops.
#[derive(Debug)]
pub struct Letters {
    /// Where, such as `smtp://127.0.0.1:4000`.
    pub url: String,
    book: Arc<Mutex<Book>>,
    _tasks: JoinSet<io::Result<()>>,
}

impl Letters {
    /// Listens on a free port of this machine.
    pub async fn start() -> Result<Self, StartError> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("smtp://{}", port.local_addr()?);
        let book = Arc::<Mutex<Book>>::default();
        let (shared, mut tasks) = (Arc::clone(&book), JoinSet::new());
        tasks.spawn(async move {
            let mut callers = JoinSet::new();
            loop {
                let (stream, _) = port.accept().await?;
                callers.spawn(talk(stream, Arc::clone(&shared)));
            }
        });
        Ok(Self { url, book, _tasks: tasks })
    }

    /// The next time it hears `command` (such as `RCPT`) it answers `reply` (such as `451 later`) instead.
    pub fn will_refuse(&self, command: &'static str, reply: &'static str) {
        open(&self.book).refusals.push_back((command, reply));
    }

    /// What it was handed, in order.
    pub fn letters(&self) -> Vec<Letter> {
        open(&self.book).letters.clone()
    }
}

fn open(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What it was told to say to this instead, once.
fn refusal(book: &Mutex<Book>, line: &str) -> Option<&'static str> {
    let mut book = open(book);
    let (command, reply) = book.refusals.front().copied()?;
    line.starts_with(command).then(|| book.refusals.pop_front())?;
    Some(reply)
}

async fn talk(stream: TcpStream, book: Arc<Mutex<Book>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut letter = Letter::default();
    say(&mut stream, "220 letterbox.test ready").await?;
    loop {
        let Some(line) = hear(&mut stream).await? else { return Ok(()) };
        let address = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        if let Some(reply) = refusal(&book, &line) {
            say(&mut stream, reply).await?;
            continue;
        }
        match line.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" | "HELO" => say(&mut stream, "250 letterbox.test").await?,
            "MAIL" => {
                letter = Letter { from: address(), ..Letter::default() };
                say(&mut stream, "250 ok").await?;
            }
            "RCPT" => {
                letter.to.push(address());
                say(&mut stream, "250 ok").await?;
            }
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                while let Some(line) = hear(&mut stream).await?.filter(|line| line != ".") {
                    letter.data.push_str(line.strip_prefix('.').unwrap_or(&line));
                    letter.data.push('\n');
                }
                open(&book).letters.push(std::mem::take(&mut letter));
                say(&mut stream, "250 taken").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "250 ok").await?,
        }
    }
}

async fn hear(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn say(stream: &mut BufReader<TcpStream>, reply: &str) -> io::Result<()> {
    stream.get_mut().write_all(format!("{reply}\r\n").as_bytes()).await
}
