//! From the server's greeting to a session.
//!
//! Source: <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html>.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io;

use mysql_common::constants::CapabilityFlags;
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, AuthSwitchRequest, HandshakePacket, HandshakeResponse, SslRequest};
use mysql_common::proto::MySerialize;

use super::answer::{self, Answer};
use super::packets::Packets;
use super::transport::Transport;
use crate::server::connection::settings::{Address, Settings, SslMode};
use crate::server::connection::{Cause, LARGEST_PACKET};

pub(super) enum LoginError {
    /// The connection failed.
    Io(io::Error),
    /// The server refused, or offers no TLS.
    Failed(Cause),
    /// The server asks for something that only the driver implements.
    Unsupported(String),
}

impl From<io::Error> for LoginError {
    fn from(error: io::Error) -> LoginError {
        LoginError::Io(error)
    }
}

/// The capabilities that a session uses. CLIENT_MULTI_STATEMENTS is left out, so that no text of a dump can hold a second
/// statement; CLIENT_DEPRECATE_EOF, since it tells nothing more.
const WANTED: CapabilityFlags = CapabilityFlags::CLIENT_LONG_PASSWORD
    .union(CapabilityFlags::CLIENT_LONG_FLAG)
    .union(CapabilityFlags::CLIENT_LOCAL_FILES)
    .union(CapabilityFlags::CLIENT_PROTOCOL_41)
    .union(CapabilityFlags::CLIENT_TRANSACTIONS)
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_MULTI_RESULTS)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH)
    .union(CapabilityFlags::CLIENT_CONNECT_WITH_DB)
    .union(CapabilityFlags::CLIENT_CONNECT_ATTRS)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA);

/// utf8mb4_general_ci, which every server since 5.5.3 has.
const COLLATION: u8 = 45;
const SERVER_VERSION: (u16, u16, u16) = (5, 5, 3);
/// Servers send this many random bytes.
const NONCE: usize = 20;

/// Logs in. Returns the session's number.
pub(super) fn log_in(packets: &mut Packets<Transport>, settings: &Settings) -> Result<u32, LoginError> {
    let greeting = read(packets)?;
    if let Some(cause) = answer::error(&greeting) {
        return Err(LoginError::Failed(cause));
    }
    let greeting: HandshakePacket<'_> = ParseBuf(&greeting).parse(())?;
    let mut capabilities = WANTED & greeting.capabilities();
    if settings.database.is_empty() {
        capabilities.remove(CapabilityFlags::CLIENT_CONNECT_WITH_DB);
    }
    if let Address::Tcp(host, _) = &settings.address
        && settings.tls.mode != SslMode::Disabled
    {
        if greeting.capabilities().contains(CapabilityFlags::CLIENT_SSL) {
            capabilities.insert(CapabilityFlags::CLIENT_SSL);
            write(packets, &SslRequest::new(capabilities, LARGEST_PACKET, COLLATION))?;
            packets.transport.encrypt(host, &settings.tls)?;
        } else if settings.tls.mode > SslMode::Preferred {
            let text = "the server offers no TLS, which --ssl-mode requires".to_owned();
            return Err(LoginError::Failed(Cause::Connection(text)));
        }
    }
    let mut nonce = greeting.nonce();
    nonce.resize(NONCE, 0);
    // The greeting names the server's default; the user's own plugin comes with an AuthSwitchRequest.
    let plugin = match greeting.auth_plugin() {
        Some(AuthPlugin::CachingSha2Password) => AuthPlugin::CachingSha2Password,
        _ => AuthPlugin::MysqlNativePassword,
    };
    let password = settings.password.as_deref();
    let attributes = HashMap::from([
        ("_client_name".to_owned(), env!("CARGO_PKG_NAME").to_owned()),
        ("_client_version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("_pid".to_owned(), std::process::id().to_string()),
    ]);
    let response = HandshakeResponse::new(
        plugin.gen_data(password, &nonce).map(|data| data.to_vec()),
        SERVER_VERSION,
        Some(settings.user.as_bytes()),
        (!settings.database.is_empty()).then_some(settings.database.as_bytes()),
        Some(plugin.borrow()),
        capabilities,
        capabilities.contains(CapabilityFlags::CLIENT_CONNECT_ATTRS).then_some(attributes),
        LARGEST_PACKET,
    );
    write(packets, &response)?;
    authenticate(packets, settings, plugin)?;
    Ok(greeting.connection_id())
}

/// Answers the server's requests until it accepts or refuses the user.
fn authenticate(
    packets: &mut Packets<Transport>,
    settings: &Settings,
    mut plugin: AuthPlugin<'static>,
) -> Result<(), LoginError> {
    const SWITCH: u8 = 0xfe;
    const MORE: u8 = 0x01;
    const KNOWN: u8 = 3;
    const PASSWORD_WANTED: u8 = 4;
    let password = settings.password.as_deref();
    loop {
        let packet = read(packets)?;
        match (packet.as_slice(), &plugin) {
            ([SWITCH, _, ..], _) => {
                let request: AuthSwitchRequest<'_> = ParseBuf(&packet).parse(())?;
                plugin = request.auth_plugin().into_owned();
                let supported = match plugin {
                    AuthPlugin::MysqlNativePassword | AuthPlugin::CachingSha2Password | AuthPlugin::Ed25519 => true,
                    AuthPlugin::MysqlClearPassword => settings.cleartext_plugin,
                    _ => false,
                };
                if !supported {
                    return Err(unsupported(&plugin));
                }
                let mut bytes = Vec::new();
                if let Some(data) = plugin.gen_data(password, nonce(&plugin, &request, &packet)) {
                    data.serialize(&mut bytes);
                }
                packets.write(&[], &bytes)?;
            }
            ([MORE, KNOWN], AuthPlugin::CachingSha2Password) => {}
            ([MORE, PASSWORD_WANTED], AuthPlugin::CachingSha2Password) if packets.transport.is_private() => {
                let mut bytes = password.unwrap_or_default().as_bytes().to_vec();
                bytes.push(0);
                packets.write(&[], &bytes)?;
            }
            // Full authentication without TLS needs the server's RSA key.
            ([MORE, ..] | [SWITCH], _) => return Err(unsupported(&plugin)),
            _ => {
                return match answer::parse(&packet) {
                    Some(Answer::Ok(_)) => Ok(()),
                    Some(Answer::Error(cause)) => Err(LoginError::Failed(cause)),
                    _ => Err(answer::damaged("answer to the login").into()),
                };
            }
        }
    }
}

/// What the server wants to be answered. The parser takes a zero at the end for a terminator, but each of the 32 bytes of
/// ed25519 has any value: <https://mariadb.com/kb/en/authentication-plugin-ed25519/>.
fn nonce<'a>(plugin: &AuthPlugin<'_>, request: &'a AuthSwitchRequest<'_>, packet: &'a [u8]) -> &'a [u8] {
    match (plugin, packet) {
        (AuthPlugin::Ed25519, [.., 0]) => packet.last_chunk::<32>().map_or(packet, |nonce| nonce),
        _ => request.plugin_data(),
    }
}

fn unsupported(plugin: &AuthPlugin<'_>) -> LoginError {
    let name: Cow<'_, str> = String::from_utf8_lossy(plugin.as_bytes());
    LoginError::Unsupported(format!("the server asks for authentication by {name}"))
}

fn read(packets: &mut Packets<Transport>) -> io::Result<Vec<u8>> {
    let packet = packets.read()?;
    Ok(packets.bytes(packet).to_vec())
}

fn write(packets: &mut Packets<Transport>, packet: &impl MySerialize) -> io::Result<()> {
    let mut bytes = Vec::new();
    packet.serialize(&mut bytes);
    packets.write(&[], &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_of_ed25519_may_end_in_zero() {
        let nonce_of = |name: &str, data: &[u8]| {
            let packet = [b"\xfe", name.as_bytes(), b"\0", data].concat();
            let request: AuthSwitchRequest<'_> = ParseBuf(&packet).parse(()).unwrap();
            nonce(&request.auth_plugin(), &request, &packet).to_vec()
        };
        let random: Vec<u8> = (1..=32).collect();
        let ending_in_zero: Vec<u8> = (0..32).rev().collect();
        assert_eq!(nonce_of("client_ed25519", &random), random);
        assert_eq!(nonce_of("client_ed25519", &ending_in_zero), ending_in_zero);
        // These never have a zero, and one is appended.
        assert_eq!(nonce_of("mysql_native_password", &[&random[..20], &[0]].concat()), &random[..20]);
        assert_eq!(nonce_of("caching_sha2_password", &[&random[..20], &[0]].concat()), &random[..20]);
    }
}
