//! A longer way to a server: a unix socket whose requests pass through the test, which can delay or hold them.
//!
//! The server behind it is a real one. What a program asks for in two requests happens at two times, and a test
//! decides what lies between.

use crate::program::WorkDir;
use crate::server::Server;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// A hang is a failure.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// The server gets it, and the client its answer.
    Passes,
    /// The connection ends before the server gets it.
    IsLost,
    /// The server gets it, and the connection ends before the client gets the answer, once the server has answered.
    AnswerIsLost,
    /// The same, once the client has got a half of the answer, amid a packet.
    AnswerIsCut,
    /// The server gets it, and the client's connection ends at once; the server's stays.
    IsOrphaned,
}

/// Called with each request before the server gets it.
type OnRequest = dyn Fn(&[u8]) -> Fate + Send + Sync;

/// The way, open as long as this lives.
pub struct Detour {
    socket: PathBuf,
    closed: Arc<AtomicBool>,
    _dir: WorkDir,
}

impl Detour {
    /// To this server. `on_request` runs in a thread of the request's connection, which waits for it.
    pub fn to(server: &Server, on_request: impl Fn(&[u8]) + Send + Sync + 'static) -> Detour {
        Detour::with_fates(server, move |request| {
            on_request(request);
            Fate::Passes
        })
    }

    /// To this server, on which connections are lost.
    pub fn with_fates(server: &Server, on_request: impl Fn(&[u8]) -> Fate + Send + Sync + 'static) -> Detour {
        let dir = WorkDir::new();
        let socket = dir.path().join("socket");
        let listener = UnixListener::bind(&socket).unwrap();
        let closed = Arc::new(AtomicBool::new(false));
        let (target, is_closed) = (server.socket(), Arc::clone(&closed));
        let on_request: Arc<OnRequest> = Arc::new(on_request);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if is_closed.load(Ordering::Relaxed) {
                    return;
                }
                // Without the server there is no answer: the client sees that its connection ends.
                if let (Ok(client), Ok(server)) = (client, UnixStream::connect(&target)) {
                    connect(client, server, Arc::clone(&on_request));
                }
            }
        });
        Detour { socket, closed, _dir: dir }
    }

    /// Where clients connect.
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
        // Wakes the listener.
        let _ = UnixStream::connect(&self.socket);
    }
}

/// Both directions in threads of their own, which end when either side does.
fn connect(client: UnixStream, server: UnixStream, on_request: Arc<OnRequest>) {
    let (mut answers, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let fate_of_answers = Arc::new(Mutex::new(Fate::Passes));
    let fate = Arc::clone(&fate_of_answers);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = answers.read(&mut buffer) {
            let passes = match *fate.lock().unwrap() {
                Fate::Passes => length,
                Fate::AnswerIsCut => length / 2,
                _ => 0,
            };
            if to_client.write_all(&buffer[..passes]).is_err() || passes < length {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
        let _ = answers.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let (mut requests, mut to_server) = (client, server);
        // Requests are short and clients wait for the answer: each is one read.
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = requests.read(&mut buffer) {
            let fate = on_request(&buffer[..length]);
            if fate == Fate::IsLost {
                break;
            }
            // A request may come in several pieces, of which one is meant.
            if fate != Fate::Passes {
                *fate_of_answers.lock().unwrap() = fate;
            }
            if to_server.write_all(&buffer[..length]).is_err() {
                break;
            }
            if fate == Fate::IsOrphaned {
                let _ = requests.shutdown(Shutdown::Both);
                // The other thread keeps the connection to the server open until it answers.
                return;
            }
        }
        let _ = to_server.shutdown(Shutdown::Both);
        let _ = requests.shutdown(Shutdown::Both);
    });
}

/// Whether a request is this statement.
pub fn is_statement(request: &[u8], text: &str) -> bool {
    const HEADER_AND_COMMAND: usize = 5;
    request.get(HEADER_AND_COMMAND..) == Some(text.as_bytes())
}

/// A place where the first thread that comes along waits for the test; later ones pass.
#[derive(Clone, Default)]
pub struct Barrier(Arc<(Mutex<Passage>, Condvar)>);

#[derive(Default)]
struct Passage {
    reached: bool,
    open: bool,
}

impl Barrier {
    /// Waits, if this is the first call and the barrier is not open.
    pub fn pass(&self) {
        let (passage, changed) = &*self.0;
        let mut passage = passage.lock().unwrap();
        if !passage.reached {
            passage.reached = true;
            // When the time has passed, the test has failed already.
            let _ = changed.wait_timeout_while(passage, TIME_LIMIT, |passage| !passage.open).unwrap();
        }
    }

    /// Whether somebody came along.
    pub fn is_reached(&self) -> bool {
        self.0.0.lock().unwrap().reached
    }

    /// Lets whoever waits go on.
    pub fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }
}

/// Whether a request has this text in it.
pub fn contains(request: &[u8], text: &str) -> bool {
    request.windows(text.len()).any(|window| window == text.as_bytes())
}
