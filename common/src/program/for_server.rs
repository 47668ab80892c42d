//! What only the server decides: sections of defaults files for its product.

use clap::Parser;

use crate::options::{ConnectionOptions, Parsed, Password, UsageError};
use crate::process::stop::Stop;
use crate::program::connection_settings;
use crate::server::Server;
use crate::server::connection::{Connection, ServerError};

/// The options with the sections for the server's product and version, which is asked for them only where there are some.
///
/// # Errors
/// [`UsageError`] if what applies is not supported; [`ServerError`] if the server cannot be reached.
pub fn for_server<O, E>(
    parsed: Parsed<O>,
    connection: impl Fn(&mut O) -> &mut ConnectionOptions,
    stop: &Stop,
) -> Result<Parsed<O>, E>
where
    O: Parser,
    E: From<UsageError> + From<ServerError>,
{
    if !parsed.depends_on_server() {
        return Ok(parsed);
    }
    let mut parsed = parsed;
    let given = connection(&mut parsed.options).clone();
    // Variables may depend on the product.
    let settings = connection_settings(&given, &[], stop)?;
    let version = given.server_version.as_deref().map(str::parse::<Server>).transpose();
    let version = version.map_err(|error| UsageError::new(error.to_string()))?;
    let server = Server::detect(&mut Connection::open(&settings, stop)?, version)?;
    let mut parsed = parsed.for_server(&server)?;
    for warning in &parsed.warnings {
        tracing::warn!("{warning}");
    }
    for line in &parsed.overridden {
        tracing::info!("{line}");
    }
    if let Some(password) = &settings.password {
        // Nobody is asked for it twice.
        let options = connection(&mut parsed.options);
        options.password = Some(Some(Password::new(password)));
        options.ask_password = false;
    }
    Ok(parsed)
}
