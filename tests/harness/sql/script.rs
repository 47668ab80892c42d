//! Scripts as the stock client reads them: statements end at the delimiter, which `DELIMITER` lines change.

/// The statements of a script, without their delimiters and without the comments before them.
///
/// Delimiters inside quotes and comments do not count; inside `/*! ... */` they do, as in the stock client.
pub fn statements(script: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = Reader { script, at: 0, delimiter: b";".to_vec() };
    let mut found = Vec::new();
    while let Some(statement) = reader.next_statement() {
        found.push(statement);
    }
    found
}

struct Reader<'a> {
    script: &'a [u8],
    at: usize,
    delimiter: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn next_statement(&mut self) -> Option<Vec<u8>> {
        self.skip_to_statement();
        let start = self.at;
        while let Some(&byte) = self.script.get(self.at) {
            if self.rest().starts_with(&self.delimiter) {
                let statement = self.script[start..self.at].to_vec();
                self.at += self.delimiter.len();
                return Some(statement);
            }
            match byte {
                b'\'' | b'"' | b'`' => self.skip_quoted(byte),
                _ => {
                    if !self.skip_comment() {
                        self.at += 1;
                    }
                }
            }
        }
        let statement = self.script[start..].trim_ascii_end();
        (!statement.is_empty()).then(|| statement.to_vec())
    }

    /// Skips blanks, comments, empty statements and DELIMITER lines, and obeys the latter.
    fn skip_to_statement(&mut self) {
        while let Some(byte) = self.script.get(self.at) {
            if byte.is_ascii_whitespace() {
                self.at += 1;
            } else if self.rest().starts_with(&self.delimiter) {
                self.at += self.delimiter.len();
            } else if let Some(delimiter) = self.delimiter_line() {
                self.delimiter = delimiter;
                self.skip_line();
            } else if !self.skip_comment() {
                return;
            }
        }
    }

    /// The new delimiter, if a DELIMITER line begins here.
    fn delimiter_line(&self) -> Option<Vec<u8>> {
        let line = self.rest().split(|byte| *byte == b'\n').next()?;
        let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let keyword = words.next()?.eq_ignore_ascii_case(b"DELIMITER");
        words.next().filter(|_| keyword).map(<[u8]>::to_vec)
    }

    /// Skips a comment, if one begins here. One with a `!` is a part of the statement.
    fn skip_comment(&mut self) -> bool {
        let rest = self.rest();
        let dashes = rest.starts_with(b"--") && rest.get(2).is_none_or(u8::is_ascii_whitespace);
        if dashes || rest.starts_with(b"#") {
            self.skip_line();
        } else if rest.starts_with(b"/*") && !rest.starts_with(b"/*!") && !rest.starts_with(b"/*M!") {
            let end = rest[2..].windows(2).position(|pair| pair == b"*/");
            self.at += end.map_or(rest.len(), |end| end + 4);
        } else {
            return false;
        }
        true
    }

    fn skip_line(&mut self) {
        let line = self.rest().iter().position(|byte| *byte == b'\n');
        self.at = line.map_or(self.script.len(), |length| self.at + length + 1);
    }

    /// Skips a quoted text. A doubled quote reads as two texts side by side, which comes to the same.
    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(&byte) = self.script.get(self.at) {
            self.at += 1;
            if byte == quote {
                return;
            }
            if byte == b'\\' && quote != b'`' {
                self.at += 1;
            }
        }
    }

    fn rest(&self) -> &'a [u8] {
        &self.script[self.at.min(self.script.len())..]
    }
}

#[cfg(test)]
mod tests {
    fn split(script: &str) -> Vec<String> {
        super::statements(script.as_bytes()).into_iter().map(|sql| String::from_utf8(sql).unwrap()).collect()
    }

    #[test]
    fn delimiters_in_quotes_and_comments_do_not_count() {
        let script = "-- a; b\nSELECT 'a;''b\\';', \"c;\", `d;\\` /* e; */ -- f;\n, 1--1; # g;\n\nSELECT 2";
        let expected = ["SELECT 'a;''b\\';', \"c;\", `d;\\` /* e; */ -- f;\n, 1--1", "SELECT 2"];
        assert_eq!(split(script), expected);
    }

    #[test]
    fn delimiter_lines_change_the_delimiter() {
        let script = "SELECT 1;\ndelimiter ;;\nBEGIN a; b; END;;\nDELIMITER ;\n;/*!1 c*/;\n";
        assert_eq!(split(script), ["SELECT 1", "BEGIN a; b; END", "/*!1 c*/"]);
    }
}
