//! Sections for the servers of one product: `[mydumper_mariadb_10_11]`, `[myloader_session_variables_mysql_8]`.
//!
//! They are those of mydumper, for both programs. Of one server's, the more exact come later: the product, then with major,
//! minor and patch version.

use super::nearest::nearest;
use crate::options::{ProgramName, UsageError};
use crate::server::{Flavour, Product, Server};

/// The products that section names may have. No server is one of the last five to us.
const PRODUCTS: [&str; 9] = ["percona", "mysql", "mariadb", "rds", "google", "tidb", "clickhouse", "dolt", "unknown"];

/// What stands in a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Options,
    Variables,
}

/// A section of a program, by its name without that of the program.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// It is for all servers.
    All(Content),
    /// It is for those of a product.
    Product(Content),
    /// It is for a product that there is not.
    NoProduct {
        /// A line for the log.
        warning: String,
    },
}

/// What the section `[PROGRAM REST]` is, where `rest` begins with `_` unless it is empty.
pub(super) fn named(program: ProgramName, rest: &str) -> Result<Named, UsageError> {
    let own = program.as_str();
    let unknown = || {
        let names = ["_session_variables", "_global_variables", "_mysql", "_mariadb"].map(|end| format!("{own}{end}"));
        let hint = nearest(&format!("{own}{rest}"), names.iter().map(String::as_str));
        UsageError::new(match hint {
            Some(name) => format!("unknown section [{own}{rest}]: did you mean [{name}]?"),
            None => format!(
                "unknown section [{own}{rest}]: use [{own}_session_variables], or a product and version, such as [{own}_mysql_8_0]"
            ),
        })
    };
    for (kind, content) in
        [("_session_variables", Content::Variables), ("_global_variables", Content::Variables), ("", Content::Options)]
    {
        let Some(rest) = rest.strip_prefix(kind) else { continue };
        if rest.is_empty() {
            return Ok(Named::All(content));
        }
        let Some(rest) = rest.strip_prefix('_') else { continue };
        let mut parts = rest.split('_');
        let product = parts.next().unwrap_or_default();
        let version: Vec<&str> = parts.collect();
        if product.is_empty() || version.len() > 3 || version.iter().any(|number| number.parse::<u16>().is_err()) {
            return Err(unknown());
        }
        if PRODUCTS.contains(&product) {
            return Ok(Named::Product(content));
        }
        let of_variables = ["_session_variables", "_global_variables"].map(|kind| format!("{own}{kind}"));
        if nearest(&format!("{own}{kind}_{rest}"), of_variables.iter().map(String::as_str)).is_some() {
            return Err(unknown());
        }
        let hint = match nearest(product, PRODUCTS.into_iter()) {
            Some(name) => format!("did you mean {name}?"),
            None => format!("use one of {}", PRODUCTS.join(", ")),
        };
        return Ok(Named::NoProduct {
            warning: format!("[{own}{kind}_{rest}] is passed over: there is no product {product:?}; {hint}"),
        });
    }
    Err(unknown())
}

/// The ends of the names of a server's sections, in the order in which they override each other.
pub(in crate::options) fn ends(server: &Server) -> Vec<String> {
    let own = match (server.product, server.flavour) {
        (Product::MariaDb, _) => "mariadb",
        (Product::MySql, Flavour::Percona) => "percona",
        (Product::MySql, _) => "mysql",
    };
    let provider = match server.flavour {
        Flavour::Rds => Some("rds"),
        Flavour::Google => Some("google"),
        Flavour::Plain | Flavour::Percona | Flavour::Aurora => None,
    };
    let (major, minor, patch) = server.version;
    let versions =
        [String::new(), format!("_{major}"), format!("_{major}_{minor}"), format!("_{major}_{minor}_{patch}")];
    [Some(own), provider]
        .into_iter()
        .flatten()
        .flat_map(|product| versions.iter().map(move |version| format!("_{product}{version}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_a_server_are_those_of_its_product_and_version() {
        let of = |server: &str| ends(&server.parse().unwrap());
        assert_eq!(of("mariadb-10.11.6"), ["_mariadb", "_mariadb_10", "_mariadb_10_11", "_mariadb_10_11_6"]);
        assert_eq!(of("percona-8.0.36")[3], "_percona_8_0_36");
        let rds = Server { flavour: Flavour::Rds, ..of_mysql() };
        assert_eq!(ends(&rds)[3..6], ["_mysql_8_4_0", "_rds", "_rds_8"]);
        let google = Server { flavour: Flavour::Google, ..of_mysql() };
        assert_eq!(ends(&google)[5], "_google_8");
    }

    fn of_mysql() -> Server {
        "mysql-8.4.0".parse().unwrap()
    }

    #[test]
    fn names_of_sections() {
        let named = |rest| named(ProgramName::Mydumper, rest).map_err(|error| error.to_string());
        for (rest, content) in [("", Content::Options), ("_session_variables", Content::Variables)] {
            assert_eq!(named(rest), Ok(Named::All(content)), "{rest}");
        }
        for rest in ["_mysql", "_mariadb_10_11_6", "_tidb"] {
            assert_eq!(named(rest), Ok(Named::Product(Content::Options)), "{rest}");
        }
        for rest in ["_global_variables_mysql_8", "_session_variables_rds"] {
            assert_eq!(named(rest), Ok(Named::Product(Content::Variables)), "{rest}");
        }
        for (rest, warning) in [
            ("_maria_10", "[mydumper_maria_10] is passed over: there is no product \"maria\"; did you mean mariadb?"),
            (
                "_session_variables_oracle",
                "[mydumper_session_variables_oracle] is passed over: there is no product \"oracle\"; use one of percona, \
                 mysql, mariadb, rds, google, tidb, clickhouse, dolt, unknown",
            ),
        ] {
            assert_eq!(named(rest), Ok(Named::NoProduct { warning: warning.to_owned() }));
        }
        for (rest, error) in [
            (
                "_sesion_variables",
                "unknown section [mydumper_sesion_variables]: did you mean [mydumper_session_variables]?",
            ),
            (
                "_sessionvariables",
                "unknown section [mydumper_sessionvariables]: did you mean [mydumper_session_variables]?",
            ),
            (
                "_mysql_8_0_36_1",
                "unknown section [mydumper_mysql_8_0_36_1]: use [mydumper_session_variables], or a product and version, such as \
                 [mydumper_mysql_8_0]",
            ),
            (
                "_session_variables_",
                "unknown section [mydumper_session_variables_]: did you mean [mydumper_session_variables]?",
            ),
        ] {
            assert_eq!(named(rest), Err(error.to_owned()));
        }
    }
}
