//! Which versions and cipher suites of TLS are offered: `--tls-version` and `--cipher`.

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{ALL_CIPHER_SUITES, default_provider};
use rustls::version::{TLS12, TLS13};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

/// Versions that are known and not spoken any more.
const OLD: [&str; 5] = ["TLSv1", "TLSv1.0", "TLSv1.1", "SSLv2", "SSLv3"];

/// Nothing would be offered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsChoiceError {
    /// No version has this name.
    #[error("--tls-version: '{0}' is no version of TLS: use TLSv1.2 and TLSv1.3")]
    Version(String),
    /// Only old versions were named.
    #[error("--tls-version='{0}': only TLSv1.2 and TLSv1.3 are spoken, name at least one of them")]
    NoVersion(String),
    /// None of the names is that of a suite.
    #[error("--cipher='{0}': none of these is a cipher suite that this program has for TLS 1.2 or 1.3")]
    NoCipher(String),
    /// The suites are all of other versions.
    #[error("--cipher leaves no cipher suite for the versions of --tls-version")]
    NothingLeft,
}

/// What is offered to a server.
#[derive(Clone, Debug)]
pub struct TlsChoice {
    versions: Vec<&'static SupportedProtocolVersion>,
    suites: Option<Vec<SupportedCipherSuite>>,
    narrows: bool,
}

impl Default for TlsChoice {
    fn default() -> TlsChoice {
        TlsChoice { versions: vec![&TLS13, &TLS12], suites: None, narrows: false }
    }
}

impl TlsChoice {
    /// From lists of names, with commas, colons or blanks between them.
    ///
    /// # Errors
    /// [`TlsChoiceError`].
    pub fn parse(versions: Option<&str>, ciphers: Option<&str>) -> Result<TlsChoice, TlsChoiceError> {
        let mut choice = TlsChoice { narrows: versions.is_some() || ciphers.is_some(), ..TlsChoice::default() };
        if let Some(list) = versions {
            choice.versions.clear();
            for name in names(list) {
                match name {
                    _ if name.eq_ignore_ascii_case("TLSv1.2") => choice.versions.push(&TLS12),
                    _ if name.eq_ignore_ascii_case("TLSv1.3") => choice.versions.push(&TLS13),
                    _ if OLD.iter().any(|old| old.eq_ignore_ascii_case(name)) => {}
                    _ => return Err(TlsChoiceError::Version(name.to_owned())),
                }
            }
            if choice.versions.is_empty() {
                return Err(TlsChoiceError::NoVersion(list.to_owned()));
            }
        }
        if let Some(list) = ciphers {
            let named = |suite: &&SupportedCipherSuite| {
                let [iana, openssl] = suite_names(suite);
                names(list).any(|name| name.eq_ignore_ascii_case(&iana) || name.eq_ignore_ascii_case(&openssl))
            };
            let mut suites: Vec<SupportedCipherSuite> = ALL_CIPHER_SUITES.iter().filter(named).copied().collect();
            if suites.is_empty() {
                return Err(TlsChoiceError::NoCipher(list.to_owned()));
            }
            // As with OpenSSL, a list of those of 1.2 says nothing of 1.3.
            if suites.iter().all(|suite| suite.tls13().is_none()) {
                suites.extend(ALL_CIPHER_SUITES.iter().filter(|suite| suite.tls13().is_some()));
            }
            let has_suite =
                |version: &&SupportedProtocolVersion| suites.iter().any(|suite| suite.version() == *version);
            choice.versions.retain(|version| has_suite(version));
            if choice.versions.is_empty() {
                return Err(TlsChoiceError::NothingLeft);
            }
            choice.suites = Some(suites);
        }
        Ok(choice)
    }

    /// Whether it is less than everything.
    pub(super) fn narrows(&self) -> bool {
        self.narrows
    }

    pub(super) fn versions(&self) -> &[&'static SupportedProtocolVersion] {
        &self.versions
    }

    pub(super) fn provider(&self) -> CryptoProvider {
        let provider = default_provider();
        match &self.suites {
            Some(suites) => CryptoProvider { cipher_suites: suites.clone(), ..provider },
            None => provider,
        }
    }
}

fn names(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', ':', ' ']).filter(|name| !name.is_empty())
}

/// The name of IANA, `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`, and that of OpenSSL, `ECDHE-RSA-AES128-GCM-SHA256`.
fn suite_names(suite: &SupportedCipherSuite) -> [String; 2] {
    let iana = format!("{:?}", suite.suite()).replacen("TLS13_", "TLS_", 1);
    if suite.tls13().is_some() {
        return [iana.clone(), iana];
    }
    let openssl = iana.trim_start_matches("TLS_").replace("_WITH_", "-").replace("AES_", "AES").replace('_', "-");
    let openssl = openssl.replace("CHACHA20-POLY1305-SHA256", "CHACHA20-POLY1305");
    [iana, openssl]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(versions: Option<&str>, ciphers: Option<&str>) -> Result<Vec<String>, TlsChoiceError> {
        let choice = TlsChoice::parse(versions, ciphers)?;
        let suites = choice.provider().cipher_suites;
        let of_version =
            |suite: &&SupportedCipherSuite| choice.versions().iter().any(|version| suite.version() == *version);
        Ok(suites.iter().filter(of_version).map(|suite| suite_names(suite)[1].clone()).collect())
    }

    const OF_1_3: [&str; 3] = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"];

    #[test]
    fn lists_narrow_what_is_offered() {
        assert_eq!(offered(None, None).unwrap().len(), 9);
        assert_eq!(offered(Some("TLSv1,tlsv1.3"), None).unwrap(), OF_1_3);
        assert_eq!(offered(Some("TLSv1.1,TLSv1.2"), None).unwrap().len(), 6);
        let one = ["ECDHE-RSA-AES128-GCM-SHA256"];
        assert_eq!(offered(Some("TLSv1.2"), Some("NULL:ECDHE-RSA-AES128-GCM-SHA256")).unwrap(), one);
        assert_eq!(offered(Some("TLSv1.2"), Some("tls_ecdhe_rsa_with_aes_128_gcm_sha256")).unwrap(), one);
        assert_eq!(offered(None, Some(one[0])).unwrap(), [&one, &OF_1_3[..]].concat());
        assert_eq!(offered(None, Some("TLS_AES_128_GCM_SHA256")).unwrap(), ["TLS_AES_128_GCM_SHA256"]);
        let chacha = "ECDHE-ECDSA-CHACHA20-POLY1305";
        assert_eq!(offered(Some("TLSv1.2"), Some(chacha)).unwrap(), [chacha]);
    }

    #[test]
    fn what_leaves_nothing_is_an_error() {
        assert_eq!(offered(Some("TLSv1.1"), None).unwrap_err(), TlsChoiceError::NoVersion("TLSv1.1".into()));
        assert_eq!(offered(Some("TLSv2"), None).unwrap_err(), TlsChoiceError::Version("TLSv2".into()));
        assert_eq!(offered(None, Some("HIGH")).unwrap_err(), TlsChoiceError::NoCipher("HIGH".into()));
        let one = offered(Some("TLSv1.2"), Some("TLS_AES_128_GCM_SHA256"));
        assert_eq!(one.unwrap_err(), TlsChoiceError::NothingLeft);
    }
}
