//! What the tests of values and tables share: a database that goes through several ways of dumping it.

use crate::support::dump::make;
use crate::support::load::{assert_same, dump_of, load};
use harness::server::{Product, source, target};

/// Options that change how rows are written, packed or put back.
const WAYS: [&[&str]; 3] = [
    &[],
    &["--hex-blob", "--complete-insert", "--statement-size=1000"],
    &["--replace", "--compress", "--chunk-filesize=1", "--skip-tz-utc"],
];

/// Makes a database on the product's source server, dumps it in several ways, restores each, and compares all of both.
#[track_caller]
pub fn round_trips(product: Product, database: &str, statements: &[&str]) {
    make(source(product), database, statements);
    for options in WAYS {
        load(product, &dump_of(product, database, options), &[]);
        assert_same(product, database);
        if options != WAYS[WAYS.len() - 1] {
            target(product).client().run(format!("DROP DATABASE {}", harness::quote_name(database)));
        }
    }
}

/// What a query returns on the product's target server, as one text.
#[track_caller]
pub fn restored(product: Product, query: &str) -> String {
    target(product).client().scalar(query)
}

/// Numbers that look random and are the same in every run.
pub struct Numbers(pub u64);

impl Numbers {
    /// The next one: xorshift64*, of Vigna, "An experimental exploration of Marsaglia's xorshift generators".
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
