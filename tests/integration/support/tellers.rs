//! The bank's tellers: random moves between accounts, each a transaction.

use crate::support::bank::{ACCOUNTS, ACCOUNTS_OF, client};
use harness::server::Server;
use harness::sql::{Client, text};
use std::collections::VecDeque;

/// Keys of accounts that are always there are multiples of this. Between them is room for those that come and go.
const STEP: u64 = 64;
/// A teller's orders that are not in the archive.
const OPEN_ORDERS: usize = 20;
/// Accounts that a teller has opened, before it closes any.
const OPENED_ACCOUNTS: usize = 5;

/// An account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its table's place in [`ACCOUNTS`].
    table: usize,
    key: u64,
}

impl Account {
    /// One of those that are always there.
    pub fn fixed(table: usize, index: u64) -> Account {
        Account { table, key: index * STEP }
    }

    /// The values of the key's columns.
    pub fn values(self) -> String {
        self.columns().map(|(_, value)| value).collect::<Vec<_>>().join(", ")
    }

    fn columns(self) -> impl Iterator<Item = (&'static str, String)> {
        let key = self.key;
        let columns = match self.table_name() {
            "composite" => vec![("branch", (key % 7).to_string()), ("number", key.to_string())],
            "named" => vec![("code", format!("'acct-{key:06}'"))],
            "bare" => vec![("number", key.to_string())],
            _ => vec![("id", key.to_string())],
        };
        columns.into_iter()
    }

    fn table_name(self) -> &'static str {
        ACCOUNTS[self.table]
    }

    /// For SET, with a comma between the columns, and for WHERE, with AND.
    fn equals(self, separator: &str) -> String {
        self.columns().map(|(column, value)| format!("{column} = {value}")).collect::<Vec<_>>().join(separator)
    }

    fn add(self, amount: i64) -> String {
        format!("UPDATE {} SET amount = amount + {amount} WHERE {}", self.table_name(), self.equals(" AND "))
    }
}

/// What a transaction does, before it is noted.
struct Move {
    statements: Vec<String>,
    from: Account,
    to: Account,
    amount: i64,
}

/// One who moves amounts, one transaction at a time.
pub struct Teller {
    client: Client,
    writer: u64,
    number: u64,
    random: Random,
    /// Accounts that this teller has opened, and what is in them.
    opened: Vec<(Account, i64)>,
    /// Its orders that are not in the archive.
    orders: VecDeque<u64>,
}

impl Teller {
    /// At most seven can write at once.
    pub fn new(server: &Server, writer: usize, seed: u64) -> Teller {
        let mut client = client(server, writer);
        // Two tellers can wait for each other by way of a lock of the whole server, which is no deadlock to InnoDB.
        client.run("SET SESSION innodb_lock_wait_timeout = 1");
        let writer = writer as u64;
        let random = Random(seed << 8 | writer);
        Teller { client, writer, number: 0, random, opened: Vec::new(), orders: VecDeque::new() }
    }

    /// The next transaction, again and again if others are in its way.
    pub fn work(&mut self) {
        self.number += 1;
        let known = (self.opened.clone(), self.orders.clone());
        let planned = self.plan();
        let mut statements = self.with_notes(planned);
        loop {
            match self.execute(&statements) {
                Ok(order) => return self.orders.push_back(order),
                // A deadlock or a lock wait timeout; the latter has rolled back one statement only.
                Err(error) if error.contains("ERROR 1213") || error.contains("ERROR 1205") => {
                    self.client.run("ROLLBACK")
                }
                // Another teller has opened the account: something else is done.
                Err(error) if error.contains("ERROR 1062") => {
                    self.client.run("ROLLBACK");
                    (self.opened, self.orders) = known.clone();
                    let planned = self.plan();
                    statements = self.with_notes(planned);
                }
                Err(error) => panic!("teller {}: {error}\nin: {statements:?}", self.writer),
            }
        }
    }

    /// The order's id.
    fn execute(&mut self, statements: &[String]) -> Result<u64, String> {
        self.client.try_run("BEGIN")?;
        for sql in statements {
            self.client.try_run(sql)?;
        }
        let order = self.client.try_query("SELECT LAST_INSERT_ID()")?;
        self.client.try_run("COMMIT")?;
        Ok(text(&order[0][0]).parse().unwrap())
    }

    fn plan(&mut self) -> Move {
        let amount = 1 + self.random.below(9).cast_signed();
        match self.random.below(10) {
            0 | 1 => self.open(amount),
            2 if !self.opened.is_empty() => self.rename(),
            3 | 4 if self.opened.len() > OPENED_ACCOUNTS => self.close(),
            _ => {
                let (from, to) = (self.any_fixed(), self.any_fixed());
                Move { statements: vec![from.add(-amount), to.add(amount)], from, to, amount }
            }
        }
    }

    /// A new account, with a part of another's amount.
    fn open(&mut self, amount: i64) -> Move {
        let from = self.any_fixed();
        let table = self.any_table();
        let to = self.unused(table);
        self.opened.push((to, amount));
        let insert = format!("INSERT INTO {} SET {}, amount = {amount}", to.table_name(), to.equals(", "));
        Move { statements: vec![from.add(-amount), insert], from, to, amount }
    }

    /// Another key: the row is elsewhere in the table then.
    fn rename(&mut self) -> Move {
        let (from, held) = self.take_opened();
        let to = self.unused(from.table);
        self.opened.push((to, held));
        let update = format!("UPDATE {} SET {} WHERE {}", to.table_name(), to.equals(", "), from.equals(" AND "));
        Move { statements: vec![update], from, to, amount: 0 }
    }

    /// An account's end; what it had goes to another.
    fn close(&mut self) -> Move {
        let (from, held) = self.take_opened();
        let to = self.any_fixed();
        let delete = format!("DELETE FROM {} WHERE {}", from.table_name(), from.equals(" AND "));
        Move { statements: vec![delete, to.add(held)], from, to, amount: held }
    }

    /// The move and what notes it, and an older order into the archive.
    fn with_notes(&mut self, planned: Move) -> Vec<String> {
        let mut statements = planned.statements;
        if self.orders.len() > OPEN_ORDERS {
            let id = self.orders.pop_front().unwrap();
            statements.push(format!(
                "INSERT INTO archive SELECT writer, number, order_id, side, account, amount \
                 FROM orders JOIN ledger ON order_id = id WHERE id = {id}"
            ));
            statements.push(format!("DELETE FROM ledger WHERE order_id = {id}"));
            statements.push(format!("DELETE FROM orders WHERE id = {id}"));
        }
        let (writer, number, amount) = (self.writer, self.number, planned.amount);
        let (from, to) = (planned.from.table_name(), planned.to.table_name());
        statements.push(format!("INSERT INTO orders (writer, number) VALUES ({writer}, {number})"));
        statements.push(format!(
            "INSERT INTO ledger VALUES (LAST_INSERT_ID(), 0, '{from}', {}), (LAST_INSERT_ID(), 1, '{to}', {amount})",
            -amount
        ));
        statements
    }

    fn any_table(&mut self) -> usize {
        self.random.below(ACCOUNTS.len() as u64) as usize
    }

    fn any_fixed(&mut self) -> Account {
        let table = self.any_table();
        Account::fixed(table, self.random.below(ACCOUNTS_OF[table]))
    }

    /// An account that is not there, of keys that no other teller uses.
    fn unused(&mut self, table: usize) -> Account {
        loop {
            let offset = 1 + self.writer + 8 * self.random.below(STEP / 8 - 1);
            let account = Account { table, key: self.random.below(ACCOUNTS_OF[table]) * STEP + offset };
            if self.opened.iter().all(|(opened, _)| *opened != account) {
                return account;
            }
        }
    }

    fn take_opened(&mut self) -> (Account, i64) {
        let index = self.random.below(self.opened.len() as u64) as usize;
        self.opened.swap_remove(index)
    }
}

/// SplitMix64, by Steele, Lea and Flood: the same numbers from the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound
    }
}
