//! A server that asks for files without LOAD DATA. No real server does, so this test plays one.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::{Address, Cause, Connection, ServerError, Settings, Tls};
use crate::process::stop::Stop;

const OK: &[u8] = &[0, 0, 0, 2, 0, 0, 0];

struct Hostile {
    _directory: tempfile::TempDir,
    settings: Settings,
    /// The files that were sent to it, one after the other.
    files: Arc<Mutex<Vec<Vec<u8>>>>,
    thread: JoinHandle<()>,
}

impl Hostile {
    /// Asks for a file in answer to each statement of one session that has `FILE` in it, as often as is said there.
    fn start(compress: bool) -> Hostile {
        let directory = tempfile::tempdir().unwrap();
        let path: PathBuf = directory.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let files = Arc::new(Mutex::new(Vec::new()));
        let got = Arc::clone(&files);
        let thread = std::thread::spawn(move || serve(listener.accept().unwrap().0, &got));
        let settings = Settings {
            address: Address::Socket(path),
            user: "u".to_owned(),
            password: None,
            database: String::new(),
            tls: Tls::default(),
            compress,
            cleartext_plugin: false,
            session: Vec::new(),
        };
        Hostile { _directory: directory, settings, files, thread }
    }

    /// The files that it got in this session, which ends.
    fn got(self, connection: Connection) -> Vec<Vec<u8>> {
        drop(connection);
        self.thread.join().unwrap();
        self.files.lock().unwrap().clone()
    }
}

fn send(socket: &mut UnixStream, sequence: u8, payload: &[u8]) {
    let mut packet = (payload.len() as u32).to_le_bytes().to_vec();
    packet[3] = sequence;
    packet.extend_from_slice(payload);
    let _ = socket.write_all(&packet);
}

fn receive(socket: &mut UnixStream) -> Option<(u8, Vec<u8>)> {
    let mut header = [0; 4];
    socket.read_exact(&mut header).ok()?;
    let mut payload = vec![0; usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16];
    socket.read_exact(&mut payload).ok()?;
    Some((header[3], payload))
}

fn serve(mut socket: UnixStream, files: &Mutex<Vec<Vec<u8>>>) {
    let mut greeting = b"\x0a8.0.0\0\x01\0\0\0saltsalt\0".to_vec();
    // What the server can: no compression, so that the driver stays with packets as they are.
    greeting.extend_from_slice(&[0xdf, 0xf7, 45, 2, 0, 0x0f, 0, 21]);
    greeting.extend_from_slice(&[0; 10]);
    greeting.extend_from_slice(b"saltsaltsalt\0mysql_native_password\0");
    // A mistake is an error, not a hang.
    socket.set_read_timeout(Some(super::CONNECT_TIMEOUT)).unwrap();
    send(&mut socket, 0, &greeting);
    receive(&mut socket);
    send(&mut socket, 2, OK);
    while let Some((_, command)) = receive(&mut socket) {
        let statement = String::from_utf8_lossy(&command).into_owned();
        let mut sequence = 1;
        for _ in statement.matches("FILE") {
            send(&mut socket, sequence, b"\xfb/etc/passwd");
            let mut file = Vec::new();
            while let Some((number, block)) = receive(&mut socket) {
                sequence = number.wrapping_add(1);
                if block.is_empty() {
                    break;
                }
                file.extend(block);
            }
            files.lock().unwrap().push(file);
        }
        send(&mut socket, sequence, OK);
    }
}

#[track_caller]
fn assert_refused<T>(result: Result<T, ServerError>, named: &str) {
    let error = result.err().expect("it is refused");
    assert!(matches!(error.cause(), Cause::FileWanted(_)), "{error}");
    let expected = format!("the server asked for a file of this machine{named} and was refused: ");
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[test]
fn a_server_gets_no_file_that_no_statement_sends() {
    for (compress, named) in [(false, ", \"/etc/passwd\""), (true, "")] {
        let hostile = Hostile::start(compress);
        let mut connection = Connection::open(&hostile.settings, &Stop::default()).unwrap();
        assert_refused(connection.execute("SELECT FILE"), named);
        // It goes on where nothing was wrong.
        connection.execute("SELECT 1").unwrap();
        assert_refused(connection.query("SELECT FILE"), named);
        assert!(connection.query("SELECT 1").unwrap().is_empty());
        // Data goes to its own statement, and not to the next when the server did not ask.
        connection.load_infile(b"LOAD DATA", &b"kept"[..]).unwrap();
        assert_refused(connection.execute("SELECT FILE"), named);
        connection.load_infile(b"LOAD DATA FILE", &b"rows"[..]).unwrap();
        assert_eq!(hostile.got(connection), [&b""[..], b"", b"", b"rows"], "{compress}");
    }
}

#[test]
fn data_is_sent_once() {
    let hostile = Hostile::start(false);
    let mut connection = Connection::open(&hostile.settings, &Stop::default()).unwrap();
    assert!(connection.load_infile(b"LOAD DATA FILE FILE", &b"rows"[..]).is_err());
    assert_eq!(hostile.got(connection)[..1], [b"rows".to_vec()]);
}
