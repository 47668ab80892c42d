//! Tables like those of TPC-H: numbers, dates and short texts, composite keys of integers with gaps.
//!
//! Column types, ranges of values and relations follow the TPC-H specification, section 4.2.3; with 3 million rows of
//! lineitem they are those of its scale factor 0.5.

use super::{Random, Table};
use std::io::{self, Write};
use std::sync::OnceLock;

/// Orders in a file, with about 100,000 rows of lineitem.
const ORDERS_PER_PIECE: u64 = 25_000;
/// Parts in a file, with four rows of partsupp each.
const PARTS_PER_PIECE: u64 = 12_500;
/// On average.
const LINES_PER_ORDER: u64 = 4;
/// The days of orders: 1992-01-01 to 1998-08-02.
const ORDER_DAYS: u64 = 2_406;
/// The day 1995-06-17, TPC-H's present.
const PRESENT: u64 = 1_263;

/// A table, but for its size.
struct Kind {
    name: &'static str,
    columns: &'static str,
    last_column: &'static str,
    keys: &'static str,
    write: fn(&Sizes, u64, &mut Random, &mut dyn Write) -> io::Result<()>,
}

const LINEITEM: Kind = Kind {
    name: "lineitem",
    columns: "l_orderkey INT NOT NULL,
      l_partkey INT NOT NULL,
      l_suppkey INT NOT NULL,
      l_linenumber INT NOT NULL,
      l_quantity DECIMAL(15,2) NOT NULL,
      l_extendedprice DECIMAL(15,2) NOT NULL,
      l_discount DECIMAL(15,2) NOT NULL,
      l_tax DECIMAL(15,2) NOT NULL,
      l_returnflag CHAR(1) NOT NULL,
      l_linestatus CHAR(1) NOT NULL,
      l_shipdate DATE NOT NULL,
      l_commitdate DATE NOT NULL,
      l_receiptdate DATE NOT NULL,
      l_shipinstruct CHAR(25) NOT NULL,
      l_shipmode CHAR(10) NOT NULL,
      l_comment VARCHAR(44) NOT NULL,
      PRIMARY KEY (l_orderkey, l_linenumber)",
    last_column: "l_comment",
    keys: "ADD KEY l_part_supplier (l_partkey, l_suppkey), ADD KEY l_shipdate (l_shipdate)",
    write: write_lineitem,
};
const ORDERS: Kind = Kind {
    name: "orders",
    columns: "o_orderkey INT NOT NULL,
      o_custkey INT NOT NULL,
      o_orderstatus CHAR(1) NOT NULL,
      o_totalprice DECIMAL(15,2) NOT NULL,
      o_orderdate DATE NOT NULL,
      o_orderpriority CHAR(15) NOT NULL,
      o_clerk CHAR(15) NOT NULL,
      o_shippriority INT NOT NULL,
      o_comment VARCHAR(79) NOT NULL,
      PRIMARY KEY (o_orderkey)",
    last_column: "o_comment",
    keys: "ADD KEY o_custkey (o_custkey)",
    write: write_orders,
};
const PARTSUPP: Kind = Kind {
    name: "partsupp",
    columns: "ps_partkey INT NOT NULL,
      ps_suppkey INT NOT NULL,
      ps_availqty INT NOT NULL,
      ps_supplycost DECIMAL(15,2) NOT NULL,
      ps_comment VARCHAR(199) NOT NULL,
      PRIMARY KEY (ps_partkey, ps_suppkey)",
    last_column: "ps_comment",
    keys: "ADD KEY ps_suppkey (ps_suppkey)",
    write: write_partsupp,
};

pub(super) fn tables(rows: u64) -> Vec<Table> {
    let orders = rows.div_ceil(LINES_PER_ORDER);
    let sizes = Sizes { orders, parts: rows / 30, suppliers: (rows / 600).max(400) };
    let order_pieces = orders.div_ceil(ORDERS_PER_PIECE);
    let table = |kind: Kind, pieces| Table {
        name: kind.name.to_owned(),
        columns: kind.columns.to_owned(),
        last_column: kind.last_column,
        keys: Some(kind.keys),
        pieces,
        write: Box::new(move |piece, random, output| (kind.write)(&sizes, piece, random, output)),
    };
    vec![
        table(LINEITEM, order_pieces),
        table(ORDERS, order_pieces),
        table(PARTSUPP, sizes.parts.div_ceil(PARTS_PER_PIECE)),
    ]
}

#[derive(Clone, Copy)]
struct Sizes {
    orders: u64,
    parts: u64,
    suppliers: u64,
}

impl Sizes {
    fn orders_of(&self, piece: u64) -> std::ops::Range<u64> {
        piece * ORDERS_PER_PIECE..((piece + 1) * ORDERS_PER_PIECE).min(self.orders)
    }

    /// The `number`th of a part's four suppliers.
    fn supplier(&self, part: u64, number: u64) -> u64 {
        (part + number * (self.suppliers / 4 + (part - 1) / self.suppliers)) % self.suppliers + 1
    }
}

/// Of every 32 keys, the first 8 are used.
fn order_key(order: u64) -> u64 {
    order / 8 * 32 + order % 8 + 1
}

/// The order's date, which its lines need too: a hash of its number.
fn order_day(order: u64) -> u64 {
    (((order + 1) * 2_654_435_761 % (1 << 32)) * ORDER_DAYS) >> 32
}

/// 1 to 7. Seven orders one after another have them all, so that there are four on average, to the line.
fn lines_of(order: u64) -> u64 {
    order * 3 % 7 + 1
}

/// A price in cents.
fn retail_price(part: u64) -> u64 {
    90_000 + part / 10 % 20_001 + 100 * (part % 1_000)
}

fn write_lineitem(sizes: &Sizes, piece: u64, random: &mut Random, output: &mut dyn Write) -> io::Result<()> {
    for order in sizes.orders_of(piece) {
        for line in 1..=lines_of(order) {
            let part = random.within(1, sizes.parts);
            let quantity = random.within(1, 50);
            let price = quantity * retail_price(part);
            let shipped = order_day(order) + random.within(1, 121);
            let committed = order_day(order) + random.within(30, 90);
            let received = shipped + random.within(1, 30);
            writeln!(
                output,
                "{}\t{part}\t{}\t{line}\t{quantity}.00\t{}.{:02}\t0.{:02}\t0.{:02}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                order_key(order),
                sizes.supplier(part, random.below(4)),
                price / 100,
                price % 100,
                random.within(0, 10),
                random.within(0, 8),
                if received > PRESENT { "N" } else { random.pick(&["R", "A"]) },
                if shipped > PRESENT { "O" } else { "F" },
                date(shipped),
                date(committed),
                date(received),
                random.pick(&["DELIVER IN PERSON", "COLLECT COD", "NONE", "TAKE BACK RETURN"]),
                random.pick(&["REG AIR", "AIR", "RAIL", "SHIP", "TRUCK", "MAIL", "FOB"]),
                random.comment(10, 43),
            )?;
        }
    }
    Ok(())
}

fn write_orders(sizes: &Sizes, piece: u64, random: &mut Random, output: &mut dyn Write) -> io::Result<()> {
    for order in sizes.orders_of(piece) {
        let price = random.within(90_000, 55_000_000);
        writeln!(
            output,
            "{}\t{}\t{}\t{}.{:02}\t{}\t{}\tClerk#{:09}\t0\t{}",
            order_key(order),
            random.within(1, sizes.orders.div_ceil(10)),
            random.pick(&["F", "F", "O", "O", "P"]),
            price / 100,
            price % 100,
            date(order_day(order)),
            random.pick(&["1-URGENT", "2-HIGH", "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW"]),
            random.within(1, sizes.orders.div_ceil(1_500)),
            random.comment(19, 78),
        )?;
    }
    Ok(())
}

fn write_partsupp(sizes: &Sizes, piece: u64, random: &mut Random, output: &mut dyn Write) -> io::Result<()> {
    for part in piece * PARTS_PER_PIECE + 1..=((piece + 1) * PARTS_PER_PIECE).min(sizes.parts) {
        let mut suppliers: Vec<u64> = (0..4).map(|number| sizes.supplier(part, number)).collect();
        suppliers.sort_unstable();
        for supplier in suppliers {
            let cost = random.within(100, 100_000);
            let comment = random.comment(49, 198);
            let available = random.within(1, 9_999);
            writeln!(output, "{part}\t{supplier}\t{available}\t{}.{:02}\t{comment}", cost / 100, cost % 100)?;
        }
    }
    Ok(())
}

/// The day so many days after 1992-01-01, in the years to 1999.
fn date(day: u64) -> &'static str {
    static DATES: OnceLock<Vec<String>> = OnceLock::new();
    &DATES.get_or_init(dates)[day as usize]
}

fn dates() -> Vec<String> {
    let mut dates = Vec::new();
    for year in 1992..2000 {
        let february = if year % 4 == 0 { 29 } else { 28 };
        for (month, days) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
            dates.extend((1..=days).map(|day| format!("{year}-{month:02}-{day:02}")));
        }
    }
    dates
}
