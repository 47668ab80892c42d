//! The protocol: whatever a server sends, the session ends in rows, an outcome or an error, and the server gets no byte
//! but of the statement, the login, and the data of LOAD DATA that the caller gave to this very statement.

#![no_main]

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};

use arbitrary::Arbitrary;
use common::process::stop::Stop;
use common::server::connection::{Address, Connection, Settings, Tls};
use libfuzzer_sys::fuzz_target;
use mydumper_rs_fuzz::wire;

const DATA: &[u8] = b"DATA OF THE DUMP, FOR ONE STATEMENT ALONE";

#[derive(Debug, Arbitrary)]
enum Answer {
    /// A packet with the number that is due.
    Packet(Vec<u8>),
    /// One with any number.
    Numbered(u8, Vec<u8>),
    /// Bytes.
    Raw(Vec<u8>),
    Ok {
        more: bool,
        warnings: u16,
        info: Vec<u8>,
    },
    Error(u16, Vec<u8>),
    Infile(Vec<u8>),
    Columns(Vec<Vec<u8>>),
    Row(Vec<Option<Vec<u8>>>),
    End {
        more: bool,
    },
}

#[derive(Debug, Arbitrary)]
struct Input {
    /// What the server says in place of a login and the session's set-up, if it does not just let the client in.
    login: Option<Vec<Answer>>,
    infile: bool,
    query: bool,
    answers: Vec<Answer>,
    piece: u16,
    payloads: Vec<Vec<u8>>,
    cut: u16,
}

fn text(out: &mut Vec<u8>, text: &[u8]) {
    let text = &text[..text.len().min(200)];
    out.push(text.len() as u8);
    out.extend_from_slice(text);
}

/// The bytes of answers, counted from `sequence`.
fn bytes(answers: &[Answer], mut sequence: u8) -> Vec<u8> {
    let mut all = Vec::new();
    let mut packet = |number: &mut u8, payload: &[u8]| {
        all.extend_from_slice(&(payload.len() as u32).to_le_bytes()[..3]);
        all.push(*number);
        *number = number.wrapping_add(1);
        all.extend_from_slice(payload);
    };
    let mut raw: Vec<(usize, &[u8])> = Vec::new();
    for (index, answer) in answers.iter().enumerate() {
        match answer {
            Answer::Packet(payload) => packet(&mut sequence, payload),
            Answer::Numbered(number, payload) => packet(&mut { *number }, payload),
            Answer::Raw(bytes) => raw.push((index, bytes)),
            Answer::Ok { more, warnings, info } => {
                let mut payload = vec![0, 1, 0, if *more { 10 } else { 2 }, 0];
                payload.extend_from_slice(&warnings.to_le_bytes());
                payload.extend_from_slice(info);
                packet(&mut sequence, &payload);
            }
            Answer::Error(code, message) => {
                let mut payload = vec![0xff];
                payload.extend_from_slice(&code.to_le_bytes());
                payload.extend_from_slice(b"#HY000");
                payload.extend_from_slice(message);
                packet(&mut sequence, &payload);
            }
            Answer::Infile(name) => {
                let mut payload = vec![0xfb];
                payload.extend_from_slice(name);
                packet(&mut sequence, &payload);
                // The client sends its block, or its blocks, of which the data here is one, and an empty one.
                sequence = sequence.wrapping_add(1);
            }
            Answer::Columns(names) => {
                packet(&mut sequence, &[names.len().clamp(1, 250) as u8]);
                for name in names.iter().take(250) {
                    let mut payload = Vec::new();
                    for part in [b"def".as_slice(), b"", b"", b"", name] {
                        text(&mut payload, part);
                    }
                    packet(&mut sequence, &payload);
                }
                packet(&mut sequence, &[0xfe, 0, 0, 2, 0]);
            }
            Answer::Row(cells) => {
                let mut payload = Vec::new();
                for cell in cells {
                    match cell {
                        Some(value) => text(&mut payload, value),
                        None => payload.push(0xfb),
                    }
                }
                packet(&mut sequence, &payload);
            }
            Answer::End { more } => packet(&mut sequence, &[0xfe, 0, 0, if *more { 10 } else { 2 }, 0]),
        }
    }
    for (_, bytes) in raw {
        all.extend_from_slice(bytes);
    }
    all
}

/// A greeting, and the OK of the login and of the session's set-up.
fn let_in() -> Vec<u8> {
    let mut greeting = b"\x0a8.0.0\0\x01\0\0\0saltsalt\0".to_vec();
    // Protocol 4.1, transactions, secure connection, multiple results, plugins; SSL not.
    greeting.extend_from_slice(&[0xff, 0xf7, 45, 2, 0, 0x0f, 0, 21]);
    greeting.extend_from_slice(&[0; 10]);
    greeting.extend_from_slice(b"saltsaltsalt\0mysql_native_password\0");
    let mut all = bytes(&[Answer::Packet(greeting)], 0);
    let ok = || Answer::Ok { more: false, warnings: 0, info: Vec::new() };
    all.extend(bytes(&[ok()], 2));
    all.extend(bytes(&[ok()], 1));
    all
}

/// A server that sends the bytes that it is given to whoever connects, and gives back what it got.
struct Server {
    settings: Settings,
    script: Sender<Vec<u8>>,
    received: Receiver<Vec<u8>>,
}

fn server() -> Server {
    // Whoever writes to a server that is gone gets an error, as in a program of Rust's own main.
    unsafe { nix::sys::signal::signal(nix::sys::signal::SIGPIPE, nix::sys::signal::SigHandler::SigIgn) }.unwrap();
    let path = PathBuf::from(format!("/dev/shm/mydumper-rs-fuzz-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    let (script, scripts) = channel::<Vec<u8>>();
    let (got, received) = channel();
    std::thread::spawn(move || {
        for bytes in scripts {
            let (mut socket, _) = listener.accept().unwrap();
            let _ = socket.write_all(&bytes);
            let _ = socket.shutdown(std::net::Shutdown::Write);
            let mut all = Vec::new();
            let _ = socket.read_to_end(&mut all);
            got.send(all).unwrap();
        }
    });
    let settings = Settings {
        address: Address::Socket(path),
        user: "u".to_owned(),
        password: Some("secret password".to_owned()),
        database: String::new(),
        tls: Tls::default(),
        compress: false,
        cleartext_plugin: false,
        session: Vec::new(),
    };
    Server { settings, script, received }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

thread_local! {
    static SERVER: OnceLock<Server> = const { OnceLock::new() };
}

fuzz_target!(|input: Input| {
    // Packets arrive as they were sent, in pieces of any size; cut, those that are whole do.
    let piece = usize::from(input.piece) + 1;
    let payloads: Vec<&[u8]> = input.payloads.iter().map(Vec::as_slice).collect();
    let sent = wire::sent(&payloads, piece);
    assert_eq!(wire::received(sent.clone(), piece).0, payloads);
    let cut = usize::from(input.cut) % (sent.len() + 1);
    assert!(
        payloads.starts_with(&wire::received(sent[..cut].to_vec(), 7).0.iter().map(Vec::as_slice).collect::<Vec<_>>())
    );
    for payload in payloads {
        for columns in 0..4 {
            assert!(wire::row(payload, columns).is_none_or(|row| row.len() == columns));
        }
    }

    let mut script = match &input.login {
        Some(answers) => bytes(answers, 0),
        None => let_in(),
    };
    script.extend(bytes(&input.answers, 1));
    SERVER.with(|cell| {
        let server = cell.get_or_init(server);
        server.script.send(script).unwrap();
        let opened = Connection::open(&server.settings, &Stop::default());
        let mut given = false;
        if let Ok(mut connection) = opened {
            if input.infile {
                given = true;
                let _ = connection.load_infile(b"LOAD DATA LOCAL INFILE 'x' INTO TABLE t", DATA);
            } else if input.query {
                let _ =
                    connection.query("SELECT 1").map(|rows| rows.iter().map(|row| row.text(0).len()).sum::<usize>());
            } else {
                let _ = connection.execute("DO 1");
            }
        }
        let received = server.received.recv().unwrap();
        assert!(!contains(&received, b"secret password"), "a password was sent as it is");
        let times = received.windows(DATA.len()).filter(|window| *window == DATA).count();
        assert!(times <= usize::from(given), "data was sent that the statement did not have");
    });
});
