//! Many tables of ten rows, with one secondary index each.

use super::Table;

const ROWS: u64 = 10;

pub(super) fn tables(count: u64) -> Vec<Table> {
    (0..count).map(table).collect()
}

fn table(number: u64) -> Table {
    Table {
        name: format!("small_{number:06}"),
        columns:
            "id INT NOT NULL PRIMARY KEY, name VARCHAR(60) NOT NULL, price DECIMAL(10,2), made DATETIME NOT NULL, \
                  KEY by_name (name)"
                .to_owned(),
        last_column: "made",
        keys: None,
        pieces: 1,
        write: Box::new(|_, random, output| {
            for id in 1..=ROWS {
                let (name, price) = (random.comment(10, 50), random.below(100_000));
                let (day, second) = (random.within(1, 28), random.below(60));
                writeln!(
                    output,
                    "{id}\t{name}\t{}.{:02}\t2024-02-{day:02} 12:00:{second:02}",
                    price / 100,
                    price % 100
                )?;
            }
            Ok(())
        }),
    }
}
